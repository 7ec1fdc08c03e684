"""Draw the sample pages: ``python -m tests.screens.gallery FOLDER [--only PART] [--panel NAME]``.

Brings its own virtual display.
"""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from screens.panel import Panel
from screens.window import Window
from tests.screens import harness, samples


def someone() -> NDArray[np.uint8]:
    """Return a picture for the mirror: a head and shoulders of plain shapes (blue, green, red)."""
    rows, columns = np.mgrid[0:480, 0:640]
    picture = np.full((480, 640, 3), (196, 188, 176), np.uint8)
    picture[((columns - 320) / 210) ** 2 + ((rows - 520) / 190) ** 2 < 1] = (96, 70, 44)
    picture[((columns - 320) / 88) ** 2 + ((rows - 225) / 118) ** 2 < 1] = (150, 178, 214)
    picture[(((columns - 320) / 100) ** 2 + ((rows - 180) / 120) ** 2 < 1) & (rows < 165)] = (40, 34, 30)
    return picture


async def draw(folder: Path, only: str, panel: Panel) -> None:
    """Show the pages one after the other and write each as PNG."""
    picture = someone()
    window = Window(
        panel=panel,
        catalogue=samples.catalogue(harness.STRINGS),
        fonts=harness.fonts(),
        on_answer=print,
        on_touch=lambda: None,
        preview=lambda: picture,
        clock=lambda: datetime(2026, 11, 22, 14, 32),
    )
    running = asyncio.create_task(window.run())
    chosen = [(name, page) for name, page in samples.variants() if only in name]
    for number, (name, page) in enumerate(chosen):
        window.show(replace(page, number=number))
        await asyncio.wait([running], timeout=0.3)
        if running.done():
            break
        window.screenshot(str(folder / f"{name}.png"))
    window.stop()
    await running


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--panel", default="27-portrait", choices=sorted(harness.PANELS))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with harness.display(harness.PANELS[arguments.panel]):
        asyncio.run(draw(arguments.folder, arguments.only, harness.PANELS[arguments.panel]))


if __name__ == "__main__":
    main()
