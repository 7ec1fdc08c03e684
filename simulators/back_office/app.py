"""The back office as an ASGI application: token, limits, contract, stored answers, faults of the bench.

What a request meets, in this order: the fault that the bench ordered for its operation, the token,
the size limit, the contract, the answer stored under its key, and then a desk.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import parse_qsl

from pydantic import ValidationError
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from simulators.back_office import payments, registers
from simulators.back_office.contract import Failure, Part
from simulators.back_office.desk import MESSAGES, Clock, Office, Refused, beijing_now
from simulators.back_office.merchant import (
    AlipayChannel,
    Channel,
    HostRefused,
    HostSilent,
    MerchantAccount,
    WeChatChannel,
)
from simulators.back_office.openapi import KEY_PATTERN, document
from simulators.back_office.operations import OPERATIONS, Operation
from simulators.back_office.registers import Persona
from simulators.back_office.server import cut
from simulators.back_office.store import answers, open_store, stamp
from simulators.faults import Faults, Order

DEVICE: Final = "back_office"
FAULTS: Final = {
    "down": "nothing is processed, the connection is cut",
    "slow": "the answer waits `seconds` (default 10)",
    "refuse": "answers `status` (409) with `error` (refused), nothing is processed",
    "reply_lost": "processed, but the connection is cut before the answer",
    "twice": "the request is processed twice, as when a line repeats it",
}
MAX_BODY: Final = 1 << 20
WATCH_INTERVAL_S: Final = 1.0

log = logging.getLogger(__name__)


class Desk:
    """The running back office: its office, its watch over payments, its stored answers."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self._stop = threading.Event()
        self._keys = _KeyedLocks()
        self._watch = threading.Thread(target=self._watch_payments, name="payments watch", daemon=True)
        self._watch.start()

    def reseed(self, people: Iterable[Persona]) -> None:
        """Set the registers anew; cases and money stay."""
        registers.seed(self.office, people)

    def close(self) -> None:
        """End the watch and close the store."""
        self._stop.set()
        self._watch.join()
        self.office.store.dispose()

    def serve(
        self, operation: Operation, path: dict[str, str], body: Part | None, key: str | None, digest: str
    ) -> tuple[int, str]:
        """Return status and JSON text of the answer; raises ``Refused``."""
        if key is None:
            return operation.status, operation.act(self.office, path, body).model_dump_json()
        with self._keys.hold(key):
            stored = self._stored(key, digest)
            if stored is not None:
                return stored
            text = operation.act(self.office, path, body).model_dump_json()
            # Only what was done is stored: a refusal had no effect and may be asked again. A crash
            # before this line is harmless: the desks know their business by its own numbers too.
            try:
                with self.office.store.begin() as db:
                    db.execute(
                        insert(answers).values(
                            key=key,
                            request_digest=digest,
                            status=operation.status,
                            body=text,
                            at=stamp(self.office.now()),
                        )
                    )
            except IntegrityError:
                stored = self._stored(key, digest)
                if stored is not None:
                    return stored
                raise
            return operation.status, text

    def _stored(self, key: str, digest: str) -> tuple[int, str] | None:
        with self.office.store.begin() as db:
            row = db.execute(select(answers).where(answers.c.key == key)).mappings().first()
        if row is None:
            return None
        if row["request_digest"] != digest:
            raise Refused(422, "key-reused")
        return int(row["status"]), str(row["body"])

    def _watch_payments(self) -> None:
        while not self._stop.wait(WATCH_INTERVAL_S):
            try:
                payments.look_after_all(self.office)
            except Exception:
                log.exception("the watch over payments failed, it goes on")


