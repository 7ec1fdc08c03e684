"""The receipt printer: 80 mm, thermal, with cutter."""

from __future__ import annotations

import pytest

from devices.base import Fault
from devices.interfaces import ReceiptLine
from devices.receipt_printer import EscPosPrinter
from devices.receipt_printer.driver import CUTTER_OPERATIONS
from simulators.bench import Bench
from tests.conformance import acts
from tests.conformance.figures import Figures
from tests.conformance.units import Unit

DEVICE = "receipt_printer"
CODE = "ACCEPTANCE-0170"
LINES = (
    ReceiptLine("验收测试", bold=True, large=True, centred=True),
    ReceiptLine("往来港澳通行证签注 15.00 元"),
    ReceiptLine("Acceptance test 0123456789"),
    ReceiptLine(code=CODE, centred=True),
)

Printer = Unit[EscPosPrinter]


def cuts(unit: Printer) -> int:
    """Return the number of cuts so far."""
    told = unit.device.counters()
    if CUTTER_OPERATIONS not in told:
        pytest.skip("this printer keeps no counter of its cuts")
    return told[CUTTER_OPERATIONS]


def whole(bench: Bench) -> bool:
    """Tell whether the newest receipt is all of ``LINES``, cut off."""
    receipt = bench.receipt_printer.printed()[-1]
    lines_there = all(line.text in receipt.text for line in LINES if line.text)
    return lines_there and receipt.codes() == [CODE] and not receipt.torn


def newest_is_clean(bench: Bench) -> bool:
    return whole(bench) and "must not appear" not in bench.receipt_printer.printed()[-1].text


@pytest.mark.criterion("RCP-01", "Common.Capabilities")
def test_who_made_it(unit: Printer) -> None:
    """The printer tells its maker and its model."""
    told = unit.device.capabilities()
    assert told.maker
    assert told.model


@pytest.mark.criterion("RCP-02", "Common.Status, paper full")
def test_it_is_online(unit: Printer, figures: Figures) -> None:
    """The printer is online, its cover shut, paper on the roll."""
    with figures.seconds("status", 2.0):
        status = unit.device.status()
    assert status.usable, status


@pytest.mark.criterion("RCP-03", "Printer.PrintForm")
def test_a_receipt_is_printed(unit: Printer, figures: Figures) -> None:
    """A receipt with Chinese, large and bold letters and a code is printed, and can be read."""
    with figures.seconds("print and cut", 10.0):
        unit.device.print(LINES)
    asked = f"可读且完整？ Is the receipt whole and readable, its code {CODE} too?"
    assert unit.person.confirms(asked, whole)


@pytest.mark.criterion("RCP-04", "Printer counters")
def test_each_cut_is_counted(unit: Printer, figures: Figures) -> None:
    """The counter of cuts grows by exactly one a receipt, for good."""
    before = cuts(unit)
    unit.device.print(LINES)
    assert cuts(unit) == before + 1
    unit.device.close()
    unit.device.open()
    assert cuts(unit) == before + 1
    figures.note("cuts", before + 1)


@pytest.mark.criterion("RCP-05", "Printer.Status paper out")
def test_paper_out(unit: Printer) -> None:
    """Without paper the printer says so, prints nothing, and afterwards only what is asked for then."""
    unit.person.do(acts.TAKE_PAPER_OUT, until=lambda: unit.device.status().fault is not None)
    assert unit.device.status().fault == "paperOut"
    with pytest.raises(Fault) as told:
        unit.device.print([ReceiptLine("不可出现 must never appear")])
    assert told.value.code == "paperOut"
    unit.person.do(acts.PUT_PAPER_IN, until=lambda: unit.device.status().usable)
    unit.device.print(LINES)
    asked = "只有验收小票？ Is there one receipt, and nothing that must never appear?"
    assert unit.person.confirms(
        asked, lambda bench: whole(bench) and len(bench.receipt_printer.printed()) == 1
    )


@pytest.mark.criterion("RCP-06", "Printer.Status cover open")
def test_cover_open(unit: Printer) -> None:
    """With its cover open the printer says so and prints nothing; shut again it goes on."""
    unit.person.do(acts.OPEN_COVER, until=lambda: unit.device.status().fault is not None)
    with pytest.raises(Fault) as told:
        unit.device.print(LINES)
    assert told.value.code == "coverOpen"
    unit.person.do(acts.CLOSE_COVER, until=lambda: unit.device.status().usable)
    unit.device.print(LINES)


@pytest.mark.criterion("RCP-07", "Printer.Status paper low")
def test_paper_low(unit: Printer) -> None:
    """A roll near its end is a warning, and the printer goes on printing."""
    unit.person.do(acts.PUT_NEARLY_EMPTY_IN, until=lambda: bool(unit.device.status().warnings))
    assert "paperLow" in unit.device.status().warnings
    unit.device.print(LINES)
    unit.person.do(acts.PUT_PAPER_IN, until=lambda: not unit.device.status().warnings)


@pytest.mark.criterion("RCP-08", "Printer.PrintForm, rare characters")
def test_a_rare_character(unit: Printer) -> None:
    """A name with a rare character, which the printer's own font lacks, is printed all the same."""
    unit.device.print([ReceiptLine("姓名：闫㛃")])
    asked = "两个字都清楚？ Are both characters of the name clear?"
    assert unit.person.confirms(asked, lambda bench: not bench.receipt_printer.printed()[-1].torn)


@pytest.mark.criterion("RCP-09", "Common.Reset")
def test_reset(unit: Printer, figures: Figures) -> None:
    """After a reset the printer is online, and prints nothing by itself."""
    with figures.seconds("reset", 3.0):
        unit.device.reset()
    assert unit.device.status().usable


@pytest.mark.criterion("RCP-11", "Printer.PrintForm interrupted")
def test_stopped_in_the_middle(unit: Printer) -> None:
    """A receipt that stops in the middle is told, not counted, and its rest is not printed later."""
    before = unit.device.counters()
    unit.person.do(acts.INTERRUPT)
    with pytest.raises(Fault) as told:
        unit.device.print([ReceiptLine(f"第 {number} 行 must not appear twice") for number in range(60)])
    assert told.value.code in ("coverOpen", "paperOut")
    assert not unit.device.status().usable  # answered after all that was sent before
    unit.person.do(acts.MEND, until=lambda: unit.device.status().usable)
    assert unit.device.counters() == before
    unit.device.print(LINES)
    asked = "新小票上只有验收内容？ Does the new receipt carry nothing of the one that was stopped?"
    assert unit.person.confirms(asked, newest_is_clean)


@pytest.mark.criterion("RCP-10", "Common.Status noDevice")
def test_the_cable_out_and_in(unit: Printer) -> None:
    """Without its cable the printer is told as gone, and prints again when it is back."""
    unit.person.do(acts.unplug(DEVICE), until=lambda: not unit.device.status().usable)
    with pytest.raises(Fault):
        unit.device.print(LINES)
    unit.person.do(acts.plug_in(DEVICE), until=lambda: unit.device.status().usable)
    unit.device.print(LINES)
