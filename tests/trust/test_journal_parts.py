"""The journal's parts one by one: what they write, what they say, what they refuse, word for word."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import resource
import secrets
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlcipher3 import dbapi2

from kiosk.journal import (
    MACHINE,
    AlreadyIntended,
    EffectState,
    Head,
    Intent,
    Journal,
    JournalFailed,
    JournalRefused,
    Letter,
    NotAllowed,
    Outcome,
    chain,
    commands,
    database,
    fields,
    keys,
    read_key,
    store,
)
from kiosk.journal import room as disk_room
from kiosk.journal import verify as verification
from kiosk.journal.records import Event
from kiosk.journal.verify import verify_file, verify_newest
from tests.trust.world import KEY, VirtualClock, in_loop

ID = "00112233aabbccdd"


@pytest.fixture(autouse=True)
def fixed_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every journal have the same id, so that its hashes are known."""
    monkeypatch.setattr(secrets, "token_hex", lambda count: ID[: 2 * count])


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Return the journal's file, not made yet, and that of its key."""
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)
    return tmp_path / "journal.db", tmp_path / "key"


async def written(path: Path) -> Journal:
    """Return an open journal with one visit that ended and one that is open."""
    journal = await Journal.open(path, KEY, VirtualClock())
    await journal.begin("v1", "endorsement", "C1", simulated=True)
    before = {"channel": "wechat", "amount_fen": 1500}
    async with journal.acting("v1", "take-money", "O1", before=before, body={"attempt": 1}) as act:
        act.after["state"] = "approved"
    await journal.end("v1", Outcome.DELIVERED, letter=Letter("rating", {"level": 5}, "C1"))
    await journal.begin("v2", "traffic", "C2")
    await journal.note(MACHINE, "checked", parts=["a", "b"])
    return journal


async def rows(journal: Journal, query: str) -> list[tuple[Any, ...]]:
    """Return what the database itself has."""
    return await journal._run(lambda: [tuple(row) for row in journal._store._connection.execute(query)])


# --- the chain -------------------------------------------------------------------------------------


def test_a_link_is_the_hash_of_the_canonical_fields() -> None:
    text = (
        '{"body":"{}","kind":"noted","mono_ns":7,"number":1,'
        f'"prev":"{"00" * 32}","seq":2,"visit":"v","wall":"w"}}'
    )
    assert chain.link(bytes(32), 1, "v", 2, "noted", "{}", "w", 7) == hashlib.sha256(text.encode()).digest()
    assert chain.beginning("id") == Head(0, hashlib.sha256(b"kiosk journal v1 id").digest())


def linked(count: int) -> list[chain.Row]:
    head, made = chain.beginning(ID), []
    for number in range(1, count + 1):
        own = chain.link(head.hash, number, "v", number, "noted", "{}", "w", 0)
        made.append((number, "v", number, "noted", "{}", "w", 0, head.hash, own))
        head = Head(number, own)
    return made


def test_what_is_wrong_with_a_chain_is_said_exactly() -> None:
    start, good = chain.beginning(ID), linked(5)
    heads = [start, *(Head(row[0], row[8]) for row in good)]

    def faults(made: list[chain.Row], expect: Head | None = None) -> list[str]:
        return list(chain.faults(made, start, expect))

    assert faults(good) == []
    for head in heads:
        assert faults(good, head) == [], head
    assert faults([], start) == []
    assert faults(good[:3], heads[5]) == ["events 4 to 5 are missing at the end"]
    assert faults([], heads[5]) == ["events 1 to 5 are missing at the end"]
    assert faults(good, Head(3, bytes(32))) == ["event 3 is not the one that was known"]
    assert faults(good, Head(5, bytes(32))) == ["event 5 is not the one that was known"]
    assert faults([*good[:2], *good[3:]]) == ["event 3 is missing"]
    assert faults(good[1:]) == ["event 1 is missing"]
    for field, value in ((1, "w"), (2, 9), (3, "other"), (4, "[]"), (5, "x"), (6, 1)):
        row: Any = [*good[2][:field], value, *good[2][field + 1 :]]
        assert faults([*good[:2], tuple(row), *good[3:]]) == ["event 3 was changed"], field
    other = chain.link(bytes(32), 3, "v", 3, "noted", "{}", "w", 0)
    torn: chain.Row = (3, "v", 3, "noted", "{}", "w", 0, bytes(32), other)
    assert faults([*good[:2], torn, *good[3:]]) == [
        "event 3 does not follow the one before it",
        "event 4 does not follow the one before it",
    ]


