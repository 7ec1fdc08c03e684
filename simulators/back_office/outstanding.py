"""Acceptance with documents outstanding (容缺受理): what may come later, and what if it does not.

What the catalogue calls core must be there, else nothing is accepted and the applicant is told once
what to bring (一次性告知). The rest may be outstanding for its working days. The case's own period
stands still until the papers are complete; who has not brought them in time gets the case returned.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import Field
from sqlalchemy import Connection, RowMapping

from simulators.back_office.acceptance import change_case, note, require_case
from simulators.back_office.audit import record
from simulators.back_office.catalogue import Item, require_item
from simulators.back_office.circulation import IN_WORK, add_original, held_case, place
from simulators.back_office.contract import CaseNo, Line, Number, Part
from simulators.back_office.desk import Office, Refused
from simulators.back_office.materials import (
    Given,
    Paper,
    add_given,
    add_outstanding,
    due_today,
    give,
    mark_reminded,
    outstanding_of,
    papers_of,
)
from simulators.back_office.messages import tell
from simulators.back_office.operation import post
from simulators.back_office.results import push
from simulators.back_office.review import decide_at_once
from simulators.back_office.roles import CASEWORK, Officer
from simulators.back_office.working_days import deadline, working_days_between

log = logging.getLogger(__name__)

AcceptanceState = Literal["accepted", "waiting-documents", "granted", "not-accepted"]
GivenPapers = Annotated[list[Given], Field(max_length=30)]


class Application(Part):
    """What the applicant has brought."""

    materials: GivenPapers


class Missing(Part):
    """A paper without which nothing is accepted."""

    code: str
    title: dict[str, str]


class Acceptance(Part):
    """``due`` is the last day of the decision; None while papers are outstanding, and for what is decided
    at once. ``provisional``: the holidays of a year involved are not announced yet."""

    case_no: str
    state: AcceptanceState
    missing: list[Missing]
    papers: list[Paper]
    due: date | None
    provisional: bool


class Supplement(Part):
    materials: Annotated[GivenPapers, Field(min_length=1)]


class SupplementAsked(Part):
    """A paper that an officer asks for besides (补正)."""

    code: Number
    title: Line
    days: Annotated[int, Field(ge=1, le=60)]


class Papers(Part):
    papers: list[Paper]


def apply(db: Connection, office: Office, case_no: CaseNo, asked: Application) -> Acceptance:
    """Accept an application, with papers outstanding where that is allowed. The same case again gets the
    answer that it stands at. Raises ``Refused`` 409 ``not-offered``, ``wrong-state``, ``not-asked-for``."""
    case = require_case(db, case_no, lock=True)
    item = require_item(case["service"], office.today())
    if "kiosk" not in item.accept:
        raise Refused(409, "not-offered", "not at a kiosk")
    if case["state"] != "opened":
        if not papers_of(db, case_no):
            raise Refused(409, "wrong-state", case["state"])
        return _acceptance(db, case)
    given = _by_code(item, asked.materials)
    missing = [m for m in item.materials if m.core and m.code not in given]
    if missing:
        note(db, office, case_no, "not-accepted", " ".join(m.code for m in missing))
        told = [Missing(code=m.code, title=m.title) for m in missing]
        return Acceptance(
            case_no=case_no, state="not-accepted", missing=told, papers=[], due=None, provisional=False
        )
    _enter_papers(db, office, case, item, given)
    if outstanding_of(db, case_no):
        _accept_outstanding(db, office, case)
    else:
        _accept(db, office, case, item)
    return _acceptance(db, require_case(db, case_no))


def supplement(db: Connection, office: Office, case_no: CaseNo, brought: Supplement) -> Acceptance:
    """Take outstanding papers in. Raises ``Refused`` 409 ``not-asked-for``, ``wrong-state``."""
    case = require_case(db, case_no, lock=True)
    if case["state"] != "waiting-documents":
        raise Refused(409, "wrong-state", case["state"])
    for paper in brought.materials:
        if not give(db, case_no, paper):
            raise Refused(409, "not-asked-for", paper.code)
        if paper.form == "original":
            add_original(db, case_no, case["station"])
        note(db, office, case_no, "supplemented", f"{paper.code} {paper.form}")
    if not outstanding_of(db, case_no):
        _resume(db, office, case)
    return _acceptance(db, require_case(db, case_no))


def ask_supplement(
    db: Connection, office: Office, officer: Officer, case_no: CaseNo, asked: SupplementAsked
) -> Papers:
    """Ask for a paper more; the period stands still until it comes."""
    case = held_case(db, officer, case_no, *IN_WORK)
    if any(paper.code == asked.code for paper in papers_of(db, case_no)):
        raise Refused(409, "wrong-state", asked.code)
    title = {"zh-CN": asked.title, "en": asked.title}  # as the officer wrote it
    day = add_outstanding(db, office, case_no, asked.code, title, asked.days)
    if case["paused_on"] is None:
        change_case(db, case_no, paused_on=office.today().isoformat())
    note(db, office, case_no, "supplement-wanted", asked.code, becomes="waiting-documents")
    tell(db, office, case, "supplement", day=day, missing=asked.title)
    push(db, office, case, "supplement-wanted")
    record(db, office, officer, "ask-supplement", case_no, f"{asked.code} {asked.days}")
    return Papers(papers=papers_of(db, case_no))


def look_after_all(office: Office) -> None:
    """One round of the watch: remind whose day is near, return what is overdue."""
    today = office.today()
    with office.store.begin() as db:
        due = sorted({row["case_no"] for row in due_today(db, today)})
    for case_no in due:
        with office.store.begin() as db:
            _look_after(db, office, case_no, today)


def _look_after(db: Connection, office: Office, case_no: str, today: date) -> None:
    case = require_case(db, case_no, lock=True)
    missing = outstanding_of(db, case_no)
    if case["state"] != "waiting-documents" or not missing:
        mark_reminded(db, case_no)
        return
    first = min(paper.due for paper in missing if paper.due is not None)
    if first < today:
        note(db, office, case_no, "returned", _titles(missing), becomes="returned")
        tell(db, office, case, "returned")
        push(db, office, case, "returned")
    else:
        note(db, office, case_no, "reminded", _titles(missing))
        tell(db, office, case, "reminder", day=first, missing=_titles(missing))
    mark_reminded(db, case_no)


def _by_code(item: Item, given: Sequence[Given]) -> dict[str, Given]:
    asked_for = {material.code for material in item.materials}
    for paper in given:
        if paper.code not in asked_for:
            raise Refused(409, "not-asked-for", paper.code)
    return {paper.code: paper for paper in given}


def _enter_papers(
    db: Connection, office: Office, case: RowMapping, item: Item, given: dict[str, Given]
) -> None:
    for material in item.materials:
        if material.code in given:
            add_given(db, case["case_no"], material.code, material.title, given[material.code].form)
        else:
            add_outstanding(db, office, case["case_no"], material.code, material.title, material.grace_days)
    original = any(paper.form == "original" for paper in given.values())
    place(db, case["case_no"], case["station"], original=original)


def _accept_outstanding(db: Connection, office: Office, case: RowMapping) -> None:
    missing = outstanding_of(db, case["case_no"])
    change_case(db, case["case_no"], paused_on=office.today().isoformat())
    note(
        db,
        office,
        case["case_no"],
        "accepted-outstanding",
        " ".join(paper.code for paper in missing),
        becomes="waiting-documents",
    )
    day = min(paper.due for paper in missing if paper.due is not None)
    tell(db, office, case, "accepted-outstanding", day=day, missing=_titles(missing))


def _accept(db: Connection, office: Office, case: RowMapping, item: Item) -> None:
    note(db, office, case["case_no"], "accepted", becomes="accepted")
    if item.immediate:
        decide_at_once(db, office, case)
        return
    day = _set_due(db, office, case["case_no"], item.limit_days)
    tell(db, office, case, "accepted", day=day)


def _resume(db: Connection, office: Office, case: RowMapping) -> None:
    """All papers are there: the period runs on with the working days that were left, or begins."""
    item = require_item(case["service"], office.today())
    if case["due"] is None and item.immediate:
        note(db, office, case["case_no"], "complete", becomes="accepted")
        decide_at_once(db, office, case)
        return
    left = item.limit_days
    if case["due"] is not None:
        left = working_days_between(date.fromisoformat(case["paused_on"]), date.fromisoformat(case["due"]))
    note(db, office, case["case_no"], "complete", becomes="accepted")
    day = _set_due(db, office, case["case_no"], left)
    tell(db, office, case, "complete", day=day)


def _set_due(db: Connection, office: Office, case_no: str, working_days: int) -> date:
    due = deadline(office.today(), working_days)
    change_case(db, case_no, due=due.day.isoformat(), due_provisional=due.provisional, paused_on=None)
    return due.day


def _acceptance(db: Connection, case: RowMapping) -> Acceptance:
    known: dict[str, AcceptanceState] = {"waiting-documents": "waiting-documents", "granted": "granted"}
    running = case["due"] is not None and case["paused_on"] is None
    return Acceptance(
        case_no=case["case_no"],
        state=known.get(case["state"], "accepted"),
        missing=[],
        papers=papers_of(db, case["case_no"]),
        due=date.fromisoformat(case["due"]) if running else None,
        provisional=bool(case["due_provisional"]) and running,
    )


def _titles(papers: Sequence[Paper]) -> str:
    return "、".join(paper.title["zh-CN"] for paper in papers)


OPERATIONS: Final = (
    post(
        "/v1/cases/{case_no}/application",
        apply,
        "Accept an application, with papers outstanding where that is allowed",
        status=201,
    ),
    post("/v1/cases/{case_no}/supplements", supplement, "Bring papers that were outstanding"),
    post(
        "/v1/office/cases/{case_no}/supplement-requests",
        ask_supplement,
        "Ask the applicant for a paper more",
        roles=CASEWORK,
    ),
)
