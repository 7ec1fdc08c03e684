"""The journal: what it keeps, what it refuses, and that it only grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlcipher3 import dbapi2

from kiosk.journal import MACHINE, AlreadyIntended, EffectState, Letter, NotAllowed, Outcome, blocked
from kiosk.journal.invariants import invariants
from tests.trust.small_journal import filled, opened, raw
from tests.trust.world import in_loop


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