def test_a_row_becomes_an_event() -> None:
    (row,) = linked(1)
    made = chain.event_of((*row[:4], '{"a":1}', *row[5:]))
    assert made == Event(1, "v", 1, "noted", {"a": 1}, "w", 0, row[7], row[8])


# --- records ---------------------------------------------------------------------------------------


def test_refusals_and_heads_in_words() -> None:
    assert str(JournalRefused("in-use")) == "in-use"
    refused = JournalRefused("in-use", "journal.db")
    assert (str(refused), refused.code, refused.detail) == ("in-use: journal.db", "in-use", "journal.db")
    assert JournalRefused("in-use").detail == ""
    head = Head(7, bytes(range(32)))
    assert Head.parse(str(head)) == head
    for wrong in ("7", "7:00", "x:" + "00" * 32, "7:" + "00" * 31, "7:" + "00" * 33, "7:zz"):
        with pytest.raises(ValueError):
            Head.parse(wrong)
    with pytest.raises(ValueError, match=r"a head is number:64 hex digits, not '7:00'"):
        Head.parse("7:00")


# --- what a body may hold --------------------------------------------------------------------------


def test_canonical_json() -> None:
    assert fields.canonical({"b": [1, None], "a": "ä"}) == '{"a":"ä","b":[1,null]}'
    with pytest.raises(ValueError):
        fields.canonical(float("nan"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"holder": 1}, "body: the journal keeps no field 'holder'"),
        ({"items": [{"reason": {"holder": 1}}]}, "body.items.reason: the journal keeps no field 'holder'"),
        ({"reason": "two words"}, "body.reason: the journal keeps words and numbers, no text"),
        ({"reason": "tab\there"}, "body.reason: the journal keeps words and numbers, no text"),
        ({"reason": "line\n"}, "body.reason: the journal keeps words and numbers, no text"),
        ({"reason": "é"}, "body.reason: the journal keeps words and numbers, no text"),
        ({"reason": "x" * 161}, "body.reason: the journal keeps words and numbers, no text"),
        ({"reason": "11010519491231002X"}, "body.reason: the journal keeps no ID number"),
        ({"reason": "11010519491231002x"}, "body.reason: the journal keeps no ID number"),
        ({"reason": "a:11010519491231002X,b"}, "body.reason: the journal keeps no ID number"),
        ({"amount_fen": 1.5}, "body.amount_fen: the journal keeps no float"),
        ({"code": b"1"}, "body.code: the journal keeps no bytes"),
        ({"items": ("a b",)}, "body.items: the journal keeps words and numbers, no text"),
    ],
)
def test_what_a_body_may_not_hold(body: dict[str, Any], words: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        fields.checked(body)
    assert str(refused.value) == words


def test_what_a_body_may_hold() -> None:
    values: list[Any] = ["", " ", "~", "x" * 160, "1 2", "A1 b2", 0, -5, True, None, [], {}, ["a", 1, None]]
    for value in values:
        assert json.loads(fields.checked({"reason": value})) == {"reason": value}
    # No real day, a wrong check character, or more digits around: no ID number.
    for digits in (
        "110105194913310021",
        "110105194902300021",
        "110105194912310020",
        "011010519491231002X",
        "11010519491231002XZ",
    ):
        fields.checked({"reason": digits})
    most = {"items": ["x" * 100] * 79 + ["y" * 17]}
    over = 8192 - len(fields.canonical(most))
    fields.checked({"items": ["x" * 100] * 79 + ["y" * (17 + over)]})
    with pytest.raises(NotAllowed, match="a body of 8193 bytes is no note"):
        fields.checked({"items": ["x" * 100] * 79 + ["y" * (18 + over)]})


def test_a_devices_word_is_cut_to_what_may_be_kept() -> None:
    assert fields.word("paper out!") == "paper-out!"
    assert fields.word("缺纸 \t x") == "-x"
    assert fields.word("y" * 70) == "y" * 64
    assert fields.word("") == ""


# --- keys ------------------------------------------------------------------------------------------


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


# --- the connection --------------------------------------------------------------------------------


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
        "temp_store": 2,
    }
    assert {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in expected} == expected
    connection.close()


