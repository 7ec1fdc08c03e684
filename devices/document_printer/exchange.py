"""One IPP exchange: a POST over HTTP, and whether anything of it can have reached the printer."""

from __future__ import annotations

import http.client
import io
import time
from typing import Any, Final
from urllib.parse import urlsplit

from devices.link import Link, LinkLost

PORT: Final = 631
_MOST_BYTES: Final = 1_000_000
_MEDIA_TYPE: Final = "application/ipp"


class NotReached(Exception):
    """No connection: nothing was sent."""


class NoAnswer(Exception):
    """The request, or a part of it, may have arrived; what came back is no answer. ``silent``: nothing."""

    def __init__(self, detail: str, silent: bool) -> None:
        super().__init__(detail)
        self.silent = silent


class Address:
    """Where a printer is: ``ipp://host[:port]/path``. Raises ``ValueError`` for anything else."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "ipp" or not parts.hostname or parts.username:
            raise ValueError(f"{url!r} is not like ipp://host:{PORT}/ipp/print")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self.host: Final = parts.hostname
        self.port: Final = parts.port or PORT
        self.path: Final = parts.path or "/"
        self.uri: Final = f"ipp://{host}:{self.port}{self.path}"


def post(link: Link, address: Address, body: bytes, timeout_s: float) -> bytes:
    """Send ``body`` over ``link`` and return the answer's; raises ``NotReached``, ``NoAnswer``.

    The link is opened for it. Neither a proxy nor a redirection is followed: a certificate goes to this
    printer or nowhere.
    """
    deadline = time.monotonic() + timeout_s
    try:
        link.open()
    except LinkLost as error:
        raise NotReached(str(error)) from error
    connection = http.client.HTTPConnection(address.host, address.port)
    connection.sock = _Socket(link, deadline)
    try:
        connection.request("POST", address.path, body, {"Content-Type": _MEDIA_TYPE})
        return _body(connection.getresponse(), deadline)
    except TimeoutError as error:
        raise NoAnswer(f"none within {timeout_s} s", silent=True) from error
    except http.client.RemoteDisconnected as error:
        raise NoAnswer("the printer hung up", silent=True) from error
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(str(error), silent=False) from error
    finally:
        connection.close()


class _Socket:
    """An open link as what ``http.client`` needs of a socket."""

    def __init__(self, link: Link, deadline: float) -> None:
        self._link = link
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        """Send all of it; raises ``ConnectionError``."""
        try:
            self._link.write(bytes(data))
        except LinkLost as error:
            raise ConnectionError(str(error)) from error

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Heard(self._link, self._deadline))

    def close(self) -> None:
        self._link.close()


class _Heard(io.RawIOBase):
    """What comes on a link until ``deadline``, as a file that has its end where the other side hangs up."""

    def __init__(self, link: Link, deadline: float) -> None:
        self._link = link
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Wait for bytes; raises ``TimeoutError``."""
        left_s = self._deadline - time.monotonic()
        try:
            data = self._link.read(len(buffer), left_s) if left_s > 0 else b""
        except LinkLost:
            return 0
        if not data:
            raise TimeoutError
        buffer[: len(data)] = data
        return len(data)


def _body(response: http.client.HTTPResponse, deadline: float) -> bytes:
    if response.status != http.client.OK:
        raise NoAnswer(f"HTTP {response.status} {response.reason}", silent=False)
    if response.headers.get_content_type() != _MEDIA_TYPE:
        raise NoAnswer(f"{response.headers.get_content_type()} in place of IPP", silent=False)
    body = b""
    while more := response.read1(65536):
        body += more
        if len(body) > _MOST_BYTES or time.monotonic() > deadline:
            raise NoAnswer("an answer without end", silent=False)
    if response.length:
        raise NoAnswer("half an answer", silent=False)
    return body
