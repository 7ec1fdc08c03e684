"""Payments: orders made, asked about and given up; and the money that comes too late.

The truth about a QR payment is the host's answer, never a notice and never our own guess. An order
that we gave up may still be paid (Alipay: while its code lives; anyone: between the last question
and the close). Such money, and a second payment of one bill, goes back by itself under the same
refund number that anybody else would use for the order, so that it can't go back twice.

States kept: ``waiting``, ``paid``, ``closed``, ``refunded``, and ``returning``: money that is owed
back and not yet confirmed by the host, told to callers as ``unknown``.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import Field
from sqlalchemy import Connection, RowMapping, or_, select

from simulators.back_office.acceptance import note
from simulators.back_office.bills import bill_for_payment, has_expired
from simulators.back_office.contract import Fen, OptionalLine, OrderNo, Part
from simulators.back_office.desk import BEIJING, Office, Refused
from simulators.back_office.merchant import HostRefused, HostSilent, HostState
from simulators.back_office.operation import get, post
from simulators.back_office.orders import (
    TERMINAL,
    Paying,
    PaymentState,
    change_order,
    channel_of,
    insert_order,
    order_row,
    paid_order,
    payments,
    public_state,
    read_order,
    set_order,
)
from simulators.back_office.refunds import book_refund, insert_refund, late_refund_no
from simulators.back_office.store import moment, stamp

LATE: Final = "逾期支付退回"
GRACE: Final = timedelta(seconds=5)
"""How long after its end an order is still looked at: a payment begun in time may arrive."""

log = logging.getLogger(__name__)


class PaymentAsked(Paying):
    channel: Literal["wechat", "alipay"]
    lifetime_s: Annotated[int, Field(ge=10, le=7200)]


class PaymentCode(Part):
    """``code`` is the text of the QR code to show, payable no longer than ``expires_at``."""

    order_no: str
    state: PaymentState
    code: str
    expires_at: datetime


class Payment(Part):
    order_no: str
    state: PaymentState
    amount_fen: Fen
    refunded_fen: Fen
    method: str


class PaymentClosed(Part):
    state: PaymentState


class TerminalPayment(Paying):
    """What the card terminal took, told after the fact."""

    host_reference: OptionalLine
    method: OptionalLine


def ask_payment(office: Office, asked: PaymentAsked) -> PaymentCode:
    """Make an order at the payment host; the same order again gives the same code."""
    with office.store.begin() as db:
        bill = bill_for_payment(db, asked.bill_no, asked.case_no, asked.amount_fen)
        row = order_row(db, asked.order_no)
        if row is None:
            if has_expired(bill, office):
                raise Refused(409, "bill-expired")
            if paid_order(db, asked.bill_no) is not None:
                raise Refused(409, "already-paid")
            expires = office.now().replace(microsecond=0) + timedelta(seconds=asked.lifetime_s)
            insert_order(db, asked, channel=asked.channel, method=asked.channel, expires_at=stamp(expires))
            note(db, office, asked.case_no, "payment-asked", f"{asked.order_no} {asked.channel}")
        else:
            _require_same(row, asked, asked.channel)
            expires = moment(row["expires_at"]).astimezone(BEIJING)
            if row["code"] or row["state"] != "waiting":
                return _code(row)
    try:
        code = channel_of(office, asked.channel).order(
            asked.order_no, asked.amount_fen, bill["subject"], expires
        )
    except HostSilent as error:
        raise Refused(503, "payment-host-silent", str(error)) from error
    except HostRefused as error:
        set_order(office, asked.order_no, state="closed")
        raise Refused(409, "payment-refused", error.code) from error
    set_order(office, asked.order_no, code=code)
    return PaymentCode(order_no=asked.order_no, state="waiting", code=code, expires_at=expires)


def show_payment(office: Office, order_no: OrderNo) -> Payment:
    """Return an order as it stands now; the host is asked unless the matter is settled."""
    row = read_order(office, order_no)
    state: PaymentState | None = None
    if row["state"] == "waiting":
        try:
            look_after(office, order_no)
        except (HostSilent, HostRefused):
            state = "unknown"
        row = read_order(office, order_no)
    return _payment(row, state)


def close_payment(office: Office, order_no: OrderNo) -> PaymentClosed:
    """Give an order up. It may turn out to have been paid: then it is ``paid``."""
    row = read_order(office, order_no)
    if row["state"] == "waiting":
        channel = channel_of(office, row["channel"])
        try:
            channel.close(order_no)
            paid = channel.ask(order_no) is HostState.PAID
        except (HostSilent, HostRefused) as error:
            raise Refused(503, "payment-host-silent", str(error)) from error
        if paid:
            _settle(office, order_no)
        else:
            _give_up(office, order_no)
    return PaymentClosed(state=public_state(read_order(office, order_no)))


def register_terminal(db: Connection, office: Office, taken: TerminalPayment) -> Payment:
    """Register what the card terminal took. A bill already paid otherwise is refused: give it back."""
    bill_for_payment(db, taken.bill_no, taken.case_no, taken.amount_fen)
    method = taken.method or TERMINAL
    row = order_row(db, taken.order_no)
    if row is not None:
        _require_same(row, taken, TERMINAL)
        return _payment(row)
    if paid_order(db, taken.bill_no) is not None:
        raise Refused(409, "already-paid")
    insert_order(
        db,
        taken,
        channel=TERMINAL,
        method=method,
        host_reference=taken.host_reference,
        expires_at=stamp(office.now()),
        state="paid",
    )
    note(db, office, taken.case_no, "paid", f"{taken.order_no} {TERMINAL}", becomes="paid")
    return Payment(
        order_no=taken.order_no, state="paid", amount_fen=taken.amount_fen, refunded_fen=0, method=method
    )


def look_after(office: Office, order_no: str) -> None:
    """Ask the host about one order and do what its answer demands. Raises ``HostSilent``."""
    row = read_order(office, order_no)
    channel = channel_of(office, row["channel"])
    if row["state"] == "returning":
        _return(office, row)
        return
    state = channel.ask(order_no)
    over = moment(row["expires_at"]) + GRACE <= office.now()
    if state is HostState.WAITING and over:
        channel.close(order_no)
        state = channel.ask(order_no)
    if state is HostState.PAID:
        _settle(office, order_no)
    elif state is HostState.CLOSED or over:
        _give_up(office, order_no)


def look_after_all(office: Office) -> None:
    """One round of the watch: orders past their end, given up but still payable, owed back."""
    now = office.now()
    with office.store.begin() as db:
        due = db.scalars(
            select(payments.c.order_no).where(
                or_(
                    (payments.c.state == "waiting") & (payments.c.expires_at <= stamp(now - GRACE)),
                    (payments.c.state == "closed") & (payments.c.expires_at > stamp(now - 2 * GRACE)),
                    payments.c.state == "returning",
                )
            )
        ).all()
    for order_no in due:
        try:
            look_after(office, order_no)
        except (HostSilent, HostRefused, Refused) as error:
            log.warning("order %s: the host did not answer as expected: %s", order_no, error)


def _settle(office: Office, order_no: str) -> None:
    """The host says paid: ours if we were waiting for it, else owed back."""
    with office.store.begin() as db:
        row = order_row(db, order_no, lock=True)
        if row is None or row["state"] not in {"waiting", "closed"}:
            return
        # Lock the bill, so that of two payments of it only one is seen as the first.
        bill_for_payment(db, row["bill_no"], row["case_no"], row["amount_fen"])
        wanted = row["state"] == "waiting" and paid_order(db, row["bill_no"]) is None
        if wanted:
            change_order(db, order_no, state="paid")
            note(db, office, row["case_no"], "paid", f"{order_no} {row['channel']}", becomes="paid")
            return
        change_order(db, order_no, state="returning")
        insert_refund(db, order_no, late_refund_no(order_no), row["amount_fen"], LATE)
        note(db, office, row["case_no"], "paid-too-late", order_no)
    _return(office, row)


def _return(office: Office, row: RowMapping) -> None:
    order_no, refund_no = row["order_no"], late_refund_no(row["order_no"])
    channel = channel_of(office, row["channel"])
    if channel.refund(order_no, refund_no, row["amount_fen"], row["amount_fen"], LATE):
        book_refund(office, order_no, refund_no)


def _give_up(office: Office, order_no: str) -> None:
    with office.store.begin() as db:
        row = order_row(db, order_no, lock=True)
        if row is not None and row["state"] == "waiting":
            change_order(db, order_no, state="closed")
            note(db, office, row["case_no"], "payment-closed", order_no)


def _require_same(row: RowMapping, asked: Paying, channel: str) -> None:
    kept = (row["case_no"], row["bill_no"], row["amount_fen"], row["channel"])
    if kept != (asked.case_no, asked.bill_no, asked.amount_fen, channel):
        raise Refused(409, "order-differs")


def _code(row: RowMapping) -> PaymentCode:
    return PaymentCode(
        order_no=row["order_no"],
        state=public_state(row),
        code=row["code"],
        expires_at=moment(row["expires_at"]).astimezone(BEIJING),
    )


def _payment(row: RowMapping, state: PaymentState | None = None) -> Payment:
    return Payment(
        order_no=row["order_no"],
        state=state or public_state(row),
        amount_fen=row["amount_fen"],
        refunded_fen=row["refunded_fen"],
        method=row["method"],
    )


OPERATIONS: Final = (
    post("/v1/payments", ask_payment, "Make an order that a phone can pay by its code", status=201),
    post("/v1/payments/terminal", register_terminal, "Register what the card terminal took", status=201),
    get("/v1/payments/{order_no}", show_payment, "What became of an order; asks the payment host"),
    post("/v1/payments/{order_no}/close", close_payment, "Give an order up; it may turn out to be paid"),
)
