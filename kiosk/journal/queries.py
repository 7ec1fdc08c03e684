"""What is asked of the journal's file, by its writer and beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from kiosk.journal import chain, database
from kiosk.journal.records import MACHINE, Effect, EffectState, Event, Intent, Outcome, VisitRecord

T = TypeVar("T")


def visit(connection: database.Connection, name: str) -> VisitRecord:
    """Return all that is known of a visit; raises ``KeyError``."""
    row = connection.execute(
        "SELECT service, case_no, opened, outcome, reason FROM visit WHERE visit = ?", (name,)
    ).fetchone()
    if row is None:
        raise KeyError(name)
    service, case_no, opened, outcome, reason = row
    return VisitRecord(
        name,
        service,
        case_no,
        datetime.fromisoformat(opened),
        Outcome(outcome) if outcome else None,
        reason,
        events(connection, name),
        effects(connection, "WHERE visit = ?", name),
    )


def open_visits(connection: database.Connection) -> tuple[VisitRecord, ...]:
    """Return the visits that have not ended, oldest first."""
    rows = connection.execute("SELECT visit FROM visit WHERE outcome IS NULL ORDER BY opened, visit")
    return tuple(visit(connection, row[0]) for row in rows.fetchall())


def events(connection: database.Connection, name: str) -> tuple[Event, ...]:
    """Return the events of a visit, or of ``MACHINE``, in order."""
    rows = connection.execute(f"SELECT {chain.COLUMNS} FROM event WHERE visit = ? ORDER BY seq", (name,))
    return tuple(chain.event_of(row) for row in rows)


def newest_note(connection: database.Connection, visit: str, kind: str) -> Event | None:
    """Return the newest event of ``kind`` in a visit, or None."""
    row = connection.execute(
        f"SELECT {chain.COLUMNS} FROM event WHERE visit = ? AND kind = ? ORDER BY seq DESC LIMIT 1",
        (visit, kind),
    ).fetchone()
    return chain.event_of(row) if row is not None else None


def unresolved(connection: database.Connection) -> tuple[Effect, ...]:
    """Return the effects whose question is open, oldest first."""
    return effects(connection, "WHERE state IN ('intended', 'unknown')")


def effects(connection: database.Connection, where: str, *values: str) -> tuple[Effect, ...]:
    """Return the effects that ``where`` picks, oldest first."""
    rows = connection.execute(
        f"SELECT number, visit, kind, key, state, before, after FROM effect {where} ORDER BY number", values
    )
    return tuple(
        Effect(Intent(visit, kind, key, number), EffectState(state), json.loads(before), json.loads(after))
        for number, visit, kind, key, state, before, after in rows
    )


@dataclass(frozen=True, slots=True)
class Beside:
    """The journal read where no kiosk runs, or beside the one that does; nothing of it is changed.

    Each method raises ``JournalRefused`` when it can't be read.
    """

    path: Path
    key: bytes

    async def newest_note(self, kind: str) -> Event | None:
        """As ``Journal.newest_note``."""
        return await asyncio.to_thread(self._ask, lambda file: newest_note(file, MACHINE, kind))

    async def open_visits(self) -> tuple[VisitRecord, ...]:
        """As ``Journal.open_visits``."""
        return await asyncio.to_thread(self._ask, open_visits)

    async def unresolved(self) -> tuple[Effect, ...]:
        """As ``Journal.unresolved``."""
        return await asyncio.to_thread(self._ask, unresolved)

    def _ask(self, question: Callable[[database.Connection], T]) -> T:
        with closing(database.connect(self.path, self.key, query_only=True)) as connection:
            return question(connection)
