"""Three channels say the same: the page, the guide light at the place, and the voice."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from simulators.bench_process import BenchProcess
from simulators.citizen import Citizen, Plan
from simulators.hands import DataHands
from simulators.kiosk_link import KioskProcess

LIGHTS = {
    "place-id-card": "id_card_reader",
    "insert-permit": "permit_unit",
    "pay-at-terminal": "payment_terminal",
    "take-permit": "permit_unit",
}
SAID = (
    "Place your ID card on the reader",
    "Insert your Hong Kong and Macau permit",
    "Please take your permit",
)


def test_light_and_voice_follow_the_pages(tmp_path: Path) -> None:
    flashing: dict[str, list[str]] = {}
    with BenchProcess(tmp_path, "ideal", 1) as bench:

        def watch(page: dict[str, Any]) -> None:
            name = page["prompt"]["name"]
            if name in LIGHTS:
                flashing[name] = _lit(bench, LIGHTS[name])

        kiosk = KioskProcess(bench.site, headless=True)
        try:
            link = kiosk.connect()
            report = Citizen(link, DataHands(link), bench.world, Plan(language="en"), watch).visit()
            link.close()
        finally:
            kiosk.stop()
        dark = _all_lights(bench)
    assert report["outcome"] == "delivered", report["reason"]
    assert flashing == {name: [light] for name, light in LIGHTS.items()}
    assert dark == []
    spoken = (tmp_path / "spoken.txt").read_text("utf-8")
    assert all(sentence in spoken for sentence in SAID)
    assert "李文静" not in spoken


def _lit(bench: BenchProcess, expected: str) -> list[str]:
    """Return which lights flash, once the board has followed the page."""
    deadline_s = time.monotonic() + 5
    while (lit := _all_lights(bench)) != [expected] and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return lit


def _all_lights(bench: BenchProcess) -> list[str]:
    lights = bench.world.state()["io_board"]["lights"]
    return [name for name, rate in lights.items() if rate == "medium"]
