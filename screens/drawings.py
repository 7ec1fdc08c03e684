"""Line drawings of the cabinet: where to act outside the screen.

The cabinet is drawn from the front in a space of its own, 100 wide and 108 high, y down. The device that
waits for the person is filled and drawn heavier, the thing to bring to it drifts towards it, and a thing
to take drifts out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kiosk.prompts import Place
from screens.pen import Pen
from screens.scene import Box, Disc, Drift, Piece, Rect, Stroke
from screens.theme import Colour

WIDTH, HEIGHT = 100.0, 108.0

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Device:
    """A device's outline, a mark within it, and the way to it: where an arrow's tip ends and whence it comes."""

    outline: tuple[Point, ...]
    marks: tuple[tuple[Point, ...], ...]
    tip: Point
    way: Point


_DEVICES = {
    Place.CAMERA: Device(
        ((42, 4), (58, 4), (58, 11), (42, 11)),
        (),
        (50, 14),
        (0, 1),
    ),
    Place.ID_CARD_READER: Device(
        ((15, 71), (36, 71), (33.5, 82), (10.5, 82)),
        (((19.5, 74), (25.5, 74)), ((18.7, 76.5), (24, 76.5)), ((18, 79), (22.5, 79))),
        (24, 68.5),
        (0, -1),
    ),
    Place.FINGERPRINT_PAD: Device(
        ((44, 71), (56, 71), (56.7, 82), (43.3, 82)),
        (
            ((47.6, 80), (47.4, 76.4), (48.4, 74.2), (50, 73.5), (51.6, 74.2), (52.6, 76.4), (52.4, 80)),
            ((50, 80), (50, 76.4)),
        ),
        (50, 68.5),
        (0, -1),
    ),
    Place.PAYMENT_TERMINAL: Device(
        ((66, 68), (84, 68), (88, 83), (68, 83)),
        (
            ((68.6, 70.2), (82.4, 70.2), (83.4, 73.4), (69.1, 73.4), (68.6, 70.2)),
            ((70.4, 76), (84, 76)),
            ((70.8, 78.4), (84.8, 78.4)),
            ((71.2, 80.8), (85.4, 80.8)),
        ),
        (75.5, 65.5),
        (0, -1),
    ),
    Place.PERMIT_SLOT: Device(
        ((17, 91), (45, 91), (45, 97), (17, 97)),
        (((20, 94), (42, 94)),),
        (31, 99.5),
        (0, 1),
    ),
    Place.RECEIPT_SLOT: Device(
        ((60, 91), (82, 91), (82, 97), (60, 97)),
        (((62.5, 94), (79.5, 94)),),
        (71, 99.5),
        (0, 1),
    ),
}

_ARROW: tuple[Point, ...] = ((0, 0), (-5.2, 6), (-2, 6), (-2, 15), (2, 15), (2, 6), (5.2, 6))
_ARROW_LENGTH = 15.0


def cabinet(pen: Pen, rect: Rect, lit: Place | None, *, taking: bool = False) -> None:
    """Draw the cabinet as large as ``rect`` allows, ``lit`` heavier, and an arrow into it or out of it."""
    scale = min(rect.w / WIDTH, rect.h / HEIGHT)
    left = rect.x + (rect.w - WIDTH * scale) / 2
    top = rect.y + (rect.h - HEIGHT * scale) / 2

    def at(points: Iterable[Point]) -> tuple[Point, ...]:
        return tuple((left + x * scale, top + y * scale) for x, y in points)

    c = pen.colours
    thin, bold = pen.mm(0.7), pen.mm(1.3)

    def box(x: float, y: float, w: float, h: float, radius: float, fill: Colour, width: float = thin) -> Box:
        area = Rect(left + x * scale, top + y * scale, w * scale, h * scale)
        return Box(area, fill, c.ink_2, width, radius * scale)

    pen.add(
        box(13, 84, 74, 24, 1.5, c.card),
        box(20, 1, 60, 67, 4, c.card),
        box(25, 15, 50, 48, 1.5, c.wash if lit is not None else c.ground),
        Stroke(at(((12, 66.5), (88, 66.5), (96, 86), (4, 86))), c.ink_2, thin, closed=True, fill=c.card),
    )
    for place, device in _DEVICES.items():
        on = place is lit
        fill = c.attention.wash if on else c.card
        line = c.attention.ink if on else c.ink_2
        width = bold if on else thin
        pen.add(Stroke(at(device.outline), line, width, closed=True, fill=fill))
        pen.add(*(Stroke(at(mark), line, width * 0.8) for mark in device.marks))
        if place is Place.CAMERA:
            pen.add(_lens(left, top, scale, line, width))
    if lit in _DEVICES:
        device = _DEVICES[lit]
        pen.add(_arrow(device, taking, at, scale, c.attention.ink))


def _lens(left: float, top: float, scale: float, line: Colour, width: float) -> Piece:
    return Disc(Rect(left + 47.5 * scale, top + 5 * scale, 5 * scale, 5 * scale), None, line, width)


def _arrow(device: Device, taking: bool, at: object, scale: float, colour: Colour) -> Drift:
    (tip_x, tip_y), (_, way_y) = device.tip, device.way
    shape: list[Point] = []
    for x, y in _ARROW:
        along = _ARROW_LENGTH - y if taking else y
        shape.append((tip_x + x, tip_y + way_y * along))
    assert callable(at)
    points = at(shape)
    travel = 4.0 * scale * way_y
    return Drift((Stroke(points, colour, 1.0, closed=True, fill=colour),), (0.0, travel))
