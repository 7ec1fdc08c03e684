"""Asking what became of money, giving it back, and saying so when neither works.

A refund has one number for ever, so that trying again is harmless. After six failures it is staff's
(as reversal advices are handled between acquirers): the case is escalated, and nothing new is sold on
that channel until the question is answered.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from kiosk.clock import Clock
from kiosk.journal import Effect, EffectState, Journal, Letter, Outcome, blocked
from kiosk.journal.effects import REFUND_MONEY, TAKE_MONEY
from kiosk.journal.fields import word
from kiosk.numbers import refund_no
from kiosk.platform import Platform, PlatformError
from kiosk.tills import Found, GivenBack, Standing, Till


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often money is asked about. All in seconds unless named otherwise."""

    poll_s: float = 0.25
    code_poll_s: float = 2.0
    abort_grace_s: float = 10.0
    ask_pauses_s: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0)
    refund_tries: int = 6
    refund_pause_s: float = 1.0
    late_grace_s: float = 5.0

    def times(self, factor: float) -> Patience:
        """Return a patience whose pauses and graces are longer or shorter by ``factor``."""
        return replace(
            self,
            code_poll_s=self.code_poll_s * factor,
            abort_grace_s=self.abort_grace_s * factor,
            ask_pauses_s=tuple(pause_s * factor for pause_s in self.ask_pauses_s),
            refund_pause_s=self.refund_pause_s * factor,
            late_grace_s=self.late_grace_s * factor,
        )


@dataclass(frozen=True, slots=True)
class Settlement:
    """How money that was or may have been taken ended. ``outcome`` None: nothing had been taken."""

    outcome: Outcome | None
    refunded_fen: int
    reason: str


