"""Cases (办件): opened here under the kiosk's number, with their history; every other desk notes into it.

``state`` is what the last desk made of it. The six of the approval system are ``accepted``,
``waiting-documents``, ``reviewed``, ``granted``, ``refused`` and ``returned``; what is decided at once has
its own desk's words.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Index, RowMapping, Table, select, update

from simulators.back_office.catalogue import require_item
from simulators.back_office.contract import CaseNo, Line, Moment, Number, Part, PermitNo, Phone
from simulators.back_office.desk import Office, Refused
from simulators.back_office.operation import get, post
from simulators.back_office.stations import station_of_kiosk
from simulators.back_office.store import (
    add,
    find,
    flag,
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
    text("station"),
    text_or_none("id_number"),
    text("name"),
    text("phone"),
    text_or_none("due"),
    flag("due_provisional"),
    text_or_none("paused_on"),
    Index("cases_of_person", "id_number"),
    Index("cases_of_permit", "permit_number"),
    Index("cases_by_state", "state"),
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


class Applicant(Part):
    """Whose case it is; ``phone`` where messages go, if any are wanted."""

    id_number: Number
    name: Line
    phone: Phone | None = None


class CaseOpened(Part):
    """``service`` is one of the item catalogue."""

    case_no: CaseNo
    kiosk: Number
    service: Number
    opened_at: Moment
    permit_number: PermitNo | None = None
    applicant: Applicant | None = None


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
    """Take a case in under the kiosk's number. The same case again is no second case.

    Raises ``Refused`` 409 ``not-offered``, ``case-differs``.
    """
    row = find(db, cases.c.case_no, opened.case_no)
    if row is not None:
        kept = (row["kiosk"], row["service"], row["permit_number"])
        if kept != (opened.kiosk, opened.service, opened.permit_number):
            raise Refused(409, "case-differs")
        return CaseState(case_no=opened.case_no, state=row["state"])
    item = require_item(opened.service, office.today())
    who = opened.applicant
    add(
        db,
        cases,
        case_no=opened.case_no,
        kiosk=opened.kiosk,
        service=item.service,
        opened_at=stamp(opened.opened_at),
        permit_number=opened.permit_number,
        approval_no="",
        state="opened",
        station=station_of_kiosk(opened.kiosk),
        id_number=who.id_number if who is not None else None,
        name=who.name if who is not None else "",
        phone=who.phone or "" if who is not None else "",
        due=None,
        due_provisional=False,
        paused_on=None,
    )
    note(db, office, opened.case_no, "opened", opened.kiosk)
    return CaseState(case_no=opened.case_no, state="opened")


def show_case(db: Connection, office: Office, case_no: CaseNo) -> Case:
    """Return a case with everything that happened to it, oldest first."""
    row = require_case(db, case_no)
    return Case(
        case_no=case_no,
        state=row["state"],
        service=row["service"],
        approval_no=row["approval_no"],
        history=history_of(db, case_no),
    )


def require_case(db: Connection, case_no: str, *, lock: bool = False) -> RowMapping:
    """Return the case's row; raises ``Refused`` 404."""
    row = find(db, cases.c.case_no, case_no, lock=lock)
    if row is None:
        raise Refused(404, "not-found", case_no)
    return row


def history_of(db: Connection, case_no: str) -> list[CaseStep]:
    """Return what happened to a case, oldest first."""
    steps = db.execute(
        select(case_history).where(case_history.c.case_no == case_no).order_by(case_history.c.id)
    ).mappings()
    return [CaseStep(at=moment(s["at"]), step=s["step"], detail=s["detail"]) for s in steps]


def note(
    db: Connection, office: Office, case_no: str, step: str, detail: str = "", *, becomes: str | None = None
) -> None:
    """Add a step to the case's history; the case's state changes to ``becomes`` if given."""
    add(db, case_history, case_no=case_no, at=stamp(office.now()), step=step, detail=detail)
    if becomes is not None:
        change_case(db, case_no, state=becomes)


def change_case(db: Connection, case_no: str, **columns: object) -> None:
    """Set columns of a case."""
    db.execute(update(cases).where(cases.c.case_no == case_no).values(**columns))


def note_approval(db: Connection, office: Office, case_no: str, approval_no: str) -> None:
    """The case is approved under this number."""
    note(db, office, case_no, "approved", approval_no)
    change_case(db, case_no, state="approved", approval_no=approval_no)


OPERATIONS: Final = (
    post("/v1/cases", open_case, "Open a case under the kiosk's number", status=201),
    get("/v1/cases/{case_no}", show_case, "A case and its history"),
)
