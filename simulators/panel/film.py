"""The living picture of the kiosk's window: grabbed while somebody watches; what changed is handed out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulators.panel.reel import Part, Reel
from simulators.panel.screen import Eye, NoWindow, Place

FRAMES_PER_S: Final = 25.0
LOOK_AGAIN_S: Final = 0.2
"""How often to look for a window where there is none, and where it is."""
LEAST_SHARE: Final = 4
"""The picture's sides are the window's, or a half, a third or a quarter of them."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What changed since another frame: ``parts`` of a picture of ``size`` (width, height).

    ``number`` counts from 1; ``taken_s`` is monotonic, from before the grab.
    """

    number: int
    size: tuple[int, int]
    parts: tuple[Part, ...]
    taken_s: float


class Film:
    """Frames of one window after the other; ``pid`` tells whose window it is now (None: nobody's)."""

    def __init__(self, pid: Callable[[], int | None]) -> None:
        self._pid = pid
        self._lock = threading.RLock()
        self._viewers: list[Callable[[], None]] = []
        self._pixels: NDArray[np.uint8] | None = None
        self._taken_s = self._placed_s = 0.0
        self._reels: dict[int, Reel] = {}
        self._place: Place | None = None
        self._number = 0
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    @property
    def place(self) -> Place | None:
        """Where the window is, None while there is none (or nobody watches)."""
        return self._place

    @contextmanager
    def watched(self, told: Callable[[], None]) -> Iterator[None]:
        """Have the window looked at within the block; ``told`` is called with each change of its picture."""
        with self._lock:
            self._viewers.append(told)
            if self._thread is None:
                self._thread = threading.Thread(target=self._roll, name="film", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._viewers.remove(told)

    def frame(self, after: int, width: int, size: tuple[int, int]) -> Frame | None:
        """Return what changed since frame ``after`` of ``size``; everything where the size is another now.

        It is at least ``width`` pixels wide where the window is. None without a window.
        """
        with self._lock:
            if self._pixels is None or self._place is None:
                return None
            share = _share(self._place.width, width)
            reel = self._reels.get(share)
            if reel is None:
                reel = self._reels[share] = Reel(share)
                reel.add(self._pixels, self._number)
            parts = reel.since(after if reel.size == size else 0)
            return Frame(self._number, reel.size, parts, self._taken_s)

    def close(self) -> None:
        """End the grabbing."""
        self._closed.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    # --- inside ---

    def _roll(self) -> None:
        eye: Eye | None = None
        pixels = b""
        try:
            while True:
                begun_s = time.monotonic()
                with self._lock:
                    if self._closed.is_set() or not self._viewers:
                        self._thread = self._pixels = self._place = None
                        return
                try:
                    eye = eye or Eye()
                    pixels = self._expose(eye, pixels, begun_s)
                    pause_s = 1 / FRAMES_PER_S
                except NoWindow:
                    self._lose()
                    pixels, pause_s = b"", LOOK_AGAIN_S
                    if eye is not None:
                        eye.close()  # the display may be gone: the next look opens it anew
                        eye = None
                self._closed.wait(max(begun_s + pause_s - time.monotonic(), 0.0))
        finally:
            if eye is not None:
                eye.close()

    def _expose(self, eye: Eye, before: bytes, begun_s: float) -> bytes:
        """Take a picture when it differs from ``before``; returns the pixels."""
        pid = self._pid()
        if pid is None:
            raise NoWindow("no kiosk runs")
        place = self._place
        if place is None or begun_s - self._placed_s > LOOK_AGAIN_S:
            place, self._placed_s = eye.place(pid), begun_s
        pixels = eye.look(place)
        if pixels == before and place == self._place:
            return pixels
        picture = np.frombuffer(pixels, np.uint8).reshape(place.height, place.width, 4)
        with self._lock:
            if place != self._place:
                self._reels.clear()
            self._place, self._pixels, self._taken_s = place, picture, begun_s
            self._number += 1
            for reel in self._reels.values():
                reel.add(picture, self._number)
            self._tell()
        return pixels

    def _lose(self) -> None:
        with self._lock:
            had = self._place is not None
            self._pixels = self._place = None
            self._reels.clear()
            if had:
                self._tell()

    def _tell(self) -> None:
        for told in self._viewers:
            told()


def _share(window: int, wanted: int) -> int:
    """Return by how much the window's width can be divided so that ``wanted`` pixels are left."""
    return max(1, min(LEAST_SHARE, window // max(wanted, 1)))
