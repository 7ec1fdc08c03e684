"""The key's file and the database's: how they are made, opened, and refused."""

from __future__ import annotations

import asyncio
import os
import resource
import secrets
import stat
from pathlib import Path
from unittest.mock import Mock

import pytest
from sqlcipher3 import dbapi2

from kiosk.journal import JournalFailed, JournalRefused, database, keys, read_key
from kiosk.journal.verify import verify_newest
from tests.trust.journal_parts.written import closed
from tests.trust.world import KEY


def test_a_missing_key_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def token_bytes(count: int) -> bytes:
        asked.append(count)
        return bytes(count)

    monkeypatch.setattr(secrets, "token_bytes", token_bytes)
    path = tmp_path / "made.key"
    with pytest.raises(JournalRefused) as refused:
        read_key(path)
    assert (refused.value.code, refused.value.detail) == ("key-missing", "made.key")
    assert read_key(path, make=True) == bytes(32)
    assert read_key(path, make=True) == bytes(32)
    assert asked == [32]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o604)
    with pytest.raises(JournalRefused) as refused:
        read_key(path)
    assert (refused.value.code, refused.value.detail) == (
        "key-mode",
        "made.key must be its owner's alone (0600)",
    )


def test_tokens_are_made_as_they_always_were() -> None:
    assert keys.token(KEY, "id", "11010519491231002X") == keys.token(KEY, "id", " 11010519491231002x\n")
    assert keys.token(KEY, "id", "1") == ("6524a0ca30bf8f1d3821233fb4cab2991d376912722419caac2e3ea412c8f23d")
    assert keys.salt(KEY).hex() == "bb7bd365ae63bc2e5a69f38394d93d2f"


def test_a_writer_is_set_as_the_page_says(files: tuple[Path, Path]) -> None:
    connection = database.connect(files[0], KEY)
    expected = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "trusted_schema": 0,
        "cell_size_check": 1,
        "secure_delete": 1,
        "cache_size": -1024,
        "temp_store": 2,
    }
    assert {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in expected} == expected
    connection.close()


def test_a_reader_cannot_write_and_makes_no_file(files: tuple[Path, Path], tmp_path: Path) -> None:
    asyncio.run(closed(files[0]))
    connection = database.connect(files[0], KEY, query_only=True)
    with pytest.raises(dbapi2.OperationalError):
        connection.execute("INSERT INTO counter VALUES ('x', 1)")
    assert connection.execute("PRAGMA temp_store").fetchone()[0] == 2
    connection.close()
    with pytest.raises(JournalRefused) as refused:
        database.connect(tmp_path / "none.db", KEY, query_only=True)
    assert refused.value.code == "damaged"
    assert not (tmp_path / "none.db").exists()
    for size in (0, 1, 4095):
        (tmp_path / "short.db").write_bytes(bytes(size))
        with pytest.raises(JournalRefused) as refused:
            database.connect(tmp_path / "short.db", KEY, query_only=True)
        assert (refused.value.code, refused.value.detail) == ("damaged", "the file is shorter than a page")


