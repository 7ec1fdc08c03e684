"""The window on a virtual display, touched by a real pointer, as the tests of one file share it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kiosk.prompts import Answer, Page
from screens.panel import Panel
from tests.screens import harness, samples

PANEL = Panel(540, 960)  # a quarter of the pixels: drawn in software, four times as fast
NUMBERS = itertools.count(1)
"""Of pages: each is shown once."""


class Stand:
    """The window running, a pointer on its display, and what the window told."""

    def __init__(self) -> None:
        from Xlib import X
        from Xlib.display import Display

        from screens.window import Window

        self.answers: list[Answer] = []
        self.touches = 0
        self.picture: NDArray[np.uint8] | None = None
        self.window = Window(
            panel=PANEL,
            catalogue=samples.catalogue(harness.STRINGS),
            fonts=harness.fonts(),
            on_answer=self.answers.append,
            on_touch=self._touched,
            preview=lambda: self.picture,
            clock=lambda: datetime(2026, 11, 22, 14, 32),
        )
        self.loop = asyncio.new_event_loop()
        self.running = self.loop.create_task(self.window.run())
        self.display: Any = Display()
        self.run(self.frames(5))
        for window in self.windows():
            window.set_input_focus(X.RevertToParent, X.CurrentTime)
        self.display.sync()

    def _touched(self) -> None:
        self.touches += 1

    def windows(self) -> list[Any]:
        """The windows on the display, as X knows them."""
        from Xlib import X

        children = self.display.screen().root.query_tree().children
        return [window for window in children if window.get_attributes().map_state == X.IsViewable]

    def run(self, work: Awaitable[Any]) -> Any:
        """Run ``work`` with the window; a window that broke fails the test."""

        async def both() -> Any:
            task = asyncio.ensure_future(work)
            await asyncio.wait([task, self.running], return_when=asyncio.FIRST_COMPLETED, timeout=30)
            if self.running.done():
                self.running.result()
                raise AssertionError("the window ended")
            if not task.done():
                task.cancel()
                raise AssertionError("nothing came of it in 30 s")
            return task.result()

        return self.loop.run_until_complete(both())

    async def frames(self, count: int) -> None:
        """Let ``count`` turns of the window's loop pass."""
        for _ in range(count):
            before = self.window.frames.frames
            while self.window.frames.frames == before:
                await asyncio.sleep(0.002)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until ``true``."""
        while not true():
            await asyncio.sleep(0.002)

    def show(self, name: str, **changes: object) -> Page:
        """Show a sample as a page of its own."""
        page = samples.page(name, next(NUMBERS), **changes)
        self.answers.clear()
        self.window.show(page)
        self.run(self.frames(2))
        return page

    def pointer(self, x: int, y: int, button: int = 1, *, down: bool | None) -> None:
        """Move the pointer and press or let go; with None only move it."""
        from Xlib import X
        from Xlib.ext import xtest

        xtest.fake_input(self.display, X.MotionNotify, x=x, y=y)
        if down is not None:
            xtest.fake_input(self.display, X.ButtonPress if down else X.ButtonRelease, button)
        self.display.sync()

    def touch(self, name: str, button: int = 1) -> None:
        """Touch the middle of a target and wait until the window saw it."""
        x, y, w, h = self.window.layout()[name]
        seen = self.touches
        self.pointer(x + w // 2, y + h // 2, button, down=True)
        if button == 1:
            self.run(self.until(lambda: self.touches > seen))
        self.pointer(x + w // 2, y + h // 2, button, down=False)
        self.run(self.frames(3))

    def write(self, field: tuple[int, int, int, int], way: list[tuple[float, float]]) -> None:
        """Draw a stroke through points that are shares of ``field``, and wait until each was seen."""
        left, top, wide, high = field
        points = [(left + round(x * wide), top + round(y * high)) for x, y in way]
        seen = self.touches
        self.pointer(*points[0], down=True)
        self.run(self.until(lambda: self.touches > seen))
        for point in points[1:]:
            seen = self.touches
            self.pointer(*point, down=None)
            self.run(self.until(lambda seen=seen: self.touches > seen))  # type: ignore[misc]
        self.pointer(*points[-1], down=False)
        self.run(self.frames(3))

    def key(self, *names: str) -> None:
        """Press keys together and let them go."""
        from Xlib import XK, X
        from Xlib.ext import xtest

        codes = [self.display.keysym_to_keycode(XK.string_to_keysym(name)) for name in names]
        for code in codes:
            xtest.fake_input(self.display, X.KeyPress, code)
        for code in reversed(codes):
            xtest.fake_input(self.display, X.KeyRelease, code)
        self.display.sync()
        self.run(self.frames(4))

    def pixels(self, folder: Path) -> NDArray[np.uint8]:
        """Return what is on the window (rows, columns, 3)."""
        path = folder / "window.png"
        self.window.screenshot(str(path))
        return np.asarray(Image.open(path).convert("RGB"))

    def end(self) -> None:
        """Stop the window and wait for it."""
        self.window.stop()
        self.loop.run_until_complete(asyncio.wait_for(self.running, 10))
        self.display.close()
        self.loop.close()
