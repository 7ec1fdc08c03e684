"""The debug link: a loopback socket through which a bench reads the page as data and answers it.

It exists only on a site that is not production. Lines of JSON both ways. The kiosk sends
``{"page": …}`` whenever the page changes and ``{"report": …}`` when a visit has ended; it takes
``{"answer": {"page", "action", "value"}}`` and ``{"ask": name}``, which is answered by
``{name: …}``: ``layout`` (where on the window each action can be touched), ``frames`` (how long
frames took), ``status`` (devices and the back office), ``shown`` (the current page again),
``reports`` (of the last visits since the start, those that recovery ended too).
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from kiosk.prompts import Answer, Page, to_json
from kiosk.reception import Report
from kiosk.stage import Stage

LONGEST_LINE_BYTES = 65536
REPORTS_KEPT = 16


class DebugLink:
    """Serves any number of connections; each sees every page. A view of the stage."""

    def __init__(self, stage: Stage, questions: Mapping[str, Callable[[], Any]]) -> None:
        self._stage = stage
        self._reports: deque[Report] = deque(maxlen=REPORTS_KEPT)
        self._questions = {
            **questions,
            "shown": lambda: None if stage.page is None else to_json(stage.page),
            "reports": lambda: [asdict(report) for report in self._reports],
        }
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def open(self, port: int) -> int:
        """Listen on loopback; returns the port (a free one for 0)."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", port, limit=LONGEST_LINE_BYTES
        )
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
        self._send({"report": asdict(report)})

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
                self._take(line, writer)
        except (ConnectionError, ValueError, asyncio.CancelledError):
            pass  # the other end gone, a line too long, or the kiosk ends: so does this connection
        finally:
            self._writers.discard(writer)
            writer.close()

    def _take(self, line: bytes, writer: asyncio.StreamWriter) -> None:
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
            reply: dict[str, Any] = {str(question): self._questions[str(question)]()}
        else:
            reply = {"error": "not understood"}
        writer.write(json.dumps(reply, default=str).encode() + b"\n")
