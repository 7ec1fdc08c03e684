"""When a journal is not opened, or takes no new visit: its key, its schema, another writer, the disk."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from kiosk.journal import JournalRefused, Outcome, database, read_key, room
from kiosk.journal import journal as journal_module
from tests.trust.small_journal import filled, opened, raw
from tests.trust.world import in_loop


@in_loop
async def test_a_wrong_key_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    await filled(tmp_path)
    before = (tmp_path / "journal.db").read_bytes()
    with pytest.raises(JournalRefused) as refused:
        await opened(tmp_path, bytes(32))
    assert refused.value.code == "wrong-key"
    assert (tmp_path / "journal.db").read_bytes() == before
    async with await opened(tmp_path) as journal:
        assert (await journal.verify()).whole


@in_loop
async def test_an_old_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "sqlite_version", lambda: (3, 51, 2))
    with pytest.raises(JournalRefused) as refused:
        await opened(tmp_path)
    assert refused.value.code == "sqlite-too-old"


@in_loop
async def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    async with await opened(tmp_path):
        with pytest.raises(JournalRefused) as refused:
            await opened(tmp_path)
        assert refused.value.code == "in-use"
    async with await opened(tmp_path) as journal:
        assert journal.head().number == 0


@in_loop
async def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    await filled(tmp_path)
    connection = raw(tmp_path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(JournalRefused) as refused:
        await opened(tmp_path)
    assert refused.value.code == "schema-unknown"


@in_loop
async def test_little_disk_refuses_new_visits_and_lets_open_ones_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = room.NEW_VISIT_FLOOR_BYTES
    monkeypatch.setattr(journal_module, "free_bytes", lambda path: free)
    async with await opened(tmp_path) as journal:
        await journal.begin("v1", "endorsement", "C1")
        free -= 1
        with pytest.raises(JournalRefused) as refused:
            await journal.begin("v2", "endorsement", "C2")
        assert refused.value.code == "disk-low"
        await journal.end("v1", Outcome.CANCELLED, "left")
    free = room.OPEN_FLOOR_BYTES - 1
    with pytest.raises(JournalRefused) as refused:
        await opened(tmp_path)
    assert refused.value.code == "disk-low"


def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.key"
    with pytest.raises(JournalRefused) as refused:
        read_key(path)
    assert refused.value.code == "key-missing"
    key = read_key(path, make=True)
    assert len(key) == 32
    assert read_key(path, make=True) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(JournalRefused) as refused:
        read_key(path)
    assert refused.value.code == "key-mode"
    path.chmod(0o600)
    path.write_bytes(key + b"\n")
    with pytest.raises(JournalRefused) as refused:
        read_key(path)
    assert refused.value.code == "key-length"
