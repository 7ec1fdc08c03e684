"""Figures of the panel's living picture, measured in the browser that shows it.

Two small windows of our own lie on the kiosk's: one moves all the time, so that there is always something
to send; the other changes its colour now and then. Chromium, without a GPU, draws the panel; a script in
the page counts the frames that were drawn and looks at the canvas in each animation frame, so what is
timed is from the change on the display to the picture in the browser.
"""

from __future__ import annotations

import itertools
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from Xlib import X, display

from simulators.bench_process import BenchProcess
from tests.simulators.chromium import Page, chromium

PATCH_PX: Final = 64
MARK_AT: Final = (0, 0)
MOVER_AT: Final = (400, 800)
SETTLE_S: Final = 1.0
MOVING_S: Final = 5.0
CHANGES: Final = 60
DARK, LIGHT = 0x000000, 0xFFFFFF
START_S: Final = 60.0

WATCH: Final = """
const picture = document.getElementById('window');
const context = picture.getContext('2d');
const seen = window.benchSeen = { frames: 0, changes: [] };
let number = picture.dataset.frame, light = false;
const look = () => {
  if (picture.dataset.frame !== number) {
    number = picture.dataset.frame;
    seen.frames += 1;
    const now = context.getImageData(8, 8, 1, 1).data[1] > 127;
    if (now !== light) seen.changes.push(performance.timeOrigin + performance.now());
    light = now;
  }
  requestAnimationFrame(look);
};
look();
"""
"""A point 8 pixels into the picture lies on the mark at every size at which a window can be shown."""


class Patch:
    """A square on the display that is dark or light, its upper left at ``at``."""

    def __init__(self, at: tuple[int, int]) -> None:
        self._display = display.Display()
        screen = self._display.screen()
        self._window = screen.root.create_window(
            *at, PATCH_PX, PATCH_PX, 0, screen.root_depth, background_pixel=DARK, override_redirect=1
        )
        self._window.map()
        self.show(light=False)

    def show(self, *, light: bool) -> float:
        """Change the colour; returns when that was begun, in ms of Unix time."""
        return self.paint(LIGHT if light else DARK)

    def paint(self, colour: int) -> float:
        """Show any colour (red, green, blue in 24 bits); returns as ``show``."""
        begun_ms = time.time() * 1000
        self._window.change_attributes(background_pixel=colour)
        self._window.configure(stack_mode=X.Above)
        self._window.clear_area()
        self._display.sync()
        return begun_ms

    def close(self) -> None:
        self._display.close()


def measure() -> dict[str, float]:
    """Return panel.fps and panel.delay_p95_ms while something moves; panel.delay_median_ms beside it.

    ``panel.idle_fps`` is how many frames came a second while nothing moved.
    The kiosk stands on its first page, the bench at level real.
    """
    with (
        tempfile.TemporaryDirectory(prefix="kiosk-panel-") as folder,
        BenchProcess(Path(folder), "real", 1) as bench,
        chromium() as page,
    ):
        page.open(bench.summary["panel"])
        page.click("power-on")
        page.until(lambda: page.text("prompt-name").startswith("attract"), START_S)
        mark, mover = Patch(MARK_AT), Patch(MOVER_AT)
        try:
            time.sleep(SETTLE_S)
            page.run(WATCH)
            with _flickering(mover):
                time.sleep(SETTLE_S)
                fps = _frames_per_s(page)
                delays_ms = _delays_ms(page, mark)
            time.sleep(SETTLE_S)
            idle = _frames_per_s(page)
        finally:
            mark.close()
            mover.close()
    return {
        "panel.fps": fps,
        "panel.delay_p95_ms": statistics.quantiles(delays_ms, n=20)[-1],
        "panel.delay_median_ms": statistics.median(delays_ms),
        "panel.idle_fps": idle,
    }


def _frames_per_s(page: Page) -> float:
    ask = "return [benchSeen.frames, performance.now()]"
    before, begun_ms = page.run(ask)
    time.sleep(MOVING_S)
    after, over_ms = page.run(ask)
    return float((after - before) / (over_ms - begun_ms) * 1000)


def _delays_ms(page: Page, mark: Patch) -> list[float]:
    """Return how long each change of ``mark`` took until the browser showed it.

    Raises ``TimeoutException`` when one is not seen.
    """
    page.run("benchSeen.changes = []")
    chance = random.Random(1)
    changed_ms: list[float] = []
    for change in range(CHANGES):
        time.sleep(chance.uniform(0.0, 0.1))  # so that changes come at any time between two grabs
        changed_ms.append(mark.show(light=change % 2 == 0))
        page.until(lambda: page.run("return benchSeen.changes.length") == len(changed_ms))
    shown_ms: list[Any] = page.run("return benchSeen.changes")
    return [shown - changed for changed, shown in zip(changed_ms, shown_ms, strict=True)]


@contextmanager
def _flickering(patch: Patch) -> Iterator[None]:
    over = threading.Event()

    def flicker() -> None:
        # Each time another grey: of two colours a look every 40 ms would often meet the same one again.
        for shade in itertools.cycle(range(256)):
            if over.wait(0.01):
                return
            patch.paint(0x010101 * shade)

    thread = threading.Thread(target=flicker, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        patch.show(light=False)