def test_a_reader_cannot_write_and_makes_no_file(files: tuple[Path, Path], tmp_path: Path) -> None:
    asyncio.run(_closed(files[0]))
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


async def _closed(path: Path) -> None:
    await (await written(path)).close()


def test_why_a_file_is_refused(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(_closed(files[0]))

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
    asyncio.run(_closed(files[0]))
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
    asyncio.run(_closed(files[0]))
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
    asyncio.run(_closed(files[0]))
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


# --- verification of the whole ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (
            ["UPDATE visit SET outcome = 'refused' WHERE visit = 'v1'"],
            "visit v1: its row is not what its events say",
        ),
        (
            ["UPDATE visit SET reason = 'x' WHERE visit = 'v2'"],
            "visit v2: its row is not what its events say",
        ),
        (
            ["UPDATE visit SET case_no = 'x' WHERE visit = 'v2'"],
            "visit v2: its row is not what its events say",
        ),
        (
            ["UPDATE visit SET service = 'x' WHERE visit = 'v1'"],
            "visit v1: its row is not what its events say",
        ),
        (
            ["DROP TRIGGER visit_no_delete", "DELETE FROM visit WHERE visit = 'v2'"],
            "visit v2: its row is not what its events say",
        ),
        (
            ["INSERT INTO visit VALUES ('v3', 's', 'C3', 'w', NULL, '')"],
            "visit v3: its row is not what its events say",
        ),
        (["UPDATE effect SET state = 'unknown'"], "effect 2: its row is not what its events say"),
        (["UPDATE effect SET before = '{}'"], "effect 2: its row is not what its events say"),
        (["UPDATE effect SET after = '{}'"], "effect 2: its row is not what its events say"),
        (["UPDATE effect SET key = 'O2'"], "effect 2: its row is not what its events say"),
        (["UPDATE effect SET kind = 'x'"], "effect 2: its row is not what its events say"),
        (["UPDATE effect SET visit = 'v2'"], "effect 2: its row is not what its events say"),
        (["UPDATE head SET number = 5"], "the last event is 6, the head says 5"),
        (["UPDATE head SET hash = zeroblob(32)"], "the last event is 6, the head says 6"),
    ],
)
def test_a_verification_says_what_was_derived_wrongly(
    files: tuple[Path, Path], statements: list[str], said: str
) -> None:
    asyncio.run(_closed(files[0]))
    connection = database.connect(files[0], KEY)
    for statement in ("PRAGMA foreign_keys = OFF", *statements):
        connection.execute(statement)
    connection.close()
    report = verify_file(files[0], KEY)
    assert (report.events, report.faults, report.unfinished) == (6, (said,), ())
    assert not report.whole


def test_a_verification_rebuilds_what_events_say() -> None:
    """Against rows that the code itself would never write: sequences broken, effects that nobody intended."""
    rebuilt = verification._Rebuilt()
    begun: list[Any] = [
        (1, "v1", 1, "visit-began", '{"service":"s","case_no":"C1"}', "w", 0, b"", b"1"),
        (2, "v1", 3, "noted", "{}", "w", 0, b"", b"2"),
        (
            3,
            "v1",
            4,
            "effect-concluded",
            '{"effect":"e","key":"k","state":"done","after":{}}',
            "w",
            0,
            b"",
            b"3",
        ),
        (4, "v2", 1, "visit-ended", '{"outcome":"refused","reason":"r"}', "w", 0, b"", b"4"),
        (5, "v1", 5, "effect-intended", '{"effect":"e","key":"k","before":{"cuts":1}}', "w", 0, b"", b"5"),
        (
            6,
            "v1",
            6,
            "effect-concluded",
            '{"effect":"e","key":"k","state":"done","after":{"cuts":2}}',
            "w",
            0,
            b"",
            b"6",
        ),
    ]
    start = Head(0, b"0")
    assert rebuilt.last(start) == start
    assert list(rebuilt.reading(iter(begun))) == begun
    assert (rebuilt.events, rebuilt.last(start)) == (6, Head(6, b"6"))
    assert rebuilt._wrong == [
        "visit v1: event 2 is missing",
        "event 3 concludes an effect that nobody intended",
    ]
    assert rebuilt._visits == {"v1": ("s", "C1", None, ""), "v2": ("", "", "refused", "r")}
    assert rebuilt._effects == {5: ["v1", "e", "k", "done", {"cuts": 1}, {"cuts": 2}]}


