"""A line to the back office that can break: it stands between and harms each POST once."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final
from urllib.parse import urlsplit

SLOW_S: Final = 1.5
"""Longer than the kiosk of the tests waits for one answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One POST as it came: which operation it is, its key and body, and whether it was harmed."""

    operation: str
    key: str
    body: bytes
    harmed: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """What the back office said."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Forward = Callable[[], Reply]
Harm = Callable[["_Client", Forward], None]


class Proxy:
    """Forwards everything; while ``harm`` is set, the first request of each operation is harmed by it.

    ``operations`` are the templates by which a path is known (``/v1/payments/{order_no}/close``). A POST of
    no operation passes unharmed and unnoted: a heartbeat is not asked again, the next one says more.
    """

    def __init__(self, office: str, operations: Sequence[str]) -> None:
        self._office = urlsplit(office)
        self._patterns = [(name, re.compile(re.sub(r"\{\w+\}", "[^/]+", name))) for name in operations]
        self._lock = threading.Lock()
        self.harm: Harm | None = None
        self.asked: list[Asked] = []
        self._server = _Server(("127.0.0.1", 0), self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def begin(self, harm: Harm | None) -> None:
        """Forget what was asked; harm from here on."""
        with self._lock:
            self.harm, self.asked = harm, []

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def take(self, path: str, key: str, body: bytes) -> Harm | None:
        """Note a POST; return how it is to be harmed, if it is."""
        operation = next((name for name, pattern in self._patterns if pattern.fullmatch(path)), None)
        if operation is None:
            return None
        with self._lock:
            first = self.harm is not None and all(asked.operation != operation for asked in self.asked)
            self.asked.append(Asked(operation, key, body, first))
            return self.harm if first else None

    def forward(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        connection = HTTPConnection(self._office.hostname or "", self._office.port, timeout=30)
        try:
            connection.request(method, path, body or None, dict(headers))
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(address, _Client)


class _Client(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self.send(self._forwarded(b""))

    def do_PUT(self) -> None:
        """Pass it on: the same again is harmless by itself, and a scenario loses its answer."""
        self.send(self._forwarded(self.rfile.read(int(self.headers.get("Content-Length", "0")))))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        harm = self.server.proxy.take(self.path, self.headers.get("Idempotency-Key", ""), body)
        try:
            if harm is None:
                self.send(self._forwarded(body))
            else:
                harm(self, lambda: self._forwarded(body))
        except (ConnectionError, BrokenPipeError):
            self.close_connection = True

    def send(self, reply: Reply, *, share: float = 1.0) -> None:
        """Answer; less than the whole body when ``share`` is below 1, then hang up."""
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.headers.get("content-type", "application/json"))
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[: int(len(reply.body) * share)])
        if share < 1:
            self.hang_up()

    def hang_up(self) -> None:
        """Reset the connection, without another byte."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _forwarded(self, body: bytes) -> Reply:
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
        return self.server.proxy.forward(self.command, self.path, headers, body)


def reply_lost(client: _Client, forward: Forward) -> None:
    """Accepted, and the connection is reset before the answer."""
    forward()
    client.hang_up()


def twice(client: _Client, forward: Forward) -> None:
    """The line repeats the request; the second answer arrives."""
    forward()
    client.send(forward())


def slow(client: _Client, forward: Forward) -> None:
    """Done at once, and answered when nobody waits any more."""
    reply = forward()
    time.sleep(SLOW_S)
    client.send(reply)


def failed_afterwards(client: _Client, forward: Forward) -> None:
    """Done, and then a gateway answers 500."""
    forward()
    client.send(Reply(500, {"content-type": "text/html"}, b"<h1>Bad gateway</h1>"))


def reset(client: _Client, forward: Forward) -> None:
    """The connection is reset before anything is done."""
    client.hang_up()


def truncated(client: _Client, forward: Forward) -> None:
    """Done, and half of the answer arrives."""
    client.send(forward(), share=0.5)


def garbage(client: _Client, forward: Forward) -> None:
    """Done, and what arrives is no JSON."""
    reply = forward()
    client.send(Reply(reply.status, reply.headers, bytes(range(256))))


HARMS: Final[Mapping[str, Harm]] = {
    harm.__name__: harm for harm in (reply_lost, twice, slow, failed_afterwards, reset, truncated, garbage)
}
