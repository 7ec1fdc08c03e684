"""Refunds: money given back, once per refund number and never more than was paid."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from simulators.back_office.acceptance import note
from simulators.back_office.contract import Refund, RefundAsked
from simulators.back_office.desk import Office, Refused
from simulators.back_office.merchant import HostRefused, HostSilent
from simulators.back_office.orders import SUBJECT, TERMINAL, change_order, channel_of, order_row
from simulators.back_office.store import approvals, refunds


def late_refund_no(order_no: str) -> str:
    """Return the one refund number for giving an order back whole."""
    return f"{order_no}R1"


def refund(office: Office, order_no: str, asked: RefundAsked) -> Refund:
    """Give money back, once per ``refund_no``; never more than was paid, nor for what was issued."""
    with office.store.begin() as db:
        row = order_row(db, order_no, lock=True)
        if row is None:
            raise Refused(404, "not-found", order_no)
        known = db.execute(select(refunds).where(refunds.c.refund_no == asked.refund_no)).mappings().first()
        if known is not None and (known["order_no"], known["amount_fen"]) != (order_no, asked.amount_fen):
            raise Refused(409, "refund-differs")
        if known is None:
            if row["state"] not in {"paid", "refunded"}:
                raise Refused(409, "not-paid")
            if is_issued(db, order_no):
                raise Refused(409, "already-issued")
            asked_before = refunds_total(db, order_no)
            if asked_before + asked.amount_fen > row["amount_fen"]:
                raise Refused(409, "exceeds-payment")
            insert_refund(db, order_no, asked.refund_no, asked.amount_fen, asked.reason)
        elif known["state"] == "refunded":
            return Refund(state="refunded", refunded_fen=row["refunded_fen"])
    done = True
    if row["channel"] != TERMINAL:
        # The terminal has given its money back itself before it is registered here.
        try:
            done = channel_of(office, row["channel"]).refund(
                order_no, asked.refund_no, asked.amount_fen, row["amount_fen"], asked.reason or SUBJECT
            )
        except HostSilent as error:
            raise Refused(503, "payment-host-silent", str(error)) from error
        except HostRefused as error:
            raise Refused(409, "payment-refused", error.code) from error
    refunded = book_refund(office, order_no, asked.refund_no) if done else int(row["refunded_fen"])
    return Refund(state="refunded" if done else "processing", refunded_fen=refunded)


def book_refund(office: Office, order_no: str, refund_no: str) -> int:
    """Book a refund that is done; return what the order's refunds now come to."""
    with office.store.begin() as db:
        row = order_row(db, order_no, lock=True)
        if row is None:
            raise Refused(404, "not-found", order_no)
        changed = db.execute(
            update(refunds)
            .where(refunds.c.refund_no == refund_no, refunds.c.state != "refunded")
            .values(state="refunded")
        )
        total = refunds_total(db, order_no, state="refunded")
        whole = total >= row["amount_fen"]
        change_order(db, order_no, refunded_fen=total, state="refunded" if whole else row["state"])
        if changed.rowcount:
            becomes = "refunded" if whole and row["state"] == "paid" else None
            note(db, office, row["case_no"], "refunded", refund_no, becomes=becomes)
    return total


def insert_refund(db: Connection, order_no: str, refund_no: str, amount_fen: int, reason: str) -> None:
    known = db.execute(select(refunds.c.refund_no).where(refunds.c.refund_no == refund_no)).first()
    if known is None:
        db.execute(
            insert(refunds).values(
                refund_no=refund_no, order_no=order_no, amount_fen=amount_fen, reason=reason, state="asked"
            )
        )


def refunds_total(db: Connection, order_no: str, state: str | None = None) -> int:
    query = select(refunds.c.amount_fen).where(refunds.c.order_no == order_no)
    return sum(db.scalars(query if state is None else query.where(refunds.c.state == state)).all())


def is_issued(db: Connection, order_no: str) -> bool:
    found = db.execute(
        select(approvals.c.approval_no).where(approvals.c.order_no == order_no, approvals.c.state == "issued")
    )
    return found.first() is not None
