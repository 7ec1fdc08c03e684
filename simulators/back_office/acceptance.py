"""Acceptance (受理): cases are opened here, and their history is kept and shown."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Index, Table, insert, select, update

from simulators.back_office.contract import CaseNo, Moment, Number, Part, PermitNo
from simulators.back_office.desk import Office, Refused
from simulators.back_office.operation import get, post
from simulators.back_office.store import (
    find,
    key,
    metadata,
    moment,
    of,
    serial,
    stamp,
    text,
    text_or_none,
)

cases: Final = Table(
    "cases",
    metadata,
    key("case_no"),
    text("kiosk"),
    text("service"),
    text("opened_at"),
    text_or_none("permit_number"),
    text("approval_no"),
    text("state"),
)

case_history: Final = Table(
    "case_history",
    metadata,
    serial(),
    of("case_no", "cases.case_no"),
    text("at"),
    text("step"),
    text("detail"),
    Index("history_of_case", "case_no"),
)


class CaseOpened(Part):
    case_no: CaseNo
    kiosk: Number
    service: Number
    opened_at: Moment
    permit_number: PermitNo | None = None


class CaseState(Part):
    case_no: str
    state: str


class CaseStep(Part):
    at: datetime
    step: str
    detail: str


class Case(Part):
    """``approval_no`` is "" while nothing has been approved."""

    case_no: str
    state: str
    service: str
    approval_no: str
    history: list[CaseStep]


def open_case(db: Connection, office: Office, opened: CaseOpened) -> CaseState:
    """Take a case in under the kiosk's number. The same case again is no second case."""
    row = find(db, cases.c.case_no, opened.case_no)
    if row is not None:
        kept = (row["kiosk"], row["service"], row["permit_number"])
        if kept != (opened.kiosk, opened.service, opened.permit_number):
            raise Refused(409, "case-differs")
        return CaseState(case_no=opened.case_no, state=row["state"])
    db.execute(
        insert(cases).values(
            case_no=opened.case_no,
            kiosk=opened.kiosk,
            service=opened.service,
            opened_at=stamp(opened.opened_at),
            permit_number=opened.permit_number,
            approval_no="",
            state="opened",
        )
    )
    note(db, office, opened.case_no, "opened", opened.kiosk)
    return CaseState(case_no=opened.case_no, state="opened")


def show_case(db: Connection, office: Office, case_no: CaseNo) -> Case:
    """Return a case with everything that happened to it, oldest first."""
    row = find(db, cases.c.case_no, case_no)
    if row is None:
        raise Refused(404, "not-found")
    steps = db.execute(
        select(case_history).where(case_history.c.case_no == case_no).order_by(case_history.c.id)
    ).mappings()
    return Case(
        case_no=case_no,
        state=row["state"],
        service=row["service"],
        approval_no=row["approval_no"],
        history=[CaseStep(at=moment(s["at"]), step=s["step"], detail=s["detail"]) for s in steps],
    )


def require_case(db: Connection, case_no: str) -> None:
    """Raise ``Refused`` 404 unless the case is known."""
    if find(db, cases.c.case_no, case_no) is None:
        raise Refused(404, "not-found", case_no)


def note(
    db: Connection, office: Office, case_no: str, step: str, detail: str = "", *, becomes: str | None = None
) -> None:
    """Add a step to the case's history; the case's state changes to ``becomes`` if given."""
    db.execute(insert(case_history).values(case_no=case_no, at=stamp(office.now()), step=step, detail=detail))
    if becomes is not None:
        db.execute(update(cases).where(cases.c.case_no == case_no).values(state=becomes))


def note_approval(db: Connection, office: Office, case_no: str, approval_no: str) -> None:
    """The case is approved under this number."""
    note(db, office, case_no, "approved", approval_no, becomes="approved")
    db.execute(update(cases).where(cases.c.case_no == case_no).values(approval_no=approval_no))


OPERATIONS: Final = (
    post("/v1/cases", open_case, "Open a case under the kiosk's number", status=201),
    get("/v1/cases/{case_no}", show_case, "A case and its history"),
)
