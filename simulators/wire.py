"""The other end of a wire: a pty or a TCP port that a simulated device serves.

A device's program reads what the host sent and writes its answers; pacing and link faults
happen here, so that a device never knows of them.
"""

from __future__ import annotations

from typing import Protocol


class WireClosed(Exception):
    """The wire is gone: the host hung up, or the bench unplugged it."""


class Wire(Protocol):
    """A byte stream towards the host."""

    def read(self, timeout_s: float) -> bytes:
        """Return what has arrived, ``b""`` after ``timeout_s``; raises ``WireClosed``."""
        ...

    def write(self, data: bytes) -> None:
        """Send to the host, no faster than the link's baud rate at the real level."""
        ...
