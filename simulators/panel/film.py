"""The living picture of the kiosk's window: grabbed while somebody watches, handed out when it changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulators.panel.screen import Eye, NoWindow, Place, smaller_jpeg

FRAMES_PER_S: Final = 25.0
NOBODY_WATCHES_S: Final = 3.0
"""How long after the last question for a frame the grabbing goes on."""
LOOK_AGAIN_S: Final = 0.2
"""How often to look for a window where there is none."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture of the window. ``number`` counts from 1; ``taken_s`` is monotonic, from before the grab."""

    number: int
    jpeg: bytes
    taken_s: float


class Film:
    """Frames of one window after the other; ``pid`` tells whose window it is now (None: nobody's)."""

    def __init__(self, pid: Callable[[], int | None]) -> None:
        self._pid = pid
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._place: Place | None = None
        self._number = 0
        self._watched_s = 0.0
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def place(self) -> Place | None:
        """Where the window is, None while there is none (or nobody watches)."""
        return self._place

    def next(self, after: int, timeout_s: float) -> Frame | None:
        """Return a frame newer than ``after``; None when there is no window, or nothing moved in time."""
        with self._changed:
            self._watched_s = time.monotonic()
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._roll, name="film", daemon=True)
                self._thread.start()
            self._changed.wait_for(lambda: self._closed or self._newer(after) is not None, timeout_s)
            return self._newer(after)

    def close(self) -> None:
        """End the grabbing, and every wait for a frame."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    # --- inside ---

    def _newer(self, after: int) -> Frame | None:
        frame = self._frame
        # A page from before the bench was started anew asks for a number that is still to come.
        return frame if frame is not None and frame.number != after else None

    def _roll(self) -> None:
        eye: Eye | None = None
        pixels = b""
        try:
            while True:
                begun_s = time.monotonic()
                with self._changed:
                    if self._closed or begun_s - self._watched_s > NOBODY_WATCHES_S:
                        self._thread = None
                        return
                try:
                    eye = eye or Eye()
                    pixels = self._expose(eye, pixels, begun_s)
                    pause_s = 1 / FRAMES_PER_S
                except NoWindow:
                    self._show(None, None)
                    pixels, pause_s = b"", LOOK_AGAIN_S
                    if eye is not None:
                        eye.close()  # the display may be gone: the next look opens it anew
                        eye = None
                time.sleep(max(begun_s + pause_s - time.monotonic(), 0.0))
        finally:
            if eye is not None:
                eye.close()

    def _expose(self, eye: Eye, before: bytes, begun_s: float) -> bytes:
        """Take a picture when it differs from ``before``; returns the pixels."""
        pid = self._pid()
        if pid is None:
            raise NoWindow("no kiosk runs")
        place = eye.place(pid)
        pixels = eye.look(place)
        if pixels != before or place != self._place:
            self._number += 1
            self._show(Frame(self._number, smaller_jpeg(pixels, place), begun_s), place)
        return pixels

    def _show(self, frame: Frame | None, place: Place | None) -> None:
        with self._changed:
            self._frame, self._place = frame, place
            self._changed.notify_all()