# --- the store -------------------------------------------------------------------------------------


@in_loop
async def test_every_row_is_as_it_was_told(files: tuple[Path, Path]) -> None:
    async with await written(files[0]) as journal:
        assert (journal.id, journal.born) == (ID, datetime(2026, 3, 2, 1, 30, tzinfo=UTC))
        wall = "2026-03-02T01:30:00.000Z"
        assert await rows(journal, "SELECT * FROM visit") == [
            ("v1", "endorsement", "C1", wall, "delivered", ""),
            ("v2", "traffic", "C2", wall, None, ""),
        ]
        assert await rows(journal, "SELECT number, visit, seq, kind, body, wall, mono_ns FROM event") == [
            (
                1,
                "v1",
                1,
                "visit-began",
                '{"case_no":"C1","service":"endorsement","simulated":true}',
                wall,
                10**12,
            ),
            (
                2,
                "v1",
                2,
                "effect-intended",
                '{"attempt":1,"before":{"amount_fen":1500,"channel":"wechat"},"effect":"take-money","key":"O1"}',
                wall,
                10**12,
            ),
            (
                3,
                "v1",
                3,
                "effect-concluded",
                '{"after":{"state":"approved"},"effect":"take-money","key":"O1","state":"done"}',
                wall,
                10**12,
            ),
            (4, "v1", 4, "visit-ended", '{"outcome":"delivered","reason":""}', wall, 10**12),
            (5, "v2", 1, "visit-began", '{"case_no":"C2","service":"traffic"}', wall, 10**12),
            (6, MACHINE, 1, "checked", '{"parts":["a","b"]}', wall, 10**12),
        ]
        assert await rows(journal, "SELECT * FROM effect") == [
            (
                2,
                "v1",
                "take-money",
                "O1",
                "done",
                '{"amount_fen":1500,"channel":"wechat"}',
                '{"state":"approved"}',
            )
        ]
        assert await rows(journal, "SELECT * FROM outbox") == [
            (1, f"{ID}-1", "rating", "C1", wall, '{"level":5}', "")
        ]


@in_loop
async def test_what_makes_no_sense_is_said(files: tuple[Path, Path]) -> None:
    async with await written(files[0]) as journal:
        head = journal.head()
        with pytest.raises(AlreadyIntended, match=r"^take-money O1$"):
            await journal.intend("v2", "take-money", "O1", before={"channel": "w", "amount_fen": 1})
        with pytest.raises(ValueError, match=r"^visit v1 is not open$"):
            await journal.end("v1", Outcome.REFUSED)
        with pytest.raises(ValueError, match=r"^take-money O9: done can't follow None$"):
            await journal.conclude(
                Intent("v1", "take-money", "O9", 99), EffectState.DONE, after={"state": "x"}
            )
        with pytest.raises(ValueError, match=r"^take-money O1: failed can't follow done$"):
            await journal.conclude(Intent("v1", "take-money", "O1", 2), EffectState.FAILED)
        with pytest.raises(NotAllowed, match=r"^take-money needs as evidence before: channel, amount_fen$"):
            await journal.intend("v2", "take-money", "O2", before={})
        with pytest.raises(NotAllowed, match=r"^take-money needs as evidence after: state$"):
            await journal.conclude(Intent("v1", "take-money", "O1", 2), EffectState.DONE)
        with pytest.raises(ValueError, match=r"^the journal can't hold this: "):
            await journal.begin("v1", "endorsement")
        assert journal.head() == head
        assert (await journal.verify()).whole


