"""The outbox: in order, until accepted, one bad letter stops no other, never faster than allowed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from kiosk.journal import Journal, Letter, PostedLetter, store
from kiosk.outbox import FIRST_PAUSE_S, LONGEST_PAUSE_S, Outbox
from kiosk.platform import Platform, Refused, Unreachable
from tests.trust.world import KEY, VirtualClock, in_loop, quick


class Receiver:
    """The back office's mailbox."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.got: list[str] = []
        self.seen: set[str] = set()
        self.trouble: list[Exception | None] = []
        self.lose_reply = 0
        self.poison: set[str] = set()
        self.tried_at_s: list[float] = []
        self.takes_at_most = 1000
        self.accepting = asyncio.Event()

    async def send_letters(self, letters: Sequence[PostedLetter]) -> frozenset[str]:
        self.tried_at_s.append(self._clock.mono_ns() / 1e9)
        error = self.trouble.pop(0) if self.trouble else None
        if error is not None:
            raise error
        if any(letter.letter.kind in self.poison for letter in letters):
            raise Refused("invalid", 422)
        taken = letters[: self.takes_at_most]
        for letter in taken:
            if letter.id not in self.seen:
                self.got.append(str(letter.letter.body.get("level", letter.letter.kind)))
                self.seen.add(letter.id)
        if self.lose_reply:
            self.lose_reply -= 1
            raise Unreachable("timeout")
        self.accepting.set()
        return frozenset(letter.id for letter in taken)


async def opened(folder: Path, clock: VirtualClock) -> Journal:
    return quick(await Journal.open(folder / "journal.db", KEY, clock), clock)


def sender(journal: Journal, receiver: Receiver, clock: VirtualClock) -> Outbox:
    return Outbox(journal, cast("Platform", receiver), clock, random.Random(5))


async def post(journal: Journal, *levels: int) -> None:
    for level in levels:
        await journal.post(Letter("rating", {"level": level}))


@in_loop
async def test_in_order_once_and_over_a_restart(tmp_path: Path) -> None:
    clock = VirtualClock()
    receiver = Receiver(clock)
    async with await opened(tmp_path, clock) as journal:
        await post(journal, *range(60))
        receiver.trouble = [Unreachable("timeout")]
        assert not await sender(journal, receiver, clock).send_waiting()
    async with await opened(tmp_path, clock) as journal:
        await post(journal, 60)
        assert await sender(journal, receiver, clock).send_waiting()
        assert receiver.got == [str(level) for level in range(61)]
        assert await journal.letters_waiting() == 0


@in_loop
async def test_a_lost_reply_delivers_no_letter_twice(tmp_path: Path) -> None:
    clock = VirtualClock()
    receiver = Receiver(clock)
    receiver.lose_reply = 2
    async with await opened(tmp_path, clock) as journal:
        await post(journal, 1, 2)
        outbox = sender(journal, receiver, clock)
        assert not await outbox.send_waiting()
        assert not await outbox.send_waiting()
        assert await outbox.send_waiting()
        assert receiver.got == ["1", "2"]


@in_loop
async def test_a_letter_that_is_refused_is_set_aside_and_the_others_go(tmp_path: Path) -> None:
    clock = VirtualClock()
    receiver = Receiver(clock)
    receiver.poison = {"effect-failed"}
    async with await opened(tmp_path, clock) as journal:
        await post(journal, 1)
        await journal.post(Letter("effect-failed"))
        await post(journal, 2)
        assert await sender(journal, receiver, clock).send_waiting()
        assert receiver.got == ["1", "2"]
        assert await journal.letters_waiting() == 0
        assert [event.kind for event in await journal.machine_events()] == ["letter-refused"]


@pytest.mark.parametrize("status", [401, 403])
@in_loop
async def test_a_refused_token_sets_no_letter_aside(tmp_path: Path, status: int) -> None:
    clock = VirtualClock()
    receiver = Receiver(clock)
    receiver.trouble = [Refused("token", status)]
    async with await opened(tmp_path, clock) as journal:
        await post(journal, 1, 2)
        outbox = sender(journal, receiver, clock)
        assert not await outbox.send_waiting()
        assert await journal.letters_waiting() == 2


@in_loop
async def test_what_was_not_accepted_stays_in_front(tmp_path: Path) -> None:
    clock = VirtualClock()
    receiver = Receiver(clock)
    receiver.takes_at_most = 2
    async with await opened(tmp_path, clock) as journal:
        await post(journal, 1, 2, 3)
        assert await sender(journal, receiver, clock).send_waiting()
        assert receiver.got == ["1", "2", "3"]


@in_loop
async def test_it_waits_longer_after_each_failure_and_wakes_for_a_letter(tmp_path: Path) -> None:
    clock = VirtualClock()
    receiver = Receiver(clock)
    receiver.trouble = [Unreachable("timeout")] * 12
    async with await opened(tmp_path, clock) as journal:
        await post(journal, 1)
        outbox = sender(journal, receiver, clock)
        running = asyncio.create_task(outbox.run())
        await receiver.accepting.wait()
        while outbox.failures:
            await asyncio.sleep(0)
        assert len(receiver.tried_at_s) == 13
        waits = [b - a for a, b in zip(receiver.tried_at_s, receiver.tried_at_s[1:], strict=False)]
        bounds = [min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**failures) for failures in range(1, 13)]
        shares = [wait / bound for wait, bound in zip(waits, bounds, strict=True)]
        assert max(shares) <= 1 + 1e-6
        assert min(shares) < 0.5 < max(shares)  # so that kiosks do not come back all at once
        assert max(waits) > 20 * FIRST_PAUSE_S
        receiver.accepting.clear()
        await post(journal, 2)
        await receiver.accepting.wait()
        assert receiver.tried_at_s[-1] == receiver.tried_at_s[-2]  # at once
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


@in_loop
async def test_only_the_newest_heartbeat_waits(tmp_path: Path) -> None:
    async with await opened(tmp_path, VirtualClock()) as journal:
        for pending in range(3):
            await journal.post(Letter("heartbeat", {"pending": pending}))
        await journal.post_head()
        assert [posted.letter.body.get("pending") for posted in await journal.letters()] == [2, None]


@in_loop
async def test_a_full_outbox_drops_what_can_be_spared_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "OUTBOX_LIMIT", 4)
    async with await opened(tmp_path, VirtualClock()) as journal:
        await journal.post(Letter("escalation", {"attempt": 0}))
        await post(journal, 1, 2, 3)
        for attempt in range(1, 6):
            await journal.post(Letter("escalation", {"attempt": attempt}))
        await post(journal, 4)
        kinds = [posted.letter.kind for posted in await journal.letters()]
        assert kinds == ["escalation"] * 6


@in_loop
async def test_event_and_letter_are_one_commit(tmp_path: Path) -> None:
    async with await opened(tmp_path, VirtualClock()) as journal:
        await journal.begin("v1", "endorsement", "C1")
        with pytest.raises(ValueError, match="keeps no field"):
            await journal.note("v1", "escalated", letter=Letter("escalation", {"name": "x"}))
        assert [event.kind for event in (await journal.visit("v1")).events] == ["visit-began"]
        await journal.note("v1", "escalated", letter=Letter("escalation", case_no="C1"))
        assert await journal.letters_waiting() == 1
