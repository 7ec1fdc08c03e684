"""The line tap: every piece of bytes that passed on any wire, with its time, in words on request."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

TO_DEVICE: Final = "to_device"
FROM_DEVICE: Final = "from_device"

Describer = Callable[[str, bytes], str]
"""Turns (direction, bytes) into words; it must never raise on bytes it does not understand."""

KEPT_BYTES: Final = 8_000_000
KEPT_FRAMES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Passed:
    """Bytes that passed together: ``number`` counts from 1, ``at_s`` from the bench's start."""

    number: int
    at_s: float
    link: str
    direction: str
    data: bytes


class Recorder:
    """Keeps the newest frames of all links; safe for any thread."""

    def __init__(self) -> None:
        self.started_s = time.monotonic()
        self._frames: deque[Passed] = deque()
        self._kept = 0
        self._count = 0
        self._describers: dict[str, Describer] = {}
        self._lock = threading.Lock()

    def describe(self, link: str, describer: Describer) -> None:
        """Register who can put the bytes of ``link`` into words."""
        self._describers[link] = describer

    def add(self, link: str, direction: str, data: bytes) -> None:
        with self._lock:
            self._count += 1
            self._frames.append(Passed(self._count, time.monotonic() - self.started_s, link, direction, data))
            self._kept += len(data)
            while self._kept > KEPT_BYTES or len(self._frames) > KEPT_FRAMES:
                self._kept -= len(self._frames.popleft().data)

    @property
    def count(self) -> int:
        """The number of the newest frame."""
        return self._count

    def since(self, number: int, limit: int = 1000) -> list[dict[str, Any]]:
        """Return up to ``limit`` frames after ``number``, oldest first, as plain values."""
        with self._lock:
            frames = [f for f in self._frames if f.number > number][:limit]
        return [
            {
                "n": f.number,
                "at_s": round(f.at_s, 6),
                "link": f.link,
                "direction": f.direction,
                "hex": f.data.hex(),
                "words": self._words(f),
            }
            for f in frames
        ]

    def _words(self, frame: Passed) -> str:
        describer = self._describers.get(frame.link)
        return describer(frame.direction, frame.data) if describer else f"{len(frame.data)} bytes"
