"""Time comes in through the front door, so that a test can fix it and a run can be replayed.

Wall time is for people and for papers; it may jump. Every timer uses monotonic time.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
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


def mono_s(clock: Clock) -> float:
    """Return monotonic seconds."""
    return clock.mono_ns() / 1e9


def iso(moment: datetime) -> str:
    """Write a moment as ISO 8601 in UTC with milliseconds: ``2026-03-01T08:30:00.000Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
