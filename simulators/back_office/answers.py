"""Answers kept under their ``Idempotency-Key``: the same request again gets the same answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from anyio import CapacityLimiter
from sqlalchemy import Connection, Table
from sqlalchemy.exc import IntegrityError

from simulators.back_office import sessions
from simulators.back_office.contract import Part
from simulators.back_office.desk import Office, Refused
from simulators.back_office.operation import Asked, Operation
from simulators.back_office.store import add, connections, find, key, metadata, reading, stamp, text, whole

answers: Final = Table(
    "stored_answers", metadata, key("key"), text("request_digest"), whole("status"), text("body"), text("at")
)


Pass = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it is sent. ``cookie`` is set in the caller's browser, "" takes it away."""

    status: int
    body: str
    cookie: str | None = None


class Clerk:
    """Does operations and keeps their answers. Only what was done is kept: a refusal had no effect
    and may be asked again."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._keys = _KeyedLocks()
        self._reading = reading(office.store)
        self.limiter = CapacityLimiter(connections(office.store))
        """For what only the database is needed: more threads than connections would wait in each other's way.
        What asks another host has the event loop's own."""

    def serve(
        self, operation: Operation, asked: Asked, pass_: Pass, key: str | None, digest: str
    ) -> Answered:
        """Return the answer; raises ``Refused``. Without ``key`` nothing is kept.

        ``pass_`` is what an officer's request shows: the session's cookie and the CSRF token.
        """
        if key is None:
            return self._do(operation, asked, pass_)
        with self._keys.hold(key):
            try:
                return self._once(operation, asked, pass_, key, digest)
            except IntegrityError:
                # Somebody else entered the same number at the same moment, and what was done here was
                # rolled back. Now it is there to be found.
                return self._once(operation, asked, pass_, key, digest)

    def _do(self, operation: Operation, asked: Asked, pass_: Pass) -> Answered:
        if operation.alone:
            return _answered(operation, operation.do_alone(self._office, asked))
        # A kiosk's question needs no transaction; an officer's is written into the trail.
        question = operation.method == "GET" and operation.door == "kiosk"
        with self._reading.connect() if question else self._office.store.begin() as db:
            asked = self._admitted(db, operation, asked, pass_)
            return _answered(operation, operation.do(db, self._office, asked))

    def _once(self, operation: Operation, asked: Asked, pass_: Pass, key: str, digest: str) -> Answered:
        with self._office.store.begin() as db:
            asked = self._admitted(db, operation, asked, pass_)
            stored = _stored(db, key, digest)
            if stored is not None:
                return stored
            if not operation.alone:
                answered = _answered(operation, operation.do(db, self._office, asked))
                self._keep(db, operation, key, digest, answered.body)
                return answered
        # A crash between the act and the keeping is harmless: the desks know their business by its
        # own numbers too.
        answered = _answered(operation, operation.do_alone(self._office, asked))
        with self._office.store.begin() as db:
            self._keep(db, operation, key, digest, answered.body)
        return answered

    def _admitted(self, db: Connection, operation: Operation, asked: Asked, pass_: Pass) -> Asked:
        if operation.door != "officer":
            return asked
        return replace(asked, officer=sessions.admit(db, self._office, operation, *pass_))

    def _keep(self, db: Connection, operation: Operation, key: str, digest: str, body: str) -> None:
        add(
            db,
            answers,
            key=key,
            request_digest=digest,
            status=operation.status,
            body=body,
            at=stamp(self._office.now()),
        )


def _answered(operation: Operation, part: Part) -> Answered:
    return Answered(operation.status, part.model_dump_json(), getattr(part, "_cookie", None))


def _stored(db: Connection, key: str, digest: str) -> Answered | None:
    row = find(db, answers.c.key, key)
    if row is None:
        return None
    if row["request_digest"] != digest:
        raise Refused(422, "key-reused")
    return Answered(int(row["status"]), str(row["body"]))


class _KeyedLocks:
    """A lock for every key in use: two requests with one key wait for each other."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        with self._guard:
            lock, users = self._locks.get(key, (threading.Lock(), 0))
            self._locks[key] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._guard:
                _, users = self._locks[key]
                if users == 1:
                    del self._locks[key]
                else:
                    self._locks[key] = lock, users - 1
