"""Shows the film to one page over a WebSocket, never far ahead of what the page has drawn.

The page sends ``{"width": pixels, "seen": number}`` at first and after each frame that it drew. It gets
each frame as one binary message, big-endian: number (32 bit), width, height, age in ms (16 bit each), then
the parts that changed (``reel.Part.packed``); and ``{"window": false}`` when there is no window.
"""

from __future__ import annotations

import asyncio
import json
import struct
import time
from contextlib import suppress
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from simulators.panel.film import Film

AHEAD: Final = 2
"""How many frames may be under way: while one is drawn the next one travels."""
WIDEST_PX: Final = 10_000
LONGEST_AGE_MS: Final = 65_535
NOT_UNDERSTOOD: Final = 1003


class Projector:
    """One page's view of the film."""

    def __init__(self, film: Film, socket: WebSocket) -> None:
        self._film, self._socket = film, socket
        self._changed = asyncio.Event()
        self._width = 0
        self._sent: list[int] = []
        self._last, self._size = 0, (0, 0)
        self._window: bool | None = None

    async def show(self) -> None:
        """Send frames until the page goes."""
        loop = asyncio.get_running_loop()

        def told() -> None:
            with suppress(RuntimeError):  # the server has just ended
                loop.call_soon_threadsafe(self._changed.set)

        listening = asyncio.create_task(self._listen())
        with self._film.watched(told):
            try:
                while not listening.done():
                    await self._changed.wait()
                    self._changed.clear()
                    await self._project()
            except (WebSocketDisconnect, RuntimeError):
                return  # gone while a frame was sent
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self) -> None:
        try:
            while True:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                heard = _heard(message.get("text"))
                if heard is None:
                    await self._socket.close(NOT_UNDERSTOOD)
                    return
                self._width, seen = heard
                self._sent = [number for number in self._sent if number > seen]
                self._changed.set()
        finally:
            self._changed.set()

    async def _project(self) -> None:
        if not self._width or len(self._sent) >= AHEAD:
            return
        frame = self._film.frame(self._last, self._width, self._size)
        if (frame is not None) != self._window:
            self._window = frame is not None
            await self._socket.send_text(json.dumps({"window": self._window}))
        if frame is None:
            self._last, self._size = 0, (0, 0)
            return
        if not frame.parts:
            return
        self._last, self._size = frame.number, frame.size
        self._sent.append(frame.number)
        age_ms = min(int((time.monotonic() - frame.taken_s) * 1000), LONGEST_AGE_MS)
        head = struct.pack(">IHHH", frame.number, *frame.size, age_ms)
        await self._socket.send_bytes(head + b"".join(part.packed() for part in frame.parts))


def _heard(message: str | None) -> tuple[int, int] | None:
    """Return the width that the page can show and the number it has drawn; None for anything else."""
    try:
        said: Any = json.loads(message or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or set(said) != {"width", "seen"}:
        return None
    width, seen = said["width"], said["seen"]
    if type(width) is not int or type(seen) is not int or not 0 < width <= WIDEST_PX or seen < 0:
        return None
    return width, seen
