"""Opening the journal's file: SQLCipher with a raw key, WAL, every commit on the disk before it counts.

SQLite before 3.51.3 may lose commits when a WAL is reset while another connection checkpoints
(https://sqlite.org/wal.html, "the WAL-reset bug"), so the journal refuses it. ``synchronous=FULL``
because in WAL mode NORMAL may roll a commit back after a power loss (https://sqlite.org/pragma.html).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from pathlib import Path
from typing import Any, Final

from sqlcipher3 import dbapi2

from kiosk.journal import chain, keys, schema
from kiosk.journal.records import Head, JournalFailed, JournalRefused

SQLITE_AT_LEAST: Final = (3, 51, 3)
PAGE_BYTES: Final = 4096
"""SQLCipher's page."""
CACHE_KIB: Final = 1024
"""Pages that the writer keeps in memory: it appends, so more serve nobody. The build's own 8 MB fill over two
thousand visits, which cannot be told from a leak."""
TAIL_EVENTS: Final = 256
"""How many of the newest events a start verifies: a bound, so that a start never grows."""

DISK_FAILED: Final = frozenset({"SQLITE_FULL", "SQLITE_IOERR"})
"""Results (https://sqlite.org/rescode.html) that tell of the disk and not of the file on it."""

Connection = Any
"""A ``sqlcipher3.dbapi2.Connection``; the package has no types."""

Error: type[Exception] = dbapi2.Error
IntegrityError: type[Exception] = dbapi2.IntegrityError


def sqlite_version() -> tuple[int, ...]:
    """Return the version of the SQLite that is linked in."""
    return tuple(int(part) for part in dbapi2.sqlite_version.split("."))


def connect(path: Path, key: bytes, *, query_only: bool = False) -> Connection:
    """Open the database file ``path``; with ``query_only`` neither it nor its log is changed.

    Raises ``JournalRefused``: ``sqlite-too-old``; ``key-length``; ``wrong-key``, also when the first
    page is damaged; ``damaged``; ``schema-unknown``. To write, also ``JournalFailed``: the disk fails.
    """
    if sqlite_version() < SQLITE_AT_LEAST:
        raise JournalRefused("sqlite-too-old", ".".join(map(str, sqlite_version())))
    if len(key) != 32:
        raise JournalRefused("key-length")
    if query_only and path.exists() and path.stat().st_size < PAGE_BYTES:
        # SQLite would take it for an empty one, and its log for a leftover that can go.
        raise JournalRefused("damaged", "the file is shorter than a page")
    address = f"{path.absolute().as_uri()}?mode={'ro' if query_only else 'rwc'}"
    try:
        connection = dbapi2.connect(address, uri=True, isolation_level=None, timeout=5.0)
    except dbapi2.Error as error:
        raise JournalRefused("damaged", str(error)) from error
    try:
        connection.execute("PRAGMA cipher_log_level = NONE")  # what goes wrong is raised
        # The salt is given, not read from the file: a power cut that tears its first sector in the middle
        # of a checkpoint would else make every page, and the whole log, unreadable.
        connection.execute(f"PRAGMA key = \"x'{key.hex()}{keys.salt(key).hex()}'\"")
        _settle(connection, query_only)
    except dbapi2.Error as error:
        connection.close()
        if not query_only and getattr(error, "sqlite_errorname", "") in DISK_FAILED:
            raise JournalFailed(str(error)) from error
        code = "wrong-key" if "not a database" in str(error) else "damaged"
        raise JournalRefused(code, str(error)) from error
    except JournalRefused:
        connection.close()
        raise
    return connection


def _settle(connection: Connection, query_only: bool) -> None:
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # the first use of the key
    connection.execute("PRAGMA temp_store = MEMORY")
    if not query_only:
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise JournalRefused("damaged", f"journal mode is {mode}")
        for pragma in (
            "synchronous = FULL",
            "foreign_keys = ON",
            "recursive_triggers = ON",  # else REPLACE would delete without asking the triggers
            "trusted_schema = OFF",
            "cell_size_check = ON",
            "secure_delete = ON",
            f"cache_size = -{CACHE_KIB}",
        ):
            connection.execute(f"PRAGMA {pragma}")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version not in ((schema.VERSION,) if query_only else (0, schema.VERSION)):
        raise JournalRefused("schema-unknown", str(version))


def prepare(connection: Connection, born: str) -> None:
    """Make the tables when the database is new; ``born`` is the time of day in ISO 8601."""
    if connection.execute("PRAGMA user_version").fetchone()[0] == schema.VERSION:
        return
    journal_id = secrets.token_hex(8)
    start = chain.beginning(journal_id)
    # executescript would commit the transaction that makes all of this one step.
    connection.execute("BEGIN IMMEDIATE")
    for statement in _statements(schema.TABLES):
        connection.execute(statement)
    connection.executemany(
        "INSERT INTO meta (name, value) VALUES (?, ?)", [("journal_id", journal_id), ("born", born)]
    )
    connection.execute("INSERT INTO head (one, number, hash) VALUES (1, ?, ?)", (start.number, start.hash))
    connection.execute(f"PRAGMA user_version = {schema.VERSION}")
    connection.execute("COMMIT")


def meta(connection: Connection, name: str) -> str:
    """Return what the journal knows of itself: ``journal_id``, ``born``."""
    return str(connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0])


def head(connection: Connection) -> Head:
    """Return the newest link."""
    number, digest = connection.execute("SELECT number, hash FROM head").fetchone()
    return Head(number, bytes(digest))


def check_tail(connection: Connection) -> None:
    """Verify the newest events against the head; raises ``JournalRefused`` ``chain-broken``, ``damaged``.

    What is older is verified by command, and was verified when it was the tail.
    """
    try:
        newest = head(connection)
        before = connection.execute(
            "SELECT number, hash FROM event WHERE number <= ? ORDER BY number DESC LIMIT 1",
            (newest.number - TAIL_EVENTS,),
        ).fetchone()
        start = (
            Head(before[0], bytes(before[1])) if before else chain.beginning(meta(connection, "journal_id"))
        )
        rows = connection.execute(
            f"SELECT {chain.COLUMNS} FROM event WHERE number > ? ORDER BY number", (start.number,)
        )
        wrong = next(chain.faults(rows, start, newest), None)
        beyond = connection.execute("SELECT max(number) FROM event").fetchone()[0]
    except dbapi2.Error as error:
        raise JournalRefused("damaged", str(error)) from error
    if wrong is None and (beyond or 0) > newest.number:
        wrong = f"event {newest.number + 1} lies beyond the head"
    if wrong:
        raise JournalRefused("chain-broken", wrong)


def tidy(connection: Connection) -> None:
    """Bring the write-ahead log home and empty it.

    A power cut may leave a page of the file torn, whose whole copy is in the log, and half a commit at the
    log's end. Afterwards every byte of both files is one that a verification can judge. Where that fails
    (a full disk) nothing is lost: the log stays.
    """
    with contextlib.suppress(dbapi2.Error):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


class WriterLock:
    """Holds the journal for one process: the kernel lets go of it however the process ends."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(
            path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise JournalRefused("in-use", path.name) from None

    def release(self) -> None:
        os.close(self._descriptor)


def _statements(script: str) -> list[str]:
    statements, pending = [], ""
    for part in script.split(";"):
        pending += part + ";"
        if dbapi2.complete_statement(pending):
            statements.append(pending.strip())
            pending = ""
    return [statement for statement in statements if statement != ";"]
