"""A technician's whole round in the real window, by real touches, photographed in both languages.

``python -m tests.maintenance.test_round FOLDER [PAGE …]`` leaves the pictures in ``FOLDER``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path

import mss
import pytest
from PIL import Image

from screens.panel import Panel
from simulators.hands import TouchHands
from simulators.kiosk_link import KioskLink
from tests.maintenance.technician import Machine, Page, Technician, machine
from tests.screens.harness import display

REST_S = 0.65
"""Longer than the window takes a second touch near the first for a double tap."""
PAGES = {
    "staff-wanted", "staff-number", "pin", "code", "maintenance", "devices", "device", "remedy",
    "self-test", "supplies", "supply", "exchange", "exchange-count", "exchanged", "issues", "report",
}  # fmt: skip


class Camera:
    """Photographs each page once in each language; with ``only`` no others than those."""

    def __init__(self, link: KioskLink, folder: Path, only: Collection[str] = ()) -> None:
        self._link, self._folder, self._only = link, folder, only
        self.seen: list[str] = []

    def photograph(self, page: Page) -> None:
        """Take the page's pictures; afterwards it stands as it stood."""
        name = page["prompt"]["name"]
        if name in self.seen:
            return
        self.seen.append(name)
        if self._only and name not in self._only:
            return
        for language in ("en", "zh-CN"):
            self._link.answer(self._link.ask("shown")["number"], "language", language)
            time.sleep(0.25)  # until the window has drawn it
            with mss.MSS() as screen:
                shot = screen.grab(screen.monitors[0])
            picture = Image.frombytes("RGB", shot.size, shot.rgb)
            picture.save(self._folder / f"{name}-{language}.png")


def whole_round(kiosk: Machine, staff: Technician) -> None:
    """Key, log-in, a fault led to its end, a self-test, an exchange, the check, the report, log-out."""
    kiosk.world.do("operator_switch", position="maintenance")
    staff.log_in()
    staff.open("devices")
    kiosk.world.do("paper", state="out")
    staff.press("devices", "choose", "receipt_printer")
    staff.until("device", lambda prompt: any(action["name"] == "remedy" for action in prompt["actions"]))
    staff.press("device", "remedy")
    staff.until("remedy")
    kiosk.world.do("receipt_cover", open=True)
    staff.until("remedy", lambda prompt: prompt["items"][0]["mark"] == "done")
    kiosk.world.do("paper", state="full")
    kiosk.world.do("receipt_cover", open=False)
    staff.until("remedy", lambda prompt: bool(prompt["actions"]))
    staff.press("remedy", "ok")
    staff.until("device", lambda prompt: prompt["tone"] == "plain")
    staff.press("device", "self-test")
    staff.until_done("self-test")
    staff.press("self-test", "ok")
    staff.back("device")
    staff.back("devices")
    staff.open("supplies")
    staff.press("supplies", "choose", "receipt-paper")
    staff.press("supply", "exchange")
    staff.press("exchange", "ok")
    staff.press("exchange-count", "enter", "440")
    staff.press("exchanged", "ok")
    staff.back("supplies")
    staff.open("check")
    staff.back("issues")
    staff.open("report")
    staff.press("report", "ok")
    staff.press("maintenance", "cancel")
    kiosk.world.do("operator_switch", position="run")
    staff.until("attract")


def play(
    folder: Path, pictures: Path, done: Callable[[Machine, Camera], None], only: Collection[str] = ()
) -> None:
    """Do the round on a display of its own."""
    with display(Panel()), machine(folder, headless=False) as kiosk:
        kiosk.staff.until("attract")
        camera = Camera(kiosk.link, pictures, only)
        hands = TouchHands(kiosk.link)
        staff = Technician(kiosk.link, hands, kiosk.members, camera.photograph, rest_s=REST_S)
        whole_round(kiosk, staff)
        done(kiosk, camera)


@pytest.mark.screen
def test_the_whole_round_by_real_touches(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()

    def done(kiosk: Machine, camera: Camera) -> None:
        assert set(camera.seen) >= PAGES
        for file in pictures.glob("*.png"):
            with Image.open(file) as picture:
                assert len(picture.convert("L").getcolors() or []) > 8, f"{file.name} is blank"
        log = (kiosk.bench.state / "events.jsonl").read_text()
        for action in ("logged-in", "remedy-ended", "self-test", "exchange-ended", "report", "logged-out"):
            assert f'"action": "{action}"' in log

    play(tmp_path / "bench", pictures, done)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        play(Path(scratch) / "bench", target, lambda _kiosk, camera: print(*camera.seen), sys.argv[2:])
