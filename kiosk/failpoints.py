"""Named points where a test may kill the process, to prove that recovery mends what is left.

Points lie before and after each commit of the journal and around each act on the outside world.
``KIOSK_FAILPOINT="name:n"`` kills the process (SIGKILL: no handler, no flush) when the point
``name`` is met for the n-th time. ``KIOSK_FAILPOINT_LOG=file`` appends ``name:n`` for each point
met, so that a test can list them all from one good run. ``KIOSK_FAILPOINT_ORDER=file`` takes
``name:n`` from a file that may be written while the kiosk runs; counting begins anew with each
order, and no file is no order. Without any of them, a point is an empty call.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Failpoints(Protocol):
    """Something to tell that a point was met."""

    def hit(self, name: str) -> None:
        """Tell that the point ``name`` is met now. May not return."""
        ...


class NoFailpoints:
    """The points of an ordinary run: nothing happens."""

    def hit(self, name: str) -> None:
        pass


class DeadlyFailpoints:
    """Counts the points met, logs them, and kills the process at the chosen one."""

    def __init__(self, deadly: str | None = None, log: str | None = None, order: str | None = None) -> None:
        """Take ``deadly`` as ``name:n`` (``n`` from 1); raises ``ValueError`` when it is not."""
        self._deadly = _parsed(deadly or "")
        self._log = Path(log) if log else None
        self._order = Path(order) if order else None
        self._ordered = ""
        self._met: Counter[str] = Counter()
        self._lock = threading.Lock()

    def hit(self, name: str) -> None:
        with self._lock:
            self._take_order()
            self._met[name] += 1
            count = self._met[name]
            if self._log:
                with self._log.open("a", encoding="ascii") as file:
                    file.write(f"{name}:{count}\n")
        if self._deadly == (name, count):
            os.kill(os.getpid(), signal.SIGKILL)

    def _take_order(self) -> None:
        if self._order is None:
            return
        ordered = self._order.read_text("ascii") if self._order.exists() else ""
        if ordered != self._ordered:
            self._ordered, self._deadly = ordered, _parsed(ordered)
            self._met.clear()


def failpoints_from(environment: Mapping[str, str]) -> Failpoints:
    """Return the failpoints that ``environment`` asks for, those of an ordinary run without any."""
    deadly = environment.get("KIOSK_FAILPOINT")
    log = environment.get("KIOSK_FAILPOINT_LOG")
    order = environment.get("KIOSK_FAILPOINT_ORDER")
    return DeadlyFailpoints(deadly, log, order) if deadly or log or order else NoFailpoints()


def _parsed(point: str) -> tuple[str, int] | None:
    """Return name and count of ``name:n``, None for nothing; raises ``ValueError``."""
    if not point:
        return None
    name, colon, count = point.rpartition(":")
    if not colon or not count.isdecimal():
        raise ValueError(f"a failpoint is name:n, not {point!r}")
    return name, int(count)
