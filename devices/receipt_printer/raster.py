"""Lines with characters that the printer's own font lacks, drawn as a picture."""

from __future__ import annotations

import contextlib
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

WIDTH_DOTS: Final = 576
_TEXT_DOTS: Final = 24
_NO_CHARACTER: Final = "\uffff"
_INK: Final = 128


class MissingGlyphError(Exception):
    """The font lacks a character, so that a box would be printed in its place."""


def draw_line(
    text: str, font_path: Path, large: bool, bold: bool, centred: bool, width: int = WIDTH_DOTS
) -> NDArray[np.bool_]:
    """Return (rows, width) dots, True for ink; text that is too wide goes on below.

    Raises ``MissingGlyphError``.
    """
    size = _TEXT_DOTS * (2 if large else 1)
    font = _font(font_path, size)
    for character in text:
        if _lacks(font, character):
            raise MissingGlyphError(f"no glyph for U+{ord(character):04X} in {font_path.name}")
    lines = _wrapped(text, font, width)
    leading = round(size * 1.25)
    image = Image.new("L", (width, leading * len(lines)), 255)
    pen = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        left = (width - font.getlength(line)) / 2 if centred else 0
        baseline = row * leading + size
        pen.text((left, baseline), line, fill=0, font=font, anchor="ls", stroke_width=1 if bold else 0)
    return np.asarray(image) < _INK


def keep_open(font_path: Path) -> None:
    """Open the font in both sizes: a machine without a descriptor left still prints every character.

    A font that is missing is said when a line needs it, as ``charSetData``.
    """
    with contextlib.suppress(OSError):
        for size in (_TEXT_DOTS, 2 * _TEXT_DOTS):
            _font(font_path, size)


@lru_cache(maxsize=4)
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


def _lacks(font: ImageFont.FreeTypeFont, character: str) -> bool:
    """A lacking character is drawn as the font's ``.notdef``, which is how it shows."""
    if character.isspace():
        return False
    drawn, nothing = font.getmask(character), font.getmask(_NO_CHARACTER)
    return drawn.size == nothing.size and bytes(drawn) == bytes(nothing)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    lines = [""]
    for character in text:
        if lines[-1] and font.getlength(lines[-1] + character) > width:
            lines.append("")
        lines[-1] += character
    return lines
