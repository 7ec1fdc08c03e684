"""The suites themselves: at a unit that is not ours to move, with somebody at the terminal; and the sheet."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from devices.base import Capabilities
from simulators.devices.receipt_printer import ReceiptPrinter
from simulators.faults import Order
from tests.conformance import acts
from tests.conformance.figures import Figures
from tests.conformance.person import NotDone, TerminalPerson
from tests.conformance.sheet import Criterion, Figure, Result, Sheet
from tests.conformance.units import KINDS, WrongLinks, real_links
from tests.simulators.wiring import Room, served

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 11, 22, 12, 0)
PASSED = Criterion(
    "X-02", "Common.Status", "It is online.", Result.PASS, [Figure("time", 0.25, "s", "≤ 1 s", True)]
)
FAILED = Criterion("X-01", "Common.Reset", "It resets | twice.", Result.FAIL, why="it did\nnot")
SKIPPED = Criterion("X-03", "", "Rare.", Result.NOT_TESTED, why="skipped")


@pytest.fixture(autouse=True)
def tidy() -> None:
    """These tests have no unit under test of their own."""


# --- the sheet -------------------------------------------------------------------------------------


def sheet(*criteria: Criterion, level: str | None = None) -> Sheet:
    known = Capabilities("OPEN BENCH", "SIM-80", "1.00", "RP9900001", {"type": "thermal"})
    links = {"receipt_printer": "socket://10.0.0.7:9100"}
    return Sheet("receipt_printer", "receipt printer", links, level, "0.1.0", known, list(criteria))


@pytest.mark.parametrize(
    ("criteria", "verdict"),
    [
        ((PASSED,), "accepted"),
        ((PASSED, FAILED, SKIPPED), "not accepted"),
        ((PASSED, SKIPPED), "incomplete"),
        ((), "incomplete"),
    ],
)
def test_the_verdict(criteria: tuple[Criterion, ...], verdict: str) -> None:
    assert sheet(*criteria).verdict == verdict


def test_a_sheet_can_be_read_by_people_and_programs(tmp_path: Path) -> None:
    data, page = sheet(PASSED, FAILED).write(tmp_path / "new", AT)
    assert data.name == "receipt_printer-2026-11-22.json"
    told = json.loads(data.read_text())
    assert (told["serial"], told["firmware"], told["simulated"]) == ("RP9900001", "1.00", None)
    assert told["criteria"][0]["figures"] == [
        {"name": "time", "value": 0.25, "unit": "s", "limit": "≤ 1 s", "within": True}
    ]
    lines = page.read_text().splitlines()
    assert "| serial number | RP9900001 |" in lines
    assert "| X-02 | Common.Status | It is online. | pass | time: 0.25 s (limit ≤ 1 s) |" in lines
    assert "| X-01 | Common.Reset | It resets \\| twice. | fail: it did not |  |" in lines


def test_a_simulated_unit_is_never_accepted(tmp_path: Path) -> None:
    _, page = sheet(PASSED, level="ideal").write(tmp_path, AT)
    assert page.name == "receipt_printer-2026-11-22-simulated.md"
    assert "accepts nothing" in page.read_text()
    assert "**accepted**" not in page.read_text()


def test_a_real_unit_is_held_to_its_times() -> None:
    real, simulated = Figures(judges_time=True), Figures(judges_time=False)
    with pytest.raises(AssertionError, match=r"read: .* s \(limit ≤ 0 s\)"), real.seconds("read", 0.0):
        pass
    with simulated.seconds("read", 0.0):
        pass
    assert [figure.within for figure in (*real.taken, *simulated.taken)] == [False, None]
    with pytest.raises(AssertionError, match="limit ≥ 10"):
        simulated.at_least("frames", 9.5, 10)


# --- links -----------------------------------------------------------------------------------------


def test_links_of_real_units() -> None:
    told = ["camera=http://10.0.0.9/video?a=b", "id_card_reader=usb:0400:c35a?form=bulk"]
    assert real_links(told) == {
        "camera": "http://10.0.0.9/video?a=b",
        "id_card_reader": "usb:0400:c35a?form=bulk",
    }


@pytest.mark.parametrize(
    "told", ["camera", "camera=", "toaster=serial:///dev/ttyUSB0", "permit_transport=serial:///dev/ttyUSB0"]
)
def test_links_that_make_no_unit_are_refused(told: str) -> None:
    with pytest.raises(WrongLinks):
        real_links([told])


# --- somebody at the terminal ----------------------------------------------------------------------


def asked(typed: str, ask: Callable[[TerminalPerson], object], within_s: float = 5.0) -> tuple[object, str]:
    """Return what ``ask`` came to when ``typed`` was typed, and what was shown."""
    readable, writable = os.pipe()
    os.write(writable, typed.encode())
    shown = io.StringIO()
    with os.fdopen(readable) as answers, os.fdopen(writable, "w"):
        return ask(TerminalPerson(within_s, shown, answers)), shown.getvalue()


def test_what_the_unit_notices_needs_no_key() -> None:
    looks = iter([False, False, True])
    _, shown = asked("", lambda person: person.do(acts.LAY_CARD, until=lambda: next(looks)))
    assert "Lay a resident ID card" in shown
    assert shown.endswith("noticed\n")


def test_what_it_does_not_notice_is_told_by_the_person() -> None:
    asked("\n", lambda person: person.do(acts.LIFT_CARD))
    with pytest.raises(AssertionError, match="did not notice"):
        asked("\n", lambda person: person.do(acts.LIFT_CARD, until=lambda: False))


@pytest.mark.parametrize("typed", ["s\n", ""])
def test_what_nobody_does_is_not_tested(typed: str) -> None:
    with pytest.raises(NotDone):
        asked(typed, lambda person: person.do(acts.LIFT_CARD, until=lambda: False), within_s=0.3)
    with pytest.raises(NotDone):
        asked(typed, lambda person: person.confirms("Is it?", lambda bench: True), within_s=0.3)


@pytest.mark.parametrize(("typed", "answer"), [("y\n", True), ("n\n", False)])
def test_what_only_eyes_can_tell(typed: str, answer: bool) -> None:
    told, shown = asked(typed, lambda person: person.confirms("Is it whole?", lambda bench: not answer))
    assert told is answer
    assert "Is it whole?" in shown


# --- the whole, at a unit that the suite cannot move ------------------------------------------------


def acceptance_of(tmp_path: Path, sees: str, *options: str) -> tuple[int, Mapping[str, Any], str]:
    """Test a printer of which the suite knows nothing but its address.

    Somebody does what is asked on the terminal, answers ``sees`` to what only eyes can tell, and skips the
    rest. Return the suite's exit code, its sheet and what it said.
    """
    room = Room()
    printer = ReceiptPrinter(room.level, room.faults)
    line = room.tcp("receipt_printer")
    does: Mapping[str, Callable[[], None]] = {
        acts.TAKE_PAPER_OUT.asked: lambda: printer.set_paper("out"),
        acts.PUT_PAPER_IN.asked: lambda: printer.set_paper("full"),
        acts.PUT_NEARLY_EMPTY_IN.asked: lambda: printer.set_paper("low"),
        acts.OPEN_COVER.asked: lambda: room.faults.arm(Order("receipt_printer", "coverOpen")),
        acts.CLOSE_COVER.asked: room.faults.clear,
        acts.MEND.asked: lambda: printer.set_paper("full"),
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/conformance/test_receipt_printer.py",
        *options,
    ]
    command += ["--link", f"receipt_printer=socket://127.0.0.1:{line.port}", "--sheets", str(tmp_path)]
    with (
        served(line, printer.serve),
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        ) as suite,
    ):
        assert suite.stdin is not None
        assert suite.stdout is not None
        said = ""
        for row in suite.stdout:
            said += row
            question = row.removeprefix(">>> ").removesuffix("\n")
            if row.startswith("???"):
                suite.stdin.write(f"{sees}\n")
            elif question == acts.INTERRUPT.asked:
                room.faults.arm(Order("receipt_printer", "paperOut", "print", nth=5))
                suite.stdin.write("\n")
            elif question in does:
                does[question]()
            elif row.startswith(">>>"):
                suite.stdin.write("s\n")
    (data,) = tmp_path.glob("receipt_printer-*.json")
    return suite.returncode, json.loads(data.read_text()), said


def test_a_unit_on_a_link_with_a_person_at_the_terminal(tmp_path: Path) -> None:
    code, told, said = acceptance_of(tmp_path, "y", "--record", str(tmp_path / "traces"))
    assert code == 0, said
    assert told["simulated"] is None
    assert told["serial"] == "RP9900001"
    results = {criterion["number"]: criterion["result"] for criterion in told["criteria"]}
    assert results == {f"RCP-{n:02}": "pass" for n in range(1, 12)} | {"RCP-10": "not tested"}
    assert told["verdict"] == "incomplete"
    assert all(
        figure["within"] is not None
        for criterion in told["criteria"]
        for figure in criterion["figures"]
        if figure["limit"]
    )

    trace = (tmp_path / "traces" / "receipt_printer.trace").read_text()
    assert "> 10 04 01 | DLE EOT 1" in trace


def test_a_unit_that_prints_badly_is_not_accepted(tmp_path: Path) -> None:
    code, told, said = acceptance_of(tmp_path, "n", "-k", "receipt_is_printed or online")
    assert code == 1, said
    assert told["verdict"] == "not accepted"
    assert [(line["number"], line["result"]) for line in told["criteria"]] == [
        ("RCP-02", "pass"),
        ("RCP-03", "fail"),
    ]


def test_every_class_has_its_suite() -> None:
    here = Path(__file__).parent
    assert all((here / f"test_{device}.py").is_file() for device in KINDS)
