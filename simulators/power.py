"""The mains switch of the machine: starts the kiosk on the bench's site, cuts its power, starts it again."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from simulators.kiosk_link import KioskProcess


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of the kiosk ended: ``never-on``, ``cut``, ``off``, or ``by-itself`` with its last words.

    A kiosk that met the failpoint ordered for it was ``cut``.
    """

    how: str
    exit_code: int = 0
    words: str = ""


class Power:
    """One kiosk at a time, in a process of its own: in a window where there is a display, else without."""

    def __init__(self, site: Path) -> None:
        self._site = site
        self._failpoint = site.parent / "failpoint"
        self._kiosk: KioskProcess | None = None
        self._ended = Ended("never-on")
        self._lock = threading.Lock()

    def on(self, *, headless: bool | None = None) -> None:
        """Start the kiosk when it isn't running. By default in a window when there is a display."""
        with self._lock:
            if self._running() is None:
                if headless is None:
                    headless = not os.environ.get("DISPLAY")
                self._kiosk = KioskProcess(
                    self._site,
                    headless=headless,
                    environment={"KIOSK_FAILPOINT_ORDER": str(self._failpoint)},
                )

    @property
    def kiosk(self) -> KioskProcess | None:
        """The kiosk that runs now, None while none does."""
        with self._lock:
            return self._running()

    def order_failpoint(self, point: str) -> None:
        """Have the kiosk killed when it meets ``name:n``; nothing for ""."""
        self._failpoint.unlink(missing_ok=True)
        if point:
            self._failpoint.write_text(point, "ascii")

    def cut(self) -> None:
        """Cut the power: the process is killed where it stands."""
        with self._lock:
            kiosk = self._running()
            if kiosk is not None:
                kiosk.kill()
                self._end(kiosk, "cut")

    def off(self) -> Ended:
        """End the kiosk in order, when it runs; returns how the last run ended."""
        with self._lock:
            kiosk = self._running()
            if kiosk is not None:
                self._end(kiosk, "off")
            return self._ended

    def state(self) -> dict[str, Any]:
        """Return whether the kiosk runs, its process id, and how the run before ended."""
        with self._lock:
            kiosk = self._running()
            pid = None if kiosk is None else kiosk.pid
            return {"on": kiosk is not None, "pid": pid, "ended": asdict(self._ended)}

    def _running(self) -> KioskProcess | None:
        if self._kiosk is not None and self._kiosk.exit_code is not None:
            killed = self._kiosk.exit_code == -signal.SIGKILL and self._failpoint.exists()
            self._end(self._kiosk, "cut" if killed else "by-itself")
        return self._kiosk

    def _end(self, kiosk: KioskProcess, how: str) -> None:
        words = kiosk.last_words() if how == "by-itself" else ""
        self._ended = Ended(how, kiosk.stop(), words)
        self._kiosk = None
