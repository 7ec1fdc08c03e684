"""Tries at the door: five are free, then each has to wait twice as long as the one before.

The count is on the disk before a try is judged, so that pulling the plug gives no new one. Waiting is
measured in monotonic time only: setting the clock does nothing, and a start of the machine, after which
nobody knows how much time has passed, begins the wait anew.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Final

from kiosk.clock import Clock, mono_s
from kiosk.maintenance.staff import write_privately

FREE_TRIES: Final = 5
FIRST_WAIT_S: Final = 15.0
LONGEST_WAIT_S: Final = 1800.0


class Locked(Exception):
    """No try is taken now; ``wait_s`` seconds to go."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"{wait_s:.0f} s")
        self.wait_s = wait_s


class Lockout:
    """One for the whole machine: whoever tries many numbers is the same person before the same door.

    ``path`` keeps the count and, by staff number, the last time step whose code was used: a code that
    somebody has watched is worth nothing.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._tries, self._steps = _read(path)
        self._since_s = mono_s(clock)

    @property
    def tries_left(self) -> int:
        """How many tries are left before the first wait."""
        return max(0, FREE_TRIES - self._tries)

    def wait_s(self) -> float:
        """Return the seconds until the next try is taken, 0 when it is taken now."""
        return max(0.0, self._since_s + _wait_after(self._tries) - mono_s(self._clock))

    def begin(self) -> None:
        """Count a try, before it is judged; raises ``Locked``, ``OSError`` when it can't be written."""
        if (wait_s := self.wait_s()) > 0:
            raise Locked(wait_s)
        self._tries += 1
        self._since_s = mono_s(self._clock)
        self._write()

    def passed(self, number: str, step: int) -> None:
        """The try was good: forget all, but that the code of ``step`` is used up."""
        self._tries = 0
        self._steps[number] = step
        self._write()

    def last_step(self, number: str) -> int:
        """Return the newest time step whose code ``number`` has used, -1 before the first."""
        return self._steps.get(number, -1)

    def _write(self) -> None:
        write_privately(self._path, json.dumps({"tries": self._tries, "steps": self._steps}))


def _wait_after(tries: int) -> float:
    """Return how long to wait after so many tries in a row that were not good."""
    if tries < FREE_TRIES:
        return 0.0
    doublings = min(tries - FREE_TRIES, math.ceil(math.log2(LONGEST_WAIT_S / FIRST_WAIT_S)))
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * float(1 << doublings))


def _read(path: Path) -> tuple[int, dict[str, int]]:
    """Return tries and steps; a file that can't be understood counts as many tries, never as none."""
    try:
        kept = json.loads(path.read_text("utf-8"))
        return max(0, int(kept["tries"])), {str(n): int(step) for n, step in kept["steps"].items()}
    except FileNotFoundError:
        return 0, {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return FREE_TRIES + 20, {}
