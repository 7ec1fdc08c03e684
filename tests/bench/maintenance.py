"""How long staff wait: for a safe machine, a fault on its page, every self-test, a report."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from simulators.level import LEVELS
from tests.maintenance.technician import Machine, Page, lend_a_hand, machine

FAULTS: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("receipt_printer", {"act": "paper", "state": "out"}, {"act": "paper", "state": "full"}),
    ("document_printer", {"act": "jam_document"}, {"act": "free_document"}),
    ("receipt_printer", {"act": "receipt_cover", "open": True}, {"act": "receipt_cover", "open": False}),
)
ATTENDED = ("id_card_reader.card", "fingerprint_pad.finger", "permit_unit.card", "payment_terminal.cent")
"""The tests that need somebody, in their order."""


def measure() -> dict[str, float]:
    """Return the figures, at the real speed of every unit; the person at the machine is quick."""
    with (
        tempfile.TemporaryDirectory(prefix="kiosk-bench-") as folder,
        machine(Path(folder), LEVELS["real"]) as kiosk,
    ):
        kiosk.staff.until("attract", timeout_s=60)
        time.sleep(5)  # the engines are loaded beside the first page
        door_s = _door(kiosk)
        kiosk.world.do("operator_switch", position="maintenance")
        kiosk.staff.log_in()
        fault_s = max(_fault(kiosk, *case) for case in FAULTS)
        test_s = _self_test(kiosk)
        report_s = _until(kiosk, "report", lambda: kiosk.staff.open("report"))
    return {
        "maintenance.door_to_safe_s": door_s,
        "diagnostics.fault_to_page_s": fault_s,
        "diagnostics.self_test_s": test_s,
        "report.made_s": report_s,
    }


def _until(
    kiosk: Machine, page: str, act: Callable[[], object], when: Callable[[Page], bool] = lambda _: True
) -> float:
    begun_s = time.monotonic()
    act()
    kiosk.staff.until(page, when, timeout_s=180)
    return time.monotonic() - begun_s


def _door(kiosk: Machine) -> float:
    """Return the seconds from a door's opening, nobody logged in, until nothing more is begun."""
    took_s = _until(kiosk, "staff-wanted", lambda: kiosk.world.do("door", door="cabinetFront", state="open"))
    kiosk.world.do("door", door="cabinetFront", state="locked")
    kiosk.staff.until("attract")
    return took_s


def _fault(kiosk: Machine, device: str, breaks: dict[str, Any], mends: dict[str, Any]) -> float:
    """Return the seconds from a fault on the wire until the device's page tells it."""
    kiosk.staff.open("devices")
    kiosk.staff.press("devices", "choose", device)
    kiosk.staff.until("device", lambda prompt: prompt["tone"] == "plain", timeout_s=60)
    took_s = _until(
        kiosk, "device", lambda: kiosk.world.do(**breaks), lambda prompt: bool(prompt["tone"] != "plain")
    )
    kiosk.world.do(**mends)
    kiosk.staff.until("device", lambda prompt: prompt["tone"] == "plain", timeout_s=60)
    kiosk.staff.back("device")
    kiosk.staff.back("devices")
    return took_s


def _self_test(kiosk: Machine) -> float:
    """Return the seconds that every self-test takes together; raises ``RuntimeError`` when one fails."""
    begun_s = time.monotonic()
    kiosk.staff.open("self-tests")
    for name in ATTENDED:
        kiosk.staff.until("self-test", partial(_waits_for, name), timeout_s=120)
        lend_a_hand(kiosk.world, name)
        if name == "id_card_reader.card":
            _lay_it_down_again(kiosk, name)
    kiosk.staff.until_done("self-test")
    took_s = time.monotonic() - begun_s
    if set(kiosk.staff.marks()) != {"done"}:
        raise RuntimeError(f"a self-test failed: {kiosk.staff.said()['items']}")
    kiosk.staff.press("self-test", "ok")
    return took_s


def _waits_for(name: str, prompt: Page) -> bool:
    return any(
        item["mark"] == "now" and item["label"]["key"] == f"selftest.{name}" for item in prompt["items"]
    )


def _lay_it_down_again(kiosk: Machine, name: str) -> None:
    """Lift the card and lay it down until it is read: a worn reader does not read every time."""
    while True:
        for _ in range(20):
            if not _waits_for(name, kiosk.staff.page()["prompt"]):
                return
            time.sleep(0.1)
        kiosk.world.do("lift_id_card")
        time.sleep(0.5)
        lend_a_hand(kiosk.world, name)
