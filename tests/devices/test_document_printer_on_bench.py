"""Document printer driver against the simulated printer: jobs to their end, trouble, lost answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from devices.base import Fault, StaffAction, State
from devices.document_printer import IMPRESSIONS, IppPrinter
from devices.interfaces import PrintJob, PrintState
from simulators.devices.document_printer import DocumentPrinter
from simulators.faults import Order
from simulators.http_wire import HttpWire
from simulators.level import Level
from tests.documents import pdf
from tests.simulators.wiring import Room, served

END_S = 10.0


@dataclass
class Bench:
    driver: IppPrinter
    printer: DocumentPrinter
    room: Room
    url: str

    def order(self, fault: str, operation: str | None = None, nth: int = 1, **args: Any) -> None:
        self.room.faults.arm(Order("document_printer", fault, operation, nth, args=args))

    def ended(self, name: str) -> PrintJob:
        """Poll until the job has ended."""
        deadline = time.monotonic() + END_S
        while not (job := self.driver.job(name)).state.ended:
            assert time.monotonic() < deadline, job
            time.sleep(0.01)
        return job


def bench_at(level: Level) -> Iterator[Bench]:
    room = Room(level)
    printer = DocumentPrinter(level, room.faults)
    wire = HttpWire("document_printer", level, room.faults, room.recorder, room.chance)
    with served(wire, printer.serve):
        url = f"ipp://127.0.0.1:{wire.port}/ipp/print?simulated=1"
        yield Bench(IppPrinter(url), printer, room, url)


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from bench_at(Level("quick", mechanics=0.005, paced=False, misread=0.0))


@pytest.fixture
def slow() -> Iterator[Bench]:
    """A printer that takes eight seconds for its first page."""
    yield from bench_at(Level("slow", mechanics=1.0, paced=False, misread=0.0))


def test_a_document_is_printed_as_it_was_sent(bench: Bench) -> None:
    document = pdf(3)
    before = bench.driver.counters()[IMPRESSIONS]
    taken = bench.driver.print("case-1", document)
    assert taken.state in (PrintState.PENDING, PrintState.PROCESSING)
    job = bench.ended("case-1")
    assert (job.state, job.impressions, job.sheets) == (PrintState.COMPLETED, 3, 3)
    assert bench.driver.counters()[IMPRESSIONS] - before == 3
    assert bench.printer.documents()["case-1"] == document
    pages = bench.printer.printed()
    assert [page.number for page in pages] == [0, 1, 2]
    bars = [np.asarray(Image.open(BytesIO(page.png())))[20] < 128 for page in pages]
    assert [round(int(bar.sum()) / 80) for bar in bars] == [1, 2, 3]


def test_who_made_it(bench: Bench) -> None:
    told = bench.driver.capabilities()
    assert (told.maker, told.firmware, told.serial) == ("OPEN BENCH", "1.00", "DP9900001")


@pytest.mark.parametrize(
    ("fault", "code", "action"),
    [
        ("paperOut", "paperOut", StaffAction.CLEAR),
        ("paperJam", "paperJammed", StaffAction.CLEAR),
        ("tonerOut", "tonerOut", StaffAction.MAINTENANCE),
        ("coverOpen", "coverOpen", StaffAction.CLEAR),
        ("outputFull", "stackerFull", StaffAction.CLEAR),
        ("fuserFault", "hardwareError", StaffAction.MAINTENANCE),
        ("paused", "offline", StaffAction.RESET),
        ("notAccepting", "deviceBusy", StaffAction.SUSPEND),
        ("busy", "deviceBusy", StaffAction.SUSPEND),
        ("httpError", "invalidData", StaffAction.RESET),
        ("garbled", "invalidData", StaffAction.RESET),
        ("disconnect", "noDevice", StaffAction.MAINTENANCE),
    ],
)
def test_nothing_is_handed_to_a_printer_that_cannot_print(
    bench: Bench, fault: str, code: str, action: StaffAction
) -> None:
    bench.order(fault)
    status = bench.driver.status()
    assert (status.fault, status.action, status.usable) == (code, action, False)
    with pytest.raises(Fault) as refused:
        bench.driver.print("case-1", pdf())
    assert refused.value.code == code
    bench.room.faults.clear()
    assert bench.driver.status().usable
    assert bench.driver.job("case-1").state is PrintState.NOT_FOUND
    assert bench.printer.printed() == []


@pytest.mark.parametrize(
    ("fault", "warning"), [("paperLow", "paperLow"), ("tonerLow", "tonerLow"), ("trayEmpty", "paperLow")]
)
def test_what_is_low_prints_all_the_same(bench: Bench, fault: str, warning: str) -> None:
    bench.order(fault)
    assert bench.driver.status().warnings == (warning,)
    bench.driver.print("case-1", pdf(1))
    assert bench.ended("case-1").state is PrintState.COMPLETED


@pytest.mark.parametrize(
    ("fault", "code"), [("paperOut", "paperOut"), ("paperJam", "paperJammed"), ("coverOpen", "coverOpen")]
)
def test_trouble_at_the_second_page_and_on_from_there(bench: Bench, fault: str, code: str) -> None:
    bench.order(fault, "page", nth=2)
    bench.driver.print("case-1", pdf(3))
    deadline = time.monotonic() + END_S
    while bench.driver.job("case-1").state is not PrintState.STOPPED:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert bench.driver.status().fault == code
    assert bench.driver.job("case-1").impressions == 1
    bench.printer.set_paper("full")
    bench.printer.clear_jam()
    bench.printer.set_cover(False)
    assert bench.ended("case-1").impressions == 3
    assert [page.number for page in bench.printer.printed()] == [0, 1, 2]


def test_a_job_given_up_by_the_printer_says_how_far_it_came(bench: Bench) -> None:
    bench.order("aborts", "page", nth=2)
    bench.driver.print("case-1", pdf(3))
    job = bench.ended("case-1")
    assert (job.state, job.impressions, job.reasons) == (PrintState.ABORTED, 1, ("aborted-by-system",))


def test_what_is_no_pdf_is_given_up(bench: Bench) -> None:
    bench.driver.print("case-1", b"a letter to nobody")
    job = bench.ended("case-1")
    assert (job.state, job.reasons) == (PrintState.ABORTED, ("document-format-error",))


def test_a_job_can_be_cancelled_while_it_waits(slow: Bench) -> None:
    slow.driver.print("case-1", pdf())
    assert slow.driver.job("case-1").state is PrintState.PROCESSING
    slow.driver.cancel("case-1")
    assert slow.driver.job("case-1").state is PrintState.CANCELED
    slow.driver.cancel("case-1")
    slow.driver.cancel("never-was")
    assert slow.printer.printed() == []


def test_a_reset_leaves_no_document_behind(slow: Bench) -> None:
    for name in ("case-1", "case-2"):
        slow.driver.print(name, pdf())
    slow.driver.reset()
    states = {slow.driver.job(name).state for name in ("case-1", "case-2")}
    assert states == {PrintState.CANCELED}
    slow.printer.jam()
    with pytest.raises(Fault):
        slow.driver.reset()


@pytest.mark.parametrize("fault", ["drop", "garbage", "half", "disconnect"])
def test_a_lost_answer_to_print_is_looked_up_and_never_printed_twice(bench: Bench, fault: str) -> None:
    # The status is the first answer, the job the second.
    bench.order(fault, "answer", 2, for_s=0.1)
    driver = IppPrinter(bench.url, document_s=0.5)
    taken = driver.print("case-1", pdf(1))
    assert taken == PrintJob("case-1", PrintState.UNKNOWN)
    deadline = time.monotonic() + END_S
    while driver.status().fault is not None:
        assert time.monotonic() < deadline
    assert bench.ended("case-1").state is PrintState.COMPLETED
    assert len(bench.printer.printed()) == 1


def test_a_driver_that_was_restarted_finds_the_job_by_its_name(bench: Bench) -> None:
    bench.driver.print("case-1", pdf(2))
    bench.driver.print("case-2", pdf(1))
    job = bench.ended("case-1")
    again = IppPrinter(bench.url).job("case-1")
    assert (again.number, again.impressions) == (job.number, 2)


def test_a_printer_that_was_restarted_has_forgotten_and_gives_numbers_anew(bench: Bench) -> None:
    bench.driver.print("case-1", pdf(1))
    bench.ended("case-1")
    bench.printer.restart()
    assert bench.driver.job("case-1").state is PrintState.UNKNOWN  # it was taken: nobody may print it again
    bench.driver.print("case-2", pdf(1))
    assert bench.driver.job("case-2").number == 1
    assert bench.driver.job("case-1") == PrintJob("case-1", PrintState.UNKNOWN)
    assert bench.driver.job("case-3").state is PrintState.NOT_FOUND


@pytest.mark.parametrize("fault", ["drop", "corrupt", "split", "glue", "delay", "garbage", "half"])
def test_one_disturbance_of_the_wire_leaves_nothing_behind(bench: Bench, fault: str) -> None:
    bench.order(fault, "answer", seconds=0.1, at=0)
    driver = IppPrinter(bench.url, answer_s=0.5)
    driver.status()
    driver.status()  # what was held and came with the next answer is the answer to nothing
    assert driver.status().usable


def test_a_silent_printer_is_a_fault(bench: Bench) -> None:
    bench.order("noAnswer")
    status = IppPrinter(bench.url, answer_s=0.3).status()
    assert (status.state, status.fault) == (State.OFFLINE, "timeOut")


@pytest.mark.parametrize("name", ["", "n" * 128])
def test_names_that_no_job_can_have(bench: Bench, name: str) -> None:
    with pytest.raises(ValueError):
        bench.driver.print(name, pdf(1))


def test_paper_that_the_printer_does_not_have_is_refused(bench: Bench) -> None:
    driver = IppPrinter(bench.url, media="na_letter_8.5x11in")
    with pytest.raises(Fault) as refused:
        driver.print("case-1", pdf(1))
    assert (refused.value.code, refused.value.action) == ("unsupportedData", StaffAction.CONFIGURATION)


def test_a_path_where_no_printer_is(bench: Bench) -> None:
    driver = IppPrinter(bench.url.replace("/ipp/print", "/ipp/elsewhere"))
    assert driver.status().fault == "invalidData"


@pytest.mark.parametrize("url", ["http://host/ipp/print", "ipp:///ipp/print", "ipp://user@host/ipp/print"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ValueError):
        IppPrinter(url)
