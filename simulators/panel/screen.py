"""The kiosk's window on the X display: where it is, what it shows, and a finger on it.

Only the rectangle of the window is ever looked at, so that nothing else of a tester's desktop is shown.
The window is known by the process id that it carries (``_NET_WM_PID``, freedesktop.org's Extended Window
Manager Hints).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import mss
from Xlib import X, Xatom, display, error

from simulators.hands import Pointer


class NoWindow(Exception):
    """There is no window to look at or to touch."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the window is on the display, in pixels."""

    left: int
    top: int
    width: int
    height: int


class Eye:
    """Looks at a window. For one thread; ``close`` lets go of the display."""

    def __init__(self) -> None:
        """Raises ``NoWindow`` when there is no display."""
        self._display = _open_display()
        self._screen = mss.MSS()
        self._window: Any = None
        self._pid = 0

    def place(self, pid: int) -> Place:
        """Return where the window of process ``pid`` is; raises ``NoWindow``."""
        try:
            if self._window is None or pid != self._pid:
                self._window, self._pid = _window_of(self._display, pid), pid
            place = _place_of(self._display, self._window)
        except (error.ConnectionClosedError, OSError) as gone:
            raise NoWindow("the display is gone") from gone
        if place is None:
            self._window = None
            raise NoWindow(f"process {pid} shows no window")
        return place

    def look(self, place: Place) -> bytes:
        """Return the pixels at ``place``, BGRA by rows; raises ``NoWindow``."""
        region = {"left": place.left, "top": place.top, "width": place.width, "height": place.height}
        try:
            return bytes(self._screen.grab(region).raw)
        except mss.ScreenShotError as failure:
            raise NoWindow(str(failure)) from failure

    def close(self) -> None:
        self._screen.close()
        with suppress(error.ConnectionClosedError, OSError):
            self._display.close()


class Finger:
    """One finger on the window: pressed, drawn along, lifted. For any thread."""

    def __init__(self) -> None:
        self._pointer: Pointer | None = None
        self._lock = threading.Lock()

    def touch(self, kind: str, place: Place, x: float, y: float) -> None:
        """Do ``kind`` (down, move, up) at a point of the window, as parts of its width and height.

        Raises ``NoWindow`` when the display is gone.
        """
        with self._lock, self._at_display() as pointer:
            pointer.move(
                place.left + min(int(x * place.width), place.width - 1),
                place.top + min(int(y * place.height), place.height - 1),
            )
            if kind == "down":
                pointer.down()
            elif kind == "up":
                pointer.up()

    def tap(self, place: Place, x: int, y: int) -> None:
        """Press and let go at a point of the window, in pixels from its upper left."""
        with self._lock, self._at_display() as pointer:
            pointer.tap(place.left + x, place.top + y)

    @contextmanager
    def _at_display(self) -> Iterator[Pointer]:
        try:
            if self._pointer is None:
                self._pointer = Pointer()
            yield self._pointer
        except (error.DisplayError, error.ConnectionClosedError, OSError) as gone:
            self._pointer = None
            raise NoWindow("the display is gone") from gone


def _open_display() -> Any:
    if not os.environ.get("DISPLAY"):
        raise NoWindow("there is no display here")
    try:
        return display.Display()
    except (error.DisplayError, OSError) as failure:
        raise NoWindow(str(failure)) from failure


def _window_of(shown: Any, pid: int) -> Any:
    """Return the largest visible window that says it belongs to ``pid``, None when there is none."""
    atom = shown.intern_atom("_NET_WM_PID")
    found: list[tuple[int, Any]] = []

    def search(window: Any, depth: int) -> None:
        with suppress(error.XError):
            owner = window.get_full_property(atom, Xatom.CARDINAL)
            if owner is not None and list(owner.value) == [pid]:
                size = window.get_geometry()
                found.append((size.width * size.height, window))
            elif depth > 0:
                for child in window.query_tree().children:
                    search(child, depth - 1)

    search(shown.screen().root, 3)
    return max(found, key=lambda one: one[0])[1] if found else None


def _place_of(shown: Any, window: Any) -> Place | None:
    """Return the part of ``window`` that lies on the display; None when it isn't visible."""
    if window is None:
        return None
    try:
        if window.get_attributes().map_state != X.IsViewable:
            return None
        size = window.get_geometry()
        root = shown.screen().root
        corner = window.translate_coords(root, 0, 0)
        bounds = root.get_geometry()
    except error.XError:
        return None
    left, top = max(-corner.x, 0), max(-corner.y, 0)
    right, bottom = min(-corner.x + size.width, bounds.width), min(-corner.y + size.height, bounds.height)
    return Place(left, top, right - left, bottom - top) if right > left and bottom > top else None
