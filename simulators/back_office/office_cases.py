"""The officers' view of cases: a list with filters, a case whole, and what the officer may do with it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import Field
from sqlalchemy import Connection, RowMapping, Select, select, tuple_

from simulators.back_office.acceptance import CaseStep, cases, history_of, require_case
from simulators.back_office.audit import record
from simulators.back_office.catalogue import find_item
from simulators.back_office.circulation import (
    IN_WORK,
    Move,
    Whereabouts,
    moves_of,
    whereabouts,
    whereabouts_of,
)
from simulators.back_office.contact import DECIDING, awaits_result
from simulators.back_office.contract import CaseNo, Number, Part
from simulators.back_office.desk import Office
from simulators.back_office.masking import masked_id, masked_name, masked_phone
from simulators.back_office.materials import Paper, papers_of
from simulators.back_office.operation import get
from simulators.back_office.review import Opinion, opinions_of
from simulators.back_office.roles import Officer
from simulators.back_office.stations import may_decide
from simulators.back_office.store import moment

PAGE: Final = 50

MayDo = Literal[
    "review",
    "decide",
    "tell-result",
    "ask-supplement",
    "move-file",
    "move-original",
    "move-both",
    "receive-original",
]


class Filter(Part):
    """All that is given must fit. ``at``: the station that holds the file; ``overdue``: its last day is past;
    ``before`` is the ``next`` of the page before."""

    state: Number | None = None
    service: Number | None = None
    at: Number | None = None
    case_no: CaseNo | None = None
    overdue: bool = False
    before: Annotated[str, Field(pattern=r"^([0-9T:.+-]{32},[0-9A-Za-z-]{4,40})?$")] = ""


class CaseRow(Part):
    """Name and number are masked in a list."""

    case_no: str
    service: str
    title: dict[str, str]
    name: str
    id_number: str
    state: str
    opened_at: datetime
    due: date | None
    provisional: bool
    overdue: bool
    file_at: str


class CaseRows(Part):
    """``next`` goes into ``before`` for the next page, "" when this is the last."""

    cases: list[CaseRow]
    next: str


class OfficeCase(Part):
    """A case whole. ``may`` is what this officer can do with it now."""

    case_no: str
    service: str
    title: dict[str, str]
    kiosk: str
    station: str
    state: str
    opened_at: datetime
    name: str
    id_number: str
    phone: str
    due: date | None
    provisional: bool
    paused: bool
    papers: list[Paper]
    opinions: list[Opinion]
    whereabouts: Whereabouts | None
    moves: list[Move]
    history: list[CaseStep]
    may: list[MayDo]


def list_cases(db: Connection, office: Office, officer: Officer, asked: Filter) -> CaseRows:
    """Return a page of cases, newest first."""
    rows = list(db.execute(_selected(office, asked).limit(PAGE + 1)).mappings())
    return CaseRows(
        cases=[_row(office, row) for row in rows[:PAGE]],
        next="{opened_at},{case_no}".format(**rows[PAGE - 1]) if len(rows) > PAGE else "",
    )


def show_office_case(db: Connection, office: Office, officer: Officer, case_no: CaseNo) -> OfficeCase:
    """Return a case whole; that it was looked at is recorded."""
    case = require_case(db, case_no)
    record(db, office, officer, "view", case_no)
    item = find_item(case["service"], moment(case["opened_at"]).date())
    here = whereabouts_of(db, case_no)
    said = opinions_of(db, case_no)
    may = _may(case, officer, here, said, item.decide if item is not None else "bureau")
    if _may_tell(db, case, officer):
        may.append("tell-result")
    return OfficeCase(
        case_no=case_no,
        service=case["service"],
        title=item.title if item is not None else {},
        kiosk=case["kiosk"],
        station=case["station"],
        state=case["state"],
        opened_at=moment(case["opened_at"]),
        name=case["name"],
        id_number=case["id_number"] or "",
        phone=masked_phone(case["phone"]),
        due=_day(case["due"]),
        provisional=case["due_provisional"],
        paused=case["paused_on"] is not None,
        papers=papers_of(db, case_no),
        opinions=said,
        whereabouts=here,
        moves=moves_of(db, case_no),
        history=history_of(db, case_no),
        may=may,
    )


def _selected(office: Office, asked: Filter) -> Select[tuple[object, ...]]:
    query = (
        select(cases, whereabouts.c.file_at)
        .outerjoin(whereabouts, whereabouts.c.case_no == cases.c.case_no)
        .order_by(cases.c.opened_at.desc(), cases.c.case_no.desc())
    )
    for column, value in (
        (cases.c.state, asked.state),
        (cases.c.service, asked.service),
        (cases.c.case_no, asked.case_no),
        (whereabouts.c.file_at, asked.at),
    ):
        if value is not None:
            query = query.where(column == value)
    if asked.overdue:
        query = query.where(cases.c.due < office.today().isoformat(), cases.c.state.in_(IN_WORK))
    if asked.before:
        query = query.where(tuple_(cases.c.opened_at, cases.c.case_no) < tuple_(*asked.before.split(",")))
    return query


def _row(office: Office, row: RowMapping) -> CaseRow:
    item = find_item(row["service"], moment(row["opened_at"]).date())
    due = _day(row["due"])
    return CaseRow(
        case_no=row["case_no"],
        service=row["service"],
        title=item.title if item is not None else {},
        name=masked_name(row["name"]),
        id_number=masked_id(row["id_number"]),
        state=row["state"],
        opened_at=moment(row["opened_at"]),
        due=due,
        provisional=row["due_provisional"],
        overdue=due is not None and due < office.today() and row["state"] in IN_WORK,
        file_at=row["file_at"] or row["station"],
    )


def _may(
    case: RowMapping, officer: Officer, here: Whereabouts | None, said: list[Opinion], decided_at: str
) -> list[MayDo]:
    """Return what the operations would not refuse to this officer now."""
    if here is None or officer.roles == {"auditor"}:
        return []
    may: list[MayDo] = []
    file_here = here.file_at == officer.station and case["state"] in IN_WORK
    original_here = here.original_at == officer.station and not here.original_to
    if file_here and case["state"] == "accepted" and "reviewer" in officer.roles:
        may.append("review")
    if (
        file_here
        and case["state"] == "reviewed"
        and "decider" in officer.roles
        and said[-1].officer != officer.login
        and may_decide(decided_at, officer.station)
    ):
        may.append("decide")
    if file_here:
        may += ["ask-supplement", "move-file"]
    if original_here:
        may.append("move-original")
    if file_here and original_here:
        may.append("move-both")
    if here.original_to == officer.station:
        may.append("receive-original")
    return may


def _may_tell(db: Connection, case: RowMapping, officer: Officer) -> bool:
    here = case["station"] == officer.station and bool(officer.roles.intersection(DECIDING))
    return here and awaits_result(db, case)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


OPERATIONS: Final = (
    get("/v1/office/cases", list_cases, "Cases, newest first"),
    get("/v1/office/cases/{case_no}", show_office_case, "A case whole, and what the officer may do"),
)
