"""Our driver against CUPS' ``ippeveprinter``; our simulated printer against ``ipptool`` and ``pyipp``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyipp import IPP
from pyipp.enums import IppJobState, IppOperation

from devices.base import Fault
from devices.document_printer import IppPrinter
from devices.interfaces import PrintJob, PrintState
from simulators.devices.document_printer import DocumentPrinter
from simulators.faults import Order
from simulators.http_wire import HttpWire
from simulators.level import Level
from tests.documents import pdf
from tests.independent.ipp_programs import EvePrinter, ipptool, suites
from tests.simulators.wiring import Room, served

END_S = 15.0
AT_ONCE, TAKING_TIME = 18, 23
"""How many of the suite's tests such a printer has to pass; the others are of what it does not offer."""


# --- the driver against ippeveprinter ---


@pytest.fixture(scope="module")
def eve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvePrinter]:
    with EvePrinter(tmp_path_factory.mktemp("eve")) as printer:
        yield printer


@pytest.fixture
def driver(eve: EvePrinter) -> Iterator[IppPrinter]:
    """A driver of a printer that is in order again afterwards."""
    driver = IppPrinter(eve.url)
    yield driver
    for name in ("says", "hold", "fails"):
        (eve.folder / name).unlink(missing_ok=True)
    eve.set_media(100)
    eve.set_supplies(80)
    until(lambda: driver.status().parts.get("state") == "idle")


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + END_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ended(driver: IppPrinter, name: str) -> PrintJob:
    until(lambda: driver.job(name).state.ended)
    return driver.job(name)


def test_a_document_arrives_byte_for_byte(eve: EvePrinter, driver: IppPrinter) -> None:
    document = pdf(2)
    assert driver.capabilities().maker == "Example"
    (eve.folder / "hold").touch()
    taken = driver.print("case-1", document)
    until(lambda: driver.job("case-1").state is PrintState.PROCESSING)
    (eve.folder / "hold").unlink()
    job = ended(driver, "case-1")
    assert (job.state, job.impressions) == (PrintState.COMPLETED, 2)
    assert (eve.folder / f"printed-{taken.number}").read_bytes() == document
    assert IppPrinter(eve.url).job("case-1") == job
    assert driver.job("never-was").state is PrintState.NOT_FOUND


def test_a_job_that_the_printer_gives_up(eve: EvePrinter, driver: IppPrinter) -> None:
    (eve.folder / "fails").touch()
    driver.print("case-2", pdf(1))
    assert ended(driver, "case-2").state is PrintState.ABORTED


def test_a_job_cancelled_in_progress(eve: EvePrinter, driver: IppPrinter) -> None:
    (eve.folder / "hold").touch()
    driver.print("case-3", pdf(1))
    until(lambda: driver.job("case-3").state is PrintState.PROCESSING)
    driver.cancel("case-3")
    (eve.folder / "hold").unlink()
    assert ended(driver, "case-3").state is PrintState.CANCELED


def test_paper_and_toner_by_the_printers_own_page(eve: EvePrinter, driver: IppPrinter) -> None:
    eve.set_supplies(0)
    status = driver.status()
    assert (status.parts["toner"], status.warnings) == ("low", ("tonerLow",))
    eve.set_supplies(80)
    assert driver.status().warnings == ()
    eve.set_media(0)
    assert driver.status().parts["paper"] == "low"
    driver.print("case-4", pdf(1))
    until(lambda: driver.status().fault == "paperOut")  # now a job needs it
    with pytest.raises(Fault) as refused:
        driver.print("case-5", pdf(1))
    assert refused.value.code == "paperOut"
    eve.set_media(100)
    assert ended(driver, "case-4").state is PrintState.COMPLETED
    assert driver.status().usable


