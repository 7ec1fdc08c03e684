"""Orders as they are kept: their rows, what callers are told of them, the host each belongs to."""

from __future__ import annotations

from typing import Any, Final, Literal

from sqlalchemy import Connection, Index, RowMapping, Table, select, update

from simulators.back_office.contract import (
    CaseNo,
    Number,
    OrderNo,
    PaidFen,
    Part,
)
from simulators.back_office.desk import Office, Refused
from simulators.back_office.merchant import Channel
from simulators.back_office.store import add, find, flag, key, metadata, of, text, whole

TERMINAL: Final = "terminal"

PaymentState = Literal["waiting", "paid", "closed", "refunded", "unknown"]

payments: Final = Table(
    "payments",
    metadata,
    key("order_no"),
    of("case_no", "cases.case_no"),
    of("bill_no", "bills.bill_no"),
    text("channel"),
    text("method"),
    text("host_reference"),
    whole("amount_fen"),
    text("code"),
    text("expires_at"),
    text("state"),
    whole("refunded_fen"),
    flag("delivered"),
    Index("payments_of_bill", "bill_no"),
    Index("payments_by_state", "state"),
)


class Paying(Part):
    """What every order says: whose it is, for which bill, how much."""

    order_no: OrderNo
    case_no: CaseNo
    bill_no: Number
    amount_fen: PaidFen


def order_row(db: Connection, order_no: str, lock: bool = False) -> RowMapping | None:
    return find(db, payments.c.order_no, order_no, lock=lock)


def require_order(db: Connection, order_no: str, lock: bool = False) -> RowMapping:
    """Return the order's row; raises ``Refused`` 404."""
    row = order_row(db, order_no, lock)
    if row is None:
        raise Refused(404, "not-found", order_no)
    return row


def read_order(office: Office, order_no: str) -> RowMapping:
    """Return the order's row as it is at this moment; raises ``Refused`` 404."""
    with office.store.begin() as db:
        return require_order(db, order_no)


def paid_order(db: Connection, bill_no: str) -> str | None:
    """Return the order that paid the bill and was not given back."""
    return db.scalars(
        select(payments.c.order_no).where(payments.c.bill_no == bill_no, payments.c.state == "paid")
    ).first()


def require_paid(db: Connection, order_no: str, bill_no: str) -> None:
    """Raise ``Refused`` 409 ``not-paid`` unless the order paid this bill; it stays locked."""
    row = order_row(db, order_no, lock=True)
    if row is None or row["bill_no"] != bill_no or row["state"] != "paid":
        raise Refused(409, "not-paid")


def mark_delivered(db: Connection, order_no: str) -> None:
    """What the order paid for was delivered: nothing is refunded for it any more."""
    change_order(db, order_no, delivered=True)


def insert_order(db: Connection, asked: Paying, **columns: Any) -> None:
    kept = {"host_reference": "", "code": "", "state": "waiting", "refunded_fen": 0, "delivered": False}
    add(
        db,
        payments,
        order_no=asked.order_no,
        case_no=asked.case_no,
        bill_no=asked.bill_no,
        amount_fen=asked.amount_fen,
        **kept | columns,
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
