"""自助发证: finished documents, handed to their holder after the old one was handed in."""

from __future__ import annotations

from collections.abc import Sequence

from devices.base import DeviceError
from devices.interfaces import CardType
from kiosk.collection_office import Finished, Standing
from kiosk.journal import effects
from kiosk.journal.records import Outcome
from kiosk.prompts import Action, CheckAnswers, Row
from kiosk.services import service
from kiosk.steps import farewell
from kiosk.steps.collect import Handed, hand_out, to_staff
from kiosk.steps.id_card import Holder, ask_to_take_id_card, read_id_card
from kiosk.steps.opening import Proof, ask_consent, show_leaflet
from kiosk.steps.permit import RETAINED, give_back_permit, take_in_permit
from kiosk.steps.prove import camera_warm, prove_identity
from kiosk.steps.receipt_code import ask_for_receipt
from kiosk.store_units import units_out
from kiosk.texts import Text, text, verbatim
from kiosk.visit import Closed, Leave, Refused, Visit


@service(
    "pick-up",
    needs=("id_card_reader", "card_dispenser"),
    one_of=(("camera", "fingerprint_pad"),),
    rules=(),
    effects=(
        effects.TAKE_PERMIT,
        effects.PICK_DOCUMENT,
        effects.RETRACT_PERMIT,
        effects.PRESENT_DOCUMENT,
        effects.RETAIN_DOCUMENT,
        effects.GIVE_BACK_PERMIT,
        effects.PRINT_RECEIPT,
    ),
    minutes=2,
    place=25,
    picture="taken",
)
async def pick_up(visit: Visit) -> None:
    """The leaflet, in order: your slip, who you are, the old document, the new one checked and taken."""
    visit.steps = 4

    visit.step = 1
    receipt, way = await _opening(visit)
    async with camera_warm(visit, way):
        visit.step = 2
        holder = await read_id_card(visit, accepted={CardType.RESIDENT})
        await prove_identity(visit, holder, way)
    ready = await _search(visit, holder, receipt)
    waiting = to_be_had(visit, ready)
    visit.step = 3
    await _show(visit, holder, waiting, kept=len(ready) - len(waiting))
    visit.step = 4
    # A unit that has just given out somebody else's is asked for nothing more.
    handed = [
        await _one(visit, holder, document)
        for document in waiting
        if document.unit not in await units_out(visit.house.journal)
    ]
    await _conclude(visit, handed)
    await farewell.ask_rating(visit)
    printed = await farewell.print_receipt(visit, _receipt(visit, waiting))
    await ask_to_take_id_card(visit)
    await farewell.say_goodbye(visit, receipt_printed=printed)


async def _opening(visit: Visit) -> tuple[str, Proof]:
    receipt, way = "", Proof.FACE

    async def leaflet() -> None:
        await show_leaflet(
            visit, costs=text("pick-up.leaflet.costs"), not_here=text("pick-up.leaflet.not-here")
        )

    async def slip() -> None:
        nonlocal receipt
        receipt = await ask_for_receipt(visit)

    async def consent() -> None:
        nonlocal way
        way = await ask_consent(visit)

    await visit.walk(leaflet, slip, consent)
    return receipt, way


async def _search(visit: Visit, holder: Holder, receipt: str) -> list[Finished]:
    """Return this person's documents that can be had here now; raises ``Refused`` with the reason."""
    house = visit.house
    await visit.open_case()
    with visit.meter.devices():
        found = await house.collection.search(id_number=holder.number, name=holder.name, receipt=receipt)
    if not found.receipt_known:
        raise Refused("receipt-unknown", text("pick-up.refused.receipt"))
    ready = [one for one in found.documents if one.standing is Standing.READY and one.unit]
    if not ready:
        if any(one.standing is Standing.OVERDUE for one in found.documents):
            raise Refused("overdue", text("pick-up.refused.overdue"))
        raise Refused("nothing-ready", text("pick-up.refused.nothing"))
    return ready


def to_be_had(visit: Visit, ready: Sequence[Finished]) -> list[Finished]:
    """Return those in units that are in service, and whose old document can be kept; raises ``Refused`` when
    none is."""
    cabinet = visit.house.cabinet
    out, keeps, waiting = set(cabinet.card_dispenser.units_out), cabinet.permit_unit.fault() is None, []
    for document in ready:
        if document.replaces and not keeps:
            out.add(document.unit)  # what lies behind it can't come out before it
        if document.unit not in out:
            waiting.append(document)
    if not waiting:
        if keeps:
            raise Refused("unit-out-of-service", text("pick-up.refused.unit"))
        raise Refused("old-not-kept", text("pick-up.refused.old"))
    return waiting


async def _show(visit: Visit, holder: Holder, waiting: Sequence[Finished], kept: int) -> None:
    rows = [Row(text("data.name"), verbatim(holder.name))]
    for document in waiting:
        rows.append(Row(text("pick-up.document"), verbatim(document.number)))
        if document.replaces:
            rows.append(Row(text("pick-up.hand-in"), verbatim(document.replaces)))
    await visit.ask(
        CheckAnswers(
            "check-documents",
            text("pick-up.check.question", count=len(waiting)),
            text("pick-up.check.kept", count=kept) if kept else None,
            rows=tuple(rows),
            actions=(Action("confirm", text("pick-up.check.confirm")),),
        )
    )


async def _one(visit: Visit, holder: Holder, document: Finished) -> Handed:
    """Hand one document out; the old one is taken in before, and kept only when the new one is good."""
    if document.replaces:
        old = await take_in_permit(visit, holder)
        if old.number != document.replaces:
            raise Refused("other-document", text("pick-up.refused.other-document"))
    try:
        handed = await hand_out(visit, holder, document)
    except DeviceError as error:
        await to_staff(visit, "document-stuck", error.code)
        raise Closed(Outcome.ESCALATED, error.code, text("pick-up.closed.stuck")) from error
    if visit.held.permit:
        try:
            taken = await give_back_permit(visit)
        except DeviceError as error:
            raise Closed(Outcome.ESCALATED, error.code, _why(handed)) from error
        if not taken:
            raise Leave(RETAINED)
    return handed


async def _conclude(visit: Visit, handed: Sequence[Handed]) -> None:
    """Note what was delivered; raise ``Closed`` when something of it was not."""
    issued = sum(one.standing is Standing.ISSUED for one in handed)
    if issued:
        await visit.house.journal.note(visit.number, "delivered", copies=issued)
    if issued == len(handed):
        return
    worst = next(one for one in handed if one.standing is not Standing.ISSUED)
    raise Closed(Outcome.ESCALATED, worst.standing.value, _why(worst))


def _why(handed: Handed) -> Text:
    """Return the sentence for a document that was not given out."""
    if handed.standing is Standing.RETAINED and handed.code:
        return text("pick-up.closed.kept-back")
    return text(f"pick-up.closed.{handed.standing.value}")


def _receipt(visit: Visit, waiting: Sequence[Finished]) -> farewell.Receipt:
    return farewell.Receipt(
        title=visit.service.title,
        rows=[(text("pick-up.document"), verbatim(document.number)) for document in waiting],
        code=f"{visit.house.receipt_url}{visit.case_no}",
        footer=text("receipt.footer"),
    )
