"""Whether the machine's clock can be trusted: compared with the back office's, and with the journal.

Dates decide what a person may have (ages, expiries, rules in force), so a machine whose clock is wrong
offers nothing that rests on them. It does not set its clock: that is the operating system's business
(NTP), and a clock that has to be set is staff's. The journal's order is that of its numbers.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from kiosk.clock import SteadyClock
from kiosk.events import EventLog
from kiosk.platform import Platform, PlatformError

JUMP_S: Final = 2.0
"""From how much on a change of the clock is a jump; NTP moves a clock that runs well by less."""


class Timekeeper:
    """Judges the clock. ``limit_s`` is how far it may be from the back office's."""

    def __init__(self, clock: SteadyClock, events: EventLog, limit_s: float) -> None:
        self._clock, self._events, self._limit_s = clock, events, limit_s
        self._behind_journal = False
        self._told_wrong = False
        self.ahead_s: float | None = None
        """By how many seconds our clock was ahead of the back office's; None before the first answer."""

    @property
    def wrong(self) -> bool:
        """Tell whether dates cannot be trusted now. The back office's word outweighs the journal's."""
        if self.ahead_s is None:
            return self._behind_journal
        return abs(self.ahead_s) > self._limit_s

    def begin(self, newest: datetime | None) -> None:
        """Compare with the journal's newest entry: a clock behind it was set back, or lost its battery."""
        behind_s = (newest - self._clock.wall()).total_seconds() if newest is not None else 0.0
        self._behind_journal = behind_s > JUMP_S
        if self._behind_journal:
            self._events.event("clock-behind-journal", seconds=behind_s)

    def follow(self) -> None:
        """Take over the machine's time, when nobody is being served; a jump is told to staff."""
        jump_s = self._clock.follow()
        if abs(jump_s) > JUMP_S:
            self._events.event("clock-jumped", seconds=jump_s)

    def compare(self, ahead_s: float) -> None:
        """Take what a health check found; staff are told once when it goes wrong, and when it is right."""
        self.ahead_s = ahead_s
        if self.wrong != self._told_wrong:
            self._told_wrong = self.wrong
            self._events.event("clock-wrong" if self.wrong else "clock-right", seconds=ahead_s)

    async def agrees(self, platform: Platform) -> bool:
        """Ask the back office for its time and tell whether ours is right; False when it can't be asked."""
        try:
            self.compare((await platform.health()).ahead_s)
        except PlatformError:
            return False
        return not self.wrong
