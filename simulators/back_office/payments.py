"""Payments: orders made, asked about, closed and refunded; and the ones that come too late.

The truth about a QR payment is the host's answer, never a notice and never our own guess. An order
that we gave up may still be paid (Alipay: while its code lives; anyone: between the last question
and the close). Such money, and a second payment of one bill, goes back by itself under the same
refund number that anybody else would use for the order, so that it can't go back twice.

States kept: ``waiting``, ``paid``, ``closed``, ``refunded``, and ``returning``: money that is owed
back and not yet confirmed by the host, told to callers as ``unknown``.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, insert, or_, select, update

from simulators.back_office.acceptance import note
from simulators.back_office.bills import bill_for_payment, has_expired
from simulators.back_office.contract import (
    Payment,
    PaymentAsked,
    PaymentClosed,
    PaymentCode,
    PaymentState,
    Refund,
    RefundAsked,
    TerminalPayment,
)
from simulators.back_office.desk import BEIJING, Office, Refused
from simulators.back_office.merchant import Channel, HostRefused, HostSilent, HostState
from simulators.back_office.store import approvals, moment, payments, refunds, stamp

SUBJECT: Final = "往来港澳签注费"
TERMINAL: Final = "terminal"
GRACE: Final = timedelta(seconds=5)
"""How long after its end an order is still looked at: a payment begun in time may arrive."""

log = logging.getLogger(__name__)


def late_refund_no(order_no: str) -> str:
    """Return the one refund number for giving an order back whole."""
    return f"{order_no}R1"


def ask_payment(office: Office, asked: PaymentAsked) -> PaymentCode:
    """Make an order at the payment host; the same order again gives the same code."""
    with office.store.begin() as db:
        bill = bill_for_payment(db, asked.bill_no, asked.case_no, asked.amount_fen)
        row = _row(db, asked.order_no)
        if row is None:
            if has_expired(bill, office):
                raise Refused(409, "bill-expired")
            if _paid_order(db, asked.bill_no) is not None:
                raise Refused(409, "already-paid")
            expires = office.now().replace(microsecond=0) + timedelta(seconds=asked.lifetime_s)
            _insert(db, asked, channel=asked.channel, method=asked.channel, expires_at=stamp(expires))
            note(db, office, asked.case_no, "payment-asked", f"{asked.order_no} {asked.channel}")
        else:
            _require_same(row, asked, asked.channel)
            expires = moment(row["expires_at"]).astimezone(BEIJING)
            if row["code"] or row["state"] != "waiting":
                return _code(row)
    try:
        code = _channel(office, asked.channel).order(asked.order_no, asked.amount_fen, SUBJECT, expires)
    except HostSilent as error:
        raise Refused(503, "payment-host-silent", str(error)) from error
    except HostRefused as error:
        _set(office, asked.order_no, state="closed")
        raise Refused(409, "payment-refused", error.code) from error
    _set(office, asked.order_no, code=code)
    return PaymentCode(order_no=asked.order_no, state="waiting", code=code, expires_at=expires)


def show_payment(office: Office, order_no: str) -> Payment:
    """Return an order as it stands now; the host is asked unless the matter is settled."""
    row = _require(office, order_no)
    state: PaymentState | None = None
    if row["state"] == "waiting":
        try:
            look_after(office, order_no)
        except (HostSilent, HostRefused):
            state = "unknown"
        row = _require(office, order_no)
    return Payment(
        order_no=order_no,
        state=state or _public(row),
        amount_fen=row["amount_fen"],
        refunded_fen=row["refunded_fen"],
        method=row["method"],
    )


def close_payment(office: Office, order_no: str) -> PaymentClosed:
    """Give an order up. It may turn out to have been paid: then it is ``paid``."""
    row = _require(office, order_no)
    if row["state"] == "waiting":
        channel = _channel(office, row["channel"])
        try:
            channel.close(order_no)
            paid = channel.ask(order_no) is HostState.PAID
        except (HostSilent, HostRefused) as error:
            raise Refused(503, "payment-host-silent", str(error)) from error
        if paid:
            _settle(office, order_no)
        else:
            _give_up(office, order_no)
    return PaymentClosed(state=_public(_require(office, order_no)))


def register_terminal(office: Office, taken: TerminalPayment) -> Payment:
    """Register what the card terminal took. A bill already paid otherwise is refused: give it back."""
    with office.store.begin() as db:
        bill_for_payment(db, taken.bill_no, taken.case_no, taken.amount_fen)
        row = _row(db, taken.order_no)
        if row is not None:
            _require_same(row, taken, TERMINAL)
        else:
            if _paid_order(db, taken.bill_no) is not None:
                raise Refused(409, "already-paid")
            _insert(
                db,
                taken,
                channel=TERMINAL,
                method=taken.method or TERMINAL,
                host_reference=taken.host_reference,
                expires_at=stamp(office.now()),
                state="paid",
            )
            note(db, office, taken.case_no, "paid", f"{taken.order_no} {TERMINAL}", becomes="paid")
    return show_payment(office, taken.order_no)


def refund(office: Office, order_no: str, asked: RefundAsked) -> Refund:
    """Give money back, once per ``refund_no``; never more than was paid, nor for what was issued."""
    with office.store.begin() as db:
        row = _row(db, order_no, lock=True)
        if row is None:
            raise Refused(404, "not-found", order_no)
        known = db.execute(select(refunds).where(refunds.c.refund_no == asked.refund_no)).mappings().first()
        if known is not None and (known["order_no"], known["amount_fen"]) != (order_no, asked.amount_fen):
            raise Refused(409, "refund-differs")
        if known is None:
            if row["state"] not in {"paid", "refunded"}:
                raise Refused(409, "not-paid")
            if _is_issued(db, order_no):
                raise Refused(409, "already-issued")
            asked_before = _refunds_total(db, order_no)
            if asked_before + asked.amount_fen > row["amount_fen"]:
                raise Refused(409, "exceeds-payment")
            _insert_refund(db, order_no, asked.refund_no, asked.amount_fen, asked.reason)
        elif known["state"] == "refunded":
            return Refund(state="refunded", refunded_fen=row["refunded_fen"])
    done = True
    if row["channel"] != TERMINAL:
        # The terminal has given its money back itself before it is registered here.
        try:
            done = _channel(office, row["channel"]).refund(
                order_no, asked.refund_no, asked.amount_fen, row["amount_fen"], asked.reason or SUBJECT
            )
        except HostSilent as error:
            raise Refused(503, "payment-host-silent", str(error)) from error
        except HostRefused as error:
            raise Refused(409, "payment-refused", error.code) from error
    refunded = _refunded(office, order_no, asked.refund_no) if done else int(row["refunded_fen"])
    return Refund(state="refunded" if done else "processing", refunded_fen=refunded)


def look_after(office: Office, order_no: str) -> None:
    """Ask the host about one order and do what its answer demands. Raises ``HostSilent``."""
    row = _require(office, order_no)
    channel = _channel(office, row["channel"])
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
        row = _row(db, order_no, lock=True)
        if row is None or row["state"] not in {"waiting", "closed"}:
            return
        # Lock the bill, so that of two payments of it only one is seen as the first.
        bill_for_payment(db, row["bill_no"], row["case_no"], row["amount_fen"])
        wanted = row["state"] == "waiting" and _paid_order(db, row["bill_no"]) is None
        if wanted:
            _change(db, order_no, state="paid")
            note(db, office, row["case_no"], "paid", f"{order_no} {row['channel']}", becomes="paid")
            return
        _change(db, order_no, state="returning")
        _insert_refund(db, order_no, late_refund_no(order_no), row["amount_fen"], "逾期支付退回")
        note(db, office, row["case_no"], "paid-too-late", order_no)
    _return(office, row)


def _return(office: Office, row: RowMapping) -> None:
    order_no, refund_no = row["order_no"], late_refund_no(row["order_no"])
    channel = _channel(office, row["channel"])
    if channel.refund(order_no, refund_no, row["amount_fen"], row["amount_fen"], "逾期支付退回"):
        _refunded(office, order_no, refund_no)


def _give_up(office: Office, order_no: str) -> None:
    with office.store.begin() as db:
        row = _row(db, order_no, lock=True)
        if row is not None and row["state"] == "waiting":
            _change(db, order_no, state="closed")
            note(db, office, row["case_no"], "payment-closed", order_no)


def _refunded(office: Office, order_no: str, refund_no: str) -> int:
    """Book a refund that is done; return what the order's refunds now come to."""
    with office.store.begin() as db:
        row = _row(db, order_no, lock=True)
        if row is None:
            raise Refused(404, "not-found", order_no)
        changed = db.execute(
            update(refunds)
            .where(refunds.c.refund_no == refund_no, refunds.c.state != "refunded")
            .values(state="refunded")
        )
        total = _refunds_total(db, order_no, state="refunded")
        whole = total >= row["amount_fen"]
        _change(db, order_no, refunded_fen=total, state="refunded" if whole else row["state"])
        if changed.rowcount:
            becomes = "refunded" if whole and row["state"] == "paid" else None
            note(db, office, row["case_no"], "refunded", refund_no, becomes=becomes)
    return total


