"""Whoever has the key and changes the journal is found out; its commands say so."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import pytest

from kiosk.journal import MACHINE, JournalRefused, commands, database
from kiosk.journal.invariants import invariants, recent_invariants
from tests.trust.small_journal import filled, key_file, opened, raw
from tests.trust.world import in_loop


def tampered(folder: Path, *statements: str) -> None:
    """Change the file with the triggers out of the way."""
    connection = raw(folder)
    for name in ("event_no_update", "event_no_delete", "event_next", "effect_no_delete"):
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("PRAGMA foreign_keys = OFF")
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        (["UPDATE event SET body = replace(body, '1500', '15') WHERE number = 2"], "event 2 was changed"),
        (["UPDATE event SET wall = '2026-01-01T00:00:00.000Z' WHERE number = 4"], "event 4 was changed"),
        (["DELETE FROM event WHERE number = 4"], "event 4 is missing"),
        (["DELETE FROM event WHERE number = 1"], "event 1 is missing"),
        (["DELETE FROM event WHERE number = 10"], "the head says 10"),
        (["UPDATE effect SET state = 'failed'"], "effect 2: its row"),
        (["DELETE FROM effect"], "effect 2: its row"),
        (["UPDATE visit SET outcome = 'refunded'"], "visit v1: its row"),
    ],
)
@in_loop
async def test_verification_finds_what_was_changed(tmp_path: Path, statements: list[str], fault: str) -> None:
    await filled(tmp_path)
    tampered(tmp_path, *statements)
    out = io.StringIO()
    assert commands.verify(tmp_path / "journal.db", key_file(tmp_path), out=out) == 1
    assert fault in out.getvalue()


@in_loop
async def test_a_cut_end_is_found_by_a_head_known_from_before(tmp_path: Path) -> None:
    head = await filled(tmp_path)
    tampered(
        tmp_path,
        "DELETE FROM event WHERE number > 7",
        "UPDATE head SET number = 7, hash = (SELECT hash FROM event WHERE number = 7)",
    )
    async with await opened(tmp_path) as journal:  # by itself it looks whole
        assert (await journal.verify()).whole
        report = await journal.verify(head)
        assert report.faults == ("events 8 to 10 are missing at the end",)


@in_loop
async def test_a_rewritten_chain_is_found_by_a_head_known_from_before(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    head, other = await filled(tmp_path), await filled(tmp_path / "other")
    async with await opened(tmp_path) as journal:
        assert (await journal.verify(head)).whole
        report = await journal.verify(other)
        assert report.faults == ("event 10 is not the one that was known",)


@in_loop
async def test_a_start_refuses_a_broken_tail(tmp_path: Path) -> None:
    await filled(tmp_path)
    tampered(tmp_path, "UPDATE event SET mono_ns = mono_ns + 1 WHERE number = 9")
    with pytest.raises(JournalRefused) as refused:
        await opened(tmp_path)
    assert refused.value.code == "chain-broken"


@in_loop
async def test_a_start_reads_the_tail_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "TAIL_EVENTS", 4)
    await filled(tmp_path)
    tampered(tmp_path, "UPDATE event SET body = '{}' WHERE number = 3")
    async with await opened(tmp_path) as journal:
        assert (await journal.verify()).faults[0] == "event 3 was changed"


@in_loop
async def test_the_end_of_a_visit_looks_at_the_end_of_the_chain_only(tmp_path: Path) -> None:
    """What every visit does must not grow with the journal: an old link is for the command to find."""
    await filled(tmp_path, notes=300)
    tampered(tmp_path, "UPDATE event SET wall = '2026-01-01T00:00:00.000Z' WHERE number = 3")
    async with await opened(tmp_path) as journal:
        assert (await recent_invariants(journal))["chain_whole"] is True
        assert (await invariants(journal))["chain_whole"] == "event 3 was changed"


@in_loop
async def test_what_changed_at_the_end_of_the_chain_shows_at_the_next_visits_end(tmp_path: Path) -> None:
    await filled(tmp_path)
    async with await opened(tmp_path) as journal:
        tampered(tmp_path, "UPDATE event SET wall = '2026-01-01T00:00:00.000Z' WHERE number = 3")
        assert (await recent_invariants(journal))["chain_whole"] == "event 3 was changed"


@in_loop
async def test_one_changed_byte_anywhere_in_the_file_is_found(tmp_path: Path) -> None:
    await filled(tmp_path)
    path, key = tmp_path / "journal.db", key_file(tmp_path)
    whole = path.read_bytes()
    for position in [*range(0, 64, 7), *range(64, len(whole), len(whole) // 40)]:
        changed = bytearray(whole)
        changed[position] ^= 0x01
        path.write_bytes(changed)
        assert commands.verify(path, key, out=io.StringIO()) != 0, position
    path.write_bytes(whole)
    assert commands.verify(path, key, out=io.StringIO()) == 0


@in_loop
async def test_show_and_export(tmp_path: Path) -> None:
    head = await filled(tmp_path)
    path, key = tmp_path / "journal.db", key_file(tmp_path)
    out = io.StringIO()
    assert commands.show(path, key, out=out) == 0
    assert "C1" in out.getvalue()
    assert "delivered" in out.getvalue()
    events = io.StringIO()
    assert commands.show(path, key, visit="v1", out=events) == 0
    assert len(events.getvalue().splitlines()) == 5
    assert commands.show(path, key, visit="v9", out=io.StringIO()) == 1
    exported = io.StringIO()
    assert commands.export(path, key, out=exported) == 0
    beginning, *lines = [json.loads(line) for line in exported.getvalue().splitlines()]
    assert lines[0]["prev"] == beginning["beginning"]
    assert [line["prev"] for line in lines[1:]] == [line["hash"] for line in lines[:-1]]
    assert lines[-1]["hash"] == head.hash.hex()
    assert commands.verify(path, key, head=str(head), out=io.StringIO()) == 0
    assert commands.verify(path, key, head="nonsense", out=io.StringIO()) == 2
    assert commands.verify(tmp_path / "none.db", key, out=io.StringIO()) == 2
    assert not (tmp_path / "none.db").exists()


@in_loop
async def test_verifying_beside_the_writer(tmp_path: Path) -> None:
    async with await opened(tmp_path) as journal:
        for _ in range(5):
            await journal.note(MACHINE, "noted")
            report, _ = await asyncio.gather(journal.verify(), journal.note(MACHINE, "noted"))
            assert report.whole
