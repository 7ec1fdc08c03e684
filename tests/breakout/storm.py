"""A storm of input: every key, button and movement that the display takes, in any order."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final

from Xlib import X, display
from Xlib.ext import xtest

KEYCODES: Final = range(8, 256)
BUTTONS: Final = range(1, 10)
HELD: Final = 3
"""So many keys are down at once, so that every combination of modifiers comes: Alt-F4, Ctrl-Alt-F1, …"""
WEIGHTS: Final[Mapping[str, int]] = {"key": 45, "button": 25, "move": 20, "burst": 10}
KNOWN: Final = ("Escape", "F1", "F4", "F11", "Print", "Super_L", "Menu", "BackSpace", "Delete", "Sys_Req")
"""Keys that lead out of programs elsewhere; they come more often than others."""


class Storm:
    """Sends random events to the display named in the environment; repeatable by ``chance``."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._display = display.Display()
        screen = self._display.screen()
        self._width, self._height = screen.width_in_pixels, screen.height_in_pixels
        self._codes = list(KEYCODES) + self._ways_out() * 8
        self._down: list[int] = []
        self.sent = 0

    def blow(self, events: int) -> None:
        """Send so many events, and let go of everything at the end."""
        end = self.sent + events
        while self.sent < end:
            kind = self._chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            getattr(self, f"_{kind}")()
        self.let_go()

    def let_go(self) -> None:
        """Release what is held."""
        for code in self._down:
            self._send(X.KeyRelease, code)
        self._down.clear()
        for button in BUTTONS:
            self._send(X.ButtonRelease, button)
        self._display.sync()

    def windows(self) -> int:
        """Return how many windows can be seen on the display."""
        children = self._display.screen().root.query_tree().children
        return sum(child.get_attributes().map_state == X.IsViewable for child in children)

    def close(self) -> None:
        self._display.close()

    def _key(self) -> None:
        code = self._chance.choice(self._codes)
        if code in self._down:
            self._down.remove(code)
            self._send(X.KeyRelease, code)
            return
        if len(self._down) >= HELD:
            self._send(X.KeyRelease, self._down.pop(0))
        self._down.append(code)
        self._send(X.KeyPress, code)

    def _button(self) -> None:
        button = self._chance.choice(BUTTONS)
        self._move()
        self._send(X.ButtonPress, button)
        if self._chance.random() < 0.3:
            self._move()  # a drag, off the edge too
        self._send(X.ButtonRelease, button)

    def _move(self) -> None:
        edge = self._chance.random() < 0.2
        x = self._chance.choice((0, self._width - 1)) if edge else self._chance.randrange(self._width)
        self._send(X.MotionNotify, 0, x, self._chance.randrange(self._height))

    def _burst(self) -> None:
        """Hammer one place, as a fist does."""
        self._move()
        for _ in range(self._chance.randrange(2, 12)):
            self._send(X.ButtonPress, 1)
            self._send(X.ButtonRelease, 1)

    def _send(self, kind: int, detail: int, x: int = 0, y: int = 0) -> None:
        xtest.fake_input(self._display, kind, detail, x=x, y=y)
        self.sent += 1
        if self.sent % 64 == 0:
            self._display.sync()

    def _ways_out(self) -> list[int]:
        from Xlib import XK

        codes: list[Any] = [self._display.keysym_to_keycode(XK.string_to_keysym(name)) for name in KNOWN]
        return [code for code in codes if code]
