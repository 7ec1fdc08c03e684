"""证明打印: a certificate of no criminal record, household or social insurance, printed at once."""

from __future__ import annotations

from devices.interfaces import CardType
from kiosk.certificate_rules import CertificateRules
from kiosk.journal import effects
from kiosk.prompts import Action, Notice, Tone
from kiosk.services import service
from kiosk.steps import certificate, choose, farewell
from kiosk.steps.id_card import ask_to_take_id_card, read_id_card
from kiosk.steps.opening import Proof, ask_consent, show_leaflet
from kiosk.steps.print_document import ask_to_take
from kiosk.steps.prove import camera_warm, prove_identity
from kiosk.texts import text
from kiosk.visit import Refused, Visit


@service(
    "certificates",
    needs=("id_card_reader", "document_printer"),
    one_of=(("camera", "fingerprint_pad"),),
    rules=("certificates.toml",),
    effects=(effects.SUBMIT_CERTIFICATE, effects.PRINT_DOCUMENT, effects.PRINT_RECEIPT),
    minutes=1,
    place=30,
    picture="sealed",
)
async def print_certificates(visit: Visit) -> None:
    """The leaflet, in order: who you are, which certificate and what for, made and signed, printed, taken."""
    rules = visit.house.certificate_rules()
    check = visit.house.paper_check
    if check is None:
        raise Refused("no-trust-anchor", text("certificates.refused.no-trust-anchor"))
    visit.steps = 5

    visit.step = 1
    way = await _opening(visit, rules)
    async with camera_warm(visit, way), check.warm():
        visit.step = 2
        holder = await read_id_card(visit, accepted={CardType.RESIDENT})
        choose.refuse(rules.refusal_of_age(holder.age))
        await prove_identity(visit, holder, way)
    visit.step = 3
    wish = await certificate.choose(visit, rules, holder)
    visit.step = 4
    serials = await certificate.apply(visit, holder, wish)
    visit.step = 5
    printed = await certificate.print_all(visit, holder, wish, serials)
    await visit.house.journal.note(visit.number, "delivered", copies=printed)
    if printed < wish.copies:
        await _tell_what_is_missing(visit, printed, wish.copies - printed)
    await ask_to_take(
        visit,
        printed,
        text("certificates.take.question", copies=printed),
        text("certificates.take.body"),
        text("certificates.take.taken"),
    )
    await farewell.ask_rating(visit)
    await ask_to_take_id_card(visit)
    await farewell.say_goodbye(visit, receipt_printed=False)


async def _opening(visit: Visit, rules: CertificateRules) -> Proof:
    way = Proof.FACE

    async def leaflet() -> None:
        costs = text("certificates.free" if rules.free else "certificates.leaflet.costs")
        not_here = text("certificates.leaflet.not-here", age=rules.least_age)
        await show_leaflet(visit, costs=costs, not_here=not_here)

    async def consent() -> None:
        nonlocal way
        way = await ask_consent(visit)

    await visit.walk(leaflet, consent)
    return way


async def _tell_what_is_missing(visit: Visit, printed: int, missing: int) -> None:
    await visit.ask(
        Notice(
            "some-not-printed",
            text("certificates.missing.question", missing=missing),
            paragraphs=(text("certificates.missing.body", printed=printed),),
            actions=(Action("ok", text("certificates.missing.ok")),),
            tone=Tone.NEEDS_YOU,
            case=visit.case_no,
        ),
        leave=False,
    )
