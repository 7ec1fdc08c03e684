"""The journal: what it keeps, what it refuses, and that it only grows."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlcipher3 import dbapi2

from kiosk.clock import SystemClock
from kiosk.journal import (
    MACHINE,
    AlreadyIntended,
    EffectState,
    Head,
    Journal,
    JournalFailed,
    JournalRefused,
    Letter,
    NotAllowed,
    Outcome,
    blocked,
    commands,
    database,
    read_key,
    room,
)
from kiosk.journal import journal as journal_module
from kiosk.journal.invariants import invariants, recent_invariants
from kiosk.numbers import Numbers, check_character, is_whole
from tests.trust.world import KEY, SITE, in_loop


async def opened(folder: Path, key: bytes = KEY) -> Journal:
    return await Journal.open(folder / "journal.db", key, SystemClock())


async def filled(folder: Path, notes: int = 5) -> Head:
    """Write a whole visit and some notes; return the head."""
    async with await opened(folder) as journal:
        await journal.begin("v1", "endorsement", "C1")
        before = {"channel": "wechat", "amount_fen": 1500}
        async with journal.acting("v1", "take-money", "o1", before=before) as act:
            act.after["state"] = "approved"
        await journal.note("v1", "delivered")
        await journal.end("v1", Outcome.DELIVERED)
        for _ in range(notes):
            await journal.note(MACHINE, "checked")
        return journal.head()


def raw(folder: Path) -> Any:
    """Open the file as somebody who has the key and means harm."""
    return database.connect(folder / "journal.db", KEY)


@in_loop
async def test_a_visit_is_kept_with_its_events_and_effects(tmp_path: Path) -> None:
    await filled(tmp_path)
    async with await opened(tmp_path) as journal:
        record = await journal.visit("v1")
        assert [event.kind for event in record.events] == [
            "visit-began",
            "effect-intended",
            "effect-concluded",
            "delivered",
            "visit-ended",
        ]
        assert [event.seq for event in record.events] == [1, 2, 3, 4, 5]
        effect = record.last("take-money")
        assert effect is not None
        assert (effect.state, dict(effect.after)) == (EffectState.DONE, {"state": "approved"})
        assert await journal.open_visits() == ()
        assert set((await invariants(journal)).values()) == {True}
        with pytest.raises(KeyError):
            await journal.visit("v2")


@in_loop
async def test_an_effect_is_intended_once_and_concluded_in_order(tmp_path: Path) -> None:
    async with await opened(tmp_path) as journal:
        await journal.begin("v1", "endorsement", "C1")
        before = {"channel": "wechat", "amount_fen": 1}
        intent = await journal.intend("v1", "take-money", "o1", before=before)
        with pytest.raises(AlreadyIntended):
            await journal.intend("v1", "take-money", "o1", before=before)
        with pytest.raises(NotAllowed, match="state"):
            await journal.conclude(intent, EffectState.DONE)
        await journal.conclude(intent, EffectState.UNKNOWN)
        await journal.conclude(intent, EffectState.FAILED)
        for late in EffectState:
            with pytest.raises(ValueError, match="follow"):
                await journal.conclude(intent, late, after={"state": "late"})
        with pytest.raises(NotAllowed, match="amount_fen"):
            await journal.intend("v1", "take-money", "o2", before={"channel": "wechat"})
        assert (await journal.verify()).whole


@in_loop
async def test_an_exception_while_acting_leaves_unknown_or_what_the_body_knows(tmp_path: Path) -> None:
    async with await opened(tmp_path) as journal:
        await journal.begin("v1", "endorsement", "C1")
        with pytest.raises(OSError, match="paper"):
            async with journal.acting("v1", "print-receipt", "1", before={"cuts": 1}):
                raise OSError("paper")
        with pytest.raises(OSError, match="paper"):  # noqa: PT012
            async with journal.acting("v1", "print-receipt", "2", before={"cuts": 1}) as act:
                act.failed(cuts=1)
                raise OSError("paper")
        first, second = (await journal.visit("v1")).effects
        assert (first.state, second.state) == (EffectState.UNKNOWN, EffectState.FAILED)
        assert [effect.key for effect in await journal.unresolved()] == ["1"]
        assert blocked(await journal.unresolved()) == {"receipt_printer"}


@in_loop
async def test_a_visit_must_be_open_and_is_opened_once(tmp_path: Path) -> None:
    async with await opened(tmp_path) as journal:
        with pytest.raises(ValueError, match="not open"):
            await journal.end("v1", Outcome.CANCELLED)
        await journal.begin("v1", "endorsement", "C1")
        with pytest.raises(ValueError, match="can't hold"):
            await journal.begin("v1", "endorsement", "C1")
        await journal.end("v1", Outcome.CANCELLED, "left")
        with pytest.raises(ValueError, match="not open"):
            await journal.end("v1", Outcome.DELIVERED)
        assert (await journal.verify()).whole


@pytest.mark.parametrize(
    "body",
    [
        {"name": "LI"},
        {"reason": "李文静"},
        {"reason": "Li Wenjing"},
        {"reason": "11010519491231002X"},
        {"code": "id=11010519491231002X;"},
        {"items": [{"holder": "x"}]},
        {"score_permille": 0.5},
        {"code": b"template"},
        {"code": "x" * 161},
    ],
)
@in_loop
async def test_nothing_of_a_person_gets_in(tmp_path: Path, body: dict[str, Any]) -> None:
    async with await opened(tmp_path) as journal:
        head = journal.head()
        with pytest.raises(NotAllowed):
            await journal.note(MACHINE, "noted", **body)
        with pytest.raises(NotAllowed):
            await journal.post(Letter("rating", body))
        assert journal.head() == head
        assert await journal.letters_waiting() == 0


@in_loop
async def test_numbers_that_only_look_like_id_numbers_are_kept(tmp_path: Path) -> None:
    async with await opened(tmp_path) as journal:
        await journal.note(MACHINE, "noted", order_no="123456789012345678", amount_fen=3000)


@in_loop
async def test_a_token_names_a_person_without_saying_who(tmp_path: Path) -> None:
    async with await opened(tmp_path) as journal:
        token = journal.token("id", "11010519491231002x")
        assert token == journal.token("id", " 11010519491231002X")
        assert token != journal.token("permit", "11010519491231002X")
        assert len(token) == 64


@in_loop
async def test_the_file_holds_nothing_in_clear(tmp_path: Path) -> None:
    async with await opened(tmp_path) as journal:
        await journal.begin("v1", "endorsement", "CASE-CANARY")
        for file in tmp_path.iterdir():
            assert b"CANARY" not in file.read_bytes(), file.name
            assert b"SQLite format" not in file.read_bytes(), file.name


# --- only growing ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET body = '{}' WHERE number = 2",
        "DELETE FROM event WHERE number = 2",
        "DELETE FROM event",
        "INSERT OR REPLACE INTO event SELECT * FROM event WHERE number = 2",
        "INSERT INTO event SELECT number + 50, visit, 9, kind, body, wall, 0, prev_hash, hash FROM event",
        "DELETE FROM effect",
        "DELETE FROM visit",
        "UPDATE counter SET value = value",
        "UPDATE effect SET state = 'paid'",
        "UPDATE visit SET outcome = 'fine'",
    ],
)
@in_loop
async def test_the_database_itself_refuses_to_forget(tmp_path: Path, statement: str) -> None:
    async with await opened(tmp_path) as journal:
        await journal.next_number("order")
    await filled(tmp_path)
    connection = raw(tmp_path)
    with pytest.raises(dbapi2.IntegrityError):
        connection.execute(statement)
    connection.close()


# --- tampering by somebody with the key -----------------------------------------------------------


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
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)
    out = io.StringIO()
    assert commands.verify(tmp_path / "journal.db", tmp_path / "key", out=out) == 1
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
    path, key_file = tmp_path / "journal.db", tmp_path / "key"
    key_file.write_bytes(KEY)
    key_file.chmod(0o600)
    whole = path.read_bytes()
    for position in [*range(0, 64, 7), *range(64, len(whole), len(whole) // 40)]:
        changed = bytearray(whole)
        changed[position] ^= 0x01
        path.write_bytes(changed)
        assert commands.verify(path, key_file, out=io.StringIO()) != 0, position
    path.write_bytes(whole)
    assert commands.verify(path, key_file, out=io.StringIO()) == 0


# --- refusing to start -------------------------------------------------------------------------------


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


# --- the disk, the process ----------------------------------------------------------------------------

FILLING = """
import asyncio, resource, signal, sys
from pathlib import Path
from kiosk.clock import SystemClock
from kiosk.journal import MACHINE, Journal, JournalFailed

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    async with await Journal.open(Path(sys.argv[1]), bytes(range(32)), SystemClock()) as journal:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_200_000, resource.RLIM_INFINITY))
        failed = 0
        for _ in range(2000):
            try:
                await journal.note(MACHINE, "filled", code="x" * 100)
            except JournalFailed:
                failed += 1
                if failed == 3:
                    break
        print(journal.head().number, failed, flush=True)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await journal.note(MACHINE, "room-again")
        print(journal.head(), flush=True)

