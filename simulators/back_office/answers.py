"""Answers kept under their ``Idempotency-Key``: the same request again gets the same answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Table, insert
from sqlalchemy.exc import IntegrityError

from simulators.back_office.contract import Part
from simulators.back_office.desk import Office, Refused
from simulators.back_office.operation import Operation
from simulators.back_office.store import find, key, metadata, stamp, text, whole

answers: Final = Table(
    "stored_answers", metadata, key("key"), text("request_digest"), whole("status"), text("body"), text("at")
)


class Clerk:
    """Does operations and keeps their answers. Only what was done is kept: a refusal had no effect
    and may be asked again."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._keys = _KeyedLocks()

    def serve(
        self, operation: Operation, numbers: dict[str, str], said: Part | None, key: str | None, digest: str
    ) -> tuple[int, str]:
        """Return status and JSON text of the answer; raises ``Refused``. Without ``key`` nothing is kept."""
        if key is None:
            return operation.status, self._do(operation, numbers, said)
        with self._keys.hold(key):
            try:
                return self._once(operation, numbers, said, key, digest)
            except IntegrityError:
                # Somebody else entered the same number at the same moment, and what was done here was
                # rolled back. Now it is there to be found.
                return self._once(operation, numbers, said, key, digest)

    def _do(self, operation: Operation, numbers: dict[str, str], said: Part | None) -> str:
        if operation.alone:
            return operation.do_alone(self._office, numbers, said).model_dump_json()
        with self._office.store.begin() as db:
            return operation.do(db, self._office, numbers, said).model_dump_json()

    def _once(
        self, operation: Operation, numbers: dict[str, str], said: Part | None, key: str, digest: str
    ) -> tuple[int, str]:
        with self._office.store.begin() as db:
            stored = _stored(db, key, digest)
            if stored is not None:
                return stored
            if not operation.alone:
                body = operation.do(db, self._office, numbers, said).model_dump_json()
                self._keep(db, operation, key, digest, body)
                return operation.status, body
        # A crash between the act and the keeping is harmless: the desks know their business by its
        # own numbers too.
        body = operation.do_alone(self._office, numbers, said).model_dump_json()
        with self._office.store.begin() as db:
            self._keep(db, operation, key, digest, body)
        return operation.status, body

    def _keep(self, db: Connection, operation: Operation, key: str, digest: str, body: str) -> None:
        db.execute(
            insert(answers).values(
                key=key,
                request_digest=digest,
                status=operation.status,
                body=body,
                at=stamp(self._office.now()),
            )
        )


def _stored(db: Connection, key: str, digest: str) -> tuple[int, str] | None:
    row = find(db, answers.c.key, key)
    if row is None:
        return None
    if row["request_digest"] != digest:
        raise Refused(422, "key-reused")
    return int(row["status"]), str(row["body"])


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
