"""One order being paid, and how that ended."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from devices.interfaces import PaymentState
from kiosk.journal import Effect
from kiosk.platform import Bill
from kiosk.refunds import Settlement


@dataclass(frozen=True, slots=True)
class Collected:
    """How a payment ended. ``settlement`` is set when the end was unknown and has been settled.

    ``state`` is approved, declined, cancelled, timedOut or unknown.
    """

    state: PaymentState
    method: str = ""
    host_reference: str = ""
    reason: str = ""
    settlement: Settlement | None = None


class Payment:
    """One order being paid. Collecting goes on by itself: waiting for it can be cancelled safely.

    ``code`` is what to show as a QR code, None at the terminal; ``expires_at`` its end.
    """

    def __init__(
        self, effect: Effect, bill: Bill, *, code: str | None = None, expires_at: datetime | None = None
    ) -> None:
        self.effect, self.bill = effect, bill
        self.code, self.expires_at = code, expires_at
        self.leaving = asyncio.Event()
        self._collecting: asyncio.Task[Collected] | None = None

    @property
    def order_no(self) -> str:
        return self.effect.key

    @property
    def channel(self) -> str:
        return str(self.effect.before["channel"])

    @property
    def amount_fen(self) -> int:
        return int(self.effect.before["amount_fen"])

    def collect(self, by: Coroutine[Any, Any, Collected]) -> None:
        """Begin to collect; called once by the cashier."""
        self._collecting = asyncio.create_task(by, name=f"payment {self.order_no}")

    async def outcome(self) -> Collected:
        """Return how the payment ended, whenever that is. Cancelling the wait changes nothing."""
        if self._collecting is None:
            raise RuntimeError("nobody collects this payment")
        return await asyncio.shield(self._collecting)

    async def give_up(self) -> Collected:
        """Stop the payment because the person leaves it, and return how it ended.

        May be approved (the terminal had it already); a code that was paid in the same moment is
        refunded and comes back as cancelled with its settlement.
        """
        self.leaving.set()
        return await self.outcome()
