"""The control API: what a tester or a test does to the world, as JSON over HTTP on loopback."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.catalogue import Catalogue, UnknownFault
from simulators.devices.receipt_printer import ReceiptPrinter
from simulators.faults import Faults, Order
from simulators.gate import Gate, Refusal, json_body
from simulators.housing import Housing
from simulators.permit.unit import PermitUnitSimulator
from simulators.recorder import Recorder
from simulators.world import Impossible, World

_ORDER: Final[Mapping[str, type]] = {
    "device": str, "fault": str, "operation": str, "nth": int, "repeat": bool, "after_s": float,
    "probability": float, "seed": int, "args": dict,
}  # fmt: skip
_RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "nth": (1, 1_000_000), "after_s": (0, 86_400), "probability": (0, 1), "seed": (0, 2**63),
}  # fmt: skip
_ARGS: Final[Mapping[str, tuple[float, float]]] = {
    "share": (0, 1), "seconds": (0, 3600), "pause_s": (0, 3600), "for_s": (0, 3600), "at": (0, 1_000_000),
    "status": (400, 599), "by_s": (0, 400_000_000),
}  # fmt: skip


class Control:
    """The handlers of the API, as ``routes``."""

    def __init__(
        self,
        gate: Gate,
        world: World,
        faults: Faults,
        catalogue: Catalogue,
        recorder: Recorder,
        printer: ReceiptPrinter,
        permit_unit: PermitUnitSimulator,
        housing: Housing,
    ) -> None:
        self._world = world
        self._faults = faults
        self._catalogue = catalogue
        self._recorder = recorder
        self._printer = printer
        self._permit_unit = permit_unit
        self._housing = housing
        self.routes = [
            Route("/world", gate.guarded(self._show_world), methods=["GET"]),
            Route("/do", gate.guarded(self._do), methods=["POST"]),
            Route("/fault", gate.guarded(self._fault), methods=["GET", "POST", "DELETE"]),
            Route("/printed", gate.guarded(self._show_printed), methods=["GET"]),
            Route("/wire", gate.guarded(self._show_wire), methods=["GET"]),
            Route("/personas", gate.guarded(self._show_personas), methods=["GET"]),
        ]

    async def _show_world(self, request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._world.state))

    async def _do(self, request: Request) -> Response:
        body = await json_body(request)
        act = body.pop("act", None)
        if not isinstance(act, str):
            raise Refusal(400, "act must be a string")
        try:
            await run_in_threadpool(self._world.do, act, body)
        except Impossible as error:
            raise Refusal(error.status, str(error)) from error
        return JSONResponse(await run_in_threadpool(self._world.state))

    async def _fault(self, request: Request) -> Response:
        if request.method == "POST":
            order = _order(await json_body(request))
            try:
                self._catalogue.check(order)
            except UnknownFault as error:
                raise Refusal(400, str(error)) from error
            await run_in_threadpool(self._faults.arm, order)
        elif request.method == "DELETE":
            asked = request.query_params
            await run_in_threadpool(self._faults.clear, asked.get("device"), asked.get("fault"))
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
            "pages": self._housing.pages(),
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


def _order(body: Mapping[str, Any]) -> Order:
    for key, value in body.items():
        if key not in _ORDER:
            raise Refusal(400, f"a fault has no {key!r}")
        kind = type(value)
        whole = kind is int and _ORDER[key] is float
        if kind is not _ORDER[key] and not whole and not (key == "operation" and value is None):
            raise Refusal(400, f"{key} must be {_ORDER[key].__name__}")
    if "device" not in body or "fault" not in body:
        raise Refusal(400, "a fault needs device and fault")
    _check_ranges(body, _RANGES)
    _check_ranges(body.get("args", {}), _ARGS)
    return Order(**body)


def _check_ranges(values: Mapping[str, Any], ranges: Mapping[str, tuple[float, float]]) -> None:
    for key, (least, most) in ranges.items():
        if key not in values:
            continue
        value = values[key]
        if type(value) not in (int, float) or not least <= value <= most:
            raise Refusal(400, f"{key} must be a number from {least} to {most}")
