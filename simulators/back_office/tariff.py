"""The tariff of endorsements (收费标准): dated, with its source, as published; and bills made by it."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field
from sqlalchemy import Connection, RowMapping

from simulators.back_office.bills import draw_bill
from simulators.back_office.contract import CaseNo, Destination, EndorsementType, Entries, Fen, Part, Validity
from simulators.back_office.desk import Office, Refused
from simulators.back_office.operation import post

SUBJECT: Final = "往来港澳签注费"

_COLUMN = {1: "one_entry", 2: "two_entries", 0: "multiple_within_one_year"}


class Wish(Part):
    """One endorsement asked for: where to, of which type, how long, how often."""

    destination: Destination
    type: EndorsementType
    validity: Validity
    entries: Entries


class PricedWish(Wish):
    fee_fen: Fen


class QuoteAsked(Part):
    case_no: CaseNo
    items: Annotated[list[Wish], Field(min_length=1, max_length=2)]


class Bill(Part):
    bill_no: str
    items: list[PricedWish]
    total_fen: Fen
    valid_until: datetime


def quote(db: Connection, office: Office, asked: QuoteAsked) -> Bill:
    """Price what is asked for and make a bill of it. One endorsement for each destination."""
    if len({wish.destination for wish in asked.items}) < len(asked.items):
        raise Refused(409, "not-offered", "a destination twice")
    priced = [PricedWish(**wish.model_dump(), fee_fen=fee_fen(wish, office.today())) for wish in asked.items]
    bill_no, total, valid_until = draw_bill(
        db, office, asked.case_no, SUBJECT, [item.model_dump() for item in priced]
    )
    return Bill(bill_no=bill_no, items=priced, total_fen=total, valid_until=valid_until)


def is_for(bill: RowMapping, case_no: str, wishes: Sequence[Wish]) -> bool:
    """Tell whether the bill is this case's and for exactly these endorsements, in any order."""
    billed = [{k: v for k, v in item.items() if k != "fee_fen"} for item in bill["items"]]
    wished = [wish.model_dump() for wish in wishes]
    return bool(bill["case_no"] == case_no) and sorted(billed, key=repr) == sorted(wished, key=repr)


def fee_fen(wish: Wish, on: date) -> int:
    """Return what ``wish`` costs on that day; raises ``Refused`` when no tariff is in force."""
    entries = [entry for entry in _fees() if entry["from"] <= on]
    if not entries:
        raise Refused(409, "not-offered")
    in_force = max(entries, key=lambda entry: entry["from"])
    return int(in_force[_COLUMN[wish.entries]])


@cache
def _fees() -> tuple[dict[str, Any], ...]:
    with Path(__file__).with_name("tariff.toml").open("rb") as file:
        return tuple(tomllib.load(file)["fees"])


OPERATIONS: Final = (post("/v1/quotes", quote, "Price endorsements by today's tariff and make the bill"),)
