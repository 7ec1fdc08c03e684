"""Faults in waiting: what is to go wrong, on which device, at which operation, when."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Order:
    """One fault ordered for ``device``.

    Without ``operation`` it stands (a state: paper out) until cleared. With one it strikes at the
    ``nth`` matching operation from now, once (a state then stands), or at each with ``repeat``; with a
    ``probability`` below 1 each of these is drawn for, from ``seed``, until it struck. ``after_s`` seconds
    have to pass before anything of this begins. ``args`` are the fault's own; ``share`` (0..1) among them
    is how much of the operation is done before it strikes, where the operation takes time.
    """

    device: str
    fault: str
    operation: str | None = None
    nth: int = 1
    repeat: bool = False
    after_s: float = 0.0
    probability: float = 1.0
    seed: int = 1
    args: Mapping[str, Any] = field(default_factory=dict)

    def share(self, usual: float = 0.0) -> float:
        """Return how much of the operation is done before the fault strikes; ``usual`` if not said."""
        return min(1.0, max(0.0, float(self.args.get("share", usual))))


class _Waiting:
    """An order, when it begins, what it draws from, and who wakes the devices then."""

    def __init__(self, order: Order, begins: Callable[[], None]) -> None:
        self.order = order
        self.chance = random.Random(order.seed)
        self._begins_s = time.monotonic() + order.after_s
        self._alarm: threading.Timer | None = None
        if order.after_s > 0:
            self._alarm = threading.Timer(order.after_s, begins)
            self._alarm.daemon = True
            self._alarm.start()

    @property
    def begun(self) -> bool:
        return time.monotonic() >= self._begins_s

    def end(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()


class Faults:
    """The orders of one bench; used by every device's thread."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._lock = threading.Lock()
        self._watchers: list[Callable[[], None]] = []

    def watch(self, changed: Callable[[], None]) -> None:
        """Have ``changed`` called after orders came, began or went (for states that show at once)."""
        with self._lock:
            self._watchers.append(changed)

    def arm(self, order: Order) -> None:
        with self._lock:
            self._waiting.append(_Waiting(order, self._tell))
        self._tell()

    def clear(self, device: str | None = None, fault: str | None = None) -> None:
        """Forget all orders, or those of ``device``, or only its ``fault``."""
        with self._lock:
            kept = []
            for waiting in self._waiting:
                order = waiting.order
                if device not in (None, order.device) or fault not in (None, order.fault):
                    kept.append(waiting)
                else:
                    waiting.end()
            self._waiting = kept
        self._tell()

    def orders(self) -> tuple[Order, ...]:
        with self._lock:
            return tuple(waiting.order for waiting in self._waiting)

    def standing(self, device: str) -> Mapping[str, Order]:
        """Return the states ordered for ``device`` that have begun, by the fault's name."""
        with self._lock:
            return {
                waiting.order.fault: waiting.order
                for waiting in self._waiting
                if waiting.order.device == device and waiting.order.operation is None and waiting.begun
            }

    def take(self, device: str, operation: str, states: Container[str] = ()) -> Order | None:
        """Tell ``device`` that it begins ``operation``; return the fault that strikes it, if any.

        One of the device's ``states`` is not returned: it stands from now on.
        """
        struck = self._struck(device, operation, states)
        if struck is None or struck.fault not in states:
            return struck
        self.arm(Order(device, struck.fault, args=struck.args))
        return None

    def _struck(self, device: str, operation: str, states: Container[str]) -> Order | None:
        with self._lock:
            for waiting in self._waiting:
                order = waiting.order
                if order.device != device or order.operation != operation or not waiting.begun:
                    continue
                if order.nth > 1:
                    order.nth -= 1
                    continue
                if waiting.chance.random() >= order.probability:
                    continue
                if not order.repeat or order.fault in states:
                    self._waiting.remove(waiting)
                return order
        return None

    def _tell(self) -> None:
        with self._lock:
            watchers = tuple(self._watchers)
        for changed in watchers:
            changed()
