"""What a byte-stream link is, whatever carries the bytes."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


class LinkLost(Exception):
    """The wire is gone: unplugged, refused, closed by the other end."""


class Link(Protocol):
    """A byte stream with time limits. ``read`` returns at once with what there is."""

    url: str

    def open(self) -> None: ...

    def close(self) -> None: ...

    def read(self, size: int, timeout_s: float) -> bytes:
        """Return between 1 and ``size`` bytes, or ``b""`` when none came within ``timeout_s``."""
        ...

    def write(self, data: bytes) -> None: ...

    def discard_input(self) -> None:
        """Throw away what has arrived unread."""
        ...


@runtime_checkable
class Tunable(Protocol):
    """A link whose speed can be changed while it is open."""

    def set_baud(self, baud: int) -> None: ...
