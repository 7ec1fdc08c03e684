"""Line drawings of the cabinet: where to act outside the screen.

The cabinet is drawn from the front in a space of its own, 100 wide and 120 high, y down. The device that
waits for the person is filled and drawn heavier; the thing to bring to it, with an arrow behind, moves
slowly towards it, and a thing to take moves out of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kiosk.prompts import Place
from screens.pen import Pen
from screens.scene import Box, Disc, Drift, Rect, Stroke
from screens.theme import Colour

WIDTH: Final = 100.0
HEIGHT: Final = 120.0
_TRAVEL: Final = 3.5

Point = tuple[float, float]
Line = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Thing:
    """What a person brings or takes: its size, its corners' radius and the lines on it, from its middle."""

    width: float
    height: float
    radius: float
    marks: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """A device's outline and the lines on it; ``mouth`` is where things go in, from the side of ``side``.

    ``side`` is -1 when a thing comes from above and 1 when it comes from below. The arrow stands behind the
    thing, or ``beside`` it where there is no room behind.
    """

    outline: Line
    marks: tuple[Line, ...]
    mouth: Point
    side: int
    thing: Thing | None
    beside: float = 0.0


def _card(width: float) -> Thing:
    w, h = width / 2, width * 0.315
    photo = ((w * 0.3, -h * 0.55), (w * 0.75, -h * 0.55), (w * 0.75, h * 0.5), (w * 0.3, h * 0.5))
    lines = tuple(
        ((-w * 0.72, y), (x, y)) for y, x in ((-h * 0.45, w * 0.05), (0.0, -w * 0.1), (h * 0.45, 0.0))
    )
    return Thing(width, 2 * h, 1.2, ((*photo, photo[0]), *lines))


_FINGER = Thing(6.0, 12.0, 3.0, (((-1.4, 5.0), (-1.4, 3.0), (0.0, 2.2), (1.4, 3.0), (1.4, 5.0)),))
_SHEET = Thing(
    30.0, 11.0, 0.4, tuple(((-12.0, y), (x, y)) for y, x in ((-2.6, 12.0), (0.2, 12.0), (3.0, 4.0)))
)
_PAPER = Thing(
    11.0, 14.0, 0.4, tuple(((-3.6, y), (x, y)) for y, x in ((-4.0, 3.6), (-1.5, 3.6), (1.0, 1.0), (3.5, 2.4)))
)

_DEVICES: Final = {
    Place.CAMERA: Device(((41, 4), (59, 4), (59, 12), (41, 12)), (), (50, 15), 1, None),
    Place.ID_CARD_READER: Device(
        ((14.5, 71), (36, 71), (33.5, 82), (10, 82)),
        (((19, 74), (31.5, 74)), ((18.2, 76.5), (30.9, 76.5)), ((17.4, 79), (30.3, 79))),
        (24.5, 69),
        -1,
        _card(19.0),
    ),
    Place.FINGERPRINT_PAD: Device(
        ((44, 71), (56, 71), (56.7, 82), (43.3, 82)),
        (
            ((47.4, 80), (47.2, 76.4), (48.2, 74.3), (50, 73.5), (51.8, 74.3), (52.8, 76.4), (52.6, 80)),
            ((50, 80), (50, 76.6)),
        ),
        (50, 69),
        -1,
        _FINGER,
    ),
    Place.PAYMENT_TERMINAL: Device(
        ((66, 69), (84, 69), (88, 83), (68, 83)),
        (
            ((68.4, 71), (82.4, 71), (83.4, 74.2), (69, 74.2), (68.4, 71)),
            ((70, 76.6), (84, 76.6)),
            ((70.4, 78.8), (84.7, 78.8)),
            ((70.8, 81), (85.4, 81)),
        ),
        (75.5, 67),
        -1,
        _card(17.0),
    ),
    Place.PERMIT_SLOT: Device(
        ((17, 89), (45, 89), (45, 95), (17, 95)), (((20, 92), (42, 92)),), (31, 96.5), 1, _card(18.0)
    ),
    Place.RECEIPT_SLOT: Device(
        ((60, 89), (82, 89), (82, 95), (60, 95)), (((62.5, 92), (79.5, 92)),), (71, 95.5), 1, _PAPER
    ),
    Place.CODE_READER: Device(
        ((45, 60.5), (55, 60.5), (55, 66), (45, 66)), (((47, 63.2), (53, 63.2)),), (50, 67.5), 1, _PAPER
    ),
    Place.DISPENSER_SLOT: Device(
        ((46.5, 89), (58.5, 89), (58.5, 95), (46.5, 95)),
        (((48.5, 92), (56.5, 92)),),
        (52.5, 96.5),
        1,
        _card(11.0),
    ),
    Place.DOCUMENT_TRAY: Device(
        ((28, 101), (72, 101), (72, 106), (28, 106)),
        (((31, 103.5), (69, 103.5)),),
        (50, 106.5),
        1,
        _SHEET,
        beside=24.0,
    ),
}

