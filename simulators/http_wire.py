"""A TCP wire whose device speaks HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import h11

from simulators.counting_wire import CountingWire
from simulators.wire import WireClosed

LARGEST_BODY: Final = 32_000_000

Answer = Callable[[bytes, bytes, bytes, str], tuple[int, str, bytes] | None]
"""(method, path, body, media type) to (HTTP status, media type, body), or None for silence."""


class HttpWire(CountingWire):
    """A wire for ``serve``."""


def serve(wire: HttpWire, answer: Answer) -> None:
    """Answer requests until the wire is closed; what is no HTTP ends the connection."""
    connection, host = h11.Connection(h11.SERVER), wire.hosts
    requested: h11.Request | None = None
    body = b""
    try:
        while True:
            heard = wire.read(None)
            if wire.hosts != host:
                connection, host, requested, body = h11.Connection(h11.SERVER), wire.hosts, None, b""
            try:
                connection.receive_data(heard)
                while (event := connection.next_event()) is not h11.NEED_DATA:
                    match event:
                        case h11.Request():
                            requested, body = event, b""
                        case h11.Data():
                            body += event.data
                        case h11.EndOfMessage() if requested is not None:
                            _respond(wire, connection, answer(*_parts(requested, body)))
                        case _:
                            break
                    if len(body) > LARGEST_BODY:
                        raise h11.RemoteProtocolError("too long", 413)
                if connection.they_are_waiting_for_100_continue:
                    go_on = h11.InformationalResponse(status_code=100, headers=[], reason="Continue")
                    wire.write(connection.send(go_on) or b"")
            except h11.RemoteProtocolError as error:
                if connection.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                    _respond(wire, connection, (error.error_status_hint, "text/plain", b""))
                wire.hang_up()
    except WireClosed:
        return


def _parts(requested: h11.Request, body: bytes) -> tuple[bytes, bytes, bytes, str]:
    kind = dict(requested.headers).get(b"content-type", b"").decode("ascii", errors="replace")
    return requested.method, requested.target, body, kind.partition(";")[0].strip().lower()


def _respond(wire: HttpWire, connection: h11.Connection, said: tuple[int, str, bytes] | None) -> None:
    """Send a response in one piece, as one answer on the wire."""
    if said is None:
        return
    status, kind, body = said
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    parts = [
        connection.send(h11.Response(status_code=status, headers=headers)),
        connection.send(h11.Data(data=body)),
        connection.send(h11.EndOfMessage()),
    ]
    wire.write(b"".join(part or b"" for part in parts))
    if connection.our_state is h11.MUST_CLOSE:
        wire.hang_up()
    elif connection.our_state is h11.DONE and connection.their_state is h11.DONE:
        connection.start_next_cycle()
