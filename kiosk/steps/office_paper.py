"""A paper of the office on A4: fetched, checked to be about the holder, printed, and taken at the end.

It is printed where a document printer is ready. Where none is, or nothing whole came out, the caller hands
the same words over another way; nothing of the A4 comes out any more by then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from kiosk.journal.effects import PRINT_DOCUMENT
from kiosk.left_documents import TAKEN, printed
from kiosk.paper_check import Expected, PaperDiffers
from kiosk.platform import PlatformError
from kiosk.prompts import Working
from kiosk.steps.print_document import Document, NotPrinted, ask_to_take, print_document
from kiosk.texts import Text, text
from kiosk.visit import Visit

TAKE: str = "take-documents"
"""The prompt that asks for what lies in the tray."""


@asynccontextmanager
async def check_warm(visit: Visit) -> AsyncIterator[None]:
    """Load what the check of a paper needs while the person is busy, where a paper may be printed."""
    check = visit.house.paper_check
    if check is None or not can_print(visit):
        yield
        return
    async with check.warm():
        yield


def can_print(visit: Visit) -> bool:
    """Tell whether A4 can be printed, and checked before, now."""
    house = visit.house
    return house.paper_check is not None and house.cabinet.document_printer.fault() is None


async def print_office_paper(
    visit: Visit, expected: Expected, fetch: Callable[[], Awaitable[bytearray]], question: Text
) -> bool:
    """Print one paper, saying ``question`` meanwhile; false when it can't be had on A4.

    Raises ``PaperDiffers`` when it is not the paper of who stands here: it must not be seen at all.
    """
    check = visit.house.paper_check
    if check is None or not can_print(visit):
        return False
    try:
        async with visit.working():
            visit.tell(Working("printing-paper", question, text("papers.printing.body")))
            with visit.meter.devices():
                pdf = await fetch()
            record = await visit.house.journal.visit(visit.number)
            job = f"{visit.case_no}-D{len(record.every(PRINT_DOCUMENT)) + 1}"
            document = Document(job, expected.serial, pdf)
            visit.keep(document)
            document.pages = await check.check(bytes(pdf), expected)
            await print_document(visit, document)
    except PaperDiffers as differs:
        visit.house.events.event("paper-differs", visit=visit.number, reason=differs.code)
        raise
    except PlatformError as error:
        visit.house.events.event("document-not-printed", visit=visit.number, code=error.code)
        return False
    except NotPrinted as failure:
        visit.house.events.event("document-not-printed", visit=visit.number, code=failure.code)
        return False
    return True


async def ask_to_take_papers(visit: Visit, *, receipt_printed: bool = False) -> bool:
    """Ask once for all that lies in the tray; false when nothing does, or it was asked for before."""
    if TAKE in visit.prompts:
        return False
    record = await visit.house.journal.visit(visit.number)
    copies = len(printed(record))
    if not copies or record.noted(TAKEN) is not None:
        return False
    body = "papers.take.body-and-receipt" if receipt_printed else "papers.take.body"
    await ask_to_take(
        visit, copies, text("papers.take.question", copies=copies), text(body), text("papers.take.taken")
    )
    return True
