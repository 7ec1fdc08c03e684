"""交通违法处理缴款: own violations and those of own vehicles, looked at, decided or objected to, and paid."""

from __future__ import annotations

from devices.interfaces import CardType
from kiosk.journal import effects
from kiosk.platform import Bill
from kiosk.services import service
from kiosk.steps import farewell
from kiosk.steps.decide import Handled, decide_each
from kiosk.steps.fines import bill_fines, settle_fines
from kiosk.steps.id_card import ask_to_take_id_card, read_id_card
from kiosk.steps.office_paper import ask_to_take_papers, check_warm
from kiosk.steps.opening import begin_with_consent
from kiosk.steps.pay import pay
from kiosk.steps.prove import camera_warm, prove_identity
from kiosk.steps.violations import ask_for_records, choose_violations, say_there_are_none
from kiosk.texts import Text, text
from kiosk.traffic import Violation
from kiosk.traffic_office import FineReceipt
from kiosk.traffic_rules import TrafficRules
from kiosk.visit import Visit

CARDS = frozenset(CardType)
"""Whoever has one of these cards can have a driving licence."""


@service(
    "traffic-violations",
    needs=("id_card_reader",),
    one_of=(("camera", "fingerprint_pad"),),
    rules=("traffic_violations.toml",),
    effects=(
        effects.SUBMIT_DECISION,
        effects.SUBMIT_OBJECTION,
        effects.PRINT_DOCUMENT,
        effects.TAKE_MONEY,
        effects.SETTLE_FINES,
        effects.PRINT_RECEIPT,
        effects.REFUND_MONEY,
    ),
    minutes=2,
    place=10,
    picture="car",
)
async def handle_violations(visit: Visit) -> None:
    """The leaflet, in order: who you are, your records, each one looked at and decided, paid, booked."""
    rules = visit.house.traffic_rules()
    visit.steps = 5

    visit.step = 1
    way = await begin_with_consent(
        visit,
        costs=text("traffic-violations.leaflet.costs"),
        not_here=text("traffic-violations.leaflet.not-here", most=rules.most_fine_fen),
    )
    visit.step = 2
    async with camera_warm(visit, way), check_warm(visit):
        holder = await read_id_card(visit, accepted=CARDS)
        way = await prove_identity(visit, holder, way)
    records = await ask_for_records(visit, holder)
    visit.step = 3
    if not records.violations:
        await say_there_are_none(visit)
        await ask_to_take_id_card(visit)
        return
    chosen = await choose_violations(visit, rules, records)
    visit.step = 4
    undecided = [violation for violation in chosen if not violation.decided]
    handled = Handled()
    if undecided and records.licence is not None:
        handled = await decide_each(visit, rules, holder, way, records.licence, undecided)
    visit.step = 5
    printed = await _pay(visit, rules, [one for one in chosen if one.decided], handled)
    await farewell.ask_rating(visit)
    await ask_to_take_id_card(visit)
    if await ask_to_take_papers(visit, receipt_printed=printed):
        return
    await farewell.say_goodbye(visit, receipt_printed=printed)


async def _pay(visit: Visit, rules: TrafficRules, unpaid: list[Violation], handled: Handled) -> bool:
    """Pay in one go what was decided now and before; true when a paper lies in the slot."""
    owed = {one.decision_no: rules.owed_fen(one) for one in unpaid}
    owed |= {decision.decision_no: decision.fine_fen for decision in handled.decided}
    owed = {number: fen for number, fen in owed.items() if fen}
    if not owed:
        return handled.printed
    bill = await bill_fines(visit, owed)
    payment = await pay(visit, bill)
    receipts = await settle_fines(visit, rules, payment)
    visit.held.leaving = visit.held.stands = None
    receipt = _receipt(visit, receipts, bill, payment.order_no)
    return await farewell.print_receipt(visit, receipt) or handled.printed


def _receipt(visit: Visit, receipts: tuple[FineReceipt, ...], bill: Bill, order_no: str) -> farewell.Receipt:
    rows: list[tuple[Text, Text]] = [
        (
            text("traffic-violations.paper.fine", number=receipt.decision_no),
            text("traffic-violations.paper.paid", amount=receipt.amount_fen, receipt=receipt.receipt_no),
        )
        for receipt in receipts
    ]
    return farewell.paid_receipt(visit, rows, bill, order_no, text("traffic-violations.paper.footer"))
