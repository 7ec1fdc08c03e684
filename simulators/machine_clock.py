"""The machine's clock, set wrong: a file says by how many seconds, and a kiosk on a bench looks there.

Only the time of day is off; a clock that is wrong still goes evenly, so timers are not touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from simulators.faults import Faults

NAME: Final = "clock"
FAULTS: Final[Mapping[str, str]] = {
    "ahead": "the machine's clock is args.by_s seconds ahead (3600 if not said)",
    "behind": "the machine's clock is args.by_s seconds behind (3600 if not said)",
}
USUAL_S: Final = 3600.0


class MachineClock:
    """Keeps ``file`` at what the faults that stand make of the clock; without any there is no file."""

    def __init__(self, file: Path, faults: Faults) -> None:
        self._file, self._faults = file, faults
        faults.watch(self._set)
        self._set()

    @property
    def ahead_s(self) -> float:
        """By how many seconds the clock is ahead now, negative when it is behind."""
        off_s = 0.0
        for fault, order in self._faults.standing(NAME).items():
            by_s = float(order.args.get("by_s", USUAL_S))
            off_s += by_s if fault == "ahead" else -by_s
        return off_s

    def _set(self) -> None:
        ahead_s = self.ahead_s
        if ahead_s == 0:
            self._file.unlink(missing_ok=True)
            return
        fresh = self._file.with_suffix(".new")
        fresh.write_text(repr(ahead_s), "ascii")
        fresh.replace(self._file)
