"""Figures of the panel's living picture: how many frames come a second, and how old they are.

A small window of its own lies on the kiosk's and changes its colour; the frames are asked for over HTTP
as the page asks for them, and decoded. What a browser needs to draw a decoded picture is not in it.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import requests
from Xlib import X, display

from simulators.bench_process import BenchProcess

PATCH_PX: Final = 64
MOVING_S: Final = 5.0
CHANGES: Final = 60
DARK, LIGHT = 0x000000, 0xFFFFFF
START_S: Final = 30.0


class Patch:
    """A square at the upper left of the display that is dark or light."""

    def __init__(self) -> None:
        self._display = display.Display()
        screen = self._display.screen()
        self._window = screen.root.create_window(
            0, 0, PATCH_PX, PATCH_PX, 0, screen.root_depth, background_pixel=DARK, override_redirect=1
        )
        self._window.map()
        self.show(light=False)

    def show(self, *, light: bool) -> float:
        """Change the colour; returns when that was begun."""
        begun_s = time.monotonic()
        self._window.change_attributes(background_pixel=LIGHT if light else DARK)
        self._window.configure(stack_mode=X.Above)
        self._window.clear_area()
        self._display.sync()
        return begun_s

    def close(self) -> None:
        self._display.close()


class Viewer:
    """Asks for frames one after the other, as the page does."""

    def __init__(self, summary: dict[str, Any]) -> None:
        self._url = f"{summary['control']}/panel"
        self._session = requests.Session()
        self._session.headers["X-Bench-Token"] = summary["token"]
        self._number = "0"

    def switch_on(self) -> None:
        """Start the kiosk in its window."""
        self._session.post(f"{self._url}/do/power", json={"to": "on"}, timeout=30).raise_for_status()

    def next(self) -> bool | None:
        """Return whether the patch is light on the next frame; None when no new one came."""
        answer = self._session.get(f"{self._url}/ask/frame?after={self._number}", timeout=30)
        answer.raise_for_status()
        if answer.status_code == 204:
            return None
        self._number = answer.headers["X-Frame"]
        picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        return bool(picture[PATCH_PX // 4, PATCH_PX // 4].mean() > 127)


def measure() -> dict[str, float]:
    """Return panel.fps of a window that moves all the time, and panel.delay_ms (95th percentile).

    ``panel.delay_median_ms`` is beside it. The kiosk stands on its first page, the bench at level real.
    """
    with (
        tempfile.TemporaryDirectory(prefix="kiosk-panel-") as folder,
        BenchProcess(Path(folder), "real", 1) as bench,
    ):
        viewer = Viewer(bench.summary)
        viewer.switch_on()
        deadline_s = time.monotonic() + START_S
        while viewer.next() is None:
            if time.monotonic() > deadline_s:
                raise TimeoutError("no window came")
        patch = Patch()
        try:
            with _flickering(patch):
                fps = _frames(viewer, MOVING_S) / MOVING_S
            delays_ms = _delays_ms(viewer, patch)
        finally:
            patch.close()
    return {
        "panel.fps": fps,
        "panel.delay_ms": statistics.quantiles(delays_ms, n=20)[-1],
        "panel.delay_median_ms": statistics.median(delays_ms),
    }


def _frames(viewer: Viewer, seconds: float) -> int:
    count, over_s = 0, time.monotonic() + seconds
    while time.monotonic() < over_s:
        count += viewer.next() is not None
    return count


def _delays_ms(viewer: Viewer, patch: Patch) -> list[float]:
    """Return how long each change took until a decoded frame showed it."""
    delays_ms = []
    chance = random.Random(1)
    for change in range(CHANGES):
        light = change % 2 == 0
        time.sleep(chance.uniform(0.0, 0.1))  # so that changes come at any time between two grabs
        changed_s: list[float] = []
        timer = threading.Timer(0.05, lambda: changed_s.append(patch.show(light=light)))  # noqa: B023
        timer.start()
        while viewer.next() is not light:
            pass
        seen_s = time.monotonic()
        timer.join()
        delays_ms.append((seen_s - changed_s[0]) * 1000)
    return delays_ms


@contextmanager
def _flickering(patch: Patch) -> Iterator[None]:
    over = threading.Event()

    def flicker() -> None:
        light = False
        while not over.wait(0.01):
            light = not light
            patch.show(light=light)

    thread = threading.Thread(target=flicker, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        patch.show(light=False)
