"""The rewritable strip (签注条) on the permit's back, drawn from data and read back before it is printed.

The real layout is not public: ours is a template of a site (``config/templates``). The code on the
strip is what the machine's imager can read again, so the strip's picture is decoded here first; a
picture that does not say what it should never reaches the printer.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import qrcode
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

WHITE, BLACK = 255, 0


class StripMismatch(Exception):
    """The drawn strip does not read as it should; it must not be printed."""


@dataclass(frozen=True, slots=True)
class StripTemplate:
    """Where things stand on the strip, in dots; the lines of an endorsement name its fields in braces.

    The fonts are mapped into memory here: a strip is drawn after the payment, when no file may be openable.
    """

    margin: int
    code_size: int
    heading: str
    heading_size: int
    lines: Sequence[str]
    line_size: int
    line_gap: int
    destinations: Mapping[str, str]
    types: Mapping[str, str]
    entries: Mapping[str, str]
    heading_font: ImageFont.FreeTypeFont
    line_font: ImageFont.FreeTypeFont

    @classmethod
    def load(cls, path: Path, font: Path) -> StripTemplate:
        """Read the template and the font; raises ``OSError`` when either cannot be."""
        with path.open("rb") as file:
            table: dict[str, Any] = tomllib.load(file)["strip"]
        heading, lines = (ImageFont.truetype(font, table[size]) for size in ("heading_size", "line_size"))
        return cls(**table, heading_font=heading, line_font=lines)


def draw_strip(
    template: StripTemplate,
    size: tuple[int, int],
    *,
    permit_number: str,
    endorsements: Sequence[Mapping[str, Any]],
    code: str,
) -> NDArray[np.uint8]:
    """Draw the strip: (rows, columns), 0 black and 255 white.

    Raises ``StripMismatch`` when the code cannot be read from the picture as drawn, or a line
    would run into the code or over the edge.
    """
    rows, columns = size
    picture = Image.new("L", (columns, rows), WHITE)
    pen = ImageDraw.Draw(picture)
    heading, small = template.heading_font, template.line_font
    pen.text(
        (template.margin, template.margin),
        template.heading.format(permit_number=permit_number),
        BLACK,
        font=heading,
    )
    image = _code_image(code, template.code_size)
    room = columns - 2 * template.margin - image.width - template.margin
    top = template.margin + heading.size + 2 * template.line_gap
    for endorsement in endorsements:
        for line in _lines(template, endorsement):
            if small.getlength(line) > room or top + small.size > rows:
                raise StripMismatch
            pen.text((template.margin, top), line, BLACK, font=small)
            top += template.line_size + template.line_gap
        top += template.line_gap
    picture.paste(image, (columns - template.margin - image.width, (rows - image.height) // 2))
    dots = np.where(np.asarray(picture) < 128, BLACK, WHITE).astype(np.uint8)
    if read_strip(dots) != code:
        raise StripMismatch
    return dots


def read_strip(dots: NDArray[np.uint8]) -> str:
    """Return what the code on a strip says, "" when there is none to read."""
    framed = cv2.copyMakeBorder(dots, 16, 16, 16, 16, cv2.BORDER_CONSTANT, value=[WHITE])
    enlarged = cv2.resize(framed, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    said, _, _ = cv2.QRCodeDetector().detectAndDecode(enlarged)
    return said


def _lines(template: StripTemplate, endorsement: Mapping[str, Any]) -> list[str]:
    fields = {
        "number": endorsement["number"],
        "destination": template.destinations[endorsement["destination"]],
        "type": template.types[endorsement["type"]],
        "valid_from": str(endorsement["valid_from"]).replace("-", "."),
        "valid_until": str(endorsement["valid_until"]).replace("-", "."),
        "entries": template.entries[str(endorsement["entries"])],
        "stay_days": endorsement["stay_days"],
    }
    return [line.format(**fields) for line in template.lines]


def _code_image(code: str, size: int) -> Image.Image:
    maker = qrcode.QRCode(border=2, error_correction=qrcode.constants.ERROR_CORRECT_M)
    maker.add_data(code)
    maker.make(fit=True)
    module = max(size // (maker.modules_count + 4), 1)
    maker.box_size = module
    image: Image.Image = maker.make_image().get_image().convert("L")
    return image
