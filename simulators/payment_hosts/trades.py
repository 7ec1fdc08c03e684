"""What a host knows of an order: how much, until when its code can be paid, what came back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

Clock = Callable[[], datetime]
"""Returns the time now, with its zone."""


class TradeState(StrEnum):
    """Where an order stands. ``UNSCANNED`` is an order whose code no phone has opened."""

    UNSCANNED = "unscanned"
    SCANNED = "scanned"
    PAID = "paid"
    CLOSED = "closed"


class ScanRefused(Exception):
    """The phone shows an error instead of a payment: unknown, expired, closed or paid code."""


@dataclass(slots=True)
class Trade:
    """One order at a host. ``order_no`` is the merchant's, ``trade_no`` the host's; money in fen."""

    order_no: str
    trade_no: str
    amount_fen: int
    description: str
    code: str
    payable_until: datetime
    notify_url: str = ""
    state: TradeState = TradeState.UNSCANNED
    paid_at: datetime | None = None
    refunds: dict[str, int] = field(default_factory=dict)
    refunded_at: dict[str, datetime] = field(default_factory=dict)

    @property
    def refunded_fen(self) -> int:
        return sum(self.refunds.values())

    def give_back(self, refund_no: str, amount_fen: int, now: datetime) -> None:
        """Book a refund under its number."""
        self.refunds[refund_no] = amount_fen
        self.refunded_at[refund_no] = now

    def scan(self, approve: bool, now: datetime) -> None:
        """A phone opens the code, and pays or doesn't; raises ``ScanRefused``."""
        if self.state in {TradeState.PAID, TradeState.CLOSED}:
            raise ScanRefused(f"order is {self.state}")
        if now >= self.payable_until:
            raise ScanRefused("code has expired")
        self.state = TradeState.PAID if approve else TradeState.SCANNED
        self.paid_at = now if approve else None


class Trades:
    """A host's orders by the merchant's number and by the code's text; safe from any thread."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._by_order: dict[str, Trade] = {}

    def add(self, trade: Trade) -> None:
        with self.lock:
            self._by_order[trade.order_no] = trade

    def of_order(self, order_no: str) -> Trade | None:
        with self.lock:
            return self._by_order.get(order_no)

    def of_code(self, code: str) -> Trade | None:
        with self.lock:
            return next((trade for trade in self._by_order.values() if trade.code == code), None)

    def of_refund(self, refund_no: str) -> Trade | None:
        with self.lock:
            return next((trade for trade in self._by_order.values() if refund_no in trade.refunds), None)

    def clear(self) -> None:
        with self.lock:
            self._by_order.clear()

    def all(self) -> tuple[Trade, ...]:
        with self.lock:
            return tuple(self._by_order.values())
