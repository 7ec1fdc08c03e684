"""How fast the window answers: from a touch to the next frame drawn, and how long frames take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable


class FrameMeter:
    """Measures always and cheaply; keeps the last ``keep`` of each. Seconds in, milliseconds out.

    ``frames`` counts the turns of the window's loop since it began. ``work_s`` is the clock that runs only
    while the loop's thread computes: what it says of a turn no other program can lengthen.
    """

    def __init__(
        self,
        clock_s: Callable[[], float] = time.perf_counter,
        work_s: Callable[[], float] = time.thread_time,
        keep: int = 20_000,
    ) -> None:
        self._clock_s = clock_s
        self._work_s = work_s
        self._worked_s = 0.0
        self._most_work_ms = 0.0
        self._touched_s: float | None = None
        self._ticked_s: float | None = None
        self._taps_ms: deque[float] = deque(maxlen=keep)
        self._frames_ms: deque[float] = deque(maxlen=keep)
        self._longest_ms = 0.0
        self.frames = 0

    def touched(self) -> None:
        """Note a touch; the next frame drawn answers it."""
        if self._touched_s is None:
            self._touched_s = self._clock_s()

    def drawn(self) -> None:
        """Note that a frame is on the display."""
        if self._touched_s is not None:
            self._taps_ms.append((self._clock_s() - self._touched_s) * 1000)
            self._touched_s = None

    def ticked(self) -> None:
        """Note a turn of the window's loop; the time between two is how long a touch may have to wait."""
        now, worked_s = self._clock_s(), self._work_s()
        self.frames += 1
        if self._ticked_s is not None:
            took = (now - self._ticked_s) * 1000
            self._frames_ms.append(took)
            self._longest_ms = max(self._longest_ms, took)
            self._most_work_ms = max(self._most_work_ms, (worked_s - self._worked_s) * 1000)
        self._ticked_s, self._worked_s = now, worked_s

    def reset(self) -> None:
        """Forget what was measured, so that a measurement begins now."""
        self._taps_ms.clear()
        self._frames_ms.clear()
        self._longest_ms = self._most_work_ms = 0.0
        self._ticked_s = self._touched_s = None

    @property
    def taps_ms(self) -> list[float]:
        """From each touch to the next frame."""
        return list(self._taps_ms)

    @property
    def longest_frame_ms(self) -> float:
        """The longest turn of the loop since the last reset, its own sleep included."""
        return self._longest_ms

    @property
    def most_work_ms(self) -> float:
        """The most that the loop's own thread computed in one turn since the last reset."""
        return self._most_work_ms

    def tap_to_frame_ms(self, percentile: float = 95.0) -> float | None:
        """Return a percentile of ``taps_ms`` (nearest rank), or None without touches."""
        return _percentile(list(self._taps_ms), percentile)

    def frame_ms(self, percentile: float = 99.0) -> float | None:
        """Return a percentile of the turns of the loop, or None before the second."""
        return _percentile(list(self._frames_ms), percentile)


def _percentile(values: list[float], percentile: float) -> float | None:
    if not values:
        return None
    values.sort()
    rank = max(1, -(-len(values) * percentile // 100))
    return values[int(rank) - 1]