asyncio.run(main())
"""


@in_loop
async def test_a_full_disk_refuses_writes_loses_nothing_and_recovers(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILLING, str(tmp_path / "journal.db")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counted, head = done.stdout.splitlines()
    written, failed = map(int, counted.split())
    assert failed == 3
    assert written > 20
    async with await opened(tmp_path) as journal:
        report = await journal.verify(Head.parse(head))
        assert (report.events, report.faults) == (written + 1, ())


WRITING = """
import asyncio, sys
from pathlib import Path
from kiosk.clock import SystemClock
from kiosk.failpoints import failpoints_from
from kiosk.journal import Journal
import os

async def main():
    path, key, points = Path(sys.argv[1]), bytes(range(32)), failpoints_from(os.environ)
    async with await Journal.open(path, key, SystemClock(), failpoints=points) as journal:
        number = await journal.next_number("visit")
        visit = f"v{number}"
        await journal.begin(visit, "endorsement", f"C{number}")
        print(journal.head(), flush=True)
        for count in range(int(sys.argv[2])):
            before = {"channel": "wechat", "amount_fen": 1500}
            async with journal.acting(visit, "take-money", f"{visit}-{count}", before=before) as act:
                print(journal.head(), flush=True)
                act.after["state"] = "approved"
            print(journal.head(), flush=True)