class _KeyedLocks:
    """A lock for every key in use: two requests with one key wait for each other."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        with self._guard:
            lock, users = self._locks.get(key, (threading.Lock(), 0))
            self._locks[key] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._guard:
                _, users = self._locks[key]
                if users == 1:
                    del self._locks[key]
                else:
                    self._locks[key] = lock, users - 1


class _Endpoint:
    """One operation as an ASGI application."""

    def __init__(self, operation: Operation, desk: Desk, token: str, faults: Faults) -> None:
        self._operation, self._desk, self._faults = operation, desk, faults
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
            authorization = request.headers.get("authorization", "").encode("utf-8", "replace")
            if not hmac.compare_digest(authorization, self._authorization):
                raise Refused(401, "unauthorised")
            raw = await _limited_body(request)
            body = _parse(operation.request, raw)
            key = _key(request) if operation.keyed else None
            digest = _digest(request, body)
            path = {name: str(value) for name, value in request.path_params.items()}
            for _ in range(2 if fault is not None and fault.fault == "twice" else 1):
                status, text = await run_in_threadpool(self._desk.serve, operation, path, body, key, digest)
        except Refused as refused:
            return _failure(refused.status, refused.error, refused.detail)
        except ClientDisconnect:
            raise
        except Exception:
            log.exception("%s failed", operation.name)
            return _failure(500, "failed")
        return Response(text, status, media_type="application/json")


def create_app(
    *,
    database: str,
    token: str,
    people: Iterable[Persona] = (),
    faults: Faults | None = None,
    merchant: MerchantAccount | None = None,
    clock: Clock | None = None,
) -> Starlette:
    """Build the application; ``app.state.desk`` is its ``Desk``, to be closed after the server.

    ``database`` is ``sqlite:///path`` or ``postgresql://user@host/name``; without ``merchant`` no
    QR payment can be made. ``clock`` returns the time now with its zone.
    """
    channels: dict[str, Channel] = {}
    wechat = alipay = None
    if merchant is not None:
        wechat, alipay = WeChatChannel(merchant), AlipayChannel(merchant)
        channels = {"wechat": wechat, "alipay": alipay}
    office = Office(open_store(database), clock or beijing_now, channels)
    registers.seed(office, people)
    desk = Desk(office)
    openapi = JSONResponse(document(OPERATIONS))

    async def show_openapi(request: Request) -> Response:
        return openapi

    async def wechat_notice(request: Request) -> Response:
        body = (await _limited_body(request)).decode("utf-8", "replace")
        order_no = wechat.noticed_order(dict(request.headers), body) if wechat is not None else None
        return await _noticed(office, order_no, Response(status_code=204), Response(status_code=401))

    async def alipay_notice(request: Request) -> Response:
        form = dict(parse_qsl((await _limited_body(request)).decode("utf-8", "replace")))
        order_no = alipay.noticed_order(form) if alipay is not None else None
        return await _noticed(office, order_no, Response("success"), Response("failure"))

    guard = faults or Faults()
    app = Starlette(
        routes=[
            Route("/v1/openapi.json", show_openapi, methods=["GET"]),
            Route("/notify/wechat", wechat_notice, methods=["POST"]),
            Route("/notify/alipay", alipay_notice, methods=["POST"]),
            *(
                Route(operation.path, _Endpoint(operation, desk, token, guard), methods=[operation.method])
                for operation in OPERATIONS
            ),
        ],
        exception_handlers={HTTPException: _http_failure, Refused: _refusal},
    )
    app.state.desk = desk
    return app


async def _noticed(office: Office, order_no: str | None, taken: Response, refused: Response) -> Response:
    """A notice is only a reason to ask the host: what it says is not believed."""
    if order_no is None:
        return refused
    try:
        await run_in_threadpool(payments.show_payment, office, order_no)
    except (Refused, HostSilent, HostRefused) as error:
        log.warning("notice for order %s came to nothing: %s", order_no, error)
    return taken


async def _cut(scope: Scope) -> None:
    client = scope.get("client")
    if client is None or not cut((client[0], client[1])):
        raise ConnectionResetError("the bench cut this connection")
    # Lets the transport tell uvicorn that the client is gone before this application returns.
    await asyncio.sleep(0)


async def _limited_body(request: Request) -> bytes:
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY:
        raise Refused(413, "too-large")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise Refused(413, "too-large")
    return bytes(body)


def _parse(model: type[Part] | None, raw: bytes) -> Part | None:
    if model is None:
        return None
    try:
        return model.model_validate_json(raw)
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


def _digest(request: Request, body: Part | None) -> str:
    """Return what makes a request the same request: where it goes and what it says, not how it is spelt."""
    said = body.model_dump_json() if body is not None else ""
    return hashlib.sha256(f"{request.method} {request.url.path}\n{said}".encode()).hexdigest()


def _failure(status: int, error: str, detail: str = "") -> Response:
    chinese, english = MESSAGES.get(error, (error, error))
    failure = Failure(error=error, message={"zh-CN": chinese, "en": english}, detail=detail)
    return Response(failure.model_dump_json(), status, media_type="application/json")


async def _http_failure(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    word = {404: "not-found", 405: "method-not-allowed"}.get(
        status, "failed" if status >= 500 else "bad-request"
    )
    return _failure(status, word)


async def _refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    return _failure(error.status, error.error, error.detail)