@in_loop
async def test_reading_in_order(files: tuple[Path, Path]) -> None:
    async with await written(files[0]) as journal:
        assert [record.visit for record in await journal.visits(9)] == ["v1", "v2"]
        assert [record.visit for record in await journal.visits(1)] == ["v2"]
        (still_open,) = await journal.open_visits()
        assert (still_open.visit, still_open.outcome, still_open.opened) == ("v2", None, journal.born)
        first = await journal.visit("v1")
        assert (first.service, first.case_no, first.outcome, first.reason) == (
            "endorsement",
            "C1",
            Outcome.DELIVERED,
            "",
        )
        assert first.last("take-money") == first.effects[0]
        assert first.last("none") is None
        assert first.every("take-money") == first.effects
        with pytest.raises(KeyError, match="v9"):
            await journal.visit("v9")
        assert [event.kind for event in await journal.machine_events()] == ["checked"]
        await journal.note(MACHINE, "checked", parts=["c"])
        newest = await journal.newest_note("checked")
        assert newest is not None
        assert (newest.seq, dict(newest.body)) == (2, {"parts": ["c"]})
        assert await journal.newest_note("other") is None
        intent = await journal.intend("v2", "print-receipt", "k", before={"cuts": 1})
        assert [effect.intent for effect in await journal.unresolved()] == [intent]
        await journal.conclude(intent, EffectState.UNKNOWN)
        assert [effect.state for effect in await journal.unresolved()] == [EffectState.UNKNOWN]
        await journal.conclude(intent, EffectState.DONE, after={"cuts": 2}, letter=Letter("effect-failed"))
        assert await journal.unresolved() == ()
        assert [posted.letter.kind for posted in await journal.letters()] == ["rating", "effect-failed"]


@in_loop
async def test_letters_wait_in_order_and_go_one_by_one(files: tuple[Path, Path]) -> None:
    async with await written(files[0]) as journal:
        assert journal.posted.is_set()
        for number in range(3):
            await journal.post(Letter("effect-failed", {"attempt": number}, "C2"))
        letters = await journal.letters()
        assert [letter.ordinal for letter in letters] == [1, 2, 3, 4]
        assert [letter.id for letter in letters] == [f"{ID}-{number}" for number in (1, 2, 3, 4)]
        assert [letter.at for letter in letters] == ["2026-03-02T01:30:00.000Z"] * 4
        assert letters[1].letter == Letter("effect-failed", {"attempt": 0}, "C2")
        assert [letter.ordinal for letter in await journal.letters(2)] == [1, 2]
        assert await journal.letters_waiting() == 4
        await journal.letter_refused(f"{ID}-2", "bad")
        assert [letter.ordinal for letter in await journal.letters()] == [1, 3, 4]
        assert await journal.letters_waiting() == 3
        await journal.letters_accepted(f"{ID}-1", f"{ID}-4")
        assert [letter.ordinal for letter in await journal.letters()] == [3]
        query = "SELECT ordinal, refused FROM outbox ORDER BY ordinal"
        assert await rows(journal, query) == [(2, "bad"), (3, "")]


