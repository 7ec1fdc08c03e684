"""Printed means that the printer says so of this very job, and has counted the sheets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from devices.base import Fault, StaffAction, State, Status
from devices.interfaces import PrintJob, PrintState
from kiosk.cabinet import Worker
from kiosk.clock import SystemClock, mono_s
from kiosk.journal import EffectState, Journal
from kiosk.journal.effects import PRINT_DOCUMENT
from kiosk.meter import Meter
from kiosk.steps import print_document as step
from kiosk.steps.print_document import Document, NotPrinted, print_document
from kiosk.visit import Visit
from tests.kiosk.plain_device import Nobody, PlainDevice
from tests.trust.world import KEY

pytestmark = pytest.mark.anyio
NAME = "C1-D1"
COMPLETED = PrintState.COMPLETED
SILENT = Fault("document_printer", "timeOut", StaffAction.RESET)
Told = PrintState | Fault


class Printer(PlainDevice):
    """Tells a job's states one after the other; the last for ever, or until the job is cancelled."""

    name = "document_printer"

    def __init__(
        self, states: Sequence[Told], *, counted: int | None = 1, sheets: int | None = 1, fault: str = "",
        refuses: Fault | None = None, cancelled: Told = PrintState.CANCELED,
    ) -> None:  # fmt: skip
        self._states, self._counted, self._sheets = list(states), counted, sheets
        self._fault, self._refuses, self._cancelled = fault, refuses, cancelled
        self.asked: list[str] = []

    def status(self) -> Status:
        return Status(State.ONLINE, fault=self._fault or None)

    def counters(self) -> Mapping[str, int]:
        printed = "print" in self.asked and self._counted is not None
        return {} if self._sheets is None else {step.SHEETS: 100 + (self._counted or 0) * printed}

    def print(self, name: str, document: bytes) -> PrintJob:
        self.asked.append("print")
        assert (name, document) == (NAME, b"%PDF")
        if self._refuses is not None:
            raise self._refuses
        return PrintJob(name, PrintState.UNKNOWN)

    def job(self, name: str) -> PrintJob:
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        if isinstance(state, Fault):
            raise state
        return PrintJob(name, state, 1, sheets=self._sheets)

    def cancel(self, name: str) -> None:
        self.asked.append("cancel")
        self._states = [self._cancelled]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "POLL_S", 0.001)


async def printed(folder: Path, printer: Printer, pages: int = 1) -> tuple[str, EffectState | None]:
    """Print a document; return the word for why it failed ("" for printed) and what the journal has."""
    clock = SystemClock()
    worker: Worker[Any] = Worker(printer, Nobody())
    async with await Journal.open(folder / "journal.db", KEY, clock) as journal:
        await journal.begin("v1", "certificates", "C1")
        house: Any = SimpleNamespace(
            journal=journal,
            now_s=lambda: mono_s(clock),
            times=SimpleNamespace(print_s=0.15, take_s=1.0),
            cabinet=SimpleNamespace(document_printer=worker),
        )
        visit = Visit(house, cast("Any", None), "v1", "C1", clock.wall(), Meter(house.now_s))
        code = ""
        try:
            await print_document(visit, Document(NAME, "S1", bytearray(b"%PDF"), pages))
        except NotPrinted as failure:
            code = failure.code
        finally:
            await worker.close()
        assert not visit.held.working
        effect = (await journal.visit("v1")).last(PRINT_DOCUMENT)
    return code, effect.state if effect is not None else None


@pytest.mark.parametrize(
    "states",
    [
        [COMPLETED],
        [PrintState.PENDING, PrintState.PROCESSING, PrintState.PROCESSING, COMPLETED],
        [PrintState.NOT_FOUND, PrintState.PROCESSING, COMPLETED],
        [SILENT, SILENT, COMPLETED],
    ],
)
async def test_a_job_that_ends_as_completed_is_printed(tmp_path: Path, states: list[Told]) -> None:
    printer = Printer(states)
    assert await printed(tmp_path, printer) == ("", EffectState.DONE)
    assert printer.asked == ["print"]


