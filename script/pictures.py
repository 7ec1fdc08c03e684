"""Shrinks screenshots for the documents: ``pictures.py FROM TO``."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

WIDTH_PX = 360
COLOURS = 64


def main(source: Path, target: Path) -> None:
    """Write each picture of ``source`` to ``target``, ``WIDTH_PX`` wide, with few colours."""
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.png"):
        old.unlink()
    for path in sorted(source.glob("*.png")):
        if "starting" in path.name:  # stands for a moment while the kiosk starts
            continue
        with Image.open(path) as picture:
            size = (WIDTH_PX, round(picture.height * WIDTH_PX / picture.width))
            small = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
            small.quantize(COLOURS, dither=Image.Dither.NONE).save(target / path.name, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
