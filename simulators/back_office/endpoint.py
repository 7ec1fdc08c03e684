"""One operation over HTTP: token, size limit, contract, the answer; and the faults of the bench.

What a request meets, in this order: the fault that the bench ordered for its operation, the token, the
size limit, the contract, an officer's session, the answer stored under its key, and then a desk.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
from typing import Any, Final

from anyio import to_thread
from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulators.back_office.answers import Clerk
from simulators.back_office.contract import Failure, Part
from simulators.back_office.desk import MESSAGES, Refused
from simulators.back_office.openapi import KEY_PATTERN
from simulators.back_office.operation import Asked, Operation
from simulators.back_office.server import cut
from simulators.back_office.sessions import COOKIE, CSRF_HEADER
from simulators.faults import Faults, Order

DEVICE: Final = "back_office"
FAULTS: Final = {
    "down": "nothing is processed, the connection is cut",
    "slow": "the answer waits `seconds` (default 10)",
    "refuse": "answers `status` (409) with `error` (refused), nothing is processed",
    "reply_lost": "processed, but the connection is cut before the answer",
    "twice": "the request is processed twice, as when a line repeats it",
    "handled_elsewhere": "a traffic violation was handled at a window just before (without an operation)",
    "penalty_changes": "a violation's fine changed just before the decision (without an operation)",
    "fee_changes": "a bill of fines changes just after it was made (without an operation)",
    "mixes_up": "papers and approvals are made with another person's data (without an operation)",
}
MAX_BODY: Final = 1 << 20

log = logging.getLogger(__name__)


class Endpoint:
    """One operation as an ASGI application."""

    def __init__(self, operation: Operation, clerk: Clerk, token: str, faults: Faults) -> None:
        self._operation, self._clerk, self._faults = operation, clerk, faults
        self._limiter = None if operation.alone else clerk.limiter
        self._authorization = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        fault = self._fault()
        if fault is not None and fault.fault == "down":
            await _cut(scope)
            return
        if fault is not None and fault.fault == "slow":
            await asyncio.sleep(float(fault.args.get("seconds", 10)))
        try:
            response = await self._answer(request, fault)
        except ClientDisconnect:
            return
        if fault is not None and fault.fault == "reply_lost":
            await _cut(scope)
            return
        await response(scope, receive, send)

    def _fault(self) -> Order | None:
        fault = self._faults.take(DEVICE, self._operation.name)
        return fault or next(iter(self._faults.standing(DEVICE).values()), None)

    async def _answer(self, request: Request, fault: Order | None) -> Response:
        operation = self._operation
        try:
            if fault is not None and fault.fault == "refuse":
                raise Refused(int(fault.args.get("status", 409)), str(fault.args.get("error", "refused")))
            self._check_token(request)
            raw = await limited_body(request)
            asked = Asked(_numbers(operation, request), _said(operation, request, raw))
            key = _key(request) if operation.keyed else None
            digest = _digest(request, asked.said)
            shown = request.cookies.get(COOKIE, ""), request.headers.get(CSRF_HEADER, "")
            for _ in range(2 if fault is not None and fault.fault == "twice" else 1):
                answered = await to_thread.run_sync(
                    self._clerk.serve, operation, asked, shown, key, digest, limiter=self._limiter
                )
        except Refused as refused:
            return failure(refused.status, refused.error, refused.detail)
        except ClientDisconnect:
            raise
        except Exception:
            log.exception("%s failed", operation.name)
            return failure(500, "failed")
        response = Response(answered.body, answered.status, media_type="application/json")
        if operation.door != "kiosk":
            response.headers["Cache-Control"] = "no-store"
        if answered.cookie is not None:
            response.set_cookie(
                COOKIE,
                answered.cookie,
                max_age=None if answered.cookie else 0,
                path="/v1/office",
                secure=request.url.scheme == "https",
                httponly=True,
                samesite="strict",
            )
        return response

    def _check_token(self, request: Request) -> None:
        door = self._operation.door
        if door == "officer" and not request.cookies.get(COOKIE):
            raise Refused(401, "unauthorised")
        if door != "kiosk":
            return
        authorization = request.headers.get("authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(authorization, self._authorization):
            raise Refused(401, "unauthorised")


def failure(status: int, error: str, detail: str = "") -> Response:
    """Return the answer that says what went wrong."""
    chinese, english = MESSAGES.get(error, (error, error))
    told = Failure(error=error, message={"zh-CN": chinese, "en": english}, detail=detail)
    return Response(told.model_dump_json(), status, media_type="application/json")


async def limited_body(request: Request) -> bytes:
    """Return the request's body; raises ``Refused`` 413, ``ClientDisconnect``."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY:
        raise Refused(413, "too-large")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise Refused(413, "too-large")
    return bytes(body)


async def _cut(scope: Scope) -> None:
    client = scope.get("client")
    if client is None or not cut((client[0], client[1])):
        raise ConnectionResetError("the bench cut this connection")
    # Lets the transport tell uvicorn that the client is gone before this application returns.
    await asyncio.sleep(0)


def _numbers(operation: Operation, request: Request) -> dict[str, Any]:
    numbers = {}
    for name, kind in operation.numbers.items():
        try:
            numbers[name] = kind.validate_strings(request.path_params[name])
        except ValidationError as error:
            # What cannot be a number of ours is none.
            raise Refused(404, "not-found", name) from error
    return numbers


def _said(operation: Operation, request: Request, raw: bytes) -> Part | None:
    if operation.model is None:
        return None
    try:
        if operation.method == "GET":
            pairs = request.query_params.multi_items()
            if len(dict(pairs)) < len(pairs):
                raise Refused(400, "bad-request", "a parameter twice")
            return operation.model.model_validate_strings(dict(pairs), strict=True)
        return operation.model.model_validate_json(raw)
    except ValidationError as error:
        where = "; ".join(
            f"{'.'.join(str(part) for part in e['loc'])}: {e['type']}" for e in error.errors()[:5]
        )
        raise Refused(400, "bad-request", where) from error


def _key(request: Request) -> str:
    key = request.headers.get("idempotency-key", "")
    if re.fullmatch(KEY_PATTERN, key) is None:
        raise Refused(400, "key-missing")
    return key


def _digest(request: Request, said: Part | None) -> str:
    """Return what makes a request the same request: where it goes and what it says, not how it is spelt."""
    body = said.model_dump_json() if said is not None else ""
    return hashlib.sha256(f"{request.method} {request.url.path}\n{body}".encode()).hexdigest()