def test_why_a_file_is_refused(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(closed(files[0]))

    def refusal(key: bytes = KEY, **more: bool) -> tuple[str, str]:
        with pytest.raises(JournalRefused) as refused:
            database.connect(files[0], key, **more)
        return refused.value.code, refused.value.detail

    assert refusal(KEY[:31]) == ("key-length", "")
    assert refusal(bytes(32)) == ("wrong-key", "file is not a database")
    connection = database.connect(files[0], KEY)
    for version in (2, 77):
        connection.execute(f"PRAGMA user_version = {version}")
        assert refusal() == refusal(query_only=True) == ("schema-unknown", str(version))
    connection.execute("PRAGMA user_version = 0")
    assert refusal(query_only=True) == ("schema-unknown", "0")
    connection.close()
    for old in ((3, 51, 2), (3, 50, 9), (2, 99, 99)):
        monkeypatch.setattr(database, "sqlite_version", lambda old=old: old)
        assert refusal() == ("sqlite-too-old", ".".join(map(str, old)))
    monkeypatch.setattr(database, "sqlite_version", lambda: (3, 51, 3))
    database.connect(files[0], KEY).close()


@pytest.mark.parametrize(
    ("said", "name", "raised"),
    [
        ("disk I/O error", "SQLITE_IOERR", JournalFailed),
        ("database or disk is full", "SQLITE_FULL", JournalFailed),
        ("file is not a database", "SQLITE_NOTADB", JournalRefused),
        ("database disk image is malformed", "SQLITE_CORRUPT", JournalRefused),
    ],
)
def test_a_disk_that_fails_is_told_from_a_file_that_is_damaged(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, said: str, name: str, raised: type[Exception]
) -> None:
    """The first is tried again, the second is for staff; who only reads has no disk that could fail."""
    asyncio.run(closed(files[0]))
    error = dbapi2.OperationalError(said)
    error.sqlite_errorname = name
    monkeypatch.setattr(database, "_settle", Mock(side_effect=error))
    with pytest.raises(raised, match=said) as found:
        database.connect(files[0], KEY)
    with pytest.raises(JournalRefused, match=said) as refused:
        database.connect(files[0], KEY, query_only=True)
    expected = ("wrong-key" if name == "SQLITE_NOTADB" else "damaged", said)
    assert (refused.value.code, refused.value.detail) == expected
    if isinstance(found.value, JournalRefused):
        assert (found.value.code, found.value.detail) == expected


def test_the_lock_is_held_by_one(tmp_path: Path) -> None:
    first = database.WriterLock(tmp_path / "journal.db")
    assert stat.S_IMODE((tmp_path / "journal.db.lock").stat().st_mode) == 0o600
    with pytest.raises(JournalRefused) as refused:
        database.WriterLock(tmp_path / "journal.db")
    assert (refused.value.code, refused.value.detail) == ("in-use", "journal.db")
    first.release()
    database.WriterLock(tmp_path / "journal.db").release()


@pytest.mark.parametrize(
    ("statement", "detail"),
    [
        ("UPDATE event SET body = '{\"level\":1}' WHERE number = 5", "event 5 was changed"),
        ("DELETE FROM event WHERE number = 3", "event 3 is missing"),
        ("DELETE FROM event WHERE number = 6", "events 6 to 6 are missing at the end"),
        ("UPDATE head SET hash = zeroblob(32)", "event 6 is not the one that was known"),
        (
            "UPDATE head SET number = 5, hash = (SELECT hash FROM event WHERE number = 5)",
            "event 6 lies beyond the head",
        ),
    ],
)
def test_a_start_says_what_is_wrong_with_the_end(
    files: tuple[Path, Path], statement: str, detail: str
) -> None:
    asyncio.run(closed(files[0]))
    connection = database.connect(files[0], KEY)
    connection.execute("PRAGMA foreign_keys = OFF")
    for trigger in ("event_no_update", "event_no_delete"):
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute(statement)
    with pytest.raises(JournalRefused) as refused:
        database.check_tail(connection)
    assert (refused.value.code, refused.value.detail) == ("chain-broken", detail)
    connection.close()
    report = verify_newest(files[0], KEY)
    assert report.faults == (detail,)
    assert report.events == 0


def test_who_has_no_descriptor_says_that_nothing_was_verified(files: tuple[Path, Path]) -> None:
    """However many descriptors are left: a visit's end looks beside the writer and must not fail by it."""
    asyncio.run(closed(files[0]))
    was = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Path(os.devnull).open() as lowest:
        first = lowest.fileno()
    reports = []
    for left in range(8):
        resource.setrlimit(resource.RLIMIT_NOFILE, (first + left, was[1]))
        try:
            reports.append(verify_newest(files[0], KEY))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, was)
    assert reports[0].faults[0].startswith("not verified: ")
    assert all(report.whole or report.faults[0].startswith("not verified: ") for report in reports), reports


def test_the_end_that_a_start_looks_at(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(closed(files[0]))
    assert database.TAIL_EVENTS == 256
    whole = verify_newest(files[0], KEY)
    assert (whole.events, whole.head.number, whole.faults, whole.whole) == (6, 6, (), True)
    monkeypatch.setattr(database, "TAIL_EVENTS", 4)
    assert verify_newest(files[0], KEY).events == 4
    connection = database.connect(files[0], KEY)
    connection.execute("DROP TRIGGER event_no_update")
    connection.execute("UPDATE event SET kind = 'x' WHERE number = 2")
    database.check_tail(connection)  # four events back from the sixth begins after the second
    connection.execute("UPDATE event SET kind = 'x' WHERE number = 3")
    with pytest.raises(JournalRefused, match="event 3 was changed"):
        database.check_tail(connection)
    connection.close()
