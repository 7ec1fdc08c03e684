"""The debug link: a loopback socket through which a bench reads the page as data and answers it.

It exists only on a site that is not production. Lines of JSON both ways. The kiosk sends
``{"page": …}`` whenever the page changes and ``{"report": …}`` when a visit has ended; it takes
``{"answer": {"page", "action", "value"}}`` and ``{"ask": name}``, which is answered by
``{name: …}``: ``layout`` (where on the window each action can be touched), ``frames`` (how long
frames took), ``status`` (devices and the back office), ``shown`` (the current page again),
``reports`` (of the last visits since the start, those that recovery ended too), ``said`` (the
current page with its sentences in the page's language), ``textures`` (of the window), ``journal``
(the newest visit with its events and effects), ``held`` (how many tasks and objects the process has;
after a visit it has as many as before), ``tray_cleared`` and ``store_put_right``
(as staff say it by touch).
"""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from kiosk.journal.records import VisitRecord
from kiosk.prompts import Answer, Page, Prompt, kind, to_json
from kiosk.report import Report
from kiosk.stage import Stage
from kiosk.texts import Catalogue, Text

LONGEST_LINE_BYTES = 65536
REPORTS_KEPT = 16


class DebugLink:
    """Serves any number of connections; each sees every page. A view of the stage.

    A question is a function, or a coroutine function, of no arguments.
    """

    def __init__(self, stage: Stage, questions: Mapping[str, Callable[[], Any]]) -> None:
        self._stage = stage
        self._reports: deque[Report] = deque(maxlen=REPORTS_KEPT)
        self._questions: dict[str, Callable[[], Any]] = {
            **questions,
            "held": _held,
            "shown": lambda: None if stage.page is None else to_json(stage.page),
            "reports": lambda: [dataclasses.asdict(report) for report in self._reports],
        }
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def open(self, port: int) -> int:
        """Listen on loopback; returns the port (a free one for 0)."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=LONGEST_LINE_BYTES)
        self._stage.attach(self)
        chosen: int = self._server.sockets[0].getsockname()[1]
        return chosen

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in self._writers:
                writer.close()

    def show(self, page: Page) -> None:
        self._send({"page": to_json(page)})

    def report(self, report: Report) -> None:
        """Tell how a visit ended."""
        self._reports.append(report)
        self._send({"report": dataclasses.asdict(report)})

    def _send(self, message: Mapping[str, Any]) -> None:
        line = json.dumps(message, ensure_ascii=False, default=str).encode() + b"\n"
        for writer in self._writers:
            writer.write(line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        if self._stage.page is not None:
            writer.write(json.dumps({"page": to_json(self._stage.page)}).encode() + b"\n")
        try:
            while line := await reader.readline():
                await self._take(line, writer)
        except (ConnectionError, ValueError, asyncio.CancelledError):
            pass  # the other end gone, a line too long, or the kiosk ends: so does this connection
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _take(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        answer = message.get("answer") if isinstance(message, dict) else None
        if isinstance(answer, dict) and isinstance(answer.get("page"), int):
            self._stage.answer(Answer(answer["page"], str(answer.get("action")), answer.get("value")))
            return
        question = message.get("ask") if isinstance(message, dict) else None
        if question in self._questions:
            found = self._questions[str(question)]()
            if isinstance(found, Awaitable):
                found = await found
            reply: dict[str, Any] = {str(question): found}
        else:
            reply = {"error": "not understood"}
        writer.write(json.dumps(reply, default=str).encode() + b"\n")


def _held() -> dict[str, int]:
    """Count what is alive; what stood at the start (``gc.freeze``) is left out."""
    gc.collect()
    return {"tasks": len(asyncio.all_tasks()), "objects": len(gc.get_objects())}


def said(page: Page, catalogue: Catalogue) -> dict[str, Any]:
    """Return ``page`` as plain values, each text as its sentence in the page's language."""

    def say(value: Any) -> Any:
        if isinstance(value, Text):
            return catalogue.say(value, page.language)
        if isinstance(value, tuple):
            return [say(part) for part in value]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            plain = {field.name: say(getattr(value, field.name)) for field in dataclasses.fields(value)}
            return {"kind": kind(value), **plain} if isinstance(value, Prompt) else plain
        return value

    whole: dict[str, Any] = say(page)
    return whole


def told(visit: VisitRecord) -> dict[str, Any]:
    """Return what the journal holds of ``visit`` as plain values."""
    return {
        "visit": visit.visit,
        "service": visit.service,
        "case_no": visit.case_no,
        "opened": visit.opened.isoformat(),
        "outcome": visit.outcome,
        "reason": visit.reason,
        "events": [
            {"number": event.number, "at": event.wall, "kind": event.kind, "body": dict(event.body)}
            for event in visit.events
        ],
        "effects": [
            {
                "kind": effect.kind,
                "key": effect.key,
                "state": effect.state,
                "before": dict(effect.before),
                "after": dict(effect.after),
            }
            for effect in visit.effects
        ],
    }
