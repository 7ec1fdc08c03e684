"""Hands: how a scripted citizen presses what a page offers; by data, or by touching the real window."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from simulators.kiosk_link import KioskGone, KioskLink

Tap = Callable[[int, int], None]
"""Presses and lets go at a point, in pixels from the upper left."""

Draw = Callable[[Sequence[tuple[int, int]]], None]
"""Presses at the first point, moves through the others and lets go at the last."""


class Hands(Protocol):
    """Presses a thing of the current page."""

    def press(self, page: int, action: str, value: Any = None) -> None: ...

    def mark(self, page: int, values: Sequence[str], already: Collection[str]) -> None:
        """Mark ``values`` in a list in which ``already`` are marked, and confirm."""
        ...


class DataHands:
    """Answers over the debug link: for runs without a window."""

    def __init__(self, link: KioskLink) -> None:
        self._link = link

    def press(self, page: int, action: str, value: Any = None) -> None:
        self._link.answer(page, action, value)

    def mark(self, page: int, values: Sequence[str], already: Collection[str]) -> None:
        self._link.answer(page, "choose", list(values))


class Pointer:
    """The pointer of the display, moved and pressed by XTEST."""

    PRESS_S = 0.06
    """How long a finger stays down."""

    BETWEEN_POINTS_S = 0.02
    """How long a finger takes from one point of a stroke to the next."""

    def __init__(self) -> None:
        from Xlib import X, display
        from Xlib.ext import xtest

        self._x, self._xtest = X, xtest
        self._display = display.Display()

    def move(self, x: int, y: int) -> None:
        """Move to a point of the display, in pixels from the upper left."""
        self._send(self._x.MotionNotify, x=x, y=y)

    def down(self) -> None:
        """Press."""
        self._send(self._x.ButtonPress, detail=1)

    def up(self) -> None:
        """Let go."""
        self._send(self._x.ButtonRelease, detail=1)

    def tap(self, x: int, y: int) -> None:
        """Press and let go at a point of the display."""
        self.move(x, y)
        self.down()
        time.sleep(self.PRESS_S)
        self.up()

    def draw(self, points: Sequence[tuple[int, int]]) -> None:
        """Press at the first point, move through the others, let go."""
        self.move(*points[0])
        self.down()
        for x, y in points:
            time.sleep(self.BETWEEN_POINTS_S)
            self.move(x, y)
        time.sleep(self.BETWEEN_POINTS_S)
        self.up()

    def _send(self, event: int, **more: int) -> None:
        self._xtest.fake_input(self._display, event, **more)
        self._display.sync()


class TouchHands:
    """Touches the window with real pointer events, where the window says the thing is."""

    BETWEEN_KEYS_S = 0.1
    LOOK_S = 5.0
    """How long to look for a thing that is still sliding in."""

    TURN_S = 0.7
    """How long a list takes to turn, and its button to count again."""

    def __init__(self, link: KioskLink, tap: Tap | None = None) -> None:
        """``tap`` touches a point of the window; by default the window fills the display.

        Who can only tap signs with dots.
        """
        self._link = link
        self._draw: Draw | None = None
        if tap is None:
            pointer = Pointer()
            tap, self._draw = pointer.tap, pointer.draw
        self._tap = tap

    def press(self, page: int, action: str, value: Any = None) -> None:
        """Touch ``action``; values are marked, digits typed and strokes drawn one by one, then handed in."""
        if action == "enter":
            for digit in str(value):
                self._touch(f"type:{digit}")
                time.sleep(self.BETWEEN_KEYS_S)
            self._touch(action)
        elif action == "sign":
            self._sign(value)
        elif isinstance(value, list):
            for one in value:
                self._touch(f"choose:{one}")
            self._touch(action)
        elif isinstance(value, str) and action == "choose":
            self._touch(f"choose:{value}")
        elif isinstance(value, (str, int)) and not isinstance(value, bool):
            self._touch(f"{action}:{value}", action)
        else:
            self._touch(action)

    def mark(self, page: int, values: Sequence[str], already: Collection[str]) -> None:
        """Touch each line, turning the list until it is there; what is marked already is left alone."""
        for value in values:
            if value not in already:
                self._touch(f"choose:{value}", or_else="down")
        self._touch("choose")

    def _sign(self, signature: dict[str, Any]) -> None:
        """Draw a signature onto the field, as large as the field is, and hand it in."""
        left, top, width, height = self._find("field")
        across, down = width / signature["width"], height / signature["height"]
        for stroke in signature["strokes"]:
            points = [(left + round(x * across), top + round(y * down)) for x, y, _ in stroke]
            if self._draw is not None:
                self._draw(points)
            else:
                self.tap(*points[0])
        self._touch("sign")

    def _find(self, name: str) -> tuple[int, int, int, int]:
        deadline_s = time.monotonic() + self.LOOK_S
        while time.monotonic() < deadline_s:
            if name in (layout := self._link.ask("layout")):
                x, y, width, height = layout[name]
                return x, y, width, height
            time.sleep(0.05)
        raise KioskGone(f"nothing on the window is called {name}: {sorted(layout)}")

    def _touch(self, *names: str, or_else: str = "") -> None:
        deadline_s = time.monotonic() + self.LOOK_S
        while time.monotonic() < deadline_s:
            layout = self._link.ask("layout")
            for name in names:
                if name in layout:
                    x, y, width, height = layout[name]
                    self.tap(x + width // 2, y + height // 2)
                    return
            if or_else in layout:
                x, y, width, height = layout[or_else]
                self.tap(x + width // 2, y + height // 2)
                time.sleep(self.TURN_S)
            time.sleep(0.05)
        raise KioskGone(f"nothing on the window is called {' or '.join(names)}: {sorted(layout)}")

    def tap(self, x: int, y: int) -> None:
        """Press and release at a point of the window, in pixels from the upper left."""
        self._tap(x, y)
