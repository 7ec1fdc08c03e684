"""Time comes in through the front door, so that a test can fix it and a run can be replayed.

Wall time is for people and for papers; the machine's may jump. Every timer uses monotonic time.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """What the core knows of time."""

    def wall(self) -> datetime:
        """Return the time of day in UTC (aware). It may jump in both directions."""
        ...

    def mono_ns(self) -> int:
        """Return monotonic nanoseconds since some point before the process began."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait ``seconds`` of monotonic time."""
        ...


class SystemClock:
    """The machine's own clock."""

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def mono_ns(self) -> int:
        return time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class BenchClock(SystemClock):
    """The machine's clock, off by the seconds that ``file`` says: so a bench sets it wrong.

    Without the file it is right. Only for a site that is not production.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def wall(self) -> datetime:
        """Raises ``ValueError`` when the file says no number of seconds."""
        try:
            ahead_s = float(self._file.read_text("ascii"))
        except FileNotFoundError:
            ahead_s = 0.0
        return super().wall() + timedelta(seconds=ahead_s)


class SteadyClock:
    """Wall time that goes on from where it was last set, whatever the machine's clock does meanwhile.

    So one visit has one time: its papers, its dates and its journal do not see a jump. For any thread.
    """

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self._set = (machine.wall(), machine.mono_ns())

    def wall(self) -> datetime:
        wall, mono_ns = self._set
        return wall + timedelta(microseconds=(self._machine.mono_ns() - mono_ns) // 1000)

    def mono_ns(self) -> int:
        return self._machine.mono_ns()

    async def sleep(self, seconds: float) -> None:
        await self._machine.sleep(seconds)

    def follow(self) -> float:
        """Take over the machine's time of day; returns by how many seconds that is ahead of ours."""
        before = self.wall()
        self._set = (self._machine.wall(), self._machine.mono_ns())
        return (self._set[0] - before).total_seconds()


def mono_s(clock: Clock) -> float:
    """Return monotonic seconds."""
    return clock.mono_ns() / 1e9


def iso(moment: datetime) -> str:
    """Write a moment as ISO 8601 in UTC with milliseconds: ``2026-03-01T08:30:00.000Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
