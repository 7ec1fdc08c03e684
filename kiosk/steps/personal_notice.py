"""The personal notice (一次性告知单): what this person still has to bring, all at once, and signed for.

What the office has already is not asked for again. The signature is made with a finger, goes to the office
with the notice, and is wiped here; who cannot or will not sign gets the notice all the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from devices.interfaces import CardType
from kiosk.guide import GuideItem
from kiosk.journal import effects
from kiosk.journal.fields import word
from kiosk.notice_office import Needed, Paper, Standing
from kiosk.paper_check import Expected, PaperDiffers
from kiosk.platform import PlatformError
from kiosk.platform import Refused as OfficeRefused
from kiosk.prompts import Action, Checklist, Item, Mark, Working
from kiosk.signature import Signature
from kiosk.steps import farewell
from kiosk.steps.id_card import Holder, read_id_card
from kiosk.steps.office_paper import check_warm, print_office_paper
from kiosk.steps.opening import ask_consent
from kiosk.steps.prove import camera_warm, prove_identity
from kiosk.steps.sign import ask_to_sign
from kiosk.steps.submitting import submitting
from kiosk.texts import Text, text, verbatim
from kiosk.visit import Refused, Visit

TITLE = "一次性告知单"
"""What stands on the office's paper, in whichever language it was asked for."""
MARKS = {Standing.HELD: Mark.DONE, Standing.BRING: Mark.TODO, Standing.LATER: Mark.TODO}


@dataclass(slots=True)
class _Signed:
    """What the person did at the field: ``signature`` is None without one."""

    signature: Signature | None = None


def can_give_notice(visit: Visit) -> bool:
    """Tell whether a notice can be had now: it needs the office, the ID card and one way to prove it."""
    cabinet = visit.house.cabinet
    seen = cabinet.camera.fault() is None or cabinet.fingerprint_pad.fault() is None
    return visit.house.back_office_reachable and cabinet.id_card_reader.fault() is None and seen


async def give_notice(visit: Visit, item: GuideItem) -> bool:
    """Identify the person, show what they need for ``item``, have it signed, file and print it.

    Returns whether it lies in the receipt slot; else it was printed on A4, or shown with its code. Raises
    ``Refused``, ``PlatformError``.
    """
    visit.step = 3
    async with check_warm(visit):
        holder = await _identify(visit)
    with visit.meter.devices():
        needed = await visit.house.notices.needed(item.service, id_number=holder.number, name=holder.name)
    signed = await _read_and_sign(visit, item, needed)
    filed = await _file(visit, holder, needed, signed.signature)
    if filed and await _on_a4(visit, holder, filed):
        return False
    return await farewell.print_receipt(
        visit, slip(visit, item, needed, filed, signed=signed.signature is not None)
    )


async def _identify(visit: Visit) -> Holder:
    way = await ask_consent(visit)
    async with camera_warm(visit, way):
        holder = await read_id_card(visit, accepted={CardType.RESIDENT})
        await prove_identity(visit, holder, way)
    return holder


async def _read_and_sign(visit: Visit, item: GuideItem, needed: Needed) -> _Signed:
    signed = _Signed()

    async def read() -> None:
        visit.step = 3
        await visit.ask(_checklist(visit, item, needed))

    async def sign() -> None:
        visit.step = 4
        signed.signature = await ask_to_sign(
            visit,
            "sign-notice",
            text("notice.sign.question"),
            text("notice.sign.body"),
            without=text("notice.sign.without"),
        )

    await visit.walk(read, sign)
    return signed


def _checklist(visit: Visit, item: GuideItem, needed: Needed) -> Checklist:
    return Checklist(
        "personal-notice",
        text("notice.question", item=item.title),
        text("notice.body" if needed.papers else "notice.body-nothing"),
        items=(
            *(Item(paper.title, _standing(paper), MARKS[paper.standing]) for paper in needed.papers),
            *(Item(label, value, Mark.NONE) for label, value in _facts(visit, item, needed)),
        ),
        actions=(Action("next", text("notice.next")),),
    )


def _standing(paper: Paper) -> Text:
    if paper.standing is Standing.LATER:
        return text("notice.standing.later", days=paper.grace_days)
    return text(f"notice.standing.{paper.standing.value}")


def _facts(visit: Visit, item: GuideItem, needed: Needed) -> tuple[tuple[Text, Text], ...]:
    days = text("guide.days", days=needed.days) if needed.days else text("guide.at-once")
    return (
        (text("guide.where"), text("site.elsewhere")),
        (text("guide.takes"), days),
        (text("guide.fee"), item.fee),
        (text("notice.ask"), verbatim(visit.house.site.hotline)),
    )


async def _file(visit: Visit, holder: Holder, needed: Needed, signature: Signature | None) -> str:
    """File the notice and return its number; "" when it is not known whether the office has it."""
    way = "unsigned" if signature is None else "signed"
    before = {"document": word(needed.service), "way": way}
    try:
        async with visit.working():
            visit.tell(Working("filing-notice", text("notice.filing.question"), text("notice.filing.body")))
            await visit.open_case()
            async with submitting(visit, effects.SUBMIT_NOTICE, "notice", before=before) as act:
                number = await visit.house.notices.file(
                    visit.case_no,
                    needed,
                    id_number=holder.number,
                    name=holder.name,
                    language=visit.house.stage.settings.language,
                    signature=signature,
                )
                act.after["document_no"] = number
    except OfficeRefused as refused:
        raise Refused(
            f"back-office:{refused.code}", text("notice.refused.why"), text("notice.refused.what-now")
        ) from refused
    except PlatformError:
        return ""
    return number


async def _on_a4(visit: Visit, holder: Holder, filed: str) -> bool:
    """Print the office's own paper of the notice; a paper of somebody else's is told and not seen."""
    expected = Expected(TITLE, filed, holder.name, holder.masked_number)
    try:
        return await print_office_paper(
            visit,
            expected,
            lambda: visit.house.notices.document(visit.case_no),
            text("notice.printing.question"),
        )
    except PaperDiffers:
        return False


def slip(visit: Visit, item: GuideItem, needed: Needed, filed: str, *, signed: bool) -> farewell.Receipt:
    """Lay the notice out as a slip; without personal data but what the person asked for."""
    way = "notice.slip.signed" if signed else "notice.slip.unsigned"
    rows = [
        (text("notice.slip.item"), item.title),
        *((paper.title, _standing(paper)) for paper in needed.papers),
        *_facts(visit, item, needed)[:-1],  # every slip ends with the number to call
        (text("guide.basis"), verbatim(needed.source)),
        (text("notice.slip.number"), verbatim(filed) if filed else text("notice.slip.not-confirmed")),
        (text("notice.slip.receipt"), text(way)),
    ]
    return farewell.Receipt(
        title=text("notice.slip.title"),
        rows=rows,
        code=f"{visit.house.receipt_url}{visit.case_no}",
        footer=text("notice.slip.footer"),
    )