class Refunds:
    """What payment and recovery share: ask, conclude, give back, escalate."""

    def __init__(
        self,
        journal: Journal,
        tills: Mapping[str, Till],
        clock: Clock,
        chance: random.Random,
        patience: Patience,
    ) -> None:
        self._journal, self._tills, self._clock = journal, tills, clock
        self._chance, self._patience = chance, patience

    async def blocked_channels(self) -> frozenset[str]:
        """Return the channels on which nothing may be sold now."""
        names = blocked(await self._journal.unresolved())
        return frozenset(name for name in names if name in self._tills)

    async def ask(self, channel: str, order_no: str) -> Found:
        """Ask the host until it knows, for as long as patience goes.

        "No such order" counts when it is said twice: what is still on its way arrives between.
        """
        till, absent = self._tills.get(channel), 0
        if till is None:
            return Found(Standing.UNKNOWN, reason="no-till")
        found = await till.ask(order_no)
        for pause_s in self._patience.ask_pauses_s:
            absent = absent + 1 if found.standing is Standing.ABSENT else 0
            if found.standing in (Standing.PAID, Standing.NOT_PAID, Standing.REFUNDED) or absent == 2:
                break
            await self._clock.sleep(pause_s)
            found = await till.ask(order_no)
        return found

    async def conclude_taken(self, effect: Effect, found: Found) -> EffectState:
        """Write down what ``found`` says about a payment; return the state, unknown when it says nothing.

        An order that its host does not have, or that can still be paid, stays a question here: who
        knows its lifetime decides.
        """
        now = await self._now(effect)
        evidence = {
            "state": found.state.value,
            "channel": str(effect.before.get("channel", "")),
            "amount_fen": found.amount_fen or int(effect.before["amount_fen"]),
            "host_reference": word(found.host_reference),
            "method": word(found.method),
        }
        state = {
            Standing.PAID: EffectState.DONE,
            Standing.NOT_PAID: EffectState.FAILED,
            Standing.REFUNDED: EffectState.COMPENSATED,
        }.get(found.standing, EffectState.UNKNOWN)
        if now.state.resolved or (state is EffectState.UNKNOWN and now.state is state):
            return now.state
        if found.standing is Standing.REFUNDED:
            evidence["refunded_fen"] = found.refunded_fen
        await self._journal.conclude(effect.intent, state, after=evidence)
        return state

    async def nothing_taken(self, effect: Effect, reason: str) -> None:
        """Write down that an order can no longer take money."""
        if not (await self._now(effect)).state.resolved:
            await self._journal.conclude(
                effect.intent, EffectState.FAILED, after={"state": "notFound", "reason": word(reason)}
            )

    async def give_back(self, effect: Effect, case_no: str, reason: str, *, late: bool = False) -> Settlement:
        """Give back what the payment ``effect`` took (or may have taken), until it is certain or staff's.

        Continues a refund that was begun before. Commits each step; safe to call again at any time.
        ``late`` when the visit is over: the back office is told, since staff may have been asked for it.
        """
        order_no, channel = effect.key, str(effect.before["channel"])
        amount_fen = int(effect.before["amount_fen"])
        refund = await self._refund_effect(effect, order_no, channel, amount_fen, reason)
        if refund.state is EffectState.DONE:
            await self._compensate(effect, amount_fen)
            return Settlement(Outcome.REFUNDED, amount_fen, reason)
        if refund.state is EffectState.FAILED:
            return (
                Settlement(None, 0, reason)
                if refund.after.get("state") == GivenBack.NOTHING_TAKEN
                else (await self.escalate(effect, case_no, "refund-refused"))
            )
        last = await self._try_to_return(channel, order_no, amount_fen)
        if last is GivenBack.RETURNED:
            after = {"refunded_fen": amount_fen, "order_no": order_no}
            told = {**after, "refund_no": refund.key, "channel": channel}
            letter = Letter("refunded-late", told, case_no) if late else None
            await self._journal.conclude(refund.intent, EffectState.DONE, after=after, letter=letter)
            await self._compensate(effect, amount_fen)
            return Settlement(Outcome.REFUNDED, amount_fen, reason)
        if last is GivenBack.NOTHING_TAKEN and not self._was_taken(await self._now(effect)):
            await self._journal.conclude(refund.intent, EffectState.FAILED, after={"state": last.value})
            await self.nothing_taken(effect, "nothing-taken")
            return Settlement(None, 0, reason)
        if last in (GivenBack.REFUSED, GivenBack.NOTHING_TAKEN):
            # The host denies what it approved before, or will not: only people can mend that.
            await self._journal.conclude(refund.intent, EffectState.FAILED, after={"state": last.value})
            return await self.escalate(effect, case_no, "refund-refused")
        if refund.state is EffectState.INTENDED:
            await self._journal.conclude(refund.intent, EffectState.UNKNOWN, after={"state": last.value})
        return await self.escalate(effect, case_no, "refund-failed")

    async def escalate(self, effect: Effect, case_no: str, reason: str, refunded_fen: int = 0) -> Settlement:
        """Hand the case to staff: journalled once an order, and told to the back office in the same commit.

        A permit of the same visit that was handed to them says nothing of its money.
        """
        record = await self._journal.visit(effect.visit)
        if not any(
            event.kind == "escalated" and event.body.get("order_no") == effect.key for event in record.events
        ):
            body = {
                "order_no": effect.key,
                "amount_fen": int(effect.before["amount_fen"]),
                "refunded_fen": refunded_fen,
                "reason": word(reason),
            }
            letter = Letter("escalation", body, case_no)
            await self._journal.note(effect.visit, "escalated", letter=letter, **body)
        return Settlement(Outcome.ESCALATED, refunded_fen, reason)

    async def tell_of_terminal_refund(self, platform: Platform, effect: Effect) -> None:
        """Tell the back office what the terminal gave back, so that both books agree; again is harmless.

        When it can't be told now, one letter does it: the money itself is back already.
        """
        amount_fen = int(effect.before["amount_fen"])
        number = refund_no(effect.key)
        try:
            await platform.refund(effect.key, number, amount_fen, "not-delivered")
        except PlatformError as error:
            record = await self._journal.visit(effect.visit)
            if record.noted("refund-not-registered") is not None:
                return
            body = {
                "effect": REFUND_MONEY,
                "order_no": effect.key,
                "refund_no": number,
                "refunded_fen": amount_fen,
                "code": word(error.code),
            }
            letter = Letter("effect-failed", body, record.case_no)
            await self._journal.note(effect.visit, "refund-not-registered", letter=letter, **body)

    async def _try_to_return(self, channel: str, order_no: str, amount_fen: int) -> GivenBack:
        till = self._tills.get(channel)
        if till is None:
            return GivenBack.NOT_NOW
        pause_s = self._patience.refund_pause_s
        for attempt in range(self._patience.refund_tries):
            if attempt:
                await self._clock.sleep(pause_s * self._chance.uniform(0.5, 1.0))
                pause_s *= 2
            self._journal.hit("act.refund-money.before")
            given = await till.give_back(order_no, refund_no(order_no), amount_fen)
            self._journal.hit("act.refund-money.after")
            if given is not GivenBack.NOT_NOW:
                return given
        return GivenBack.NOT_NOW

    async def _refund_effect(
        self, effect: Effect, order_no: str, channel: str, amount_fen: int, reason: str
    ) -> Effect:
        number = refund_no(order_no)
        before = {"order_no": order_no, "channel": channel, "amount_fen": amount_fen}
        for known in (await self._journal.visit(effect.visit)).every(REFUND_MONEY):
            if known.key == number:
                return known
        intent = await self._journal.intend(
            effect.visit, REFUND_MONEY, number, before=before, body={"reason": word(reason)}
        )
        return Effect(intent, EffectState.INTENDED, before, {})

    async def _compensate(self, effect: Effect, amount_fen: int) -> None:
        if (await self._now(effect)).state is not EffectState.COMPENSATED:
            await self._journal.conclude(
                effect.intent,
                EffectState.COMPENSATED,
                after={"refunded_fen": amount_fen, "state": "refunded"},
            )

    async def _now(self, effect: Effect) -> Effect:
        record = await self._journal.visit(effect.visit)
        return next(known for known in record.every(TAKE_MONEY) if known.key == effect.key)

    @staticmethod
    def _was_taken(effect: Effect) -> bool:
        return effect.state is EffectState.DONE
