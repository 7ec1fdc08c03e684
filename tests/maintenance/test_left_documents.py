"""A certificate that nobody took: no more is printed until staff say that the tray is empty."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from kiosk.maintenance.staff import Role
from simulators.citizen import Citizen, Plan
from simulators.hands import DataHands
from simulators.kiosk_link import KioskGone
from tests.maintenance.technician import Machine, Page, acts, machine
from tests.maintenance.test_commands import kiosk as command

PLAN = Plan(
    service="certificates", acts={"consent-face": [{"act": "place_id_card"}, {"act": "look"}]}, rating=None
)
LONGEST_S = 40.0


def refused(prompt: Page) -> Any:
    """Return why the first page refuses certificates, None when it offers them."""
    return next(tile["refused"] for tile in prompt["services"] if tile["value"] == "certificates")


def leave(kiosk: Machine, *, killed: bool) -> None:
    """Have a certificate printed, and nobody say that it was taken."""

    def director(page: dict[str, Any]) -> bool:
        waiting = page["prompt"]["name"] == "take-documents"
        if waiting and killed:
            kiosk.kiosk.kill()
        return not waiting

    kiosk.staff.until("attract", lambda prompt: refused(prompt) is None, LONGEST_S)
    kiosk.link.begin_now()
    citizen = Citizen(kiosk.link, DataHands(kiosk.link), kiosk.world, PLAN, director=director)
    if not killed:
        assert citizen.visit(90)["outcome"] == "delivered"
        return
    with pytest.raises(KioskGone):
        citizen.visit(90)
    with contextlib.suppress(OSError):
        kiosk.link.close()
    must_be_told(kiosk)  # with no kiosk, and before its recovery has noted anything
    kiosk.start()


def must_be_refused(kiosk: Machine) -> None:
    """The next person is told why, and so are staff."""
    shown = kiosk.staff.until("attract", lambda prompt: refused(prompt) is not None, LONGEST_S)
    reason = refused(shown["prompt"])["args"]["reason"]
    assert reason["key"] == "unready.device"
    assert reason["args"]["device"]["key"] == "device.document_printer"
    must_be_told(kiosk)


def must_be_told(kiosk: Machine) -> None:
    """``kiosk diagnose`` says what is wrong and what to do, whether a kiosk runs or not."""
    said = command(kiosk.bench.state, "diagnose", "document_printer")
    assert said.returncode == 1
    assert "document_printer: mediaPresent" in said.stdout
    assert "Take it out" in said.stdout


def clear(kiosk: Machine, role: Role) -> None:
    """As staff do: key, log-in, the printer's page, the tray, key back."""
    staff = kiosk.staff
    kiosk.world.do("operator_switch", position="maintenance")
    staff.log_in(role)
    staff.open("devices")
    staff.press("devices", "choose", "document_printer")
    actions = [action["name"] for action in staff.until("device")["prompt"]["actions"]]
    assert actions[0] == "clear-tray"
    staff.press("device", "clear-tray")
    assert len(staff.until("tray")["prompt"]["case"]) > 10
    staff.press("tray", "cleared")
    page = staff.until("device", lambda prompt: prompt["tone"] == "plain", LONGEST_S)["prompt"]
    assert "clear-tray" not in [action["name"] for action in page["actions"]]
    staff.log_out()
    kiosk.world.do("operator_switch", position="run")


def test_what_was_left_closes_the_printer_until_staff_have_cleared_the_tray(tmp_path: Path) -> None:
    with machine(tmp_path / "bench") as kiosk:
        for killed, role in ((False, Role.OPERATOR), (True, Role.ENGINEER)):
            leave(kiosk, killed=killed)
            must_be_refused(kiosk)
            clear(kiosk, role)
            kiosk.staff.until("attract", lambda prompt: refused(prompt) is None, LONGEST_S)
        kiosk.stop()
        assert (
            "document_printer: in order" in command(kiosk.bench.state, "diagnose", "document_printer").stdout
        )
        log = [
            json.loads(line) for line in (kiosk.bench.state / "events.jsonl").read_text("utf-8").splitlines()
        ]
        told = [event["event"] for event in log if event.get("device") == "document_printer"]
        assert [name for name in told if name in ("device-quarantined", "device-released")] == [
            "device-quarantined", "device-released",
        ] * 2  # fmt: skip
        assert log[-1]["event"] == "stopped"
        cleared = [event.body for event in acts(kiosk.bench.state) if event.body["action"] == "tray-cleared"]
        assert [body["role"] for body in cleared] == ["operator", "engineer"]
        assert len({json.dumps(body["cases"]) for body in cleared}) == 2, "each names its own case"
        kiosk.start()
