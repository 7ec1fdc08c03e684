"""The acquirer's host: what became of each order, whatever the terminal managed to say about it."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class HostOrder:
    """An order (or a refund) at the host. States: waiting, paid, closed, cancelled, refunded."""

    order_no: str
    amount_fen: int
    state: str = "waiting"
    refunded_fen: int = 0
    method: str = ""
    host_reference: str = ""
    ended_at: datetime | None = None


class OrderBook:
    """All orders of one merchant; used by the terminal's thread, the bench and the back office."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._lock = threading.Lock()
        self._orders: dict[str, HostOrder] = {}
        self._refunds: dict[str, HostOrder] = {}

    def open(self, order_no: str, amount_fen: int) -> HostOrder | None:
        """Open an order; None when the number was used before."""
        with self._lock:
            if order_no in self._orders or order_no in self._refunds:
                return None
            order = self._orders[order_no] = HostOrder(order_no, amount_fen)
            return order

    def settle(self, order: HostOrder, state: str, method: str) -> None:
        """End a waiting order."""
        with self._lock:
            order.state = state
            order.method = method
            order.host_reference = self._reference()
            order.ended_at = datetime.now()

    def get(self, order_no: str) -> HostOrder | None:
        """Return a copy of the order as it stands, or None when the host never heard of it."""
        with self._lock:
            order = self._orders.get(order_no)
            return replace(order) if order else None

    def get_refund(self, refund_no: str) -> HostOrder | None:
        with self._lock:
            refund = self._refunds.get(refund_no)
            return replace(refund) if refund else None

    def refund(self, order_no: str, refund_no: str, amount_fen: int) -> tuple[str, HostOrder | None]:
        """Give money back once for each ``refund_no``; return the host's code and the refund made."""
        with self._lock:
            order = self._orders.get(order_no)
            if refund_no in self._refunds or refund_no in self._orders:
                return "E04112", None
            if order is None or order.state not in ("paid", "refunded"):
                return "ET003", None
            if amount_fen <= 0 or order.refunded_fen + amount_fen > order.amount_fen:
                return "E04126", None
            order.refunded_fen += amount_fen
            if order.refunded_fen == order.amount_fen:
                order.state = "refunded"
            refund = self._refunds[refund_no] = HostOrder(
                refund_no, amount_fen, "paid", 0, order.method, self._reference(), datetime.now()
            )
            return "000", replace(refund)

    def orders(self) -> dict[str, dict[str, Any]]:
        """Return all orders as plain values."""
        with self._lock:
            return {
                number: {
                    "channel": "terminal",
                    "state": order.state,
                    "amount_fen": order.amount_fen,
                    "refunded_fen": order.refunded_fen,
                }
                for number, order in self._orders.items()
            }

    def clear(self) -> None:
        with self._lock:
            self._orders.clear()
            self._refunds.clear()

    def _reference(self) -> str:
        return f"{datetime.now():%y%m%d%H%M%S}{self._chance.randrange(10**8):08d}"
