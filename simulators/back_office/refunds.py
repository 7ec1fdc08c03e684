"""Refunds: money given back, once per refund number and never more than was paid."""

from __future__ import annotations

from typing import Final, Literal

from sqlalchemy import Connection, Table, select, update

from simulators.back_office.acceptance import note
from simulators.back_office.bills import find_bill
from simulators.back_office.contract import Fen, OptionalLine, OrderNo, PaidFen, Part, RefundNo
from simulators.back_office.desk import Office, Refused
from simulators.back_office.merchant import HostRefused, HostSilent
from simulators.back_office.operation import post
from simulators.back_office.orders import TERMINAL, change_order, channel_of, require_order
from simulators.back_office.store import add, find, key, metadata, of, text, whole

refunds: Final = Table(
    "refunds",
    metadata,
    key("refund_no"),
    of("order_no", "payments.order_no"),
    whole("amount_fen"),
    text("reason"),
    text("state"),
)


class RefundAsked(Part):
    refund_no: RefundNo
    amount_fen: PaidFen
    reason: OptionalLine


class Refund(Part):
    state: Literal["refunded", "processing"]
    refunded_fen: Fen


def refund(office: Office, order_no: OrderNo, asked: RefundAsked) -> Refund:
    """Give money back, once per ``refund_no``; never more than was paid, nor for what was delivered."""
    with office.store.begin() as db:
        row = require_order(db, order_no, lock=True)
        known = find(db, refunds.c.refund_no, asked.refund_no)
        if known is not None and (known["order_no"], known["amount_fen"]) != (order_no, asked.amount_fen):
            raise Refused(409, "refund-differs")
        if known is None:
            if row["state"] not in {"paid", "refunded"}:
                raise Refused(409, "not-paid")
            if row["delivered"]:
                raise Refused(409, "already-issued")
            asked_before = refunds_total(db, order_no)
            if asked_before + asked.amount_fen > row["amount_fen"]:
                raise Refused(409, "exceeds-payment")
            insert_refund(db, order_no, asked.refund_no, asked.amount_fen, asked.reason)
        elif known["state"] == "refunded":
            return Refund(state="refunded", refunded_fen=row["refunded_fen"])
        bill = find_bill(db, row["bill_no"])
    done = True
    if row["channel"] != TERMINAL:
        # The terminal has given its money back itself before it is registered here.
        reason = asked.reason or (bill["subject"] if bill is not None else "")
        try:
            done = channel_of(office, row["channel"]).refund(
                order_no, asked.refund_no, asked.amount_fen, row["amount_fen"], reason
            )
        except HostSilent as error:
            raise Refused(503, "payment-host-silent", str(error)) from error
        except HostRefused as error:
            raise Refused(409, "payment-refused", error.code) from error
    refunded = book_refund(office, order_no, asked.refund_no) if done else int(row["refunded_fen"])
    return Refund(state="refunded" if done else "processing", refunded_fen=refunded)


def late_refund_no(order_no: str) -> str:
    """Return the one refund number for giving an order back whole."""
    return f"{order_no}R1"


def book_refund(office: Office, order_no: str, refund_no: str) -> int:
    """Book a refund that is done; return what the order's refunds now come to."""
    with office.store.begin() as db:
        row = require_order(db, order_no, lock=True)
        changed = db.execute(
            update(refunds)
            .where(refunds.c.refund_no == refund_no, refunds.c.state != "refunded")
            .values(state="refunded")
        )
        total = refunds_total(db, order_no, state="refunded")
        whole_order = total >= row["amount_fen"]
        change_order(db, order_no, refunded_fen=total, state="refunded" if whole_order else row["state"])
        if changed.rowcount:
            becomes = "refunded" if whole_order and row["state"] == "paid" else None
            note(db, office, row["case_no"], "refunded", refund_no, becomes=becomes)
    return total


def insert_refund(db: Connection, order_no: str, refund_no: str, amount_fen: int, reason: str) -> None:
    if find(db, refunds.c.refund_no, refund_no) is None:
        add(
            db,
            refunds,
            refund_no=refund_no,
            order_no=order_no,
            amount_fen=amount_fen,
            reason=reason,
            state="asked",
        )


def refunds_total(db: Connection, order_no: str, state: str | None = None) -> int:
    query = select(refunds.c.amount_fen).where(refunds.c.order_no == order_no)
    return sum(db.scalars(query if state is None else query.where(refunds.c.state == state)).all())


OPERATIONS: Final = (
    post("/v1/payments/{order_no}/refunds", refund, "Give money back, once per refund number"),
)
