"""Orders that outlive their visits: watched while they can be paid, asked about until they are settled.

A code that its host will not close can be paid until its lifetime is over, wherever the person is then.
Nothing is delivered for it any more: what was paid goes back by itself, and the back office is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta

from kiosk.clock import Clock, mono_s
from kiosk.journal import Effect, EffectState, Journal, Outcome, VisitRecord
from kiosk.journal.effects import PAYMENT_TERMINAL, REFUND_MONEY, TAKE_MONEY
from kiosk.platform import Platform
from kiosk.refunds import Patience, Refunds
from kiosk.tills import Found, Standing


class LateOrders:
    """The orders of visits that are over, or that their visits have given up."""

    def __init__(
        self,
        journal: Journal,
        platform: Platform,
        refunds: Refunds,
        clock: Clock,
        patience: Patience,
        clock_agrees: Callable[[], Awaitable[bool]] | None,
    ) -> None:
        self._journal, self._platform, self._refunds = journal, platform, refunds
        self._clock, self._patience, self._clock_agrees = clock, patience, clock_agrees
        self._watches: dict[asyncio.Task[None], str] = {}

    def watch(self, effect: Effect, case_no: str, end_s: float) -> None:
        """Settle an order once it can be paid no longer; ``end_s`` in monotonic seconds."""

        async def until_the_end() -> None:
            await self._clock.sleep(max(0.0, end_s + self._patience.late_grace_s - mono_s(self._clock)))
            found = await self._refunds.ask(str(effect.before["channel"]), effect.key)
            await self._settle(effect, found, case_no, "paid-after-leaving")

        task = asyncio.create_task(until_the_end(), name=f"watch {effect.key}")
        self._watches[task] = effect.key
        task.add_done_callback(self._watches.pop)

    async def left_s(self, effect: Effect, expires_at: datetime) -> float:
        """Return for how long a code can still be paid; all its lifetime where the clock can't tell."""
        lifetime_s = float(effect.before.get("lifetime_s", 0))
        if self._clock_agrees is not None and not await self._clock_agrees():
            return lifetime_s
        return min((expires_at - self._clock.wall()).total_seconds(), lifetime_s)

    async def ask_again(self, under_way: Collection[str]) -> None:
        """Ask once more about open questions of ended visits, but for the orders ``under_way``."""
        for effect in await self._journal.unresolved():
            record = await self._journal.visit(effect.visit)
            order_no = str(effect.before.get("order_no", effect.key))
            if record.outcome is None or order_no in under_way or order_no in self._watches.values():
                continue
            if effect.kind == TAKE_MONEY:
                await self._settle_or_watch(effect, record)
            elif effect.kind == REFUND_MONEY:
                for take in record.every(TAKE_MONEY):
                    if take.key == order_no:
                        await self._give_back(take, record.case_no)

    async def drain(self) -> None:
        """Wait until what is watched can no longer be paid, and is settled."""
        while self._watches:
            await asyncio.wait(set(self._watches))

    async def close(self) -> None:
        """Stop watching; what is open is in the journal, and is asked about after the next start."""
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)

    async def _settle_or_watch(self, effect: Effect, record: VisitRecord) -> None:
        """Settle an order; one that can still be paid, as shortly after a start, is watched instead."""
        channel = str(effect.before["channel"])
        found = await self._refunds.ask(channel, effect.key)
        if channel != PAYMENT_TERMINAL and found.standing in (Standing.ABSENT, Standing.PAYABLE):
            left_s = await self.left_s(effect, expires(record, effect))
            if left_s > -self._patience.late_grace_s:
                self.watch(effect, record.case_no, mono_s(self._clock) + max(0.0, left_s))
                return
        await self._settle(effect, found, record.case_no, "late")

    async def _settle(self, effect: Effect, found: Found, case_no: str, reason: str) -> None:
        """Settle an order that can no longer be paid."""
        if found.standing in (Standing.ABSENT, Standing.PAYABLE):
            await self._refunds.nothing_taken(effect, "lifetime-over")
        elif await self._refunds.conclude_taken(effect, found) is EffectState.DONE:
            await self._refunds.give_back(effect, case_no, reason, late=True)

    async def _give_back(self, take: Effect, case_no: str) -> None:
        """Go on with a refund; what the back office has booked as paid is booked as refunded there too."""
        settlement = await self._refunds.give_back(take, case_no, "late", late=True)
        booked = take.state is EffectState.DONE and take.before["channel"] == PAYMENT_TERMINAL
        if booked and settlement.outcome is Outcome.REFUNDED:
            await self._refunds.tell_of_terminal_refund(self._platform, take)


def expires(record: VisitRecord, effect: Effect) -> datetime:
    """Return when an order's code can be paid no longer, by the time of its intent."""
    wall = next(event.wall for event in record.events if event.number == effect.intent.number)
    return datetime.fromisoformat(wall) + timedelta(seconds=int(effect.before.get("lifetime_s", 0)))
