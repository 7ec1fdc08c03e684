"""A TCP connection as a link, for drivers that know the host and have a limit of time for reaching it."""

from __future__ import annotations

import select
import socket

from devices.byte_link import LinkLost


class SocketLink:
    """A byte stream to ``host:port``; ``open`` gives up after ``connect_s``, a write after ``write_s``."""

    def __init__(self, host: str, port: int, connect_s: float = 1.0, write_s: float = 5.0) -> None:
        self.url = f"socket://{host}:{port}"
        self._host = host
        self._port = port
        self._connect_s = connect_s
        self._write_s = write_s
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Connect anew; raises ``LinkLost``."""
        self.close()
        try:
            self._socket = socket.create_connection((self._host, self._port), self._connect_s)
            self._socket.settimeout(self._write_s)
        except OSError as error:
            raise LinkLost(f"{self.url}: {error}") from error

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def read(self, size: int, timeout_s: float) -> bytes:
        """Return what came; raises ``LinkLost`` when the other end has hung up."""
        open_socket = self._opened()
        try:
            ready, _, _ = select.select([open_socket], [], [], timeout_s)
            data = open_socket.recv(size) if ready else b""
        except OSError as error:
            raise LinkLost(f"{self.url}: {error}") from error
        if ready and not data:
            raise LinkLost(f"{self.url}: hung up")
        return data

    def write(self, data: bytes) -> None:
        try:
            self._opened().sendall(data)
        except OSError as error:
            raise LinkLost(f"{self.url}: {error}") from error

    def discard_input(self) -> None:
        while self.read(4096, 0):
            pass

    def _opened(self) -> socket.socket:
        if self._socket is None:
            raise LinkLost(f"{self.url}: not open")
        return self._socket
