"""Faults in waiting: what is to go wrong, on which device, at which operation."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Order:
    """One fault ordered for ``device``.

    Without ``operation`` it stands (a state: paper out) until cleared. With one it strikes at the
    ``nth`` matching operation from now, once, or at each from then on with ``repeat``.
    """

    device: str
    fault: str
    operation: str | None = None
    nth: int = 1
    repeat: bool = False
    args: Mapping[str, Any] = field(default_factory=dict)


class Faults:
    """The orders of one bench; used by every device's thread."""

    def __init__(self) -> None:
        self._orders: list[Order] = []
        self._lock = threading.Lock()
        self._watchers: list[Callable[[], None]] = []

    def watch(self, changed: Callable[[], None]) -> None:
        """Have ``changed`` called after orders came or went (for states that show at once)."""
        with self._lock:
            self._watchers.append(changed)

    def arm(self, order: Order) -> None:
        with self._lock:
            self._orders.append(order)
        self._tell()

    def clear(self, device: str | None = None, fault: str | None = None) -> None:
        """Forget all orders, or those of ``device``, or only its ``fault``."""
        with self._lock:
            self._orders = [
                o
                for o in self._orders
                if (device is not None and o.device != device) or (fault is not None and o.fault != fault)
            ]
        self._tell()

    def orders(self) -> tuple[Order, ...]:
        with self._lock:
            return tuple(self._orders)

    def standing(self, device: str) -> Mapping[str, Order]:
        """Return the states ordered for ``device`` by the fault's name."""
        with self._lock:
            return {o.fault: o for o in self._orders if o.device == device and o.operation is None}

    def take(self, device: str, operation: str) -> Order | None:
        """Tell ``device`` that it begins ``operation``; return the fault that strikes it, if any."""
        with self._lock:
            for order in self._orders:
                if order.device != device or order.operation != operation:
                    continue
                if order.nth > 1:
                    order.nth -= 1
                    continue
                if not order.repeat:
                    self._orders.remove(order)
                return order
        return None

    def _tell(self) -> None:
        with self._lock:
            watchers = tuple(self._watchers)
        for changed in watchers:
            changed()