@pytest.mark.parametrize(
    ("reason", "warning", "part", "word"),
    [
        ("media-jam", "paperJammed", "paper", "jammed"),
        ("cover-open", "coverOpen", "cover", "open"),
        ("toner-low", "tonerLow", "toner", "low"),
        ("marker-waste-full", "wasteTonerHigh", "state", "processing"),
    ],
)
def test_a_printer_that_goes_on_warns(
    eve: EvePrinter, driver: IppPrinter, reason: str, warning: str, part: str, word: str
) -> None:
    """This printer ends all its reasons in ``-warning`` while it prints, and in ``-report`` afterwards."""
    (eve.folder / "says").write_text(f"STATE: +{reason}\n")
    (eve.folder / "hold").touch()
    driver.print(f"with-{reason}", pdf(1))
    until(lambda: warning in driver.status().warnings)
    status = driver.status()
    assert (status.fault, status.parts[part]) == (None, word)
    assert status.parts["reasons"] == f"{reason}-warning"
    (eve.folder / "hold").unlink()
    ended(driver, f"with-{reason}")
    assert driver.status().parts["reasons"] == f"{reason}-report"
    (eve.folder / "says").write_text(f"STATE: -{reason}\n")
    driver.print(f"without-{reason}", pdf(1))
    ended(driver, f"without-{reason}")
    assert driver.status().warnings == ()


# --- the simulated printer against ipptool and pyipp ---


@pytest.fixture(params=[0.0, 0.002], ids=["at-once", "pages-take-time"])
def simulated(request: pytest.FixtureRequest) -> Iterator[tuple[DocumentPrinter, HttpWire, Room]]:
    level = Level("test", mechanics=request.param, paced=False, misread=0.0)
    room = Room(level)
    printer = DocumentPrinter(level, room.faults)
    wire = HttpWire("document_printer", level, room.faults, room.recorder, room.chance)
    with served(wire, printer.serve):
        yield printer, wire, room


@pytest.mark.parametrize(
    ("simulated", "suite", "version", "at_least"),
    [
        (0.0, "ipp-1.1.test", "1.1", AT_ONCE),
        (0.002, "ipp-1.1.test", "2.0", TAKING_TIME),
        (0.0, "ipp-2.0.test", "2.0", 1),
    ],
    indirect=["simulated"],
)
def test_ipptools_suites_find_no_fault(
    simulated: tuple[DocumentPrinter, HttpWire, Room],
    tmp_path: Path,
    suite: str,
    version: str,
    at_least: int,
) -> None:
    """A printer that takes its time is asked more: of jobs that are still to do."""
    _, wire, _ = simulated
    suites(tmp_path, pdf(2))
    verdicts = ipptool(tmp_path, f"ipp://127.0.0.1:{wire.port}/ipp/print", suite, version)
    assert not [name for name, verdict in verdicts.items() if verdict == "FAIL"]
    assert len([name for name, verdict in verdicts.items() if verdict == "PASS"]) >= at_least


def test_pyipp_prints_and_reads_the_state(simulated: tuple[DocumentPrinter, HttpWire, Room]) -> None:
    printer, wire, room = simulated
    document = pdf(2)

    async def play() -> None:
        async with IPP("127.0.0.1", port=wire.port, base_path="/ipp/print") as client:
            told = await client.printer()
            assert (told.info.manufacturer, told.info.serial) == ("OPEN BENCH", "DP9900001")
            assert told.state.printer_state == "idle"
            job = {"job-name": "by-pyipp", "document-format": "application/pdf"}
            taken = await client.execute(
                IppOperation.PRINT_JOB, {"operation-attributes-tag": job, "data": document}
            )
            number = taken["jobs"][0]["job-id"]
            state = taken["jobs"][0]["job-state"]
            while state is not IppJobState.COMPLETED:
                await asyncio.sleep(0.02)
                asked = {"operation-attributes-tag": {"job-id": number}}
                found = await client.execute(IppOperation.GET_JOB_ATTRIBUTES, asked)
                state = found["jobs"][0]["job-state"]
            room.faults.arm(Order("document_printer", "paperJam"))
            told = await client.printer()
            assert (told.state.printer_state, told.state.reasons) == ("stopped", "media-jam-error")

    asyncio.run(asyncio.wait_for(play(), END_S))
    assert printer.documents()["by-pyipp"] == document
    assert len(printer.printed()) == 2
