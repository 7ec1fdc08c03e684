"""Counting what passes on a wire, for whoever has to find out whether the wire or the unit is ill."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Protocol, runtime_checkable

from devices.byte_link import Link, LinkLost, Tunable


@dataclass(slots=True)
class WireCounts:
    """What passed since the start of the program.

    ``messages_out`` are writes, of which ``answered`` had at least one byte come back before the next one;
    ``repeats`` are messages said again, byte for byte, because nothing at all had come back; ``losses`` is
    how often the wire was gone or could not be opened.
    """

    bytes_out: int = 0
    bytes_in: int = 0
    messages_out: int = 0
    answered: int = 0
    repeats: int = 0
    losses: int = 0

    @classmethod
    def total(cls, parts: Iterable[WireCounts]) -> WireCounts:
        """Return the sum, for a unit with several wires."""
        sums = cls()
        for part in parts:
            for field in fields(cls):
                setattr(sums, field.name, getattr(sums, field.name) + getattr(part, field.name))
        return sums

    def said(self, data: bytes, *, again: bool = False) -> None:
        """Count a message to the unit."""
        self.bytes_out += len(data)
        self.messages_out += 1
        self.repeats += again

    def heard(self, size: int, *, first: bool) -> None:
        """Count what came from the unit; ``first`` is what follows a message directly."""
        self.bytes_in += size
        self.answered += first


@runtime_checkable
class Metered(Protocol):
    """A driver that knows what passed on its wire. Safe to ask from every thread."""

    def wire(self) -> WireCounts: ...


class CountedLink:
    """A link that counts."""

    def __init__(self, link: Link) -> None:
        self.url = link.url
        self.counts = WireCounts()
        self._link = link
        self._unanswered: bytes | None = None

    def open(self) -> None:
        try:
            self._link.open()
        except LinkLost:
            self.counts.losses += 1
            raise

    def close(self) -> None:
        self._unanswered = None
        self._link.close()

    def read(self, size: int, timeout_s: float) -> bytes:
        try:
            data = self._link.read(size, timeout_s)
        except LinkLost:
            self.counts.losses += 1
            raise
        if data:
            self.counts.heard(len(data), first=self._unanswered is not None)
            self._unanswered = None
        return data

    def write(self, data: bytes) -> None:
        try:
            self._link.write(data)
        except LinkLost:
            self.counts.losses += 1
            raise
        self.counts.said(data, again=data == self._unanswered)
        self._unanswered = data

    def discard_input(self) -> None:
        self._link.discard_input()


class TunableCountedLink(CountedLink):
    """A counted link whose speed can be changed."""

    def set_baud(self, baud: int) -> None:
        assert isinstance(self._link, Tunable)
        self._link.set_baud(baud)


def counted(link: Link) -> CountedLink:
    """Return ``link`` with all that passes counted."""
    return (TunableCountedLink if isinstance(link, Tunable) else CountedLink)(link)


def counts_of(link: Link) -> WireCounts:
    """Return the counts of a link that counts, zeros of one that does not (a trace that is replayed)."""
    return link.counts if isinstance(link, CountedLink) else WireCounts()
