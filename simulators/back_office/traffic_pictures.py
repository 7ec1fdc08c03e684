"""Pictures of evidence: drawn scenes of a road, a car with its plate, and the camera's line of data.

Nothing of them is a photograph. Each violation has the same three pictures every time it is asked for.
"""

from __future__ import annotations

import io
import random
from base64 import b64encode
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

FONTS: Final = Path("/usr/share/fonts/opentype/noto")
SANS_SC: Final = 2
SIZE: Final = (960, 600)
STAMP_H: Final = 44
MOMENTS: Final = (0.62, 0.50, 0.36)
"""Where the car is in each picture, as a share of the height: it drives away from the camera."""
CARS: Final = ("#7a1f24", "#1f3f6e", "#d8dade", "#3b3f45", "#e7e3d6")

Drawn = tuple[str, float, float]
"""A PNG in base64, and where its plate is, as shares of width and height."""


@lru_cache(maxsize=64)
def pictures(violation_no: str, plate: str, at: str, place: str, *, red_light: bool) -> tuple[Drawn, ...]:
    """Return the three pictures of a violation."""
    return tuple(
        _picture(random.Random(violation_no), plate, f"{at}  {place}  {number}/3", height, red_light)
        for number, height in enumerate(MOMENTS, start=1)
    )


def _picture(chance: random.Random, plate: str, stamp: str, height: float, red_light: bool) -> Drawn:
    image = Image.new("RGB", SIZE, "#9fb4c4")
    pen = ImageDraw.Draw(image)
    _road(pen)
    _lights(pen, red_light)
    colour = chance.choice(CARS)
    lane = chance.choice((0.40, 0.52))
    focus = _car(pen, lane, height, colour, plate)
    pen.rectangle((0, 0, SIZE[0], STAMP_H), fill="#000000")
    pen.text((12, 6), stamp, fill="#ffffff", font=_font(26))
    out = io.BytesIO()
    image.quantize(48).save(out, "PNG", optimize=True)
    return b64encode(out.getvalue()).decode("ascii"), focus[0] / SIZE[0], focus[1] / SIZE[1]


def _road(pen: ImageDraw.ImageDraw) -> None:
    """A road that narrows towards the horizon, its lanes, the stop line and a crossing."""
    width, height = SIZE
    horizon = height * 0.3
    pen.rectangle((0, horizon, width, height), fill="#5f7052")
    pen.polygon(
        ((width * 0.36, horizon), (width * 0.64, horizon), (width, height), (0, height)), fill="#4a4d52"
    )
    for share in (0.0, 1 / 3, 2 / 3, 1.0):
        top, bottom = width * (0.36 + 0.28 * share), width * share
        pen.line((top, horizon, bottom, height), fill="#e9e6d8", width=5)
    for stripe in range(9):
        x = width * (0.16 + 0.077 * stripe)
        pen.polygon(
            ((x, height * 0.72), (x + 34, height * 0.72), (x + 40, height * 0.80), (x - 2, height * 0.80)),
            fill="#e9e6d8",
        )
    pen.line((width * 0.11, height * 0.83, width * 0.89, height * 0.83), fill="#e9e6d8", width=7)


def _lights(pen: ImageDraw.ImageDraw, red: bool) -> None:
    pen.line((660, 200, 660, 70), fill="#2b2d30", width=8)
    pen.rectangle((612, 62, 708, 100), fill="#1b1c1e")
    for place, colour in enumerate(("#e0342b", "#6b5a16", "#1d6b33" if red else "#37c65c")):
        shown = colour if place != 0 or red else "#5a1c19"
        pen.ellipse((620 + 30 * place, 68, 644 + 30 * place, 94), fill=shown)


def _car(
    pen: ImageDraw.ImageDraw, lane: float, height: float, colour: str, plate: str
) -> tuple[float, float]:
    """Draw a car from behind; return the middle of its plate."""
    scale = 0.55 + 1.1 * (height - 0.3)
    x, bottom = SIZE[0] * lane, SIZE[1] * height + 120 * scale
    half, tall = 110 * scale, 150 * scale
    pen.ellipse((x - half * 1.1, bottom - 16, x + half * 1.1, bottom + 14), fill="#33353a")
    pen.rounded_rectangle((x - half, bottom - tall * 0.66, x + half, bottom), 18 * scale, fill=colour)
    pen.rounded_rectangle(
        (x - half * 0.8, bottom - tall, x + half * 0.8, bottom - tall * 0.5), 22 * scale, fill=colour
    )
    pen.rounded_rectangle(
        (x - half * 0.68, bottom - tall * 0.93, x + half * 0.68, bottom - tall * 0.62), 12, fill="#26313a"
    )
    for side in (-1, 1):
        lamp = x + side * half * 0.8
        pen.rectangle(
            (lamp - 14 * scale, bottom - tall * 0.5, lamp + 14 * scale, bottom - tall * 0.36), fill="#b3261e"
        )
    middle = bottom - tall * 0.24
    w, h = half * 0.62, 20 * scale
    pen.rounded_rectangle(
        (x - w, middle - h, x + w, middle + h), 4, fill="#1553b5", outline="#ffffff", width=2
    )
    pen.text(
        (x, middle), f"{plate[:2]}·{plate[2:]}", fill="#ffffff", font=_font(round(21 * scale)), anchor="mm"
    )
    return x, middle


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the Chinese face; without Noto a small one that has none."""
    file = FONTS / "NotoSansCJK-Bold.ttc"
    return ImageFont.truetype(file, size, index=SANS_SC) if file.exists() else ImageFont.load_default(size)