@in_loop
async def test_a_full_outbox_keeps_what_matters(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.OUTBOX_LIMIT == 10_000
    monkeypatch.setattr(store, "OUTBOX_LIMIT", 3)
    async with await Journal.open(files[0], KEY, VirtualClock()) as journal:
        await journal.post_head()
        await journal.post(Letter("rating", {"level": 1}))
        await journal.post_head()
        kinds = [letter.letter.kind for letter in await journal.letters()]
        assert kinds == ["rating", "journal-head"]
        await journal.post(Letter("escalation", {"attempt": 1}))
        await journal.post(Letter("escalation", {"attempt": 2}))
        assert [letter.letter.kind for letter in await journal.letters()] == [
            "journal-head",
            "escalation",
            "escalation",
        ]
        await journal.post(Letter("escalation", {"attempt": 3}))
        await journal.post(Letter("rating", {"level": 2}))  # nothing else may make room for it
        await journal.post(Letter("escalation", {"attempt": 4}))  # more than the bound, rather than lost
        bodies = [dict(letter.letter.body) for letter in await journal.letters()]
        assert bodies == [{"attempt": number} for number in (1, 2, 3, 4)]


@in_loop
async def test_the_head_is_posted_as_it_is(files: tuple[Path, Path]) -> None:
    async with await written(files[0]) as journal:
        head = journal.head()
        await journal.post_head()
        (posted,) = [one.letter for one in await journal.letters() if one.letter.kind == "journal-head"]
        assert dict(posted.body) == {"number": 6, "head": head.hash.hex()}
        assert posted.case_no == ""


@in_loop
async def test_counters_count_for_themselves(files: tuple[Path, Path]) -> None:
    async with await Journal.open(files[0], KEY, VirtualClock()) as journal:
        assert [await journal.next_number(name) for name in ("a", "a", "b", "a")] == [1, 2, 1, 3]
        assert journal.head().number == 0


@in_loop
async def test_failpoints_lie_on_both_sides_of_a_commit(files: tuple[Path, Path]) -> None:
    met: list[str] = []

    class Listing:
        def hit(self, name: str) -> None:
            met.append(name)

    async with await Journal.open(files[0], KEY, VirtualClock(), failpoints=Listing()) as journal:
        await journal.begin("v1", "endorsement")
        async with journal.acting("v1", "print-receipt", "k", before={"cuts": 1}) as act:
            act.after["cuts"] = 2
        await journal.next_number("n")
        await journal.post(Letter("rating", {"level": 1}))
        await journal.letters_accepted("x")
        await journal.letter_refused("x", "y")
        await journal.end("v1", Outcome.CANCELLED)
        await journal.note(MACHINE, "checked")
        journal.hit("own")
    commits = [
        "visit-began",
        "effect-intended.print-receipt",
        "effect-concluded.print-receipt.done",
        "counter",
        "letter.rating",
        "letters-accepted",
        "letter-refused",
        "visit-ended.cancelled",
        "checked",
    ]
    sides = [f"journal.{name}.{side}" for name in commits for side in ("before", "after")]
    sides[4:4] = ["act.print-receipt.before", "act.print-receipt.after"]
    assert met == [*sides, "own"]


class Broken(Exception):
    """An error with a code of its own."""

    code = "paper jam!"


@in_loop
async def test_an_act_that_breaks_off_says_why(files: tuple[Path, Path]) -> None:
    async with await Journal.open(files[0], KEY, VirtualClock()) as journal:
        await journal.begin("v1", "endorsement")
        for number, error in enumerate((Broken(), KeyError("x"))):
            with pytest.raises(type(error)):
                async with journal.acting("v1", "print-receipt", f"k{number}", before={"cuts": 1}):
                    raise error
        with pytest.raises(OSError):  # noqa: PT012
            async with journal.acting("v1", "print-receipt", "k2", before={"cuts": 1}) as act:
                act.failed(cuts=1, code="empty")
                raise OSError
        effects = (await journal.visit("v1")).effects
        assert [(effect.state.value, dict(effect.after)) for effect in effects] == [
            ("unknown", {"code": "paper-jam!"}),
            ("unknown", {"code": "KeyError"}),
            ("failed", {"cuts": 1, "code": "empty"}),
        ]


@in_loop
async def test_a_failed_commit_is_undone_and_the_file_opened_anew(files: tuple[Path, Path]) -> None:
    async with await written(files[0]) as journal:
        head, connection = journal.head(), journal._store._connection
        await journal._run(lambda: connection.execute("PRAGMA query_only = ON"))
        with pytest.raises(JournalFailed, match="readonly"):
            await journal.note(MACHINE, "lost")
        assert journal._store._connection is not connection
        assert journal.head() == head
        with pytest.raises(dbapi2.ProgrammingError, match="closed"):
            await journal._run(connection.execute, "SELECT 1")
        assert files[0].with_name("journal.db-wal").stat().st_size == 0, "brought home"
        await journal.note(MACHINE, "kept")
        assert journal.head().number == head.number + 1


@in_loop
async def test_ballast_goes_when_the_disk_is_full(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await written(files[0]) as journal:
        ballast = files[0].with_name("journal.db.ballast")
        assert ballast.stat().st_size == disk_room.BALLAST_BYTES == 8 << 20
        await journal._run(lambda: journal._store._connection.execute("PRAGMA query_only = ON"))
        monkeypatch.setattr(disk_room, "free_bytes", lambda path: disk_room.OPEN_FLOOR_BYTES - 1)
        await journal.note(MACHINE, "kept")  # tried again, on a connection of its own
        assert not ballast.exists()
        await journal._run(lambda: journal._store._connection.execute("PRAGMA query_only = ON"))
        with pytest.raises(JournalFailed):
            await journal.note(MACHINE, "lost")
        monkeypatch.undo()
        await journal.begin("v3", "endorsement")
        assert ballast.exists()


# --- the commands ----------------------------------------------------------------------------------


def test_show_lists_visits_or_one_visits_events(files: tuple[Path, Path]) -> None:
    asyncio.run(_closed(files[0]))
    out = io.StringIO()
    assert commands.show(*files, out=out) == 0
    assert out.getvalue().splitlines() == [
        f"2026-03-02T01:30:00.000Z  {'C1':<28} {'endorsement':<14} {'delivered':<10} {'':<24} v1",
        f"2026-03-02T01:30:00.000Z  {'C2':<28} {'traffic':<14} {'open':<10} {'':<24} v2",
    ]
    out = io.StringIO()
    assert commands.show(*files, visit="v2", out=out) == 0
    assert out.getvalue() == (
        '       5 2026-03-02T01:30:00.000Z  visit-began        {"case_no":"C2","service":"traffic"}\n'
    )
    assert commands.show(*files, visit="v9", out=out) == 1


def test_export_can_be_verified_by_anybody(files: tuple[Path, Path]) -> None:
    asyncio.run(_closed(files[0]))
    out = io.StringIO()
    assert commands.export(*files, out=out) == 0
    beginning, *lines = (json.loads(line) for line in out.getvalue().splitlines())
    assert beginning == {"journal": ID, "beginning": chain.beginning(ID).hash.hex()}
    digest = beginning["beginning"]
    for number, line in enumerate(lines, 1):
        own = line.pop("hash")
        assert line["prev"] == digest
        assert line["number"] == number
        said = json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(said.encode()).hexdigest() == own
        digest = own
    assert len(lines) == 6


def test_verify_says_how_many_and_where(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(_closed(files[0]))
    out = io.StringIO()
    assert commands.verify(*files, out=out) == 0
    head = out.getvalue().split()[3].rstrip(",")
    assert Head.parse(head).number == 6
    assert out.getvalue() == f"6 events, head {head}, whole\n"
    out = io.StringIO()
    assert commands.verify(*files, head=f"6:{'00' * 32}", out=out) == 1
    assert out.getvalue() == f"event 6 is not the one that was known\n6 events, head {head}, BROKEN\n"
    assert capsys.readouterr().err == ""
    assert commands.verify(*files, head="7:00") == 2
    assert capsys.readouterr().err == "a head is number:64 hex digits, not '7:00'\n"


@pytest.mark.parametrize("command", [commands.verify, commands.show, commands.export])
def test_what_cannot_be_read_is_an_error_and_nothing_else(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str], command: Any
) -> None:
    out = io.StringIO()
    assert command(*files, out=out) == commands.UNREADABLE == 2
    assert capsys.readouterr().err == "missing: journal.db\n"
    asyncio.run(_closed(files[0]))
    files[1].chmod(0o644)
    assert command(*files, out=out) == 2
    assert capsys.readouterr().err == "key-mode: key must be its owner's alone (0600)\n"
    assert out.getvalue() == ""


@pytest.mark.parametrize("command", [commands.verify, commands.show, commands.export])
def test_commands_write_nothing(files: tuple[Path, Path], command: Any) -> None:
    asyncio.run(_closed(files[0]))
    before = files[0].read_bytes()
    files[0].chmod(0o400)
    assert command(*files, out=io.StringIO()) == 0
    assert files[0].read_bytes() == before
