"""The control API: what a tester or a test does to the world, as JSON over HTTP on loopback.

Every request carries ``X-Bench-Token``. A page of another origin, another host name, a body that is
too long or of the wrong types is refused before anything is done.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.catalogue import Catalogue, UnknownFault
from simulators.devices.receipt_printer import ReceiptPrinter
from simulators.faults import Faults, Order
from simulators.permit.unit import PermitUnitSimulator
from simulators.recorder import Recorder
from simulators.world import Impossible, World

LONGEST_BODY: Final = 64 * 1024
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_ORDER: Final[Mapping[str, type]] = {
    "device": str, "fault": str, "operation": str, "nth": int, "repeat": bool, "args": dict,
}  # fmt: skip

Handler = Callable[[Request], Awaitable[Response]]


class Refusal(Exception):
    """A request that is not obeyed: HTTP status and reason."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Control:
    """The handlers of the API; ``app`` is the ASGI application."""

    def __init__(
        self,
        token: str,
        world: World,
        faults: Faults,
        catalogue: Catalogue,
        recorder: Recorder,
        printer: ReceiptPrinter,
        permit_unit: PermitUnitSimulator,
    ) -> None:
        self._token = token
        self._world = world
        self._faults = faults
        self._catalogue = catalogue
        self._recorder = recorder
        self._printer = printer
        self._permit_unit = permit_unit
        self.app = Starlette(
            routes=[
                Route("/world", self._guarded(self._show_world), methods=["GET"]),
                Route("/do", self._guarded(self._do), methods=["POST"]),
                Route("/fault", self._guarded(self._fault), methods=["GET", "POST", "DELETE"]),
                Route("/printed", self._guarded(self._show_printed), methods=["GET"]),
                Route("/wire", self._guarded(self._show_wire), methods=["GET"]),
                Route("/personas", self._guarded(self._show_personas), methods=["GET"]),
            ]
        )

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            try:
                self._admit(request)
                return await handler(request)
            except Refusal as refusal:
                return JSONResponse({"error": str(refusal)}, refusal.status)
            except Impossible as error:
                return JSONResponse({"error": str(error)}, error.status)

        return guarded

    def _admit(self, request: Request) -> None:
        if not secrets.compare_digest(
            request.headers.get("x-bench-token", "").encode(), self._token.encode()
        ):
            raise Refusal(401, "X-Bench-Token is missing or wrong")
        host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
        if host not in LOOPBACK:
            raise Refusal(403, "this API is for this machine only")
        origin = request.headers.get("origin")
        if origin is not None and origin != f"http://{request.headers['host']}":
            raise Refusal(403, "another origin may not act here")

    async def _show_world(self, request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._world.state))

    async def _do(self, request: Request) -> Response:
        body = await _body(request)
        act = body.pop("act", None)
        if not isinstance(act, str):
            raise Refusal(400, "act must be a string")
        await run_in_threadpool(self._world.do, act, body)
        return JSONResponse(await run_in_threadpool(self._world.state))

    async def _fault(self, request: Request) -> Response:
        if request.method == "POST":
            order = _order(await _body(request))
            try:
                self._catalogue.check(order)
            except UnknownFault as error:
                raise Refusal(400, str(error)) from error
            await run_in_threadpool(self._faults.arm, order)
        elif request.method == "DELETE":
            await run_in_threadpool(self._faults.clear, request.query_params.get("device"))
        orders = [asdict(order) for order in self._faults.orders()]
        if request.method == "GET":
            return JSONResponse({"orders": orders, "catalogue": self._catalogue.plain()})
        return JSONResponse({"orders": orders})

    async def _show_printed(self, request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._printed))

    def _printed(self) -> dict[str, Any]:
        return {
            "receipts": [
                {
                    "text": receipt.text,
                    "png": base64.b64encode(receipt.png()).decode(),
                    "codes": receipt.codes(),
                    "torn": receipt.torn,
                }
                for receipt in self._printer.printed()
            ],
            "strips": [
                {"code": strip.code, "png": base64.b64encode(strip.png).decode()}
                for strip in self._permit_unit.strips
            ],
        }

    async def _show_wire(self, request: Request) -> Response:
        since = request.query_params.get("since", "0")
        if not since.isascii() or not since.isdigit() or len(since) > 12:
            raise Refusal(400, "since must be a whole number")
        return JSONResponse(self._recorder.since(int(since)))

    async def _show_personas(self, request: Request) -> Response:
        return JSONResponse(
            [
                {"name": p.name, "title": p.title, "special": p.special, "has_permit": p.permit is not None}
                for p in self._world.people.values()
            ]
        )


async def _body(request: Request) -> dict[str, Any]:
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


def _order(body: Mapping[str, Any]) -> Order:
    for key, value in body.items():
        if key not in _ORDER:
            raise Refusal(400, f"a fault has no {key!r}")
        if type(value) is not _ORDER[key] and not (key == "operation" and value is None):
            raise Refusal(400, f"{key} must be {_ORDER[key].__name__}")
    if "device" not in body or "fault" not in body:
        raise Refusal(400, "a fault needs device and fault")
    if not 1 <= body.get("nth", 1) <= 1_000_000:
        raise Refusal(400, "nth must be at least 1")
    return Order(**body)
