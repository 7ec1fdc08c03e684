"""What each device has got wrong since the start: the last fault, and how often each has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from devices.base import DeviceError, Fault, Status
from kiosk.clock import Clock


@dataclass(frozen=True, slots=True)
class LastFault:
    """The newest fault of a device: its word, the action that the driver asked for, when it came."""

    code: str
    action: str
    at: datetime


class FaultMemory:
    """Told by the cabinet of every fault; a person's retry is counted and is no fault."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[str, LastFault] = {}
        self._counts: dict[str, Counter[str]] = {}

    def faulted(self, device: str, error: DeviceError) -> None:
        """A command did not succeed."""
        self._counts.setdefault(device, Counter())[error.code] += 1
        if isinstance(error, Fault):
            self._last[device] = LastFault(error.code, error.action.value, self._clock.wall())

    def status_changed(self, device: str, status: Status) -> None:
        """A device tells another status than before."""
        if status.fault is None:
            return
        self._counts.setdefault(device, Counter())[status.fault] += 1
        action = status.action.value if status.action else ""
        self._last[device] = LastFault(status.fault, action, self._clock.wall())

    def last(self, device: str) -> LastFault | None:
        """Return the newest fault, None when there was none since the start."""
        return self._last.get(device)

    def counts(self, device: str) -> Mapping[str, int]:
        """Return how often each word came."""
        return dict(self._counts.get(device, {}))