async def test_a_printer_without_counters_is_believed(tmp_path: Path) -> None:
    assert await printed(tmp_path, Printer([COMPLETED], sheets=None)) == ("", EffectState.DONE)


@pytest.mark.parametrize(("counted", "sheets", "pages"), [(0, 1, 1), (1, 0, 1), (1, 2, 2), (2, 1, 2)])
async def test_completed_without_the_sheets_is_not_printed(
    tmp_path: Path, counted: int, sheets: int, pages: int
) -> None:
    printer = Printer([COMPLETED], counted=counted, sheets=sheets)
    assert await printed(tmp_path, printer, pages) == ("sheetsMissing", EffectState.FAILED)


@pytest.mark.parametrize(
    ("states", "fault", "code"),
    [
        ([PrintState.STOPPED], "paperOut", "paperOut"),
        ([PrintState.PROCESSING], "coverOpen", "coverOpen"),
        ([PrintState.HELD], "", "jobHeld"),
        ([PrintState.PROCESSING], "", "jobStuck"),
    ],
)
async def test_a_job_that_cannot_go_on_is_cancelled(
    tmp_path: Path, states: list[Told], fault: str, code: str
) -> None:
    printer = Printer(states, fault=fault, counted=0)
    assert await printed(tmp_path, printer) == (code, EffectState.FAILED)
    assert printer.asked == ["print", "cancel"]


async def test_trouble_that_passes_is_none(tmp_path: Path) -> None:
    """What is told once may be over already: a printer says so of the tray that it has just left."""
    states: list[Told] = [PrintState.NOT_FOUND, PrintState.HELD, PrintState.PROCESSING, COMPLETED]
    assert await printed(tmp_path, Printer(states)) == ("", EffectState.DONE)


async def test_a_sheet_that_comes_out_while_it_is_cancelled_is_printed(tmp_path: Path) -> None:
    printer = Printer([PrintState.HELD], cancelled=COMPLETED)
    assert await printed(tmp_path, printer) == ("", EffectState.DONE)


@pytest.mark.parametrize(
    ("state", "code"), [(PrintState.ABORTED, "jobAborted"), (PrintState.CANCELED, "jobCanceled")]
)
async def test_what_the_printer_gave_up_is_not_printed(tmp_path: Path, state: PrintState, code: str) -> None:
    assert await printed(tmp_path, Printer([state], counted=0)) == (code, EffectState.FAILED)


async def test_a_document_that_was_refused_was_never_there(tmp_path: Path) -> None:
    refusal = Fault("document_printer", "paperJammed", StaffAction.CLEAR)
    printer = Printer([COMPLETED], refuses=refusal)
    assert await printed(tmp_path, printer) == ("paperJammed", EffectState.FAILED)


async def test_a_job_that_the_printer_never_had_is_not_printed(tmp_path: Path) -> None:
    printer = Printer([PrintState.NOT_FOUND], counted=0)
    assert await printed(tmp_path, printer) == ("jobNotTaken", EffectState.FAILED)
    assert printer.asked == ["print"]


@pytest.mark.parametrize("last", [SILENT, PrintState.UNKNOWN])
async def test_silence_leaves_a_question(tmp_path: Path, last: Told) -> None:
    printer = Printer([PrintState.PROCESSING, last], cancelled=last)
    code, state = await printed(tmp_path, printer)
    assert (code, state) == ("timeOut" if last is SILENT else "jobStuck", EffectState.UNKNOWN)


async def test_who_is_cancelled_in_the_midst_leaves_a_question(tmp_path: Path) -> None:
    printer = Printer([PrintState.PROCESSING])
    printing = asyncio.create_task(printed(tmp_path, printer))
    while not printer.asked:
        await asyncio.sleep(0.001)
    printing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await printing
    async with await Journal.open(tmp_path / "journal.db", KEY, SystemClock()) as journal:
        (effect,) = await journal.unresolved()
    assert effect.kind == PRINT_DOCUMENT
