"""What the screen's tests and the gallery stand on: a virtual display, the fonts, the panels."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from screens.fonts import Fonts
from screens.panel import Panel

ROOT = Path(__file__).parent.parent.parent
STRINGS = ROOT / "config" / "strings"

PANELS = {
    "27-portrait": Panel(),
    "27-portrait-low": Panel(low_reach=True),
    "27-landscape": Panel(1920, 1080, 597.0, 336.0, 800.0),
    "21-portrait": Panel(1080, 1920, 268.0, 476.0, 800.0),
    "21-landscape": Panel(1920, 1080, 476.0, 268.0, 900.0),
    "32-portrait": Panel(1080, 1920, 398.0, 708.0, 600.0),
}


def fonts() -> Fonts:
    """Return the fonts that the setup script prepared."""
    return Fonts.in_folder(ROOT / ".cache" / "fonts")


@contextmanager
def display(panel: Panel) -> Iterator[None]:
    """Give this process a virtual display of ``panel``'s size with a number of its own; end it afterwards."""
    size = f"{panel.width_px}x{panel.height_px}x24"
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    before = os.environ.get("DISPLAY")
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        if not number:
            raise RuntimeError("Xvfb did not start")
        os.environ["DISPLAY"] = f":{number}"
        yield
    finally:
        if before is None:
            os.environ.pop("DISPLAY", None)
        else:
            os.environ["DISPLAY"] = before
        server.terminate()
        server.wait(10)
