"""The watchdog: a kiosk whose screen stands still ends itself, so that it is started again and recovers.

A thread of its own looks whether the pulses go on: the event loop's, and once a window draws, the
window's. Who is overdue is told in the log with the functions in which the main thread stands (names
only, never a value). Beyond the limit the process ends at once, without cleaning up, with an exit code of
its own: to the journal that is a power cut, and the next start asks what became of everything.

While all is well ``alive`` is called at every look. It is the place of the supervisor's own watchdog
(systemd's ``WATCHDOG=1``), which also ends a process in which no thread runs any more: stopped, or held by
a library that never lets go of the interpreter.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Final

from kiosk.events import EventLog

EXIT_HUNG: Final = 70
"""The exit code of a process that the watchdog ended."""
BEAT_S: Final = 0.25
"""How often the event loop says that it turns."""
WARN_S: Final = 2.0
LIMIT_S: Final = 10.0
LOOKS: Final = 20
"""How often the thread looks within the limit."""
WRITE_S: Final = 1.0
"""How long the last line of the log is waited for: the disk may be what hangs."""
LONGEST_WORD: Final = 80


class Watchdog:
    """Watches the thread that makes it. ``end`` is how the process ends, with an exit code."""

    def __init__(
        self,
        events: EventLog,
        *,
        warn_s: float = WARN_S,
        limit_s: float = LIMIT_S,
        alive: Callable[[], None] = lambda: None,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._events = events
        self.warn_s, self.limit_s = warn_s, limit_s
        self._alive, self._end = alive, end
        self._main = threading.get_ident()
        self._beats: dict[str, int] = {"loop": 0}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._beating: asyncio.Task[None] | None = None

    def beat(self, name: str) -> None:
        """Say that ``name`` goes on. From its first beat it is expected to."""
        self._beats[name] = self._beats.get(name, 0) + 1

    async def __aenter__(self) -> Watchdog:
        self._beating = asyncio.create_task(self._beat_for_ever(), name="watchdog")
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._thread.join()
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)

    async def _beat_for_ever(self) -> None:
        while True:
            self.beat("loop")
            await asyncio.sleep(BEAT_S)

    # --- on the watchdog's own thread ---------------------------------------------------------------

    def _watch(self) -> None:
        seen: dict[str, int] = {}
        stood_s: dict[str, float] = {}
        warned = False
        looked_s = time.monotonic()
        while not self._closed.wait(self.limit_s / LOOKS):
            now_s = time.monotonic()
            # Where this thread was held up, the main one was too: a machine that slept is not to blame.
            passed_s, looked_s = min(now_s - looked_s, 2 * self.limit_s / LOOKS), now_s
            for name, beats in dict(self._beats).items():
                stood_s[name] = stood_s.get(name, 0.0) + passed_s if seen.get(name) == beats else 0.0
                seen[name] = beats
            name, longest_s = max(stood_s.items(), key=lambda pulse: pulse[1])
            if longest_s < self.warn_s:
                warned = False
                self._alive()
                continue
            if not warned:
                warned = True
                self._in_time(self._tell_late, name, longest_s)
            if longest_s >= self.limit_s:
                self._in_time(self._tell_gone, name, longest_s)
                self._end(EXIT_HUNG)
                return

    def _tell_late(self, pulse: str, stood_s: float) -> None:
        self._events.event("pulse-late", pulse=pulse, seconds=stood_s, where=self._where())

    def _tell_gone(self, pulse: str, stood_s: float) -> None:
        self._events.event("pulse-gone", pulse=pulse, seconds=stood_s, where=self._where())

    def _where(self) -> str:
        return standing(sys._current_frames().get(self._main))

    @staticmethod
    def _in_time(tell: Callable[[str, float], None], pulse: str, stood_s: float) -> None:
        """Log, without waiting for ever: the main thread may stand in the log itself."""
        telling = threading.Thread(target=tell, args=(pulse, stood_s), name="watchdog's log", daemon=True)
        telling.start()
        telling.join(WRITE_S)


def standing(frame: FrameType | None) -> str:
    """Return the functions from ``frame`` outwards, innermost first, as one word for the log."""
    word = ""
    while frame is not None:
        name = frame.f_code.co_name.strip("<>")
        longer = f"{word}/{name}" if word else name
        if len(longer) > LONGEST_WORD:
            break
        word, frame = longer, frame.f_back
    return word or "nowhere"
