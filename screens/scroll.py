"""Scrolling a long list: a finger drags it, a flick lets it run on, buttons turn it by a page.

No Kivy here: the window tells of the finger and of the time, and draws the list at ``offset_px``.
"""

from __future__ import annotations

from collections.abc import Callable

FRICTION = 3.2
"""How fast a list that runs on loses its speed: this many times e in a second."""
SLOWEST_PX_S = 40.0
LATEST_S = 0.1
"""A finger that has rested for longer lets go of a list without throwing it."""


class Scroll:
    """The offset of one list, 0 at its top, and what moves it. ``slack_px`` makes a touch a drag."""

    def __init__(self, clock_s: Callable[[], float], slack_px: float) -> None:
        self._clock_s, self._slack_px = clock_s, slack_px
        self._most_px = 0.0
        self._held: tuple[float, float] | None = None
        self._last: tuple[float, float] = (0.0, 0.0)
        self._speed_px_s = 0.0
        self._ticked_s = 0.0
        self.dragging = False
        self.offset_px = 0.0

    def reset(self) -> None:
        """Begin another list at its top."""
        self._held, self._speed_px_s, self.dragging, self.offset_px = None, 0.0, False, 0.0

    def fit(self, content_px: float, window_px: float) -> None:
        """Note how long the list is and how much of it is seen."""
        self._most_px = max(0.0, content_px - window_px)
        self.offset_px = min(max(self.offset_px, 0.0), self._most_px)

    def down(self, y: float) -> None:
        """A finger goes down on the list: what runs on stops."""
        self._held, self._last = (y, self.offset_px), (y, self._clock_s())
        self._speed_px_s, self.dragging = 0.0, False

    def move(self, y: float) -> bool:
        """Follow the finger; true once it drags, so that it presses nothing any more."""
        if self._held is None:
            return False
        began_y, began_px = self._held
        if not self.dragging and abs(y - began_y) < self._slack_px:
            return False
        self.dragging = True
        last_y, last_s = self._last
        now = self._clock_s()
        if now > last_s:
            speed = (last_y - y) / (now - last_s)
            self._speed_px_s = 0.6 * speed + 0.4 * self._speed_px_s
            self._last = (y, now)
        self._go_to(began_px + began_y - y)
        return True

    def up(self) -> None:
        """The finger lets go; a list that was moving runs on."""
        if not self.dragging or self._clock_s() - self._last[1] > LATEST_S:
            self._speed_px_s = 0.0
        self._held, self.dragging = None, False
        self._ticked_s = self._clock_s()

    def turn(self, by_px: float) -> None:
        """Go on, or back, by so much at once."""
        self._speed_px_s = 0.0
        self._go_to(self.offset_px + by_px)

    def tick(self) -> bool:
        """Let a list that runs on run; true when it moved."""
        if self._held is not None or not self._speed_px_s:
            return False
        now = self._clock_s()
        passed_s, self._ticked_s = now - self._ticked_s, now
        before = self.offset_px
        self._go_to(before + self._speed_px_s * passed_s)
        self._speed_px_s *= max(0.0, 1.0 - FRICTION * passed_s)
        if abs(self._speed_px_s) < SLOWEST_PX_S or self.offset_px == before:
            self._speed_px_s = 0.0
        return self.offset_px != before

    def _go_to(self, offset_px: float) -> None:
        self.offset_px = min(max(offset_px, 0.0), self._most_px)
