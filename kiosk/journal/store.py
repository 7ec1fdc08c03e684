"""The journal as plain synchronous code, for the one thread that owns the connection."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from kiosk.clock import Clock, iso
from kiosk.failpoints import Failpoints
from kiosk.journal import chain, database, queries
from kiosk.journal.fields import checked
from kiosk.journal.records import (
    MAY_FOLLOW,
    AlreadyIntended,
    Body,
    Effect,
    EffectState,
    Event,
    Head,
    Intent,
    JournalFailed,
    Letter,
    Outcome,
    PostedLetter,
    VisitRecord,
)
from kiosk.journal.room import Ballast

T = TypeVar("T")
Told = Callable[[Event], None]
"""Called with each event once it is committed, on the journal's thread; must not raise."""

OUTBOX_LIMIT: Final = 10_000
LATEST_ONLY: Final = frozenset({"heartbeat", "journal-head"})
"""Letters of which an unsent older one is worth nothing: the newest takes its place."""
DISPENSABLE: Final = frozenset({"heartbeat", "journal-head", "rating"})
"""Letters that make room, oldest first, when the outbox is full."""


class Store:
    """One connection, one thread. Every public method is one transaction, or reads.

    Raises ``JournalFailed`` when a transaction can't be committed; then nothing of it happened.
    """

    def __init__(self, path: Path, key: bytes, clock: Clock, failpoints: Failpoints, told: Told) -> None:
        """Open; raises ``JournalRefused`` and ``JournalFailed`` as ``database`` says."""
        self._path, self._key = path, key
        self._clock, self._failpoints, self._told = clock, failpoints, told
        self._appended: list[Event] = []
        self._ballast = Ballast(path)
        self._lock = database.WriterLock(path)
        try:
            self._connection = database.connect(path, key)
            try:
                database.prepare(self._connection, iso(clock.wall()))
                database.check_tail(self._connection)
                database.tidy(self._connection)
            except database.Error as error:
                self._connection.close()
                raise JournalFailed(str(error)) from error
            except BaseException:
                self._connection.close()
                raise
        except BaseException:
            self._lock.release()
            raise
        self.journal_id = database.meta(self._connection, "journal_id")
        self.born = datetime.fromisoformat(database.meta(self._connection, "born"))
        self.head: Head = database.head(self._connection)

    def close(self) -> None:
        self._connection.close()
        self._lock.release()

    def surely(self, act: Callable[..., T], *args: Any) -> T:
        """Return ``act(*args)``, tried once more with the ballast overboard when the disk is full."""
        try:
            return act(*args)
        except JournalFailed:
            if not self._ballast.drop():
                raise
            self._reopen()
            return act(*args)

    def failpoint(self, name: str) -> None:
        self._failpoints.hit(name)

    # --- writing ------------------------------------------------------------------------------

    def begin(self, visit: str, service: str, case_no: str, body: Body) -> Event:
        self._ballast.take()
        with self._transaction("visit-began"):
            self._connection.execute(
                "INSERT INTO visit (visit, service, case_no, opened) VALUES (?, ?, ?, ?)",
                (visit, service, case_no, iso(self._clock.wall())),
            )
            return self._append(visit, "visit-began", {"service": service, "case_no": case_no, **body})

    def note(self, visit: str, kind: str, body: Body, letter: Letter | None) -> Event:
        with self._transaction(kind):
            event = self._append(visit, kind, body)
            self._enclose(letter)
            return event

    def intend(self, visit: str, kind: str, key: str, before: Body, body: Body) -> Intent:
        with self._transaction(f"effect-intended.{kind}"):
            if self._connection.execute(
                "SELECT 1 FROM effect WHERE kind = ? AND key = ?", (kind, key)
            ).fetchone():
                raise AlreadyIntended(f"{kind} {key}")
            event = self._append(
                visit, "effect-intended", {"effect": kind, "key": key, "before": dict(before), **body}
            )
            self._connection.execute(
                "INSERT INTO effect (number, visit, kind, key, state, before, after)"
                " VALUES (?, ?, ?, ?, 'intended', ?, '{}')",
                (event.number, visit, kind, key, checked(before)),
            )
            return Intent(visit, kind, key, event.number)

    def conclude(self, intent: Intent, state: EffectState, after: Body, letter: Letter | None) -> Event:
        with self._transaction(f"effect-concluded.{intent.kind}.{state}"):
            row = self._connection.execute(
                "SELECT state FROM effect WHERE number = ?", (intent.number,)
            ).fetchone()
            if row is None or state not in MAY_FOLLOW[EffectState(row[0])]:
                raise ValueError(f"{intent.kind} {intent.key}: {state} can't follow {row and row[0]}")
            event = self._append(
                intent.visit,
                "effect-concluded",
                {"effect": intent.kind, "key": intent.key, "state": state.value, "after": dict(after)},
            )
            self._connection.execute(
                "UPDATE effect SET state = ?, after = ? WHERE number = ?",
                (state.value, checked(after), intent.number),
            )
            self._enclose(letter)
            return event

    def end(self, visit: str, outcome: Outcome, reason: str, letter: Letter | None) -> Event:
        with self._transaction(f"visit-ended.{outcome}"):
            changed = self._connection.execute(
                "UPDATE visit SET outcome = ?, reason = ? WHERE visit = ? AND outcome IS NULL",
                (outcome.value, reason, visit),
            ).rowcount
            if changed != 1:
                raise ValueError(f"visit {visit} is not open")
            event = self._append(visit, "visit-ended", {"outcome": outcome.value, "reason": reason})
            self._enclose(letter)
            return event

    def next_number(self, counter: str) -> int:
        with self._transaction("counter"):
            row = self._connection.execute(
                "INSERT INTO counter (name, value) VALUES (?, 1)"
                " ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
                (counter,),
            ).fetchone()
            return int(row[0])

    def post(self, letter: Letter) -> None:
        with self._transaction(f"letter.{letter.kind}"):
            self._enclose(letter)

    def letters_accepted(self, ids: tuple[str, ...]) -> None:
        with self._transaction("letters-accepted"):
            self._connection.executemany("DELETE FROM outbox WHERE id = ?", [(name,) for name in ids])

    def letter_refused(self, name: str, code: str) -> None:
        with self._transaction("letter-refused"):
            self._connection.execute("UPDATE outbox SET refused = ? WHERE id = ?", (code, name))

    # --- reading ------------------------------------------------------------------------------

    def open_visits(self) -> tuple[VisitRecord, ...]:
        return queries.open_visits(self._connection)

    def visit(self, visit: str) -> VisitRecord:
        return queries.visit(self._connection, visit)

    def visits(self, newest: int) -> tuple[VisitRecord, ...]:
        rows = self._connection.execute("SELECT visit FROM visit ORDER BY rowid DESC LIMIT ?", (newest,))
        return tuple(self.visit(row[0]) for row in reversed(rows.fetchall()))

    def events(self, visit: str) -> tuple[Event, ...]:
        return queries.events(self._connection, visit)

    def newest_note(self, visit: str, kind: str) -> Event | None:
        return queries.newest_note(self._connection, visit, kind)

    def unresolved(self) -> tuple[Effect, ...]:
        return queries.unresolved(self._connection)

    def letters(self, limit: int) -> tuple[PostedLetter, ...]:
        rows = self._connection.execute(
            "SELECT ordinal, id, at, kind, case_no, body FROM outbox"
            " WHERE refused = '' ORDER BY ordinal LIMIT ?",
            (limit,),
        )
        return tuple(
            PostedLetter(ordinal, name, at, Letter(kind, json.loads(body), case_no))
            for ordinal, name, at, kind, case_no, body in rows
        )

    def letters_waiting(self) -> int:
        row = self._connection.execute("SELECT count(*) FROM outbox WHERE refused = ''").fetchone()
        return int(row[0])

    # --- inside a transaction --------------------------------------------------------------------

    @contextmanager
    def _transaction(self, name: str) -> Iterator[None]:
        """Commit what the body writes, or nothing; the failpoints lie on both sides of the commit."""
        self._appended.clear()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._failpoints.hit(f"journal.{name}.before")
                self._connection.execute("COMMIT")
            except BaseException:
                self._undo()
                raise
        except database.IntegrityError as error:
            raise ValueError(f"the journal can't hold this: {error}") from error
        except database.Error as error:
            self._reopen()
            raise JournalFailed(str(error)) from error
        finally:
            self.head = self._try(lambda: database.head(self._connection), self.head)
        for event in self._appended:
            self._told(event)
        self._failpoints.hit(f"journal.{name}.after")

    def _undo(self) -> None:
        if self._connection.in_transaction:
            self._try(lambda: self._connection.execute("ROLLBACK"), None)

    def _reopen(self) -> None:
        """After an I/O error only what the file says counts: read it with a new connection.

        The log is brought home, so that a commit whose ``fsync`` failed is not found whole by the next start.
        """
        fresh = self._try(lambda: database.connect(self._path, self._key), None)
        if fresh is not None:
            self._connection.close()
            self._connection = fresh
            database.tidy(fresh)

    @staticmethod
    def _try(act: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return act()
        except Exception:
            return otherwise

    def _append(self, visit: str, kind: str, body: Body) -> Event:
        head = database.head(self._connection)
        row = self._connection.execute("SELECT max(seq) FROM event WHERE visit = ?", (visit,)).fetchone()
        number, seq, text = head.number + 1, (row[0] or 0) + 1, checked(body)
        wall, mono_ns = iso(self._clock.wall()), self._clock.mono_ns()
        digest = chain.link(head.hash, number, visit, seq, kind, text, wall, mono_ns)
        values: chain.Row = (number, visit, seq, kind, text, wall, mono_ns, head.hash, digest)
        self._connection.execute(
            f"INSERT INTO event ({chain.COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values
        )
        self._connection.execute("UPDATE head SET number = ?, hash = ?", (number, digest))
        event = chain.event_of(values)
        self._appended.append(event)
        return event

    def _enclose(self, letter: Letter | None) -> None:
        if letter is None:
            return
        execute = self._connection.execute
        if letter.kind in LATEST_ONLY:
            execute("DELETE FROM outbox WHERE kind = ?", (letter.kind,))
        if self.letters_waiting() >= OUTBOX_LIMIT:
            marks = ", ".join("?" * len(DISPENSABLE))
            execute(
                "DELETE FROM outbox WHERE ordinal = (SELECT ordinal FROM outbox"
                f" WHERE kind IN ({marks}) ORDER BY ordinal LIMIT 1)",
                tuple(sorted(DISPENSABLE)),
            )
            if self.letters_waiting() >= OUTBOX_LIMIT and letter.kind in DISPENSABLE:
                return
        ordinal = execute(
            "INSERT INTO outbox (id, kind, case_no, at, body) VALUES (?, ?, ?, ?, ?) RETURNING ordinal",
            ("", letter.kind, letter.case_no, iso(self._clock.wall()), checked(letter.body)),
        ).fetchone()[0]
        execute("UPDATE outbox SET id = ? WHERE ordinal = ?", (f"{self.journal_id}-{ordinal}", ordinal))
