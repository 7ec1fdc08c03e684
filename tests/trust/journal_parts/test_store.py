"""Every row as it was told: visits, effects, letters, counters, and commits that fail."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from kiosk.journal import (
    MACHINE,
    AlreadyIntended,
    EffectState,
    Intent,
    Journal,
    JournalFailed,
    Letter,
    NotAllowed,
    Outcome,
    store,
)
from kiosk.journal import room as disk_room
from tests.trust.journal_parts.written import ID, rows, written
from tests.trust.world import KEY, VirtualClock, in_loop


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
