"""Hands: how a scripted citizen presses what a page offers; by data, or by touching the real window."""

from __future__ import annotations

import time
from typing import Any, Protocol

from simulators.kiosk_link import KioskGone, KioskLink


class Hands(Protocol):
    """Presses a thing of the current page."""

    def press(self, page: int, action: str, value: Any = None) -> None: ...


class DataHands:
    """Answers over the debug link: for runs without a window."""

    def __init__(self, link: KioskLink) -> None:
        self._link = link

    def press(self, page: int, action: str, value: Any = None) -> None:
        self._link.answer(page, action, value)


class TouchHands:
    """Touches the window with real pointer events (XTEST), where the window says the thing is."""

    PRESS_S = 0.06
    """How long a finger stays down."""
    LOOK_S = 5.0
    """How long to look for a thing that is still sliding in."""

    def __init__(self, link: KioskLink) -> None:
        from Xlib import X, display
        from Xlib.ext import xtest

        self._link = link
        self._x, self._xtest = X, xtest
        self._display = display.Display()

    def press(self, page: int, action: str, value: Any = None) -> None:
        """Touch ``action``; a list of values is marked one by one, then confirmed."""
        if isinstance(value, list):
            for one in value:
                self._touch(f"choose:{one}")
            self._touch(action)
        elif isinstance(value, str) and action == "choose":
            self._touch(f"choose:{value}")
        elif isinstance(value, (str, int)) and not isinstance(value, bool):
            self._touch(f"{action}:{value}", action)
        else:
            self._touch(action)

    def _touch(self, *names: str) -> None:
        deadline_s = time.monotonic() + self.LOOK_S
        while time.monotonic() < deadline_s:
            layout = self._link.ask("layout")
            for name in names:
                if name in layout:
                    x, y, width, height = layout[name]
                    self.tap(x + width // 2, y + height // 2)
                    return
            time.sleep(0.05)
        raise KioskGone(f"nothing on the window is called {' or '.join(names)}: {sorted(layout)}")

    def tap(self, x: int, y: int) -> None:
        """Press and release at a point of the window, in pixels from the upper left."""
        self._xtest.fake_input(self._display, self._x.MotionNotify, x=x, y=y)
        self._xtest.fake_input(self._display, self._x.ButtonPress, 1)
        self._display.sync()
        time.sleep(self.PRESS_S)
        self._xtest.fake_input(self._display, self._x.ButtonRelease, 1)
        self._display.sync()
