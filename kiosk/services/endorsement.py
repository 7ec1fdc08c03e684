"""港澳再次签注: a new endorsement on a card-type permit for Hong Kong and Macau, to take away at once."""

from __future__ import annotations

from devices.interfaces import CardType
from kiosk.journal import effects
from kiosk.platform import Approval, Bill, PermitCheck
from kiosk.prompts import Action, CheckAnswers, Row
from kiosk.rules import Applicant, EndorsementRules, Wish
from kiosk.services import service
from kiosk.steps import choose, farewell, settle
from kiosk.steps.id_card import Holder, ask_to_take_id_card, read_id_card
from kiosk.steps.opening import Proof, ask_consent, show_leaflet
from kiosk.steps.pay import pay
from kiosk.steps.permit import Permit, take_in_permit
from kiosk.steps.prove import camera_warm, prove_identity
from kiosk.texts import Text, text, verbatim
from kiosk.visit import Refused, Visit


@service(
    "endorsement",
    needs=("id_card_reader", "permit_unit"),
    one_of=(("camera", "fingerprint_pad"),),
    rules=("endorsement.toml",),
    effects=(
        effects.TAKE_PERMIT,
        effects.TAKE_MONEY,
        effects.SUBMIT_ENDORSEMENT,
        effects.WRITE_CHIP,
        effects.PRINT_STRIP,
        effects.GIVE_BACK_PERMIT,
        effects.RETRACT_PERMIT,
        effects.PRINT_RECEIPT,
        effects.REFUND_MONEY,
    ),
    minutes=3,
    place=20,
    picture="card",
)
async def renew_endorsement(visit: Visit) -> None:
    """The leaflet, in order: who you are, your permit, what you wish, pay, made, given back."""
    rules = visit.house.endorsement_rules()
    visit.steps = 7

    visit.step = 1
    way = await _opening(visit, rules)
    async with camera_warm(visit, way):
        visit.step = 2
        holder = await read_id_card(visit, accepted={CardType.RESIDENT})
        choose.refuse(rules.refusal_of_age(holder.age))
        visit.step = 3
        permit = await take_in_permit(visit, holder)
        choose.refuse(rules.refusal_of_permit(permit.expires))
        visit.step = 4
        await prove_identity(visit, holder, way)
    known = await _ask_the_register(visit, holder, permit)
    await _show_own_data(visit, holder, permit)
    visit.step = 5
    who = choose.applicant(holder, permit, known)
    choose.refuse(rules.refusal(who))
    wishes, bill = await _agree(visit, rules, who, holder)
    visit.step = 6
    payment = await pay(visit, bill)
    visit.step = 7
    approval = await settle.deliver(visit, payment, permit, wishes)
    printed = await farewell.print_receipt(visit, _receipt(visit, approval, bill, payment.order_no))
    await ask_to_take_id_card(visit)
    await farewell.say_goodbye(visit, receipt_printed=printed)


async def _opening(visit: Visit, rules: EndorsementRules) -> Proof:
    way = Proof.FACE

    async def leaflet() -> None:
        await show_leaflet(
            visit,
            costs=text("endorsement.leaflet.costs", least=rules.least_fee_fen),
            not_here=text("endorsement.leaflet.not-here", age=rules.least_age),
        )

    async def consent() -> None:
        nonlocal way
        way = await ask_consent(visit)

    await visit.walk(leaflet, consent)
    return way


async def _ask_the_register(visit: Visit, holder: Holder, permit: Permit) -> PermitCheck:
    """Ask what the register knows. Whatever it has against an exit, the person hears one neutral sentence."""
    await visit.open_case(permit.number)
    with visit.meter.devices():
        known = await visit.house.platform.check_permit(
            visit.case_no,
            id_number=holder.number,
            name=holder.name,
            permit_number=permit.number,
            permit_expires=permit.expires,
        )
    if not known.held_by_applicant:
        raise Refused("another-person", text("permit.refused.another-person"))
    if known.refusal is not None or known.permit_status != "valid":
        raise Refused("see-window", text("permit.refused.see-window"))
    return known


async def _show_own_data(visit: Visit, holder: Holder, permit: Permit) -> None:
    rows = [
        Row(text("data.name"), verbatim(holder.name)),
        Row(text("data.number"), verbatim(holder.masked_number)),
        Row(text("data.birth"), verbatim(holder.birth.isoformat())),
        Row(text("data.permit"), verbatim(permit.number)),
        Row(text("data.permit-expires"), verbatim(permit.expires.isoformat())),
    ]
    if visit.house.simulated:
        rows.append(Row(text("data.photo-decoder"), verbatim(visit.house.photo_decoder.name)))
    await visit.ask(
        CheckAnswers(
            "check-data",
            text("data.question"),
            rows=tuple(rows),
            actions=(Action("confirm", text("data.confirm")),),
        )
    )


async def _agree(
    visit: Visit, rules: EndorsementRules, who: Applicant, holder: Holder
) -> tuple[list[Wish], Bill]:
    """Choose until the answers are confirmed; the bill must say what the rules say."""
    while True:
        wishes = (await choose.choose_wishes(visit, rules, who)).items()
        if await choose.check_answers(visit, holder, wishes, rules):
            break
    with visit.meter.devices():
        bill = await visit.house.platform.quote(visit.case_no, wishes)
    if list(bill.fees_fen) != [rules.fee_fen(wish) for wish in wishes]:
        raise Refused("fee-differs", text("pay.quote-differs.why"))
    return wishes, bill


def _receipt(visit: Visit, approval: Approval, bill: Bill, order_no: str) -> farewell.Receipt:
    rows: list[tuple[Text, Text]] = []
    for issued in approval.endorsements:
        rows.append((choose.destination(issued.destination), verbatim(issued.number)))
        rows.append(
            (
                text(f"endorsement.type.{issued.type}"),
                text(
                    "receipt.valid",
                    since=issued.valid_from.isoformat(),
                    until=issued.valid_until.isoformat(),
                    entries=text(f"endorsement.entries.{issued.entries}"),
                ),
            )
        )
    return farewell.paid_receipt(visit, rows, bill, order_no, text("receipt.footer"))
