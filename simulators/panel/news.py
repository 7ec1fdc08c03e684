"""What is new on the bench since a page last heard: each part with a version of its own.

A page says which versions it has seen and gets the parts that have another one. Wires and log only
grow, so their version is how far they were read.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from simulators.recorder import Recorder

LOOK_EVERY_S: Final = 0.1
FIRST_FRAMES: Final = 300
FIRST_LOG_BYTES: Final = 30_000
MOST_FRAMES: Final = 500
MOST_LOG_BYTES: Final = 200_000
SHOWN_BYTES: Final = 96
"""How much of a frame is shown in hex."""

Seen = Mapping[str, str]
Part = Callable[[str | None], tuple[str, Any] | None]
"""Takes the version that was seen; returns the version now and what is new, None when nothing is."""


class News:
    """The parts of the bench that a page shows."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = parts
        self._closed = threading.Event()

    def since(self, seen: Seen, timeout_s: float) -> dict[str, Any]:
        """Return ``{"seen": versions, part: what is new, ...}``; waits until something is."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            fresh = {name: news for name, part in self._parts.items() if (news := part(seen.get(name)))}
            if fresh or time.monotonic() > deadline_s or self._closed.wait(LOOK_EVERY_S):
                versions = {**seen, **{name: version for name, (version, _) in fresh.items()}}
                return {"seen": versions, **{name: value for name, (_, value) in fresh.items()}}

    def close(self) -> None:
        """End every wait."""
        self._closed.set()


def whole(look: Callable[[], Any]) -> Part:
    """Return a part that is told again whenever what ``look`` returns has changed."""

    def part(seen: str | None) -> tuple[str, Any] | None:
        value = look()
        version = hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]
        return None if version == seen else (version, value)

    return part


def wires(recorder: Recorder) -> Part:
    """Return the part with the frames that passed, long ones cut short."""

    def part(seen: str | None) -> tuple[str, Any] | None:
        last = _number(seen, recorder.count - FIRST_FRAMES)
        if recorder.count == last:
            return None
        frames = recorder.since(last if last < recorder.count else 0, MOST_FRAMES)
        for frame in frames:
            frame["size"] = len(frame["hex"]) // 2
            frame["hex"] = frame["hex"][: 2 * SHOWN_BYTES]
        return str(frames[-1]["n"]), frames

    return part


def log(file: Path) -> Part:
    """Return the part with the lines of the kiosk's event log."""

    def part(seen: str | None) -> tuple[str, Any] | None:
        try:
            size = file.stat().st_size
            at = _number(seen, size - FIRST_LOG_BYTES)
            if at == size:
                return None
            with file.open("rb") as lines:
                if at > size:  # turned over
                    at = 0
                elif seen is None and at > 0:
                    lines.seek(at)
                    at += len(lines.readline())
                lines.seek(at)
                data = lines.read(MOST_LOG_BYTES)
        except OSError:
            return None
        data = data[: data.rfind(b"\n") + 1]
        if not data:
            return None
        return str(at + len(data)), [json.loads(line) for line in data.splitlines()]

    return part


def _number(seen: str | None, otherwise: int) -> int:
    return int(seen) if seen is not None and seen.isdecimal() and len(seen) < 16 else max(otherwise, 0)
