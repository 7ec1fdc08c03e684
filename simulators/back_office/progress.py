"""Progress (进度查询): where a case stands, what comes next, until when, and who has it.

Asked by case number with a proof (the last four of the applicant's ID number; five wrong ones a day
close the case to asking), or by ID number once the kiosk has identified the person.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import StringConstraints
from sqlalchemy import Connection, PrimaryKeyConstraint, RowMapping, Table, or_, select, update

from simulators.back_office.acceptance import cases, require_case
from simulators.back_office.catalogue import find_item
from simulators.back_office.circulation import whereabouts_of
from simulators.back_office.contract import CaseNo, Number, Part
from simulators.back_office.desk import Office, Refused
from simulators.back_office.materials import Paper, outstanding_of
from simulators.back_office.operation import post
from simulators.back_office.registers import permit_of, permits
from simulators.back_office.stations import find_station
from simulators.back_office.store import add, metadata, moment, of, text, whole

TRIES_A_DAY: Final = 5
MOST: Final = 50

Stage = Literal["applying", "in-review", "waiting-documents", "for-decision", "done", "refused", "returned"]
NextStep = Literal[
    "finish-at-kiosk", "wait", "bring-documents", "pay", "collect", "ask-at-window", "apply-again", "none"
]

STAGES: Final[dict[str, tuple[Stage, NextStep]]] = {
    "opened": ("applying", "finish-at-kiosk"),
    "quoted": ("applying", "finish-at-kiosk"),
    "paid": ("applying", "finish-at-kiosk"),
    "approved": ("for-decision", "finish-at-kiosk"),
    "accepted": ("in-review", "wait"),
    "objected": ("in-review", "wait"),
    "review": ("in-review", "ask-at-window"),
    "waiting-documents": ("waiting-documents", "bring-documents"),
    "reviewed": ("for-decision", "wait"),
    "answered": ("done", "ask-at-window"),
    "decided": ("done", "pay"),
    "settled": ("done", "none"),
    "granted": ("done", "collect"),
    "issued": ("done", "none"),
    "refunded": ("done", "none"),
    "refused": ("refused", "ask-at-window"),
    "failed": ("refused", "ask-at-window"),
    "returned": ("returned", "apply-again"),
}
"""What a case's state means to the person. A state of another desk that is not here is done."""

wrong_proofs: Final = Table(
    "wrong_proofs",
    metadata,
    of("case_no", "cases.case_no"),
    text("day"),
    whole("count"),
    PrimaryKeyConstraint("case_no", "day"),
)


class ByCase(Part):
    case_no: CaseNo
    last_four: Annotated[str, StringConstraints(pattern=r"^[0-9]{3}[0-9Xx]$")]


class ByPerson(Part):
    """The kiosk has identified this person."""

    kiosk: Number
    id_number: Number


class Progress(Part):
    """``due`` is the last day of the decision, None when none runs. ``holder``: the station's title."""

    case_no: str
    service: str
    title: dict[str, str]
    opened_at: datetime
    stage: Stage
    next_step: NextStep
    due: date | None
    provisional: bool
    holder: dict[str, str]
    outstanding: list[Paper]


class ProgressList(Part):
    """Newest first."""

    cases: list[Progress]


def ask_by_case(office: Office, asked: ByCase) -> Progress:
    """Return how a case stands.

    Raises ``Refused`` 404 for a wrong number or proof, 409 ``too-many-tries``.
    """
    with office.store.begin() as db:
        case = require_case(db, asked.case_no, lock=True)
        tries = _tries(db, office, asked.case_no)
        if tries >= TRIES_A_DAY:
            raise Refused(409, "too-many-tries")
        owner = _owner(db, case)
        right = owner is not None and owner[-4:].upper() == asked.last_four.upper()
        if right:
            return _progress(db, case)
        _count_try(db, office, asked.case_no, tries + 1)
    # Raised outside of the transaction: that the proof was wrong stays counted.
    raise Refused(404, "not-found", asked.case_no)


def ask_by_person(db: Connection, office: Office, asked: ByPerson) -> ProgressList:
    """Return a person's own cases, newest first."""
    own_permits = select(permits.c.permit_number).where(permits.c.id_number == asked.id_number)
    rows = db.execute(
        select(cases)
        .where(or_(cases.c.id_number == asked.id_number, cases.c.permit_number.in_(own_permits)))
        .order_by(cases.c.opened_at.desc())
        .limit(MOST)
    ).mappings()
    return ProgressList(cases=[_progress(db, row) for row in rows])


def _progress(db: Connection, case: RowMapping) -> Progress:
    stage, next_step = STAGES.get(case["state"], ("done", "none"))
    item = find_item(case["service"], moment(case["opened_at"]).date())
    here = whereabouts_of(db, case["case_no"])
    holder = find_station(here.file_at if here is not None else case["station"])
    running = case["due"] is not None and stage in {"in-review", "for-decision"}
    return Progress(
        case_no=case["case_no"],
        service=case["service"],
        title=item.title if item is not None else {},
        opened_at=moment(case["opened_at"]),
        stage=stage,
        next_step=next_step,
        due=date.fromisoformat(case["due"]) if running else None,
        provisional=running and bool(case["due_provisional"]),
        holder=holder.title if holder is not None else {},
        outstanding=outstanding_of(db, case["case_no"]) if stage == "waiting-documents" else [],
    )


def _owner(db: Connection, case: RowMapping) -> str | None:
    if case["id_number"] is not None:
        return str(case["id_number"])
    permit = permit_of(db, case["permit_number"]) if case["permit_number"] is not None else None
    return None if permit is None else str(permit["id_number"])


def _tries(db: Connection, office: Office, case_no: str) -> int:
    mine = (wrong_proofs.c.case_no == case_no) & (wrong_proofs.c.day == office.today().isoformat())
    return int(db.scalars(select(wrong_proofs.c.count).where(mine)).first() or 0)


def _count_try(db: Connection, office: Office, case_no: str, tries: int) -> None:
    day = office.today().isoformat()
    if tries == 1:
        add(db, wrong_proofs, case_no=case_no, day=day, count=1)
    else:
        mine = (wrong_proofs.c.case_no == case_no) & (wrong_proofs.c.day == day)
        db.execute(update(wrong_proofs).where(mine).values(count=tries))


OPERATIONS: Final = (
    post("/v1/progress", ask_by_case, "How a case stands, by its number and a proof", keyed=False),
    post("/v1/progress/mine", ask_by_person, "How an identified person's cases stand", keyed=False),
)
