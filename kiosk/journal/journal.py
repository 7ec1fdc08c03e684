"""The journal: append-only, hash-chained, encrypted, one writer; every act's intent before the act.

All methods are coroutines over one thread that owns the connection, so that a slow disk never
delays a frame. A write that was begun is finished even when its caller is cancelled: afterwards
the caller knows that what it asked for is in the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from kiosk.clock import Clock
from kiosk.failpoints import Failpoints, NoFailpoints
from kiosk.journal import keys
from kiosk.journal.effects import KINDS
from kiosk.journal.fields import word
from kiosk.journal.money_book import MoneyLine, read_money
from kiosk.journal.records import (
    MACHINE,
    Body,
    ChainReport,
    Effect,
    EffectState,
    Event,
    Head,
    Intent,
    JournalRefused,
    Letter,
    NotAllowed,
    Outcome,
    PostedLetter,
    VisitRecord,
)
from kiosk.journal.room import NEW_VISIT_FLOOR_BYTES, OPEN_FLOOR_BYTES, free_bytes
from kiosk.journal.store import Store, Told
from kiosk.journal.verify import verify_file, verify_newest

T = TypeVar("T")


@dataclass(slots=True)
class Act:
    """An effect under way: put the evidence into ``after``; say ``failed`` when it surely didn't happen."""

    intent: Intent
    after: dict[str, Any] = field(default_factory=dict)
    state: EffectState = EffectState.DONE

    def failed(self, **after: Any) -> None:
        """State that the act is known not to have happened, with the evidence for it."""
        self.state, self.after = EffectState.FAILED, after


