"""A uvicorn server in a thread, whose connections can be cut in the middle as a bad line would."""

from __future__ import annotations

import asyncio
import socket
import threading
from types import TracebackType
from typing import Any, ClassVar

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

Address = tuple[str, int]
LONGEST_MESSAGE = 65_536
"""Of a WebSocket's messages, in bytes."""


class _CuttableProtocol(H11Protocol):
    """HTTP/1.1 that remembers each client's transport while it is connected."""

    open: ClassVar[dict[Address, asyncio.Transport]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client is not None:
            self.open[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client is not None:
            self.open.pop(self.client, None)
        super().connection_lost(exc)


def cut(client: Address) -> bool:
    """Reset the connection of ``client`` without another byte; False when no such client is here."""
    transport = _CuttableProtocol.open.get(client)
    if transport is None:
        return False
    transport.abort()
    return True


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens (port 0: any free one).

    asyncio switches Nagle's delay off only where the protocol is named; else each answer waits 40 ms
    for the client's acknowledgement of its headers.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(128)
    return listener


class Served:
    """An ASGI application on a loopback port (0 = any free one) until ``stop``."""

    def __init__(self, app: Any, port: int = 0) -> None:
        self._socket = listening("127.0.0.1", port)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            app,
            http=_CuttableProtocol,
            log_level="critical",
            timeout_keep_alive=30,
            ws="wsproto",
            ws_max_size=LONGEST_MESSAGE,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name=f"server {self.url}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the server, cutting what is still connected; returns when it has ended."""
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Served:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])
