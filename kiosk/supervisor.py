"""The supervisor: what systemd is told of this process (sd_notify(3)), and what it may ask of it.

Without a supervisor (``NOTIFY_SOCKET`` is not set) every call does nothing.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping


class Supervisor:
    """Speaks to the socket that the supervisor named in ``environment``."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def ready(self) -> None:
        """The first page stands."""
        self._tell("READY=1")

    def alive(self) -> None:
        """Feed the watchdog; may be called from any thread."""
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """The process ends because it was told to."""
        self._tell("STOPPING=1")

    def status(self, word: str) -> None:
        """Say in a word what the process is doing."""
        self._tell(f"STATUS={word}")

    def close(self) -> None:
        self._socket.close()

    def _tell(self, what: str) -> None:
        if self._address:
            # A supervisor that does not listen must not hold anybody: it will see that nothing came.
            with contextlib.suppress(OSError):
                self._socket.sendto(what.encode(), self._address)