class Journal:
    """See the module. Made by ``Journal.open``.

    Any write raises ``JournalFailed`` when it could not be committed (it then did not happen),
    ``NotAllowed`` for a body that the journal must not keep, ``ValueError`` for one that makes no
    sense (a visit that is not open, a state that can't follow).
    """

    def __init__(self, path: Path, key: bytes, pool: ThreadPoolExecutor, store: Store) -> None:
        self._path, self._key, self._pool, self._store = path, key, pool, store
        self.posted = asyncio.Event()
        """Set whenever a letter was put into the outbox."""

    @classmethod
    async def open(
        cls,
        path: Path,
        key: bytes,
        clock: Clock,
        *,
        failpoints: Failpoints | None = None,
        told: Told = lambda _: None,
    ) -> Journal:
        """Open the journal in ``path``, made when missing, with the 32-byte ``key``.

        Verifies the newest events only, so that a start doesn't grow with the journal. ``told`` is called
        with each event once it is committed, on the journal's thread; it must not raise.
        Raises ``JournalRefused``: ``sqlite-too-old``, ``key-length``, ``wrong-key``, ``damaged``,
        ``chain-broken``, ``schema-unknown``, ``in-use``, ``disk-low``; ``JournalFailed`` when the disk
        fails.
        """
        if free_bytes(path) < OPEN_FLOOR_BYTES:
            raise JournalRefused("disk-low", f"{free_bytes(path)} bytes free")
        pool = ThreadPoolExecutor(1, thread_name_prefix="journal")
        loop = asyncio.get_running_loop()
        try:
            store = await loop.run_in_executor(
                pool, Store, path, key, clock, failpoints or NoFailpoints(), told
            )
        except BaseException:
            pool.shutdown(wait=False)
            raise
        return cls(path, key, pool, store)

    async def close(self) -> None:
        """Finish what is queued and close the file."""
        await self._run(self._store.close)
        self._pool.shutdown()

    async def __aenter__(self) -> Journal:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def path(self) -> Path:
        return self._path

    @property
    def id(self) -> str:
        """16 hex digits made with the file: another file has another."""
        return self._store.journal_id

    @property
    def born(self) -> datetime:
        """When the file was made."""
        return self._store.born

    def head(self) -> Head:
        """Return the newest link of the chain."""
        return self._store.head

    def token(self, what: str, value: str) -> str:
        """Return 64 hex digits that stand for an ID number (``what`` "id") or permit ("permit")."""
        return keys.token(self._key, what, value)

    # --- visits ---------------------------------------------------------------------------------

    async def begin(self, visit: str, service: str, case_no: str = "", **body: Any) -> None:
        """Open a visit; raises ``JournalRefused`` ``disk-low`` when another could not be kept safely."""
        if not self.has_room():
            raise JournalRefused("disk-low", f"{free_bytes(self._path)} bytes free")
        await self._write(self._store.begin, visit, service, case_no, body)

    def has_room(self) -> bool:
        """Tell whether the disk can keep another visit safely (what ``begin`` asks)."""
        return free_bytes(self._path) >= NEW_VISIT_FLOOR_BYTES

    async def note(self, visit: str, kind: str, *, letter: Letter | None = None, **body: Any) -> Event:
        """Add an event to a visit, or to ``MACHINE``; ``letter`` is posted in the same commit."""
        event = await self._write(self._store.note, visit, kind, body, letter)
        self._ring(letter)
        return event

    async def end(
        self, visit: str, outcome: Outcome, reason: str = "", *, letter: Letter | None = None
    ) -> None:
        """Close a visit. ``reason`` is a code word."""
        await self._write(self._store.end, visit, outcome, reason, letter)
        self._ring(letter)

    # --- effects --------------------------------------------------------------------------------

    async def intend(
        self, visit: str, kind: str, key: str, *, before: Body, body: Body | None = None
    ) -> Intent:
        """Commit that an effect is about to be tried; only then may the act begin.

        ``before`` must hold the evidence that the kind asks for (``effects.KINDS``), else
        ``NotAllowed``. Raises ``AlreadyIntended`` when this kind and key were intended before.
        """
        missing = [name for name in KINDS[kind].before if name not in before]
        if missing:
            raise NotAllowed(f"{kind} needs as evidence before: {', '.join(missing)}")
        return await self._write(self._store.intend, visit, kind, key, before, body or {})

    async def conclude(
        self,
        intent: Intent,
        state: EffectState,
        *,
        after: Body | None = None,
        letter: Letter | None = None,
    ) -> None:
        """Commit what became of an effect. Done needs the kind's evidence, else ``NotAllowed``."""
        evidence = after or {}
        missing = [name for name in KINDS[intent.kind].after if name not in evidence]
        if state is EffectState.DONE and missing:
            raise NotAllowed(f"{intent.kind} needs as evidence after: {', '.join(missing)}")
        await self._write(self._store.conclude, intent, state, evidence, letter)
        self._ring(letter)

    @asynccontextmanager
    async def acting(
        self, visit: str, kind: str, key: str, *, before: Body, body: Body | None = None
    ) -> AsyncIterator[Act]:
        """Commit the intent, let the body act, commit the outcome.

        The body fills ``act.after``. Leaving by an exception concludes as unknown, unless the body
        said ``act.failed(...)``; the exception goes on. Failpoints lie on both sides of the body.
        """
        intent = await self.intend(visit, kind, key, before=before, body=body)
        act = Act(intent)
        try:
            self.hit(f"act.{kind}.before")
            yield act
            self.hit(f"act.{kind}.after")
        except BaseException as error:
            if act.state is EffectState.DONE:
                act.state = EffectState.UNKNOWN
                act.after.setdefault("code", word(str(getattr(error, "code", type(error).__name__))))
            raise
        finally:
            await self.conclude(intent, act.state, after=act.after)

    def hit(self, name: str) -> None:
        """Meet a failpoint that isn't the journal's own."""
        self._store.failpoint(name)

    async def unresolved(self) -> tuple[Effect, ...]:
        """Return the effects, of any visit, whose question is still open."""
        return await self._run(self._store.unresolved)

    # --- reading --------------------------------------------------------------------------------

    async def open_visits(self) -> tuple[VisitRecord, ...]:
        """Return the visits that have not ended, oldest first."""
        return await self._run(self._store.open_visits)

    async def visit(self, visit: str) -> VisitRecord:
        """Return all that is known of a visit; raises ``KeyError``."""
        return await self._run(self._store.visit, visit)

    async def visits(self, newest: int = 100) -> tuple[VisitRecord, ...]:
        """Return the ``newest`` visits, oldest of them first."""
        return await self._run(self._store.visits, newest)

    async def machine_events(self) -> tuple[Event, ...]:
        """Return what the machine noted outside of visits."""
        return await self._run(self._store.events, MACHINE)

    async def newest_note(self, kind: str) -> Event | None:
        """Return the newest event of ``kind`` that the machine noted outside of visits, or None."""
        return await self._run(self._store.newest_note, MACHINE, kind)

    async def money(
        self, begin: datetime, end: datetime, orders: Collection[str] = ()
    ) -> tuple[MoneyLine, ...]:
        """Return the money concluded from ``begin`` to before ``end``, and all known of ``orders``."""
        return await asyncio.to_thread(read_money, self._path, self._key, begin=begin, end=end, orders=orders)

    async def verify(self, expect: Head | None = None) -> ChainReport:
        """Verify the whole file, reading beside the writer. ``expect`` is a head known from before."""
        return await asyncio.to_thread(verify_file, self._path, self._key, expect)

    async def verify_newest(self) -> ChainReport:
        """Verify the newest events, as a start does: it takes as long however old the journal is."""
        return await asyncio.to_thread(verify_newest, self._path, self._key)

    # --- numbers and letters ----------------------------------------------------------------------

    async def next_number(self, counter: str) -> int:
        """Return the next number of ``counter`` (from 1), committed before it is returned."""
        return await self._write(self._store.next_number, counter)

    async def post(self, letter: Letter) -> None:
        """Put a letter into the outbox by itself."""
        await self._write(self._store.post, letter)
        self._ring(letter)

    async def post_head(self) -> None:
        """Post the head, so that the back office can tell a truncation."""
        head = self.head()
        await self.post(Letter("journal-head", {"number": head.number, "head": head.hash.hex()}))

    async def letters(self, limit: int = 50) -> tuple[PostedLetter, ...]:
        """Return the oldest letters that wait, in order."""
        return await self._run(self._store.letters, limit)

    async def letters_waiting(self) -> int:
        """Return how many letters wait."""
        return await self._run(self._store.letters_waiting)

    async def letters_accepted(self, *ids: str) -> None:
        """Forget letters that the back office has."""
        await self._write(self._store.letters_accepted, ids)

    async def letter_refused(self, name: str, code: str) -> None:
        """Set a letter aside that the back office will never take."""
        await self._write(self._store.letter_refused, name, code)

    def _ring(self, letter: Letter | None) -> None:
        if letter is not None:
            self.posted.set()

    async def _write(self, act: Callable[..., T], *args: Any) -> T:
        return await self._run(self._store.surely, act, *args)

    async def _run(self, act: Callable[..., T], *args: Any) -> T:
        future = asyncio.get_running_loop().run_in_executor(self._pool, act, *args)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            # Cancelled again while waiting, it waits again: the caller must know what was committed.
            while not future.done():
                try:
                    await asyncio.wait({future})
                except asyncio.CancelledError:
                    continue
            if not future.cancelled():
                future.exception()
            raise
