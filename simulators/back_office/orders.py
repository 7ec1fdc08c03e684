"""Orders as they are kept: their rows, what callers are told of them, the host each belongs to."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, RowMapping, insert, select, update

from simulators.back_office.contract import PaymentAsked, PaymentState, TerminalPayment
from simulators.back_office.desk import Office, Refused
from simulators.back_office.merchant import Channel
from simulators.back_office.store import payments

SUBJECT: Final = "往来港澳签注费"
TERMINAL: Final = "terminal"


def order_row(db: Connection, order_no: str, lock: bool = False) -> RowMapping | None:
    query = select(payments).where(payments.c.order_no == order_no)
    return db.execute(query.with_for_update() if lock else query).mappings().first()


def require_order(office: Office, order_no: str) -> RowMapping:
    with office.store.begin() as db:
        row = order_row(db, order_no)
    if row is None:
        raise Refused(404, "not-found", order_no)
    return row


def paid_order(db: Connection, bill_no: str) -> str | None:
    """Return the order that paid the bill and was not given back."""
    return db.scalars(
        select(payments.c.order_no).where(payments.c.bill_no == bill_no, payments.c.state == "paid")
    ).first()


def insert_order(db: Connection, asked: PaymentAsked | TerminalPayment, **columns: Any) -> None:
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


def change_order(db: Connection, order_no: str, **columns: Any) -> None:
    db.execute(update(payments).where(payments.c.order_no == order_no).values(**columns))


def set_order(office: Office, order_no: str, **columns: Any) -> None:
    with office.store.begin() as db:
        change_order(db, order_no, **columns)


def channel_of(office: Office, name: str) -> Channel:
    try:
        return office.channels[name]
    except KeyError:
        raise Refused(503, "payment-host-silent", f"no account for {name}") from None


def public_state(row: RowMapping) -> PaymentState:
    state: PaymentState = "unknown" if row["state"] == "returning" else row["state"]
    return state
