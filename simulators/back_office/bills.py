"""Bills (缴款单): what a case owes, by the tariff of the day, for half an hour."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, RowMapping, insert, select

from simulators.back_office.acceptance import note, require_case
from simulators.back_office.contract import Bill, PricedWish, QuoteAsked, Wish
from simulators.back_office.desk import Office, Refused
from simulators.back_office.store import bills, moment, stamp
from simulators.back_office.tariff import fee_fen

BILL_LIFETIME: Final = timedelta(minutes=30)


def quote(office: Office, asked: QuoteAsked) -> Bill:
    """Price what is asked for and make a bill of it. One endorsement for each destination."""
    if len({wish.destination for wish in asked.items}) < len(asked.items):
        raise Refused(409, "not-offered", "a destination twice")
    priced = [PricedWish(**wish.model_dump(), fee_fen=fee_fen(wish, office.today())) for wish in asked.items]
    total = sum(item.fee_fen for item in priced)
    bill_no = f"B{office.now():%y%m%d}{secrets.token_hex(6).upper()}"
    valid_until = office.now() + BILL_LIFETIME
    with office.store.begin() as db:
        require_case(db, asked.case_no)
        db.execute(
            insert(bills).values(
                bill_no=bill_no,
                case_no=asked.case_no,
                items=[item.model_dump() for item in priced],
                total_fen=total,
                valid_until=stamp(valid_until),
            )
        )
        note(db, office, asked.case_no, "quoted", f"{bill_no} {total}", becomes="quoted")
    return Bill(bill_no=bill_no, items=priced, total_fen=total, valid_until=valid_until)


def bill_for_payment(db: Connection, bill_no: str, case_no: str, amount_fen: int) -> RowMapping:
    """Return the bill (locked until the transaction ends) if it is this case's and this amount."""
    bill = db.execute(select(bills).where(bills.c.bill_no == bill_no).with_for_update()).mappings().first()
    if bill is None:
        raise Refused(404, "not-found", bill_no)
    if bill["case_no"] != case_no or bill["total_fen"] != amount_fen:
        raise Refused(409, "bill-differs")
    return bill


def is_for(bill: RowMapping, case_no: str, wishes: Sequence[Wish]) -> bool:
    """Tell whether the bill is this case's and for exactly these endorsements, in any order."""
    billed = [Wish(**{k: v for k, v in item.items() if k != "fee_fen"}) for item in bill["items"]]
    return bool(bill["case_no"] == case_no) and set(billed) == set(wishes) and len(billed) == len(wishes)


def has_expired(bill: RowMapping, office: Office) -> bool:
    return moment(bill["valid_until"]) <= office.now()