_ARROW: Final = ((0.0, 0.0), (-4.6, 5.2), (-1.8, 5.2), (-1.8, 11.0), (1.8, 11.0), (1.8, 5.2), (4.6, 5.2))
_ARROW_LENGTH: Final = 11.0


@dataclass(frozen=True, slots=True)
class _Space:
    """The drawing's own space, placed as large as a rectangle allows."""

    left: float
    top: float
    scale: float

    @classmethod
    def within(cls, rect: Rect) -> _Space:
        scale = min(rect.w / WIDTH, rect.h / HEIGHT)
        return cls(rect.x + (rect.w - WIDTH * scale) / 2, rect.y + (rect.h - HEIGHT * scale) / 2, scale)

    def line(self, points: Line, origin: Point = (0.0, 0.0)) -> Line:
        return tuple(
            (self.left + (x + origin[0]) * self.scale, self.top + (y + origin[1]) * self.scale)
            for x, y in points
        )

    def rect(self, x: float, y: float, w: float, h: float) -> Rect:
        return Rect(self.left + x * self.scale, self.top + y * self.scale, w * self.scale, h * self.scale)


def cabinet(pen: Pen, rect: Rect, lit: Place | None, *, taking: bool = False) -> None:
    """Draw the cabinet as large as ``rect`` allows, ``lit`` heavier, and what is brought to it or taken."""
    space = _Space.within(rect)
    c = pen.colours
    thin = pen.mm(0.7)

    def box(x: float, y: float, w: float, h: float, radius: float, fill: Colour) -> Box:
        return Box(space.rect(x, y, w, h), fill, c.ink_2, thin, radius * space.scale)

    shelf = space.line(((12, 66.5), (88, 66.5), (96, 86), (4, 86)))
    pen.add(
        box(12, 85, 76, 34, 1.5, c.card),
        box(20, 1, 60, 68, 4, c.card),
        box(25, 16, 50, 46, 1.5, c.ground if lit is None else c.wash),
        Stroke(shelf, c.ink_2, thin, closed=True, fill=c.ground),
    )
    if lit is None:
        _touched(pen, space)
    for place, device in _DEVICES.items():
        on = place is lit
        fill, line = (c.attention.wash, c.attention.ink) if on else (c.card, c.ink_2)
        width = pen.mm(1.4) if on else thin
        pen.add(Stroke(space.line(device.outline), line, width, closed=True, fill=fill))
        pen.add(*(Stroke(space.line(mark), line, width * 0.75) for mark in device.marks))
        if place is Place.CAMERA:
            pen.add(Disc(space.rect(47.2, 5.2, 5.6, 5.6), c.card, line, width))
    if lit in _DEVICES:
        pen.add(_movement(pen, space, _DEVICES[lit], taking=taking))


def _touched(pen: Pen, space: _Space) -> None:
    """Draw rings on the screen, where a finger begins."""
    c = pen.colours
    for radius, width in ((3.0, 1.4), (7.0, 0.9), (11.0, 0.6)):
        ring = space.rect(50 - radius, 39 - radius, 2 * radius, 2 * radius)
        pen.add(Disc(ring, c.action if radius == 3.0 else None, c.action, pen.mm(width)))


def _movement(pen: Pen, space: _Space, device: Device, *, taking: bool) -> Drift:
    c = pen.colours
    x, y = device.mouth
    strokes: list[Stroke] = []
    thing = device.thing
    if thing is not None:
        middle = (x, y + device.side * (thing.height / 2 + _TRAVEL))
        outline = _rounded(thing.width, thing.height, thing.radius)
        line = pen.mm(1.0)
        strokes.append(Stroke(space.line(outline, middle), c.attention.ink, line, closed=True, fill=c.card))
        strokes += [Stroke(space.line(mark, middle), c.attention.ink, line * 0.8) for mark in thing.marks]
        x += device.beside
        y += device.side * (_TRAVEL if device.beside else thing.height + _TRAVEL + 1.5)
    arrow: list[Point] = []
    for along_x, along_y in _ARROW:
        along_y = _ARROW_LENGTH - along_y if taking else along_y
        arrow.append((x + along_x, y + device.side * along_y))
    strokes.append(Stroke(space.line(tuple(arrow)), c.attention.ink, 1.0, closed=True, fill=c.attention.ink))
    way = device.side * _TRAVEL * space.scale
    return Drift(tuple(strokes), (0.0, way if taking else -way))


def _rounded(width: float, height: float, radius: float) -> Line:
    """Return a rectangle around the origin with its corners cut in three steps."""
    w, h, r = width / 2, height / 2, radius
    corner = ((0.0, 1.0), (0.13, 0.5), (0.5, 0.13), (1.0, 0.0))
    upper_left = [(-w + r * a, -h + r * b) for a, b in corner]
    upper_right = [(-x, y) for x, y in reversed(upper_left)]
    lower = [(x, -y) for x, y in reversed(upper_left + upper_right)]
    return tuple(upper_left + upper_right + lower)