def _row(db: Connection, order_no: str, lock: bool = False) -> RowMapping | None:
    query = select(payments).where(payments.c.order_no == order_no)
    return db.execute(query.with_for_update() if lock else query).mappings().first()


def _require(office: Office, order_no: str) -> RowMapping:
    with office.store.begin() as db:
        row = _row(db, order_no)
    if row is None:
        raise Refused(404, "not-found", order_no)
    return row


def _require_same(row: RowMapping, asked: PaymentAsked | TerminalPayment, channel: str) -> None:
    kept = (row["case_no"], row["bill_no"], row["amount_fen"], row["channel"])
    if kept != (asked.case_no, asked.bill_no, asked.amount_fen, channel):
        raise Refused(409, "order-differs")


def _paid_order(db: Connection, bill_no: str) -> str | None:
    """Return the order that paid the bill and was not given back."""
    return db.scalars(
        select(payments.c.order_no).where(payments.c.bill_no == bill_no, payments.c.state == "paid")
    ).first()


def _is_issued(db: Connection, order_no: str) -> bool:
    found = db.execute(
        select(approvals.c.approval_no).where(approvals.c.order_no == order_no, approvals.c.state == "issued")
    )
    return found.first() is not None


def _refunds_total(db: Connection, order_no: str, state: str | None = None) -> int:
    query = select(refunds.c.amount_fen).where(refunds.c.order_no == order_no)
    return sum(db.scalars(query if state is None else query.where(refunds.c.state == state)).all())


