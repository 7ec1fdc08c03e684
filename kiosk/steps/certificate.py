"""Certificates: choosing one, applying for it, and printing each copy that passed the check of its bytes.

Every copy is a certificate of its own. All are fetched and checked before the first sheet moves. A copy is
good once the back office was told that it was printed; whatever was not is void, and the person is told.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kiosk.certificate_office import Answered, Decision, Standing
from kiosk.certificate_recovery import VOIDED
from kiosk.certificate_rules import CertificateRules, Kind
from kiosk.journal import effects
from kiosk.journal.fields import word
from kiosk.journal.records import Letter
from kiosk.paper_check import Expected, PaperDiffers
from kiosk.platform import PlatformError
from kiosk.prompts import Action, CheckAnswers, ChooseOne, Option, Row, Working
from kiosk.steps import farewell
from kiosk.steps.contact import ask_for_contact
from kiosk.steps.id_card import Holder
from kiosk.steps.print_document import Document, NotPrinted, print_document
from kiosk.steps.submitting import submitting
from kiosk.texts import Text, text, verbatim
from kiosk.visit import Refused, Visit

FIRST_PAGE_S, PAGE_S = 9, 3
"""What the bar promises: until the first page is out, and for each further one."""


@dataclass(slots=True)
class Wish:
    """What the person has chosen so far."""

    kind: Kind
    purpose: str = ""
    copies: int = 1


async def choose(visit: Visit, rules: CertificateRules, holder: Holder) -> Wish:
    """Ask which certificate, what for and how many, until the answers are confirmed."""
    wish = Wish(next(iter(rules.kinds.values())))

    async def kind() -> None:
        wish.kind = rules.kinds[await visit.choose(_kinds(rules, holder))]

    async def purpose() -> None:
        wish.purpose = await visit.choose(_purposes(wish))

    async def copies() -> None:
        wish.copies = int(await visit.choose(_copies(wish)))

    while True:
        await visit.walk(kind, purpose, copies)
        if await _confirmed(visit, holder, wish):
            return wish


async def apply(visit: Visit, holder: Holder, wish: Wish) -> tuple[str, ...]:
    """Open the case and apply; returns the numbers of the certificates, one for each copy.

    Raises ``Refused`` when there are none. Whatever stands against one, the person hears the one neutral
    sentence, gets the same slip, and may leave a number.
    """
    async with visit.working():
        answered = await _submit(visit, holder, wish)
    if answered.decision is Decision.REVIEW:
        await _print_slip(visit, text("certificates.slip.review"))
        phone = await ask_for_contact(visit, holder)
        told = text("certificates.review.told", phone=phone)
        what_now = told if phone else text("certificates.review.what-now")
        raise Refused("see-window", text("certificates.review.why"), what_now)
    if answered.decision is Decision.NO_DATA:
        raise Refused("no-data", text(f"certificates.no-data.{wish.kind.name}"))
    return answered.serials


async def _submit(visit: Visit, holder: Holder, wish: Wish) -> Answered:
    question, body = text("certificates.applying.question"), text("certificates.applying.body")
    visit.tell(Working("applying", question, body))
    await visit.open_case()
    before = {"document": wish.kind.name, "copies": wish.copies, "purpose": wish.purpose}
    async with submitting(visit, effects.SUBMIT_CERTIFICATE, "certificate", before=before) as act:
        answered = await visit.house.certificates.apply(
            visit.case_no,
            kind=wish.kind.name,
            purpose=wish.purpose,
            copies=wish.copies,
            id_number=holder.number,
            name=holder.name,
        )
        act.after["state"] = answered.decision.value
    return answered


async def print_all(visit: Visit, holder: Holder, wish: Wish, serials: Sequence[str]) -> int:
    """Fetch, check and print every copy; returns how many came out. What did not is void.

    Raises ``Refused`` when none did, or when a document is not the holder's.
    """
    printed = 0
    try:
        async with visit.working(), what_is_left_is_void(visit, serials) as left:
            documents = await _fetch(visit, holder, wish, serials)
            for document in documents:
                _tell_printing(visit, printed, len(documents))
                await print_document(visit, document)
                left.remove(document.serial)
                printed += 1
                await _tell_office(visit, document.serial, Standing.PRINTED)
    except PaperDiffers as differs:
        body = {"reason": differs.code, "document": wish.kind.name}
        letter = Letter("certificate-differs", body, visit.case_no)
        await visit.house.journal.note(visit.number, "certificate-differs", letter=letter, **body)
        visit.house.events.event("paper-differs", visit=visit.number, reason=differs.code)
        await _print_slip(visit, text("certificates.slip.not-printed"))
        raise Refused("certificate-differs", text("certificates.differs.why")) from differs
    except NotPrinted as failure:
        visit.house.events.event("document-not-printed", visit=visit.number, code=failure.code)
        if not printed:
            await _print_slip(visit, text("certificates.slip.not-printed"))
            why = text(f"documents.not-printed.{_trouble(failure.code)}")
            raise Refused(
                f"document_printer:{failure.code}", why, text("certificates.not-printed.what-now")
            ) from failure
    return printed


# --- choosing ------------------------------------------------------------------------------------


def _kinds(rules: CertificateRules, holder: Holder) -> ChooseOne:
    return ChooseOne(
        "choose-certificate",
        text("certificates.kinds.question"),
        options=tuple(
            Option(
                kind.name,
                text(f"certificates.kind.{kind.name}"),
                text(f"certificates.kind-detail.{kind.name}"),
                refused=kind.refusal(holder.age),
            )
            for kind in rules.kinds.values()
        ),
    )


def _purposes(wish: Wish) -> ChooseOne:
    return ChooseOne(
        "choose-purpose",
        text("certificates.purposes.question"),
        text("certificates.purposes.body"),
        options=tuple(
            Option(purpose, text(f"certificates.purpose.{purpose}"), chosen=purpose == wish.purpose)
            for purpose in wish.kind.purposes
        ),
    )


def _copies(wish: Wish) -> ChooseOne:
    return ChooseOne(
        "choose-copies",
        text("certificates.copies.question"),
        text("certificates.copies.body"),
        options=tuple(
            Option(str(copies), text("certificates.copies.option", copies=copies))
            for copies in range(1, wish.kind.most_copies + 1)
        ),
    )


async def _confirmed(visit: Visit, holder: Holder, wish: Wish) -> bool:
    """Show what will stand on the paper; false when the person wants to choose again."""
    change = Action("change", text("check.change"))
    rows = (
        Row(text("check.name"), verbatim(holder.name)),
        Row(text("data.number"), verbatim(holder.masked_number)),
        Row(text("certificates.check.kind"), text(f"certificates.kind.{wish.kind.name}"), change),
        Row(text("certificates.check.purpose"), text(f"certificates.purpose.{wish.purpose}"), change),
        Row(
            text("certificates.check.copies"), text("certificates.copies.option", copies=wish.copies), change
        ),
        Row(text("leaflet.costs"), text("certificates.free")),
    )
    confirm = Action("confirm", text("certificates.check.confirm"))
    answer = await visit.ask(
        CheckAnswers("check-answers", text("check.question"), rows=rows, actions=(confirm,))
    )
    return answer.action == "confirm"


# --- the papers ------------------------------------------------------------------------------------


async def _fetch(visit: Visit, holder: Holder, wish: Wish, serials: Sequence[str]) -> list[Document]:
    """Fetch every copy into memory and check it; raises ``PaperDiffers``, ``PlatformError``."""
    check = visit.house.paper_check
    if check is None:
        raise PaperDiffers("no-trust-anchor")
    documents = []
    for number, serial in enumerate(serials, start=1):
        with visit.meter.devices():
            pdf = await visit.house.certificates.document(serial)
        document = Document(f"{visit.case_no}-D{number}", serial, pdf)
        visit.keep(document)
        expected = Expected(wish.kind.title, serial, holder.name, wish.kind.number_on_paper(holder.number))
        document.pages = await check.check(bytes(pdf), expected)
        documents.append(document)
    return documents


@asynccontextmanager
async def what_is_left_is_void(visit: Visit, serials: Sequence[str]) -> AsyncIterator[list[str]]:
    """Yield the numbers that are not printed yet; whatever is left of them at the end is void."""
    left, reason = list(serials), ""
    try:
        yield left
    except Exception as error:
        reason = word(str(getattr(error, "code", type(error).__name__)))
        raise
    finally:
        for serial in left:
            # Noted first: where it can't be, the machine starts again and asks what became of the copy.
            await visit.house.journal.note(visit.number, VOIDED, serial=serial, reason=reason)
            await _tell_office(visit, serial, Standing.VOID, reason)


async def _tell_office(visit: Visit, serial: str, standing: Standing, reason: str = "") -> None:
    """Tell what became of a certificate; by a letter when the back office can't be reached now."""
    try:
        with visit.meter.devices():
            await visit.house.certificates.tell(serial, standing, reason)
    except PlatformError:
        body = {"serial": serial, "status": standing.value, "reason": reason}
        await visit.house.journal.post(Letter("certificate-outcome", body, visit.case_no))


def _tell_printing(visit: Visit, done: int, copies: int) -> None:
    left_s = FIRST_PAGE_S + PAGE_S * (copies - 1)
    prompt = Working(
        "printing",
        text("certificates.printing.question"),
        text("certificates.printing.body"),
        steps=tuple(text("certificates.printing.copy", number=number) for number in range(1, copies + 1)),
        done=done,
        seconds_left=left_s if done == 0 else PAGE_S * (copies - done),
        seconds_total=left_s,
        if_it_fails=text("certificates.printing.if-it-fails"),
    )
    if done:
        visit.update(prompt)
    else:
        visit.tell(prompt)


def _trouble(code: str) -> str:
    """Return the word of the sentence for why nothing was printed: what staff see to, or the rest."""
    return code if code in ("paperOut", "paperJammed", "coverOpen", "tonerOut") else "other"


async def _print_slip(visit: Visit, footer: Text) -> None:
    """Print the slip that the person takes along; neither which certificate it was for, nor why not."""
    slip = farewell.Receipt(
        title=text("certificates.slip.title"),
        rows=(),
        code=f"{visit.house.receipt_url}{visit.case_no}",
        footer=footer,
    )
    await farewell.print_receipt(visit, slip)
