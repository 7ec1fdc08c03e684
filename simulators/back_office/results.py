"""Results told to the kiosk that took the case in (结果推送).

A kiosk cannot be called from outside, so it asks: for everything after the last number it has seen.
What it has shown or printed it acknowledges; what it has not is seen by officers. Numbers count up
without a gap for each kiosk and in the order in which they can be seen, so that none is skipped.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field
from sqlalchemy import Connection, PrimaryKeyConstraint, RowMapping, Table, func, select, update

from simulators.back_office.contract import Number, Part
from simulators.back_office.desk import Office
from simulators.back_office.operation import get, post
from simulators.back_office.store import (
    add,
    metadata,
    moment,
    next_number,
    of,
    stamp,
    text,
    text_or_none,
    whole,
)

Kind = Literal["granted", "refused", "returned", "supplement-wanted"]
PAGE: Final = 100

results: Final = Table(
    "results",
    metadata,
    text("kiosk"),
    whole("number"),
    of("case_no", "cases.case_no"),
    text("kind"),
    text("at"),
    text_or_none("acknowledged_at"),
    PrimaryKeyConstraint("kiosk", "number"),
)

Cursor = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Since(Part):
    since: Cursor = 0


class Result(Part):
    number: int
    case_no: str
    kind: Kind
    at: datetime


class Results(Part):
    """Ask again with ``next``; ``more`` when there is something to ask for already."""

    results: list[Result]
    next: int
    more: bool


class Acknowledged(Part):
    """Everything up to this number has reached the kiosk."""

    up_to: Cursor


class StillOpen(Part):
    """How many results the kiosk has not acknowledged."""

    open: int


def push(db: Connection, office: Office, case: RowMapping, kind: Kind) -> None:
    """Put a result where the kiosk that took the case in will ask for it."""
    add(
        db,
        results,
        kiosk=case["kiosk"],
        number=next_number(db, f"results of {case['kiosk']}"),
        case_no=case["case_no"],
        kind=kind,
        at=stamp(office.now()),
        acknowledged_at=None,
    )


def show_results(db: Connection, office: Office, kiosk: Number, asked: Since) -> Results:
    """Return what came after a number, oldest first."""
    rows = list(
        db.execute(
            select(results)
            .where(results.c.kiosk == kiosk, results.c.number > asked.since)
            .order_by(results.c.number)
            .limit(PAGE + 1)
        ).mappings()
    )
    page = [
        Result(number=row["number"], case_no=row["case_no"], kind=row["kind"], at=moment(row["at"]))
        for row in rows[:PAGE]
    ]
    return Results(results=page, next=page[-1].number if page else asked.since, more=len(rows) > PAGE)


def acknowledge(db: Connection, office: Office, kiosk: Number, done: Acknowledged) -> StillOpen:
    """Take note that the kiosk has everything up to a number."""
    mine = (results.c.kiosk == kiosk) & results.c.acknowledged_at.is_(None)
    db.execute(
        update(results)
        .where(mine, results.c.number <= done.up_to)
        .values(acknowledged_at=stamp(office.now()))
    )
    return StillOpen(open=int(db.scalars(select(func.count()).select_from(results).where(mine)).one()))


OPERATIONS: Final = (
    get("/v1/kiosks/{kiosk}/results", show_results, "Results of the cases that this kiosk took in"),
    post("/v1/kiosks/{kiosk}/results/acknowledge", acknowledge, "These results have reached the kiosk"),
)
