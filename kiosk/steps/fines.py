"""Fines: one bill for all that is owed, one payment, and a booking of each with its electronic receipt."""

from __future__ import annotations

from collections.abc import Mapping

from devices.base import DeviceError
from kiosk.journal import effects
from kiosk.money import NotDelivered, Paid, Payment
from kiosk.platform import Bill, PlatformError
from kiosk.platform import Refused as PlatformRefused
from kiosk.prompts import Working
from kiosk.steps.settle import closed
from kiosk.steps.submitting import submitting
from kiosk.texts import text
from kiosk.traffic_office import FineReceipt
from kiosk.traffic_recovery import UNKNOWN
from kiosk.traffic_rules import TrafficRules
from kiosk.visit import Refused, Visit

ESTIMATE_S = 3


async def bill_fines(visit: Visit, owed: Mapping[str, int]) -> Bill:
    """Ask for a bill of ``owed`` (fen by the decision's number); it must say what the rules say.

    Raises ``Refused`` ``fee-differs``, ``PlatformError``.
    """
    with visit.meter.devices():
        bill = await visit.house.traffic.bill(visit.case_no, list(owed))
    if list(bill.fees_fen) != list(owed.values()) or bill.total_fen != sum(owed.values()):
        raise Refused("fee-differs", text("pay.quote-differs.why"))
    return bill


async def settle_fines(visit: Visit, rules: TrafficRules, payment: Payment) -> tuple[FineReceipt, ...]:
    """Have the paid fines booked; return a receipt for each.

    Raises ``Closed``: the money went back because it can't be booked, or, when nobody knows whether it
    was, stays and staff look. It is never booked twice.
    """
    paid = visit.house.cashier.paid(payment)
    why = text("traffic-violations.closed.not-booked", day=rules.pay_by.isoformat())
    _tell(visit, 0)
    try:
        async with paid:
            try:
                receipts = await _book(visit, payment)
            except PlatformRefused:
                raise
            except PlatformError:
                why = text("traffic-violations.closed.unknown")
                await paid.escalate(UNKNOWN, give_back=False)
                raise
            await paid.delivered()
    except (PlatformError, DeviceError, NotDelivered) as error:
        raise closed(paid, _reason(paid, error), why) from error
    finally:
        visit.held.money = False
    return receipts


async def _book(visit: Visit, payment: Payment) -> tuple[FineReceipt, ...]:
    _tell(visit, 1)
    before = {"order_no": payment.order_no, "bill_no": payment.bill.bill_no}
    async with submitting(visit, effects.SETTLE_FINES, "settle", before=before) as act:
        receipts = await visit.house.traffic.settle(payment.bill, payment.order_no)
        act.after["receipts"] = len(receipts)
    return receipts


def _reason(paid: Paid, error: Exception) -> str:
    if paid.settlement is not None and paid.settlement.reason:
        return paid.settlement.reason
    return str(getattr(error, "code", "not-delivered"))


def _tell(visit: Visit, done: int) -> None:
    prompt = Working(
        "settling-fines",
        text("traffic-violations.settling.question"),
        steps=(text("traffic-violations.settling.step.pay"), text("traffic-violations.settling.step.book")),
        done=done,
        seconds_left=ESTIMATE_S,
        seconds_total=ESTIMATE_S,
    )
    if done:
        visit.update(prompt)
    else:
        visit.tell(prompt)
