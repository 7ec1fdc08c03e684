"""The papers of a case (材料): what was given, what is outstanding and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal

from sqlalchemy import Connection, Index, RowMapping, Table, UniqueConstraint, select, update

from simulators.back_office.contract import Number, Part
from simulators.back_office.desk import Office
from simulators.back_office.store import add, flag, metadata, of, serial, text, text_or_none, values
from simulators.back_office.working_days import deadline

REMINDED_BEFORE_DAYS: Final = 2
"""Working days between the reminder and the last day."""

materials: Final = Table(
    "materials",
    metadata,
    serial(),
    of("case_no", "cases.case_no"),
    text("code"),
    values("title"),
    text("state"),
    text("form"),
    text_or_none("due"),
    flag("due_provisional"),
    text_or_none("remind_on"),
    UniqueConstraint("case_no", "code"),
    Index("outstanding_materials", "state", "due"),
)


class Given(Part):
    """A paper that the applicant gives: as a picture or data, or the original itself."""

    code: Number
    form: Literal["electronic", "original"]


class Paper(Part):
    """``due`` of an outstanding one is its last day, ``provisional`` while the holidays are unknown."""

    code: str
    title: dict[str, str]
    state: Literal["given", "outstanding"]
    form: str
    due: date | None
    provisional: bool


def add_given(db: Connection, case_no: str, code: str, title: dict[str, str], form: str) -> None:
    """Enter a paper that is there."""
    add(
        db,
        materials,
        case_no=case_no,
        code=code,
        title=title,
        state="given",
        form=form,
        due=None,
        due_provisional=False,
        remind_on=None,
    )


def add_outstanding(
    db: Connection, office: Office, case_no: str, code: str, title: dict[str, str], days: int
) -> date:
    """Enter a paper that is to come within ``days`` working days; return the last one."""
    due = deadline(office.today(), days)
    remind_on = deadline(office.today(), max(0, days - REMINDED_BEFORE_DAYS)).day
    add(
        db,
        materials,
        case_no=case_no,
        code=code,
        title=title,
        state="outstanding",
        form="",
        due=due.day.isoformat(),
        due_provisional=due.provisional,
        remind_on=remind_on.isoformat(),
    )
    return due.day


def give(db: Connection, case_no: str, given: Given) -> bool:
    """An outstanding paper has come; False when none of this code is outstanding."""
    changed = db.execute(
        update(materials)
        .where(
            materials.c.case_no == case_no,
            materials.c.code == given.code,
            materials.c.state == "outstanding",
        )
        .values(state="given", form=given.form, due=None, remind_on=None)
    )
    return bool(changed.rowcount)


def papers_of(db: Connection, case_no: str) -> list[Paper]:
    """Return a case's papers as they were entered."""
    rows = db.execute(
        select(materials).where(materials.c.case_no == case_no).order_by(materials.c.id)
    ).mappings()
    return [
        Paper(
            code=row["code"],
            title=row["title"],
            state=row["state"],
            form=row["form"],
            due=date.fromisoformat(row["due"]) if row["due"] else None,
            provisional=row["due_provisional"],
        )
        for row in rows
    ]


def outstanding_of(db: Connection, case_no: str) -> list[Paper]:
    """Return what is still to come."""
    return [paper for paper in papers_of(db, case_no) if paper.state == "outstanding"]


def due_today(db: Connection, today: date) -> Sequence[RowMapping]:
    """Return ``case_no`` and ``due`` of outstanding papers whose day to act has come."""
    day = today.isoformat()
    return list(
        db.execute(
            select(materials.c.case_no, materials.c.due).where(
                materials.c.state == "outstanding", (materials.c.remind_on <= day) | (materials.c.due < day)
            )
        ).mappings()
    )


def mark_reminded(db: Connection, case_no: str) -> None:
    """Nobody is reminded of the same paper twice."""
    db.execute(update(materials).where(materials.c.case_no == case_no).values(remind_on=None))
