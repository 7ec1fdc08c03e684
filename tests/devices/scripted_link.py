"""A link in memory whose other end is a function: what was written in, the answer's pieces out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

from devices.link import LinkLost

Answer = Callable[[bytes], Iterable[bytes]]


class ScriptedLink:
    """Each write is given to ``answer``; each piece of what it returns is one read.

    An empty piece is a silence, so that a read finds nothing. ``lost`` makes every use raise.
    """

    def __init__(self, answer: Answer) -> None:
        self.url = "memory:"
        self.written: list[bytes] = []
        self.pieces: list[bytes] = []
        self.opened = 0
        self.lost = False
        self._answer = answer

    def open(self) -> None:
        self._usable()
        self.opened += 1

    def close(self) -> None:
        self.pieces.clear()

    def read(self, size: int, timeout_s: float) -> bytes:
        self._usable()
        if not self.pieces:
            return b""
        piece = self.pieces.pop(0)
        if len(piece) > size:
            self.pieces.insert(0, piece[size:])
        return piece[:size]

    def write(self, data: bytes) -> None:
        self._usable()
        self.written.append(data)
        self.pieces.extend(self._answer(data))

    def discard_input(self) -> None:
        self._usable()
        self.pieces.clear()

    def _usable(self) -> None:
        if self.lost:
            raise LinkLost("unplugged")


def in_pieces(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """Cut ``data`` at the given places; none of the pieces is empty."""
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(places)]
