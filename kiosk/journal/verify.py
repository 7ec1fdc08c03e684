"""Verification of a whole journal: every page, every link, and all that is derived from the chain."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from kiosk.journal import chain, database, keys
from kiosk.journal.log import Log, read_log
from kiosk.journal.records import ChainReport, Head, JournalRefused

LOOKS: Final = 3
LOOK_AGAIN_S: Final = 0.03
"""How often, and after how long, what looks unfinished is looked at again."""
_NUMBER: Final = re.compile(r"\D+")


def verify_file(path: Path, key: bytes, expect: Head | None = None) -> ChainReport:
    """Verify the journal in ``path`` with a connection of its own, which only reads and delays no writer.

    Checks each page's authentication code, SQLite's own structure, the write-ahead log's every frame, the
    chain from its beginning, the head, and that visits and effects are what the events say. ``expect`` is a
    head known from before (the back office has it): the chain must pass through it, else events were cut off.
    Raises ``JournalRefused`` when the file can't be read at all.
    """
    for _ in range(LOOKS):
        report = _look(path, key, expect)
        if not report.unfinished:
            break
        time.sleep(LOOK_AGAIN_S)  # a writer may be in the middle of a commit, or of a checkpoint
    return report


def verify_newest(path: Path, key: bytes) -> ChainReport:
    """Verify the newest events only, beside the writer: what takes as long however old the journal is.

    A file that cannot be opened a second time (no descriptor is left, say) is reported as a fault: whoever
    writes it is not stopped by that.
    """
    try:
        connection = database.connect(path, key, query_only=True)
    except JournalRefused as refused:
        return ChainReport(0, Head(0, bytes(32)), (f"not verified: {refused.detail}",))
    try:
        connection.execute("BEGIN")
        newest = database.head(connection)
        try:
            database.check_tail(connection)
        except JournalRefused as refused:
            return ChainReport(0, newest, (refused.detail,))
        return ChainReport(min(newest.number, database.TAIL_EVENTS), newest, ())
    except database.Error as error:
        return ChainReport(0, Head(0, bytes(32)), (f"not verified: {error}",))
    finally:
        connection.close()


def _look(path: Path, key: bytes, expect: Head | None) -> ChainReport:
    connection = database.connect(path, key, query_only=True)
    try:
        try:
            log = read_log(path)
            return _verify(connection, expect, _damaged_pages(connection, path, key), log)
        except database.Error as error:
            return ChainReport(0, Head(0, bytes(32)), (f"the file is damaged: {error}",))
    finally:
        connection.close()


def _damaged_pages(connection: database.Connection, path: Path, key: bytes) -> list[str]:
    """Return what is wrong with the pages as they lie in the file, ``page N: …`` each."""
    found = [
        f"page {_NUMBER.sub('', row[0])}: {row[0]}"
        for row in connection.execute("PRAGMA cipher_integrity_check")
    ]
    with path.open("rb") as file:
        if file.read(16) not in (keys.salt(key), b""):
            found.append("page 1: its salt is not this key's")
    return found


def _verify(connection: database.Connection, expect: Head | None, pages: list[str], log: Log) -> ChainReport:
    # A page that the log has whole is written anew from there: torn in the file, it does no harm.
    mended = [fault for fault in pages if int(_NUMBER.sub("", fault.partition(":")[0])) in log.pages]
    connection.execute("BEGIN")  # one snapshot for all that follows
    wrong = [fault for fault in pages if fault not in mended]
    wrong += [
        f"structure: {row[0]}" for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"
    ]
    start = chain.beginning(database.meta(connection, "journal_id"))
    newest = database.head(connection)
    rebuilt = _Rebuilt()
    wrong += chain.faults(rebuilt.reading(_rows(connection)), start, expect)
    if rebuilt.last(start) != newest:
        wrong.append(f"the last event is {rebuilt.last(start).number}, the head says {newest.number}")
    wrong += rebuilt.differences(connection)
    return ChainReport(rebuilt.events, newest, tuple(wrong), (*mended, *log.faults))


def _rows(connection: database.Connection) -> Iterator[chain.Row]:
    yield from connection.execute(f"SELECT {chain.COLUMNS} FROM event ORDER BY number")


class _Rebuilt:
    """Visits and effects as the events alone tell them."""

    def __init__(self) -> None:
        self.events = 0
        self._head: Head | None = None
        self._sequence: dict[str, int] = {}
        self._visits: dict[str, tuple[Any, ...]] = {}
        self._effects: dict[int, list[Any]] = {}
        self._by_key: dict[tuple[str, str], int] = {}
        self._wrong: list[str] = []

    def last(self, start: Head) -> Head:
        return self._head or start

    def reading(self, rows: Iterator[chain.Row]) -> Iterator[chain.Row]:
        """Pass ``rows`` on, and build from each."""
        for row in rows:
            self.events += 1
            self._head = Head(row[0], bytes(row[8]))
            self._take(row[0], row[1], row[2], row[3], json.loads(row[4]))
            yield row

    def _take(self, number: int, visit: str, seq: int, kind: str, body: dict[str, Any]) -> None:
        if seq != self._sequence.get(visit, 0) + 1:
            self._wrong.append(f"visit {visit}: event {self._sequence.get(visit, 0) + 1} is missing")
        self._sequence[visit] = seq
        effect, key = body.get("effect"), body.get("key")
        match kind:
            case "visit-began":
                self._visits[visit] = (body.get("service"), body.get("case_no"), None, "")
            case "visit-ended":
                service, case_no, *_ = self._visits.get(visit, ("", ""))
                self._visits[visit] = (service, case_no, body.get("outcome"), body.get("reason"))
            case "effect-intended":
                self._effects[number] = [visit, effect, key, "intended", body.get("before"), {}]
                self._by_key[str(effect), str(key)] = number
            case "effect-concluded":
                found = self._by_key.get((str(effect), str(key)))
                if found is None:
                    self._wrong.append(f"event {number} concludes an effect that nobody intended")
                else:
                    self._effects[found][3] = body.get("state")
                    self._effects[found][5] = body.get("after")

    def differences(self, connection: database.Connection) -> list[str]:
        """Return how the derived tables differ from what the events say."""
        visits = {
            row[0]: tuple(row[1:])
            for row in connection.execute("SELECT visit, service, case_no, outcome, reason FROM visit")
        }
        effects = {
            row[0]: [*row[1:5], json.loads(row[5]), json.loads(row[6])]
            for row in connection.execute("SELECT number, visit, kind, key, state, before, after FROM effect")
        }
        wrong = [
            f"visit {name}: its row is not what its events say" for name in _different(visits, self._visits)
        ]
        wrong += [
            f"effect {name}: its row is not what its events say"
            for name in _different(effects, self._effects)
        ]
        return self._wrong + wrong


def _different(found: dict[Any, Any], told: dict[Any, Any]) -> list[Any]:
    return sorted(name for name in found.keys() | told.keys() if found.get(name) != told.get(name))
