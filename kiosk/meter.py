"""Whose time it is: the citizen's, the devices' and hosts', or the kiosk's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seconds:
    """The parts of a visit. ``devices`` includes the hosts that the kiosk waits for."""

    total: float
    own: float
    devices: float
    citizen: float


class Meter:
    """Adds up spans of waiting. The outermost span counts, so a poll inside a prompt is the citizen's."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._begun_s = now_s()
        self._waited = {"citizen": 0.0, "devices": 0.0}
        self._depth = 0

    @contextmanager
    def citizen(self) -> Iterator[None]:
        """Wait for the person."""
        with self._span("citizen"):
            yield

    @contextmanager
    def devices(self) -> Iterator[None]:
        """Wait for a device or a host."""
        with self._span("devices"):
            yield

    def seconds(self) -> Seconds:
        """Return the parts until now."""
        total = self._now_s() - self._begun_s
        waited = self._waited["citizen"] + self._waited["devices"]
        return Seconds(total, max(total - waited, 0.0), self._waited["devices"], self._waited["citizen"])

    @contextmanager
    def _span(self, whose: str) -> Iterator[None]:
        self._depth += 1
        begun_s = self._now_s()
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._waited[whose] += self._now_s() - begun_s
