"""Pictograms of the services: line drawings in a space 24 wide and 24 high, y down."""

from __future__ import annotations

import math
from typing import Final

from screens.pen import Pen
from screens.scene import Rect, Stroke
from screens.theme import Colour

SIDE: Final = 24.0
LINE: Final = 1.7

Line = tuple[tuple[float, float], ...]


def _circle(x: float, y: float, radius: float) -> Line:
    turns = (2 * math.pi * step / 24 for step in range(25))
    return tuple((x + radius * math.sin(turn), y - radius * math.cos(turn)) for turn in turns)


_CAR: Final = (
    ((4.8, 16.6), (2, 16.6), (2, 12.6), (5.2, 11.4), (7.6, 7), (15, 7), (18.4, 11.4), (22, 12.6), (22, 16.6)),
    ((22, 16.6), (19.2, 16.6)),
    ((9.2, 16.6), (14.8, 16.6)),
    ((5.2, 11.4), (18.4, 11.4)),
    ((11.4, 7), (11.4, 11.4)),
    _circle(7, 16.8, 2.2),
    _circle(17, 16.8, 2.2),
)
_CARD: Final = (
    ((2, 5), (22, 5), (22, 19), (2, 19), (2, 5)),
    ((5, 8.5), (10, 8.5), (10, 15.5), (5, 15.5), (5, 8.5)),
    ((13, 9), (19, 9)),
    ((13, 12), (19, 12)),
    ((13, 15), (16.5, 15)),
)
_TAKEN: Final = (
    ((7, 8), (3, 8), (3, 4), (21, 4), (21, 8), (17, 8)),
    ((7, 6.5), (7, 16), (17, 16), (17, 6.5)),
    ((10, 9.5), (14, 9.5)),
    ((10, 12.5), (12.5, 12.5)),
    ((8.5, 19), (12, 22), (15.5, 19)),
)
_SEALED: Final = (
    ((5, 2.5), (14.5, 2.5), (19, 7), (19, 21.5), (5, 21.5), (5, 2.5)),
    ((14.5, 2.5), (14.5, 7), (19, 7)),
    ((8.5, 10.5), (15.5, 10.5)),
    ((8.5, 14), (11, 14)),
    _circle(14.2, 16.3, 2.3),
)
_CLOCK: Final = (_circle(12, 12, 9.5), ((12, 6.5), (12, 12), (16, 14.3)))
_BOOK: Final = (
    ((12, 7), (9, 4.5), (2.5, 4.5), (2.5, 18.5), (9, 18.5), (12, 20.5)),
    ((12, 20.5), (15, 18.5), (21.5, 18.5), (21.5, 4.5), (15, 4.5), (12, 7), (12, 20.5)),
    ((5.5, 9), (9, 9)),
    ((5.5, 12.5), (9, 12.5)),
    ((15, 9), (18.5, 9)),
    ((15, 12.5), (18.5, 12.5)),
)

PICTOGRAMS: Final[dict[str, tuple[Line, ...]]] = {
    "car": _CAR,
    "card": _CARD,
    "taken": _TAKEN,
    "sealed": _SEALED,
    "clock": _CLOCK,
    "book": _BOOK,
}


def draw_pictogram(pen: Pen, rect: Rect, name: str, ink: Colour) -> None:
    """Draw a pictogram as large as ``rect`` allows; raises ``KeyError`` for a name that is none."""
    scale = min(rect.w, rect.h) / SIDE
    x, y = rect.middle[0] - SIDE / 2 * scale, rect.middle[1] - SIDE / 2 * scale
    for line in PICTOGRAMS[name]:
        pen.add(Stroke(tuple((x + px * scale, y + py * scale) for px, py in line), ink, LINE * scale))
