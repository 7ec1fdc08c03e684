"""The panel's server side: the page itself, and what it asks for over HTTP on loopback.

The page (``/panel/``) holds nothing of its own and is given to everybody on this machine; the token
comes to it in the address's fragment, which no browser sends. Everything else asks for the token.
"""

from __future__ import annotations

import base64
import math
import os
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import cv2
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from simulators.devices.camera import Scene, picture
from simulators.devices.document_printer import DocumentPrinter
from simulators.devices.receipt_printer import ReceiptPrinter
from simulators.faults import Faults
from simulators.gate import Gate, Refusal, fields, json_body
from simulators.panel import news
from simulators.panel.film import Film
from simulators.panel.live_stand import Before, LiveStand
from simulators.panel.projector import Projector
from simulators.panel.screen import Finger, NoWindow
from simulators.panel.theatre import Busy, NoScenario, Theatre, listed
from simulators.panel.watch import NoKiosk, Watch
from simulators.people import Persona
from simulators.permit.unit import PermitUnitSimulator
from simulators.power import Power
from simulators.recorder import Recorder
from simulators.scenario_file import ScenarioError
from simulators.world import World

PAGE: Final = Path(__file__).parent / "page"
KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
NEWS_WAIT_S: Final = 15.0
PORTRAIT_PX: Final = 144
SLOWEST_S: Final = 30.0
"""How long a move of a scenario can be held up at most, when it is not played step by step."""


