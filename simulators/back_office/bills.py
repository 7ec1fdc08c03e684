"""Bills (缴款单): what a case owes, for half an hour. What it costs is each service's own desk's matter."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Table

from simulators.back_office.acceptance import note, require_case
from simulators.back_office.desk import Office, Refused
from simulators.back_office.store import (
    add,
    find,
    key,
    metadata,
    moment,
    of,
    stamp,
    text,
    values,
    whole,
)

bills: Final = Table(
    "bills",
    metadata,
    key("bill_no"),
    of("case_no", "cases.case_no"),
    text("subject"),
    values("items"),
    whole("total_fen"),
    text("valid_until"),
)

BILL_LIFETIME: Final = timedelta(minutes=30)


def draw_bill(
    db: Connection, office: Office, case_no: str, subject: str, items: Sequence[dict[str, Any]]
) -> tuple[str, int, datetime]:
    """Make a bill of ``items`` (JSON values, each with its ``fee_fen``); return number, total and end.

    ``subject`` is what the payer's phone says the money is for. Raises ``Refused`` 404.
    """
    require_case(db, case_no)
    total = sum(int(item["fee_fen"]) for item in items)
    bill_no = f"B{office.now():%y%m%d}{secrets.token_hex(6).upper()}"
    valid_until = office.now() + BILL_LIFETIME
    add(
        db,
        bills,
        bill_no=bill_no,
        case_no=case_no,
        subject=subject,
        items=list(items),
        total_fen=total,
        valid_until=stamp(valid_until),
    )
    note(db, office, case_no, "quoted", f"{bill_no} {total}", becomes="quoted")
    return bill_no, total, valid_until


def find_bill(db: Connection, bill_no: str) -> RowMapping | None:
    """Return the bill's row."""
    return find(db, bills.c.bill_no, bill_no)


def bill_for_payment(db: Connection, bill_no: str, case_no: str, amount_fen: int) -> RowMapping:
    """Return the bill (locked until the transaction ends) if it is this case's and this amount."""
    bill = find(db, bills.c.bill_no, bill_no, lock=True)
    if bill is None:
        raise Refused(404, "not-found", bill_no)
    if bill["case_no"] != case_no or bill["total_fen"] != amount_fen:
        raise Refused(409, "bill-differs")
    return bill


def has_expired(bill: RowMapping, office: Office) -> bool:
    return moment(bill["valid_until"]) <= office.now()
