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
    """Adds up spans of waiting. The innermost span counts, so a card's reading inside a prompt is
    the device's time and the waiting around it the citizen's."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._begun_s = self._since_s = now_s()
        self._spent = {"own": 0.0, "citizen": 0.0, "devices": 0.0}
        self._spans: list[str] = ["own"]

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
        self._turn()
        return Seconds(self._now_s() - self._begun_s, **self._spent)

    @contextmanager
    def _span(self, whose: str) -> Iterator[None]:
        self._turn()
        self._spans.append(whose)
        try:
            yield
        finally:
            self._turn()
            # Spans of two tasks may end in another order than they began; any of the same kind will do.
            self._spans.reverse()
            self._spans.remove(whose)
            self._spans.reverse()

    def _turn(self) -> None:
        now_s = self._now_s()
        self._spent[self._spans[-1]] += now_s - self._since_s
        self._since_s = now_s
