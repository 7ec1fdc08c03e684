"""The document printer: A4, laser, over IPP."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from devices.base import Fault
from devices.document_printer import IMPRESSIONS, SHEETS, IppPrinter
from devices.interfaces import PrintJob, PrintState
from simulators.bench import Bench
from tests.conformance import acts
from tests.conformance.figures import Figures
from tests.conformance.units import Unit
from tests.documents import pdf

DEVICE = "document_printer"
END_S = 90.0
LOOK_EVERY_S = 0.05

Printer = Unit[IppPrinter]


def named(what: str) -> str:
    """Return a name that no job has had."""
    return f"acceptance-{what}-{time.time_ns()}"


def awaited(unit: Printer, name: str, *states: PrintState) -> PrintJob:
    """Return the job when it is in one of ``states``."""
    deadline_s = time.monotonic() + END_S
    while (job := unit.device.job(name)).state not in states:
        assert time.monotonic() < deadline_s, job
        time.sleep(LOOK_EVERY_S)
    return job


def printed(unit: Printer, what: str, pages: int = 1) -> PrintJob:
    """Print ``pages`` marked pages; return the job when it has ended."""
    name = named(what)
    unit.device.print(name, pdf(pages, what.upper()))
    return awaited(unit, name, PrintState.COMPLETED, PrintState.ABORTED, PrintState.CANCELED)


def sheets_of(bench: Bench, what: str) -> int:
    return sum(what in page.name for page in bench.housing.document_printer.printed())


@pytest.mark.criterion("DPR-01", "Common.Capabilities")
def test_who_made_it(unit: Printer) -> None:
    """The printer tells its model, and takes A4."""
    told = unit.device.capabilities()
    assert told.model
    assert told.more["media"] == "iso_a4_210x297mm"


@pytest.mark.criterion("DPR-02", "Common.Status")
def test_it_is_online(unit: Printer, figures: Figures) -> None:
    """The printer is online: paper, toner, cover and output are in order."""
    with figures.seconds("status", 2.0):
        status = unit.device.status()
    assert status.usable, status


@pytest.mark.criterion("DPR-03", "Printer.PrintRaw, IPP completed")
def test_a_document_is_printed(unit: Printer, figures: Figures) -> None:
    """A document of two pages comes out whole, one side a sheet; the printer counts two."""
    with figures.seconds("two pages", 60.0):
        job = printed(unit, "whole", 2)
    assert job.state is PrintState.COMPLETED
    assert job.impressions in (2, None)
    asked = "两页，单面，各有一道黑杠？ Two sheets, one side each, a black bar at the top of each?"
    assert unit.person.confirms(asked, lambda bench: sheets_of(bench, "whole") == 2)


@pytest.mark.criterion("DPR-04", "Printer counters")
def test_each_page_is_counted(unit: Printer, figures: Figures) -> None:
    """The life counters grow by exactly the pages printed, for good."""
    before = unit.device.counters()
    if not before:
        pytest.skip("this printer keeps no counters")
    assert printed(unit, "counted").state is PrintState.COMPLETED
    unit.device.close()
    unit.device.open()
    after = unit.device.counters()
    assert {name: after[name] - number for name, number in before.items()} == dict.fromkeys(before, 1)
    figures.note("sides", after.get(IMPRESSIONS, after.get(SHEETS, 0)))


@pytest.mark.criterion("DPR-05", "Printer.Status paper out")
def test_paper_out(unit: Printer) -> None:
    """Without paper the printer says so and takes nothing; new paper brings nothing out."""
    unit.person.do(acts.TAKE_A4_OUT, until=lambda: unit.device.status().fault == "paperOut")
    with pytest.raises(Fault) as told:
        unit.device.print(named("never"), pdf(1, "NEVER"))
    assert told.value.code == "paperOut"
    unit.person.do(acts.PUT_A4_IN, until=lambda: unit.device.status().usable)
    assert unit.person.confirms(
        "没有纸出来？ Did nothing come out?", lambda bench: sheets_of(bench, "never") == 0
    )


@pytest.mark.criterion("DPR-06", "Printer.Status cover open")
def test_cover_open(unit: Printer) -> None:
    """With its cover open the printer says so; shut again it prints."""
    unit.person.do(acts.OPEN_DOCUMENT_COVER, until=lambda: unit.device.status().fault == "coverOpen")
    unit.person.do(acts.CLOSE_DOCUMENT_COVER, until=lambda: unit.device.status().usable)
    assert printed(unit, "cover").state is PrintState.COMPLETED


@pytest.mark.criterion("DPR-07", "Printer.PrintRaw interrupted")
def test_paper_ends_in_the_middle_and_the_job_goes_on(unit: Printer) -> None:
    """A document that stops for want of paper is told as stopped, and goes on when paper is put in."""
    unit.person.do(acts.PUT_ONE_SHEET_IN)
    name = named("goes-on")
    unit.device.print(name, pdf(2))
    job = awaited(unit, name, PrintState.STOPPED, PrintState.PENDING, PrintState.PROCESSING)
    unit.person.do(acts.PUT_A4_IN, until=lambda: unit.device.job(name).state.ended)
    job = unit.device.job(name)
    assert job.state is PrintState.COMPLETED
    assert job.impressions in (2, None)


@pytest.mark.criterion("DPR-08", "IPP Cancel-Job")
def test_what_is_cancelled_never_comes_out(unit: Printer) -> None:
    """A document that stopped and is cancelled is told as cancelled; new paper brings none of it out."""
    unit.person.do(acts.PUT_ONE_SHEET_IN)
    name = named("cancelled")
    unit.device.print(name, pdf(2))
    deadline_s = time.monotonic() + END_S
    while unit.device.status().fault is None:
        assert time.monotonic() < deadline_s, "the paper does not end"
        time.sleep(LOOK_EVERY_S)
    unit.device.cancel(name)
    assert awaited(unit, name, PrintState.CANCELED).state is PrintState.CANCELED
    unit.person.do(acts.PUT_A4_IN, until=lambda: unit.device.status().usable)
    asked = "第二页没有出来？ Did the second page stay away?"
    assert unit.person.confirms(asked, lambda bench: sheets_of(bench, "cancelled") == 1)


@pytest.mark.criterion("DPR-09", "IPP Get-Jobs by name")
def test_a_job_is_found_by_its_name_after_a_restart(unit: Printer) -> None:
    """Another program, after a restart, finds the job by its name, and none of another name."""
    job = printed(unit, "restart")
    again = IppPrinter(unit.links[DEVICE])
    assert again.job(job.name).state is PrintState.COMPLETED
    assert again.job(named("none")).state is PrintState.NOT_FOUND


@pytest.mark.criterion("DPR-10", "Printer.PrintRaw invalid data")
def test_what_is_no_document_is_not_printed(unit: Printer) -> None:
    """What is no PDF is refused or given up, and nothing is printed of it."""
    name = named("no-pdf")
    before = unit.device.counters()
    with suppress(Fault):
        unit.device.print(name, b"this is no document")
        awaited(unit, name, PrintState.ABORTED, PrintState.CANCELED)
    assert unit.device.counters() == before
    assert unit.device.status().usable


@pytest.mark.criterion("DPR-11", "Common.Reset")
def test_a_reset_leaves_nothing_behind(unit: Printer) -> None:
    """After a reset the printer is online, and none of the kiosk's jobs waits in it."""
    unit.device.reset()
    assert unit.device.status().usable


@pytest.mark.criterion("DPR-12", "Common.Status noDevice")
def test_the_cable_out_and_in(unit: Printer) -> None:
    """Without its cable the printer is told as gone, and prints again when it is back."""
    unit.person.do(acts.unplug(DEVICE), until=lambda: not unit.device.status().usable)
    with pytest.raises(Fault):
        unit.device.print(named("never"), pdf(1))
    unit.person.do(acts.plug_in(DEVICE), until=lambda: unit.device.status().usable)
    assert printed(unit, "cable").state is PrintState.COMPLETED
