"""Taking money: by the terminal, or by a code on the screen; and never keeping it for nothing.

The order's intent is committed before the terminal or the back office hears of it. Approved,
declined, cancelled, timed out and unknown are five different ends. Unknown is asked about, then
reversed; what can't be reversed is escalated with the case number. ``Paid`` is left only as
delivered, refunded or escalated.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from devices.base import DeviceError
from devices.interfaces import PaymentState
from kiosk.clock import Clock, mono_s
from kiosk.journal import Effect, EffectState, Journal, Outcome
from kiosk.journal.effects import PAYMENT_TERMINAL, TAKE_MONEY
from kiosk.late_orders import LateOrders
from kiosk.numbers import Numbers
from kiosk.paid import NotDelivered, Paid
from kiosk.payment import Collected, Payment
from kiosk.platform import Bill, Platform, PlatformError, Refused
from kiosk.refunds import Patience, Refunds
from kiosk.tills import CodeTill, Found, Standing, TerminalPort, TerminalTill, Till, found_by_terminal

T = TypeVar("T")

__all__ = ["Cashier", "ChannelBlocked", "Collected", "NotDelivered", "Paid", "Patience", "Payment"]

CODE_CHANNELS = ("wechat", "alipay")


class ChannelBlocked(Exception):
    """Nothing may be sold on this channel now: an earlier refund on it is still a question."""


class Cashier:
    """Takes payments for visits. ``terminal`` is None where the model has none."""

    def __init__(
        self,
        journal: Journal,
        numbers: Numbers,
        platform: Platform,
        clock: Clock,
        chance: random.Random,
        *,
        terminal: TerminalPort | None = None,
        patience: Patience | None = None,
        clock_agrees: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        """``clock_agrees`` tells whether the clock can be trusted about how long ago something was."""
        self._journal, self._numbers, self._platform, self._clock = journal, numbers, platform, clock
        self._patience = patience or Patience()
        self._terminal = terminal
        self.tills: Mapping[str, Till] = {
            **({PAYMENT_TERMINAL: TerminalTill(terminal)} if terminal else {}),
            **{channel: CodeTill(platform, channel) for channel in CODE_CHANNELS},
        }
        self.refunds = Refunds(journal, self.tills, clock, chance, self._patience)
        self._late = LateOrders(journal, platform, self.refunds, clock, self._patience, clock_agrees)
        self._under_way: set[str] = set()

    async def blocked_channels(self) -> frozenset[str]:
        """Return the channels on which nothing may be sold now (``payment_terminal``, ``wechat``, …)."""
        return await self.refunds.blocked_channels()

    async def at_terminal(self, visit: str, bill: Bill, *, timeout_s: float) -> Payment:
        """Ask the person to pay ``bill`` at the terminal within ``timeout_s``.

        Raises ``ChannelBlocked``, ``JournalFailed``; a terminal that fails shows in the outcome.
        """
        if self._terminal is None:
            raise ValueError("no payment terminal is fitted")
        effect = await self._intend(visit, bill, PAYMENT_TERMINAL, {})
        payment = Payment(effect, bill)
        payment.collect(self._collecting(payment, self._collect_at(self._terminal, payment, timeout_s)))
        return payment

    async def by_code(self, visit: str, bill: Bill, channel: str, *, lifetime_s: int) -> Payment:
        """Make an order that is paid by scanning ``Payment.code`` within ``lifetime_s``.

        Raises ``ChannelBlocked``, ``JournalFailed``, and ``PlatformError`` when no code could be had:
        nobody can have paid then.
        """
        effect = await self._intend(visit, bill, channel, {"lifetime_s": lifetime_s})
        begun_s = mono_s(self._clock)
        try:
            self._journal.hit("act.take-money.before")
            order = await self._platform.open_order(effect.key, bill, channel=channel, lifetime_s=lifetime_s)
            self._journal.hit("act.take-money.after")
        except PlatformError as error:
            await self.refunds.nothing_taken(effect, f"no-code:{error.code}")
            raise
        payment = Payment(effect, bill, code=order.code, expires_at=order.expires_at)
        payment.collect(self._collecting(payment, self._collect_code(payment, begun_s + lifetime_s)))
        return payment

    def paid(self, payment: Payment) -> Paid:
        """Return the context in which what was paid for is delivered."""
        return Paid(payment, self._journal, self._platform, self.refunds)

    async def recover(self, effect: Effect, case_no: str, *, expires_at: datetime) -> EffectState:
        """Find out what became of a payment that a dead process left open; return its state.

        ``done`` means that money was taken: the caller delivers or gives back. What the terminal
        can't answer is reversed here; a code that can still be paid is closed, and watched if that
        does not help.
        """
        channel = str(effect.before["channel"])
        if channel == PAYMENT_TERMINAL:
            await self._stop_terminal(effect.key)
        else:
            await self._try_to_close(effect.key, attempt=int(self._clock.wall().timestamp()))
        found = await self.refunds.ask(channel, effect.key)
        state = await self.refunds.conclude_taken(effect, found)
        if state.resolved:
            return state
        if channel == PAYMENT_TERMINAL:
            if found.standing is Standing.ABSENT:
                await self.refunds.nothing_taken(effect, "absent")
                return EffectState.FAILED
            settlement = await self.refunds.give_back(effect, case_no, "payment-unknown")
            return EffectState.COMPENSATED if settlement.outcome is Outcome.REFUNDED else state
        left_s = await self._late.left_s(effect, expires_at)
        if left_s <= -self._patience.late_grace_s and found.standing is not Standing.UNKNOWN:
            await self.refunds.nothing_taken(effect, "lifetime-over")
            return EffectState.FAILED
        if found.standing is Standing.UNKNOWN:
            await self.refunds.escalate(effect, case_no, "payment-unknown")
        self._late.watch(effect, case_no, mono_s(self._clock) + max(0.0, left_s))
        return state

    async def ask_again(self) -> None:
        """Ask once more about money of ended visits whose question is open; give back what was taken."""
        await self._late.ask_again(self._under_way)

    async def drain(self) -> None:
        """Wait until codes that were given up can no longer be paid, and are settled."""
        await self._late.drain()

    async def close(self) -> None:
        """Stop watching; what is open is in the journal and recovery will ask."""
        await self._late.close()

    # --- the order ---------------------------------------------------------------------------------

    async def _intend(self, visit: str, bill: Bill, channel: str, more: Mapping[str, Any]) -> Effect:
        if channel in await self.blocked_channels():
            raise ChannelBlocked(channel)
        order_no = await self._numbers.order_no()
        before = {"channel": channel, "amount_fen": bill.total_fen, "bill_no": bill.bill_no, **more}
        intent = await self._journal.intend(visit, TAKE_MONEY, order_no, before=before)
        return Effect(intent, EffectState.INTENDED, before, {})

    async def _collecting(self, payment: Payment, by: Awaitable[T]) -> T:
        self._under_way.add(payment.order_no)
        try:
            return await by
        finally:
            self._under_way.discard(payment.order_no)

    async def _conclude(self, payment: Payment, found: Found, state: PaymentState) -> Collected:
        await self.refunds.conclude_taken(payment.effect, found)
        return Collected(state, found.method, found.host_reference, found.reason)

    # --- at the terminal ---------------------------------------------------------------------------

    async def _collect_at(self, port: TerminalPort, payment: Payment, timeout_s: float) -> Collected:
        found = await self._at_the_terminal(port, payment, timeout_s)
        if found.standing in (Standing.PAID, Standing.NOT_PAID):
            return await self._conclude(payment, found, found.state)
        # Silence, or a terminal that went on waiting: what it says is not known, so the host is asked.
        await self.refunds.conclude_taken(payment.effect, Found(Standing.UNKNOWN, reason=found.reason))
        found = await self.refunds.ask(payment.channel, payment.order_no)
        if found.standing in (Standing.PAID, Standing.NOT_PAID):
            return await self._conclude(payment, found, found.state)
        if found.standing is Standing.ABSENT:
            await self.refunds.nothing_taken(payment.effect, "absent")
            return Collected(PaymentState.TIMED_OUT, reason="not-found")
        settlement = await self.refunds.give_back(payment.effect, payment.bill.case_no, "payment-unknown")
        return Collected(PaymentState.UNKNOWN, reason="payment-unknown", settlement=settlement)

    async def _at_the_terminal(self, port: TerminalPort, payment: Payment, timeout_s: float) -> Found:
        """Start and poll until there is an outcome; unknown when the wire fails or nothing ends it."""
        try:
            self._journal.hit("act.take-money.before")
            await port.start(payment.order_no, payment.amount_fen)
            self._journal.hit("act.take-money.after")
            end_s, aborted, late = mono_s(self._clock) + timeout_s, False, False
            while True:
                found = found_by_terminal(await port.poll(payment.order_no))
                if late and found.state is PaymentState.CANCELLED:
                    return replace(found, state=PaymentState.TIMED_OUT)  # nobody cancelled it but the clock
                if found.standing is not Standing.PAYABLE:
                    return found
                over = mono_s(self._clock) >= end_s
                if aborted and over:
                    return Found(Standing.UNKNOWN, reason="no-end")
                if not aborted and (over or payment.leaving.is_set()):
                    await port.abort(payment.order_no)
                    late = not payment.leaving.is_set()
                    aborted, end_s = True, mono_s(self._clock) + self._patience.abort_grace_s
                await self._clock.sleep(self._patience.poll_s)
        except DeviceError as error:
            return Found(Standing.UNKNOWN, reason=error.code)

    # --- by code -----------------------------------------------------------------------------------

    async def _collect_code(self, payment: Payment, end_s: float) -> Collected:
        till = self.tills[payment.channel]
        while mono_s(self._clock) < end_s and not payment.leaving.is_set():
            found = await till.ask(payment.order_no)
            if found.standing is Standing.PAID:
                return await self._conclude(payment, found, PaymentState.APPROVED)
            if found.standing in (Standing.NOT_PAID, Standing.REFUNDED):
                return await self._conclude(payment, found, PaymentState.CANCELLED)
            await self._pause(payment, min(self._patience.code_poll_s, end_s - mono_s(self._clock)))
        return await self._close_code(payment, end_s)

    async def _close_code(self, payment: Payment, end_s: float) -> Collected:
        """Close the order, ask again, and decide; a code that can still be paid is watched to its end."""
        left = payment.leaving.is_set()
        ended = PaymentState.CANCELLED if left else PaymentState.TIMED_OUT
        reached = await self._try_to_close(payment.order_no, attempt=1)
        found = await self.tills[payment.channel].ask(payment.order_no)
        if found.standing is Standing.PAID:
            await self.refunds.conclude_taken(payment.effect, found)
            if not left:
                return Collected(PaymentState.APPROVED, found.method, found.host_reference)
            settlement = await self.refunds.give_back(
                payment.effect, payment.bill.case_no, "paid-while-leaving"
            )
            return Collected(ended, found.method, settlement=settlement)
        if found.standing in (Standing.NOT_PAID, Standing.REFUNDED):
            return await self._conclude(payment, found, ended)
        over = mono_s(self._clock) >= end_s + self._patience.late_grace_s
        if over and found.standing in (Standing.ABSENT, Standing.PAYABLE):
            await self.refunds.nothing_taken(payment.effect, "lifetime-over")
            return Collected(ended)
        await self.refunds.conclude_taken(payment.effect, Found(Standing.UNKNOWN))
        self._late.watch(payment.effect, payment.bill.case_no, end_s)
        if reached and found.standing is not Standing.UNKNOWN:
            return Collected(ended, reason="still-payable")
        settlement = await self.refunds.escalate(payment.effect, payment.bill.case_no, "payment-unknown")
        return Collected(PaymentState.UNKNOWN, reason="payment-unknown", settlement=settlement)

    async def _try_to_close(self, order_no: str, attempt: int) -> bool:
        """Close an order as far as the host lets us; what it then is has to be asked. False: no answer."""
        try:
            await self._platform.close_order(order_no, attempt)
        except Refused:
            return True
        except PlatformError:
            return False
        return True

    async def _stop_terminal(self, order_no: str) -> None:
        if self._terminal is not None:
            with contextlib.suppress(DeviceError):
                await self._terminal.abort(order_no)

    async def _pause(self, payment: Payment, seconds: float) -> None:
        """Wait, or until the person leaves."""
        leaving = asyncio.ensure_future(payment.leaving.wait())
        pause = asyncio.ensure_future(self._clock.sleep(max(0.0, seconds)))
        await asyncio.wait({leaving, pause}, return_when=asyncio.FIRST_COMPLETED)
        for waiting in (leaving, pause):
            waiting.cancel()