def _insert(db: Connection, asked: PaymentAsked | TerminalPayment, **columns: Any) -> None:
    values = {"host_reference": "", "code": "", "state": "waiting", "refunded_fen": 0} | columns
    db.execute(
        insert(payments).values(
            order_no=asked.order_no,
            case_no=asked.case_no,
            bill_no=asked.bill_no,
            amount_fen=asked.amount_fen,
            **values,
        )
    )


def _insert_refund(db: Connection, order_no: str, refund_no: str, amount_fen: int, reason: str) -> None:
    known = db.execute(select(refunds.c.refund_no).where(refunds.c.refund_no == refund_no)).first()
    if known is None:
        db.execute(
            insert(refunds).values(
                refund_no=refund_no, order_no=order_no, amount_fen=amount_fen, reason=reason, state="asked"
            )
        )


def _change(db: Connection, order_no: str, **columns: Any) -> None:
    db.execute(update(payments).where(payments.c.order_no == order_no).values(**columns))


def _set(office: Office, order_no: str, **columns: Any) -> None:
    with office.store.begin() as db:
        _change(db, order_no, **columns)


def _channel(office: Office, name: str) -> Channel:
    try:
        return office.channels[name]
    except KeyError:
        raise Refused(503, "payment-host-silent", f"no account for {name}") from None


def _code(row: RowMapping) -> PaymentCode:
    return PaymentCode(
        order_no=row["order_no"],
        state=_public(row),
        code=row["code"],
        expires_at=moment(row["expires_at"]).astimezone(BEIJING),
    )


def _public(row: RowMapping) -> PaymentState:
    state: PaymentState = "unknown" if row["state"] == "returning" else row["state"]
    return state