asyncio.run(main())
"""


@in_loop
async def test_sixty_kills_lose_no_row_that_was_acknowledged(tmp_path: Path) -> None:
    """A kill -9 keeps the page cache: this proves order and recovery, not that a disk keeps its word."""
    path = tmp_path / "journal.db"
    acknowledged: list[Head] = []
    delays = [0.0005 * (n % 20) for n in range(60)]
    for delay in delays:
        child = subprocess.Popen(
            [sys.executable, "-c", WRITING, str(path), "1000000"], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        acknowledged.append(Head.parse(child.stdout.readline()))
        # Spreads the kills over a commit; whatever the machine's load, any moment is a good one.
        await asyncio.sleep(delay)
        os.kill(child.pid, signal.SIGKILL)
        rest = child.stdout.read()
        acknowledged += [Head.parse(line) for line in rest.splitlines(keepends=True) if line.endswith("\n")]
        assert child.wait() == -signal.SIGKILL
    async with await opened(tmp_path) as journal:
        assert (await journal.verify()).whole
        rows = raw(tmp_path).execute("SELECT number, hash FROM event").fetchall()
        kept = {number: bytes(digest) for number, digest in rows}
        assert [head for head in acknowledged if kept.get(head.number) != head.hash] == []
        assert len(await journal.open_visits()) == 60


@in_loop
async def test_a_kill_at_every_failpoint_leaves_a_whole_journal(tmp_path: Path) -> None:
    log = tmp_path / "points"
    path = tmp_path / "listing.db"
    script = [sys.executable, "-c", WRITING]
    subprocess.run([*script, str(path), "1"], env={**os.environ, "KIOSK_FAILPOINT_LOG": str(log)}, check=True)
    points = log.read_text().split()
    assert "journal.effect-intended.take-money.before:1" in points
    assert "act.take-money.after:1" in points
    assert len(points) == 10
    for point in points:
        environment = {**os.environ, "KIOSK_FAILPOINT": point}
        killed = subprocess.run([*script, str(tmp_path / "journal.db"), "1"], env=environment, check=False)
        assert killed.returncode == -signal.SIGKILL, point
        async with await opened(tmp_path) as journal:
            assert (await journal.verify()).whole, point


@in_loop
async def test_a_cancelled_write_is_committed_when_the_cancelling_is_felt(tmp_path: Path) -> None:
    async with await opened(tmp_path) as journal:
        for _ in range(20):
            task = asyncio.create_task(journal.note(MACHINE, "noted"))
            await asyncio.sleep(0)
            head = journal.head().number
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert journal.head().number >= head
        await journal.note(MACHINE, "noted")
        assert journal.head().number == 21


@in_loop
async def test_a_read_only_disk_is_a_failed_write(tmp_path: Path) -> None:
    async with await opened(tmp_path) as journal:
        await journal.note(MACHINE, "noted")
        await journal._run(lambda: journal._store._connection.execute("PRAGMA query_only = ON"))
        with pytest.raises(JournalFailed):
            await journal.note(MACHINE, "noted")
        await journal.note(MACHINE, "noted")  # it was opened anew
        assert journal.head().number == 2


# --- commands and numbers ------------------------------------------------------------------------------


@in_loop
async def test_show_and_export(tmp_path: Path) -> None:
    head = await filled(tmp_path)
    path, key_file = tmp_path / "journal.db", tmp_path / "key"
    key_file.write_bytes(KEY)
    key_file.chmod(0o600)
    out = io.StringIO()
    assert commands.show(path, key_file, out=out) == 0
    assert "C1" in out.getvalue()
    assert "delivered" in out.getvalue()
    events = io.StringIO()
    assert commands.show(path, key_file, visit="v1", out=events) == 0
    assert len(events.getvalue().splitlines()) == 5
    assert commands.show(path, key_file, visit="v9", out=io.StringIO()) == 1
    exported = io.StringIO()
    assert commands.export(path, key_file, out=exported) == 0
    beginning, *lines = [json.loads(line) for line in exported.getvalue().splitlines()]
    assert lines[0]["prev"] == beginning["beginning"]
    assert [line["prev"] for line in lines[1:]] == [line["hash"] for line in lines[:-1]]
    assert lines[-1]["hash"] == head.hash.hex()
    assert commands.verify(path, key_file, head=str(head), out=io.StringIO()) == 0
    assert commands.verify(path, key_file, head="nonsense", out=io.StringIO()) == 2
    assert commands.verify(tmp_path / "none.db", key_file, out=io.StringIO()) == 2
    assert not (tmp_path / "none.db").exists()


@in_loop
async def test_verifying_beside_the_writer(tmp_path: Path) -> None:
    async with await opened(tmp_path) as journal:
        for _ in range(5):
            await journal.note(MACHINE, "noted")
            report, _ = await asyncio.gather(journal.verify(), journal.note(MACHINE, "noted"))
            assert report.whole


@in_loop
async def test_numbers_are_given_once_and_survive_mishearing(tmp_path: Path) -> None:
    async with await opened(tmp_path) as journal:
        numbers = Numbers(journal, SystemClock(), SITE)
        cases = [await numbers.case_no() for _ in range(3)]
        orders = [await numbers.order_no() for _ in range(3)]
    async with await opened(tmp_path) as journal:
        numbers = Numbers(journal, SystemClock(), SITE)
        cases.append(await numbers.case_no())
        orders.append(await numbers.order_no())
    assert len({*cases, *orders}) == 8
    for number in [*cases, *orders]:
        assert is_whole(number)
        for position, character in enumerate(number[:-1]):
            if character.isalnum():
                wrong = "7" if character != "7" else "3"
                assert not is_whole(number[:position] + wrong + number[position + 1 :])
    assert all(len(order) <= 30 and order.isalnum() for order in orders)  # "R1" must still fit
    with pytest.raises(ValueError, match="site"):
        Numbers(journal, SystemClock(), "site-1")


def test_the_check_character_is_iso_7064_mod_37_36() -> None:
    # A12425GABC1234002M is the ISBN agency's example of a Global Release Identifier (ISO 7064 MOD 37,36).
    assert check_character("A12425GABC1234002") == "M"
