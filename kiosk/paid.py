"""The time between paying and having: it ends as delivered, refunded or escalated, and in no other way."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from devices.interfaces import PaymentState
from kiosk.journal import Journal, Outcome
from kiosk.journal.effects import PAYMENT_TERMINAL
from kiosk.payment import Payment
from kiosk.platform import Platform, PlatformError
from kiosk.refunds import Refunds, Settlement


class NotDelivered(Exception):
    """The body of ``Paid`` ended without delivering (or could not begin): see ``settlement``."""

    def __init__(self, settlement: Settlement) -> None:
        super().__init__(settlement.reason)
        self.settlement = settlement


class Paid:
    """The time between paying and having: ``async with cashier.paid(payment) as paid``.

    The body calls ``await paid.delivered()`` once what was paid for is there. Left in any other way,
    by an exception or by cancelling too, the money goes back; what can't go back is escalated. After
    the block ``settlement`` says how it ended. A block that ends quietly without having delivered
    raises ``NotDelivered``, as does entering when the back office can't be told of the payment.
    """

    def __init__(self, payment: Payment, journal: Journal, platform: Platform, refunds: Refunds) -> None:
        self.payment = payment
        self.settlement: Settlement | None = None
        self._journal, self._platform, self._refunds = journal, platform, refunds

    async def __aenter__(self) -> Paid:
        collected = await self.payment.outcome()
        if collected.state is not PaymentState.APPROVED:
            raise ValueError(f"order {self.payment.order_no} is {collected.state}, not approved")
        if self.payment.channel == PAYMENT_TERMINAL:
            try:
                await self._platform.register_terminal_payment(
                    self.payment.order_no,
                    self.payment.bill,
                    host_reference=collected.host_reference,
                    method=collected.method,
                )
            except BaseException as error:
                await self._surely(self._settle("not-registered"))
                if isinstance(error, PlatformError) and self.settlement is not None:
                    raise NotDelivered(self.settlement) from error
                raise
        return self

    async def delivered(self) -> None:
        """Commit that the person has, or can take, what was paid for. Nothing is refunded after it."""
        await self._journal.note(self.payment.effect.visit, "delivered", order_no=self.payment.order_no)
        self.settlement = Settlement(Outcome.DELIVERED, 0, "")

    async def escalate(self, reason: str, *, give_back: bool) -> Settlement:
        """Hand the case to staff, with the money given back first when ``give_back``."""
        await self._surely(self._escalate(reason, give_back))
        assert self.settlement is not None
        return self.settlement

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        if self.settlement is None:
            reason = str(getattr(error, "code", "")) or (kind.__name__ if kind else "not-delivered")
            await self._surely(self._settle(reason))
            if kind is None and self.settlement is not None:
                raise NotDelivered(self.settlement)

    async def _settle(self, reason: str) -> None:
        payment = self.payment
        self.settlement = await self._refunds.give_back(payment.effect, payment.bill.case_no, reason)
        if payment.channel == PAYMENT_TERMINAL and self.settlement.outcome is Outcome.REFUNDED:
            await self._refunds.tell_of_terminal_refund(self._platform, payment.effect)

    async def _escalate(self, reason: str, give_back: bool) -> None:
        if give_back:
            await self._settle(reason)
        refunded_fen = self.settlement.refunded_fen if self.settlement else 0
        payment = self.payment
        self.settlement = await self._refunds.escalate(
            payment.effect, payment.bill.case_no, reason, refunded_fen
        )

    @staticmethod
    async def _surely(act: Coroutine[Any, Any, None]) -> None:
        """Finish ``act`` although the caller is being cancelled; the cancelling goes on afterwards."""
        task = asyncio.ensure_future(act)
        cancelled: asyncio.CancelledError | None = None
        while not task.done():
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError as error:
                if task.done():
                    break
                cancelled = error
        await task
        if cancelled is not None:
            raise cancelled
