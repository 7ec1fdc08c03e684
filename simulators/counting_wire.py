"""A TCP wire whose device has to know when another host has come."""

from __future__ import annotations

from simulators.wire import TcpWire


class CountingWire(TcpWire):
    """Counts its hosts; ``hang_up`` is for the device's thread."""

    hosts = 0

    def _met(self) -> None:
        self.hosts += 1

    def hang_up(self) -> None:
        """End the connection with the host; the next one may come."""
        self._hang_up()
