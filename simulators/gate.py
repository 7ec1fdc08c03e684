"""Who may act on the bench: somebody with its token, on this machine, with a body that makes sense.

Every request carries ``X-Bench-Token``. A page of another origin, another host name, a body that is
too long or of the wrong types is refused before anything is done.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket

LONGEST_BODY: Final = 64 * 1024
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")

SUBPROTOCOL: Final = "bench"

Handler = Callable[[Request], Awaitable[Response]]
SocketHandler = Callable[[WebSocket], Awaitable[None]]


class Refusal(Exception):
    """A request that is not obeyed: HTTP status and reason."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Gate:
    """Stands before every handler of the bench."""

    def __init__(self, token: str) -> None:
        self._token = token

    def guarded(self, handler: Handler) -> Handler:
        """Let only those with the token through to ``handler``; a ``Refusal`` becomes its answer."""
        return _answering(handler, self._admit)

    def local(self, handler: Handler) -> Handler:
        """Let everybody on this machine through: for pages that hold nothing of their own."""
        return _answering(handler, _check_place)

    def guarded_socket(self, handler: SocketHandler) -> SocketHandler:
        """Let only those with the token through to ``handler``, refused ones are closed unopened.

        A browser can send no header of its own with a WebSocket: the token is the second of the
        subprotocols asked for, after ``bench``.
        """

        async def answering(socket: WebSocket) -> None:
            asked = socket.scope["subprotocols"]
            given = asked[1] if len(asked) == 2 and asked[0] == SUBPROTOCOL else ""
            try:
                self._check_token(given)
                _check_place(socket)
            except Refusal:
                await socket.close()
                return
            await socket.accept(SUBPROTOCOL)
            await handler(socket)

        return answering

    def _admit(self, request: Request) -> None:
        self._check_token(request.headers.get("x-bench-token", ""))
        _check_place(request)

    def _check_token(self, given: str) -> None:
        if not secrets.compare_digest(given.encode(), self._token.encode()):
            raise Refusal(401, "X-Bench-Token is missing or wrong")


def _answering(handler: Handler, admit: Callable[[Request], None]) -> Handler:
    async def answering(request: Request) -> Response:
        try:
            admit(request)
            return await handler(request)
        except Refusal as refusal:
            return JSONResponse({"error": str(refusal)}, refusal.status)

    return answering


def _check_place(request: HTTPConnection) -> None:
    host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    if host not in LOOPBACK:
        raise Refusal(403, "this API is for this machine only")
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{request.headers['host']}":
        raise Refusal(403, "another origin may not act here")


async def json_body(request: Request) -> dict[str, Any]:
    """Return the request's JSON object; raises ``Refusal``."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Refusal(415, "the body must be application/json")
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > LONGEST_BODY:
            raise Refusal(413, f"the body must not be longer than {LONGEST_BODY} bytes")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "the body is not JSON") from error
    if not isinstance(body, dict):
        raise Refusal(400, "the body must be an object")
    return body


def fields(body: Mapping[str, Any], kinds: Mapping[str, tuple[type, ...]]) -> dict[str, Any]:
    """Return ``body`` when it has exactly the fields of ``kinds``; raises ``Refusal``.

    A field that may be None may also be missing.
    """
    for name in body:
        if name not in kinds:
            raise Refusal(400, f"there is no {name!r} here")
    found = {}
    for name, types in kinds.items():
        value = body.get(name)
        if type(value) not in types:
            raise Refusal(400, f"{name} must be {' or '.join(t.__name__ for t in types)}")
        found[name] = value
    return found
