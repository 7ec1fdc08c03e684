"""Frames out of a byte stream that may be split, glued, preceded by garbage or damaged.

A protocol says how to cut one frame off the front of what has arrived; ``Splitter`` keeps what is
left over and finds the next frame again after damage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

F = TypeVar("F")


class DamagedError(Exception):
    """What looked like a frame is none: its length, its end or its checksum is wrong."""


@dataclass(frozen=True, slots=True)
class Cut(Generic[F]):
    """A frame and the number of bytes it took off the front of the buffer."""

    frame: F
    used: int


Cutter = Callable[[bytes], Cut[F] | None]
"""Cuts the frame that begins at the first byte; None when more bytes are needed; raises ``DamagedError``."""


class Splitter(Generic[F]):
    """Splits a stream into frames that begin with ``start``.

    ``damaged`` counts the false or broken frames met; after one, the search goes on at the next byte,
    so that a whole frame behind a broken one is still found.
    """

    def __init__(self, start: bytes, cut: Cutter[F]) -> None:
        self._start: Final = start
        self._cut: Final = cut
        self._buffer = bytearray()
        self.damaged = 0

    def feed(self, data: bytes) -> Iterator[F]:
        """Yield each frame that is complete with ``data``; the rest waits for the next call."""
        self._buffer += data
        while self._seek():
            try:
                cut = self._cut(bytes(self._buffer))
            except DamagedError:
                self.damaged += 1
                del self._buffer[0]
                continue
            if cut is None:
                return
            del self._buffer[: cut.used]
            yield cut.frame

    def clear(self) -> None:
        """Forget what has arrived."""
        self._buffer.clear()

    def _seek(self) -> bool:
        """Drop what can't begin a frame; tell whether a whole start mark is at the front."""
        at = self._buffer.find(self._start)
        if at >= 0:
            del self._buffer[:at]
            return True
        for kept in range(len(self._start) - 1, 0, -1):
            if self._buffer.endswith(self._start[:kept]):
                del self._buffer[:-kept]
                return False
        self._buffer.clear()
        return False


def xor(data: bytes) -> int:
    """Return the exclusive or of all bytes."""
    check = 0
    for byte in data:
        check ^= byte
    return check