class Panel:
    """The handlers, as ``routes``; ``close`` ends what watches the kiosk.

    ``stand`` makes the stand on which scenarios are played here.
    """

    def __init__(
        self,
        gate: Gate,
        state: Path,
        power: Power,
        stand: Callable[[Before], LiveStand],
        world: World,
        faults: Faults,
        recorder: Recorder,
        printer: ReceiptPrinter,
        permit_unit: PermitUnitSimulator,
        document_printer: DocumentPrinter,
    ) -> None:
        self._power = power
        self._world = world
        self._watch = Watch(state)
        self._film = Film(lambda: self._watch.told().get("pid"))
        self._finger = Finger()
        self._make_stand = stand
        self._theatre = Theatre(self._stand)
        self._news = news.News(
            {
                "world": news.whole(world.state),
                "faults": news.whole(lambda: [asdict(order) for order in faults.orders()]),
                "power": news.whole(self._mains),
                "kiosk": news.whole(self._watch.told),
                "play": news.whole(self._theatre.told),
                "printed": news.whole(lambda: _amount(printer, permit_unit, document_printer)),
                "wires": news.wires(recorder),
                "log": news.log(state / "events.jsonl"),
            }
        )
        self.routes: list[BaseRoute] = [
            Route("/", gate.local(self._to_page), methods=["GET"]),
            Route("/panel/", gate.local(self._show_page), methods=["GET"]),
            Route("/panel/{file}", gate.local(self._show_page), methods=["GET"]),
            Route("/panel/ask/people", gate.guarded(self._show_people), methods=["GET"]),
            Route("/panel/ask/scenarios", gate.guarded(self._show_scenarios), methods=["GET"]),
            Route("/panel/ask/news", gate.guarded(self._tell_news), methods=["POST"]),
            WebSocketRoute("/panel/film", gate.guarded_socket(self._show_film)),
            Route("/panel/do/touch", gate.guarded(self._touch), methods=["POST"]),
            Route("/panel/do/press", gate.guarded(self._press), methods=["POST"]),
            Route("/panel/do/power", gate.guarded(self._switch), methods=["POST"]),
            Route("/panel/do/play", gate.guarded(self._play), methods=["POST"]),
            Route("/panel/do/step", gate.guarded(self._step), methods=["POST"]),
            Route("/panel/do/stop", gate.guarded(self._stop), methods=["POST"]),
        ]

    def close(self) -> None:
        """End every wait and the threads; before the server, so that it can end."""
        self._theatre.stop()
        self._news.close()
        self._film.close()
        self._watch.close()

    # --- the page -----------------------------------------------------------------------------------

    async def _to_page(self, request: Request) -> Response:
        return RedirectResponse("/panel/", headers=HEADERS)

    async def _show_page(self, request: Request) -> Response:
        name = request.path_params.get("file", "index.html")
        file = PAGE / name
        if file.parent != PAGE or file.suffix not in KINDS or not file.is_file():
            raise Refusal(404, "there is no such file")
        return FileResponse(file, headers=HEADERS, media_type=KINDS[file.suffix])

    # --- what it asks -------------------------------------------------------------------------------

    async def _show_people(self, request: Request) -> Response:
        people = await run_in_threadpool(lambda: [_introduced(p) for p in self._world.people.values()])
        return JSONResponse(people)

    async def _show_scenarios(self, request: Request) -> Response:
        try:
            return JSONResponse(await run_in_threadpool(listed, self._world.people))
        except ScenarioError as error:
            raise Refusal(409, str(error)) from error

    async def _tell_news(self, request: Request) -> Response:
        body = fields(await json_body(request), {"seen": (dict,)})
        if not all(isinstance(version, str) for version in body["seen"].values()):
            raise Refusal(400, "versions are strings")
        return JSONResponse(await run_in_threadpool(self._news.since, body["seen"], NEWS_WAIT_S))

    async def _show_film(self, socket: WebSocket) -> None:
        await Projector(self._film, socket).show()

    def _mains(self) -> dict[str, Any]:
        return {**self._power.state(), "display": bool(os.environ.get("DISPLAY"))}

    # --- what it does -------------------------------------------------------------------------------

    async def _touch(self, request: Request) -> Response:
        body = fields(await json_body(request), {"kind": (str,), "x": (int, float), "y": (int, float)})
        if body["kind"] not in ("down", "move", "up"):
            raise Refusal(400, "kind: one of down, move, up")
        if not all(math.isfinite(part) and 0 <= part <= 1 for part in (body["x"], body["y"])):
            raise Refusal(400, "x and y are parts of the picture, 0 to 1")
        place = self._film.place
        if place is None:
            raise Refusal(409, "the kiosk shows no window here")
        await _done(partial(self._finger.touch, body["kind"], place, body["x"], body["y"]))
        return JSONResponse({})

    async def _press(self, request: Request) -> Response:
        kinds = {"page": (int,), "action": (str,), "value": (str, int, bool, list, type(None))}
        body = fields(await json_body(request), kinds)
        if isinstance(body["value"], list) and not all(isinstance(one, str) for one in body["value"]):
            raise Refusal(400, "a list of values holds strings")
        place = self._film.place
        tap = None if place is None else partial(self._finger.tap, place)
        await _done(partial(self._watch.press, body["page"], body["action"], body["value"], tap))
        return JSONResponse({})

    async def _switch(self, request: Request) -> Response:
        body = fields(await json_body(request), {"to": (str,)})
        acts = {"on": self._power.on, "cut": self._power.cut, "off": self._power.off}
        if body["to"] not in acts:
            raise Refusal(400, f"to: one of {', '.join(acts)}")
        if self._started_elsewhere():
            raise Refusal(409, "this kiosk was not started by the bench: end it where it was started")
        await run_in_threadpool(acts[body["to"]])
        return JSONResponse(self._mains())

    # --- scenarios ----------------------------------------------------------------------------------

    async def _play(self, request: Request) -> Response:
        kinds = {"name": (str,), "stepping": (bool,), "pace_s": (int, float)}
        body = fields(await json_body(request), kinds)
        if not 0 <= body["pace_s"] <= SLOWEST_S:
            raise Refusal(400, f"pace_s: 0 to {SLOWEST_S}")
        begin = partial(
            self._theatre.play, body["name"], stepping=body["stepping"], pace_s=float(body["pace_s"])
        )
        try:
            await run_in_threadpool(begin)
        except NoScenario as error:
            raise Refusal(404, str(error)) from error
        except (Busy, ScenarioError) as error:
            raise Refusal(409, str(error)) from error
        return JSONResponse({})

    async def _step(self, request: Request) -> Response:
        body = fields(await json_body(request), {"stepping": (bool,)})
        try:
            await run_in_threadpool(partial(self._theatre.step, stepping=body["stepping"]))
        except Busy as error:
            raise Refusal(409, str(error)) from error
        return JSONResponse({})

    async def _stop(self, request: Request) -> Response:
        fields(await json_body(request), {})
        await run_in_threadpool(self._theatre.stop)
        return JSONResponse({})

    def _stand(self, before: Before) -> LiveStand:
        if self._started_elsewhere():
            raise Busy("this kiosk was not started by the bench: end it where it was started")
        return self._make_stand(before)

    def _started_elsewhere(self) -> bool:
        return self._watch.pid is not None and not self._power.state()["on"]


async def _done(act: partial[None]) -> None:
    """Do ``act`` in a thread; a kiosk or window that is gone is a conflict."""
    try:
        await run_in_threadpool(act)
    except (NoKiosk, NoWindow) as error:
        raise Refusal(409, str(error)) from error


def _amount(
    printer: ReceiptPrinter, permit_unit: PermitUnitSimulator, document_printer: DocumentPrinter
) -> dict[str, Any]:
    """Return how much was printed: of each receipt whether it is unfinished, how many strips and pages."""
    return {
        "receipts": [receipt.torn for receipt in printer.printed()],
        "strips": len(permit_unit.strips),
        "pages": len(document_printer.printed()),
    }


def _introduced(person: Persona) -> dict[str, Any]:
    return {
        "name": person.name,
        "title": person.title,
        "special": person.special,
        "has_permit": person.permit is not None,
        "fingers": dict(person.fingers),
        "finger_condition": person.finger_condition,
        "portrait": _portrait(person.face),
    }


@lru_cache(maxsize=64)
def _portrait(face: str) -> str:
    """Return the face as the address of a small JPEG."""
    head = picture(Scene(face))[40:440, 120:520]
    small = cv2.resize(head, (PORTRAIT_PX, PORTRAIT_PX), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 82])
    return "data:image/jpeg;base64," + base64.b64encode(bytes(data)).decode()
