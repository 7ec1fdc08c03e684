"""Messages to people (短信提醒): an outbox. Sending is the operator's; nothing of a person is shown unmasked.

A message goes to the phone that the applicant gave; without one, none is written. Texts are in
``messages.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field
from sqlalchemy import Connection, Index, RowMapping, Table, select

from simulators.back_office.audit import record
from simulators.back_office.catalogue import find_item
from simulators.back_office.contract import CaseNo, Part
from simulators.back_office.desk import Office
from simulators.back_office.masking import masked_name, masked_phone
from simulators.back_office.operation import get
from simulators.back_office.roles import Officer
from simulators.back_office.store import add, metadata, moment, of, serial, stamp, text

PAGE: Final = 100

messages: Final = Table(
    "messages",
    metadata,
    serial(),
    of("case_no", "cases.case_no"),
    text("at"),
    text("kind"),
    text("phone"),
    text("words"),
    Index("messages_of_case", "case_no"),
)


class OutboxAsked(Part):
    """Of one case, or of all; ``before``: older than this number, 0 for the newest."""

    case_no: CaseNo | None = None
    before: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class Message(Part):
    """``phone`` is masked: 138****0001."""

    number: int
    case_no: str
    at: datetime
    kind: str
    phone: str
    words: str


class Outbox(Part):
    messages: list[Message]


def tell(
    db: Connection, office: Office, case: RowMapping, kind: str, *, day: date | None = None, missing: str = ""
) -> None:
    """Write the message of this kind to the case's applicant, if a phone was given."""
    if not case["phone"]:
        return
    item = find_item(case["service"], office.today())
    words = _texts()[kind].format(
        name=masked_name(case["name"]),
        service=item.title["zh-CN"] if item is not None else case["service"],
        case_no=case["case_no"],
        day=f"{day.month}月{day.day}日" if day is not None else "",
        missing=missing,
    )
    add(
        db,
        messages,
        case_no=case["case_no"],
        at=stamp(office.now()),
        kind=kind,
        phone=case["phone"],
        words=words,
    )


def show_outbox(db: Connection, office: Office, officer: Officer, asked: OutboxAsked) -> Outbox:
    """Return a page of messages, newest first."""
    query = select(messages).order_by(messages.c.id.desc()).limit(PAGE)
    if asked.case_no is not None:
        query = query.where(messages.c.case_no == asked.case_no)
    if asked.before:
        query = query.where(messages.c.id < asked.before)
    record(db, office, officer, "read-messages", asked.case_no or "")
    return Outbox(
        messages=[
            Message(
                number=row["id"],
                case_no=row["case_no"],
                at=moment(row["at"]),
                kind=row["kind"],
                phone=masked_phone(row["phone"]),
                words=row["words"],
            )
            for row in db.execute(query).mappings()
        ]
    )


@cache
def _texts() -> Mapping[str, str]:
    with Path(__file__).with_name("messages.toml").open("rb") as file:
        return tomllib.load(file)


OPERATIONS: Final = (get("/v1/office/messages", show_outbox, "Messages to people, newest first, masked"),)
