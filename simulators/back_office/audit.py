"""The audit trail (审计日志): every act of an officer, each entry bound to the one before by its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from itertools import zip_longest
from typing import Annotated, Final

from pydantic import Field
from sqlalchemy import Connection, RowMapping, Table, select

from simulators.back_office.contract import Part
from simulators.back_office.desk import Office
from simulators.back_office.operation import get
from simulators.back_office.roles import Officer
from simulators.back_office.store import add, find, metadata, moment, next_number, number_key, stamp, text

PAGE: Final = 100

audit: Final = Table(
    "audit_trail",
    metadata,
    number_key("number"),
    text("at"),
    text("officer"),
    text("station"),
    text("act"),
    text("case_no"),
    text("detail"),
    text("digest"),
)


class AuditAsked(Part):
    """``before``: entries older than this number; 0 for the newest."""

    before: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class AuditEntry(Part):
    number: int
    at: datetime
    officer: str
    station: str
    act: str
    case_no: str
    detail: str


class AuditTrail(Part):
    """Newest first. ``whole``: no entry of this page was changed, and none is missing from it."""

    entries: list[AuditEntry]
    whole: bool


def record(
    db: Connection, office: Office, officer: Officer, act: str, case_no: str = "", detail: str = ""
) -> None:
    """Write what an officer does, in the same transaction as the act itself."""
    number = next_number(db, "audit")
    before = find(db, audit.c.number, number - 1)
    entry = {
        "number": number,
        "at": stamp(office.now()),
        "officer": officer.login,
        "station": officer.station,
        "act": act,
        "case_no": case_no,
        "detail": detail,
    }
    digest = _digest(entry.values(), "" if before is None else before["digest"])
    add(db, audit, **entry, digest=digest)


def show_audit(db: Connection, office: Office, officer: Officer, asked: AuditAsked) -> AuditTrail:
    """Return a page of the trail, newest first, and whether its chain holds."""
    query = select(audit).order_by(audit.c.number.desc()).limit(PAGE + 1)
    if asked.before:
        query = query.where(audit.c.number < asked.before)
    rows = list(db.execute(query).mappings())
    return AuditTrail(
        entries=[
            AuditEntry(
                number=row["number"],
                at=moment(row["at"]),
                officer=row["officer"],
                station=row["station"],
                act=row["act"],
                case_no=row["case_no"],
                detail=row["detail"],
            )
            for row in rows[:PAGE]
        ],
        whole=_holds(rows),
    )


def _holds(rows: list[RowMapping]) -> bool:
    """Tell whether each row follows from the next older one; the very first follows from nothing."""
    for newer, older in zip_longest(rows, rows[1:]):
        if older is None and newer["number"] != 1:
            return len(rows) > PAGE
        before = "" if older is None else older["digest"]
        entry = [value for name, value in newer.items() if name != "digest"]
        if newer["digest"] != _digest(entry, before):
            return False
        if older is not None and older["number"] != newer["number"] - 1:
            return False
    return True


def _digest(entry: Iterable[object], before: str) -> str:
    return hashlib.sha256("\n".join([before, *map(repr, entry)]).encode()).hexdigest()


OPERATIONS: Final = (
    get("/v1/office/audit", show_audit, "The audit trail, newest first", roles=("auditor",)),
)
