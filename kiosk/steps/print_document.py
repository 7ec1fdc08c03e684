"""Printing a document and being sure of it: the job, its end, and the sheets that the printer counted.

Printed means that the printer says so of this very job. Whatever else became of it, the job is cancelled,
so that nothing of it comes out when somebody else stands here; whether it did is then asked once more.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

from devices.base import DeviceError, Fault
from devices.interfaces import DocumentPrinter, PrintJob, PrintState
from kiosk.cabinet import Worker
from kiosk.journal import effects
from kiosk.left_documents import TAKEN
from kiosk.prompts import Action, Place, TakeItem, Tone
from kiosk.texts import Text
from kiosk.visit import Visit

SHEETS = "printer-media-sheets-completed"
"""The printer's counter of its whole life; a printer may have none."""
POLL_S = 0.3
CANCELLING_S = 10.0
"""How long a cancelled job may take to end."""
ASKED_TWICE = 2
"""So often in a row trouble, or the want of a job, has to be told before it counts."""
HELD, STUCK, NOT_TAKEN, SHORT = "jobHeld", "jobStuck", "jobNotTaken", "sheetsMissing"
ENDED_AS = {PrintState.ABORTED: "jobAborted", PrintState.CANCELED: "jobCanceled"}


@dataclass(slots=True, repr=False)
class Document:
    """A PDF to print under ``job``, a name that no other job has had; ``serial`` is the document's own."""

    job: str
    serial: str
    pdf: bytearray
    pages: int = 1

    def wipe(self) -> None:
        self.pdf[:] = bytes(len(self.pdf))
        self.pdf.clear()


class NotPrinted(Exception):
    """No whole document came out, or nobody knows; ``code`` is the printer's word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def print_document(visit: Visit, document: Document) -> None:
    """Print one document; returns when the printer says that it is out. Raises ``NotPrinted``."""
    printer = visit.house.cabinet.document_printer
    try:
        sheets = await visit.device(printer, _sheets)
    except DeviceError as error:
        raise NotPrinted(error.code) from error
    before = {
        "serial": document.serial,
        "digest": hashlib.sha256(document.pdf).hexdigest(),
        "sheets": sheets,
    }
    async with (
        visit.working(),
        visit.house.journal.acting(
            visit.number, effects.PRINT_DOCUMENT, document.job, before=before, body={"device": printer.name}
        ) as act,
    ):
        try:
            await visit.device(printer, lambda unit: unit.print(document.job, bytes(document.pdf)))
        except Fault as fault:
            act.failed(code=fault.code)  # nothing of it will be printed
            raise NotPrinted(fault.code) from fault
        with visit.meter.devices():
            why = await _wait_for_the_end(visit, printer, document.job)
            ended = await _last_word(visit, printer, document.job, cancel=why not in ("", NOT_TAKEN))
        if not ended.state.ended and ended.state is not PrintState.NOT_FOUND:
            raise NotPrinted(why or STUCK)  # the effect stays a question
        after = await _sheets_after(visit, printer)
        if ended.state is PrintState.COMPLETED and _whole(document, ended, sheets, after):
            act.after |= {"state": ended.state.value, "sheets": after}
            return
        code = SHORT if ended.state is PrintState.COMPLETED else why or ENDED_AS.get(ended.state, NOT_TAKEN)
        act.failed(state=ended.state.value, code=code, sheets=after)
        raise NotPrinted(code)


async def ask_to_take(visit: Visit, copies: int, question: Text, body: Text, taken: Text) -> None:
    """Ask for what lies in the tray to be taken; no sensor watches it, so the person says so.

    What nobody says was taken is found at the visit's end (``left_documents``).
    """
    prompt = TakeItem(
        "take-documents",
        question,
        body,
        Tone.DONE,
        place=Place.DOCUMENT_TRAY,
        seconds_left=int(visit.house.times.take_s),
        actions=(Action("taken", taken),),
    )
    try:
        async with asyncio.timeout(visit.house.times.take_s):
            await visit.ask(prompt, idle=False, leave=False)
    except TimeoutError:
        return
    await visit.house.journal.note(visit.number, TAKEN, copies=copies)


def _whole(document: Document, ended: PrintJob, before: int | None, after: int | None) -> bool:
    """Tell whether as many sheets came out as the document has pages, as far as the printer counts."""
    if ended.sheets is not None and ended.sheets < document.pages:
        return False
    return before is None or after is None or after - before >= document.pages


async def _wait_for_the_end(visit: Visit, printer: Worker[DocumentPrinter], name: str) -> str:
    """Return "" once the job has ended by itself, else the word for why it is not waited for any longer."""
    clock, limit_s = visit.house.now_s, visit.house.times.print_s
    page, since_s, troubles, why = -1, clock(), [""] * ASKED_TWICE, STUCK
    while clock() - since_s < limit_s:
        try:
            job = await visit.device(printer, lambda unit: unit.job(name))
            if job.state.ended:
                return ""
            if (job.impressions or 0) > page:
                page, since_s = job.impressions or 0, clock()
            troubles.append(await _trouble(visit, printer, job))
            if len(set(troubles[-ASKED_TWICE:])) == 1 and troubles[-1]:
                return troubles[-1]
            why = STUCK
        except DeviceError as error:
            why = error.code
        await asyncio.sleep(POLL_S)
    return why


async def _trouble(visit: Visit, printer: Worker[DocumentPrinter], job: PrintJob) -> str:
    """Return the word for what keeps the job from being printed, "" when nothing does."""
    if job.state is PrintState.HELD:
        return HELD
    if job.state is PrintState.NOT_FOUND:
        return NOT_TAKEN
    return (await visit.device(printer, lambda unit: unit.status())).fault or ""


async def _last_word(visit: Visit, printer: Worker[DocumentPrinter], name: str, *, cancel: bool) -> PrintJob:
    """Return the job as it ended, after ``cancel`` if need be; unknown when nobody answers."""
    end_s = visit.house.now_s() + min(CANCELLING_S, visit.house.times.print_s)
    job = PrintJob(name, PrintState.UNKNOWN)
    while True:
        try:
            if cancel:
                await visit.device(printer, lambda unit: unit.cancel(name))
                cancel = False
            job = await visit.device(printer, lambda unit: unit.job(name))
        except DeviceError:
            job = PrintJob(name, PrintState.UNKNOWN)
        if job.state.ended or job.state is PrintState.NOT_FOUND or visit.house.now_s() >= end_s:
            return job
        await asyncio.sleep(POLL_S)


async def _sheets_after(visit: Visit, printer: Worker[DocumentPrinter]) -> int | None:
    try:
        return await visit.device(printer, _sheets)
    except DeviceError:
        return None  # the job has told its own


def _sheets(unit: DocumentPrinter) -> int | None:
    return unit.counters().get(SHEETS)
