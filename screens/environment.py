"""What must be true before Kivy is imported, and what Kivy is told before it opens a window."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import sys
import tempfile
from typing import Any

from screens.panel import Panel

_FIXED = {
    "KIVY_NO_ARGS": "1",
    "KIVY_NO_CONFIG": "1",
    "KIVY_NO_ENV_CONFIG": "1",
    "KIVY_NO_FILELOG": "1",
    "KIVY_LOG_MODE": "PYTHON",
    "KIVY_TEXT": "sdl2",
    "KIVY_WINDOW": "sdl2",
}


def prepare() -> None:
    """Set Kivy's environment; raises ``RuntimeError`` when Kivy was imported before."""
    if "kivy" in sys.modules:
        raise RuntimeError("kivy was imported before screens: its environment is read on import")
    home = tempfile.mkdtemp(prefix="screens-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ.update(_FIXED, KIVY_HOME=home)


def configure(panel: Panel, *, fullscreen: bool) -> None:
    """Tell Kivy about the window, before it opens: its size, no way out of it, one input provider."""
    from kivy.config import Config

    graphics: dict[str, Any] = {
        "width": panel.width_px,
        "height": panel.height_px,
        "fullscreen": "auto" if fullscreen else 0,
        "borderless": int(fullscreen),
        "resizable": 0,
        "show_cursor": int(not fullscreen),
        "allow_screensaver": 0,
        "multisamples": 0,
        "maxfps": 60,
        "position": "custom",
        "left": 0,
        "top": 0,
    }
    for name, value in graphics.items():
        Config.set("graphics", name, str(value))
    Config.set("kivy", "exit_on_escape", "0")
    Config.set("kivy", "log_level", "warning")
    Config.remove_section("input")
    Config.add_section("input")
    Config.set("input", "pointer", "mouse,disable_multitouch,disable_hover")
    Config.remove_section("modules")
    Config.add_section("modules")
    # Importing Kivy sets its logger's level, so this comes after.
    logging.getLogger("kivy").setLevel(logging.WARNING)
