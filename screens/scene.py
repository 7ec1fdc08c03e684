"""A page laid out: what is drawn where, and what can be touched. Plain data, no Kivy.

Lengths are pixels; x grows to the right and y grows **down** from the upper left corner of the panel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum

from kiosk.prompts import Json
from screens.fonts import Face
from screens.theme import Colour


@dataclass(frozen=True, slots=True)
class Rect:
    """An upright rectangle."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.h

    @property
    def middle(self) -> tuple[float, float]:
        """The centre."""
        return self.x + self.w / 2, self.y + self.h / 2

    def inset(self, dx: float, dy: float | None = None) -> Rect:
        """Return this rectangle with its edges moved in."""
        dy = dx if dy is None else dy
        return Rect(self.x + dx, self.y + dy, self.w - 2 * dx, self.h - 2 * dy)

    def holds(self, x: float, y: float) -> bool:
        """Tell whether a point lies inside."""
        return self.x <= x < self.right and self.y <= y < self.bottom

    def overlaps(self, other: Rect, slack: float = 0.5) -> bool:
        """Tell whether the rectangles share more than ``slack`` pixels both ways."""
        return (
            min(self.right, other.right) - max(self.x, other.x) > slack
            and min(self.bottom, other.bottom) - max(self.y, other.y) > slack
        )

    def within(self, other: Rect, slack: float = 0.5) -> bool:
        """Tell whether this rectangle lies inside ``other``."""
        return (
            self.x >= other.x - slack
            and self.y >= other.y - slack
            and self.right <= other.right + slack
            and self.bottom <= other.bottom + slack
        )


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, filled or outlined or both."""

    rect: Rect
    fill: Colour | None = None
    line: Colour | None = None
    line_px: float = 1.0
    radius: float = 0.0


@dataclass(frozen=True, slots=True)
class Disc:
    """An ellipse that fills ``rect``."""

    rect: Rect
    fill: Colour | None = None
    line: Colour | None = None
    line_px: float = 1.0


@dataclass(frozen=True, slots=True)
class Arc:
    """Part of a circle, clockwise from the top: ``share`` of it, from 0 to 1."""

    rect: Rect
    share: float
    line: Colour
    line_px: float


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    line: Colour
    line_px: float
    closed: bool = False
    fill: Colour | None = None


@dataclass(frozen=True, slots=True)
class Glyphs:
    """A run of text that one face draws. ``baseline`` is its y; ``width`` is what was measured."""

    x: float
    baseline: float
    width: float
    text: str
    face: Face
    size_px: int
    colour: Colour

    @property
    def rect(self) -> Rect:
        """The em box: what the ink of the text stays within, but for a few descenders."""
        return Rect(self.x, self.baseline - 0.88 * self.size_px, self.width, self.size_px)


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code of ``content`` that fills ``rect``, dark on white."""

    rect: Rect
    content: str


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture (PNG or JPEG) that fills ``rect``: the part ``cut`` of it, as shares from the upper left."""

    rect: Rect
    data: bytes
    cut: Rect


@dataclass(frozen=True, slots=True)
class Preview:
    """The newest picture of the camera, mirrored, cut to fill ``rect``; ``ground`` until there is one."""

    rect: Rect
    ground: Colour


@dataclass(frozen=True, slots=True)
class Drift:
    """Strokes that move by ``by`` and back, once in ``period_s``; slow, so that it shows the way."""

    strokes: tuple[Stroke, ...]
    by: tuple[float, float]
    period_s: float = 2.0


Piece = Box | Disc | Arc | Stroke | Glyphs | Code | Photo | Preview | Drift


class Press(Enum):
    """What a touch does: send an answer, change what is marked or typed on this page, turn a list's leaf.

    ``SCROLL`` turns a list that scrolls by a page, ``CLOSER`` looks at a picture closely or no longer,
    ``CLEAR`` wipes what was written.
    """

    ANSWER = "answer"
    SETTING = "setting"
    MARK = "mark"
    LEAF = "leaf"
    TYPE = "type"
    SCROLL = "scroll"
    CLOSER = "closer"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True)
class Target:
    """Something to touch. ``name`` is unique on the page: the action, or ``action:value``."""

    name: str
    rect: Rect
    action: str
    value: Json = None
    press: Press = Press.ANSWER
    radius: float = 0.0


@dataclass(slots=True)
class Roll:
    """Rows that scroll in ``window``; only those that are seen are ever laid out.

    ``row`` and ``target`` give the pieces and the target of a row as if it stood at the top of the
    window. ``track`` is where a mark shows how far the list is, None where all of it is seen.
    """

    window: Rect
    row_h: float
    count: int
    row: Callable[[int], list[Piece]]
    target: Callable[[int], Target | None]
    track: Rect | None
    mark: Colour
    offset_px: float = 0.0

    @property
    def length_px(self) -> float:
        """The height of all rows."""
        return self.row_h * self.count

    def seen(self) -> range:
        """Return the rows of which anything is seen."""
        first = max(0, int(self.offset_px // self.row_h))
        last = min(self.count, int((self.offset_px + self.window.h - 0.5) // self.row_h) + 1)
        return range(first, last)

    def top_of(self, index: int) -> float:
        """Return where a row's upper edge is now."""
        return self.window.y + index * self.row_h - self.offset_px

    def target_of(self, index: int) -> Target | None:
        """Return what can be touched of a row, None where nothing of it can."""
        target = self.target(index)
        if target is None:
            return None
        top = max(self.window.y, self.top_of(index))
        bottom = min(self.window.bottom, self.top_of(index) + target.rect.h)
        if bottom <= top:
            return None
        return replace(target, rect=Rect(target.rect.x, top, target.rect.w, bottom - top))

    def thumb(self) -> Rect:
        """Return the mark that shows how far the list is; ``track`` must be there."""
        assert self.track is not None
        high = max(self.track.w * 0.4, self.track.h * min(1.0, self.window.h / self.length_px))
        way = self.track.h - high
        most = max(1.0, self.length_px - self.window.h)
        x = self.track.x + self.track.w * 0.4
        return Rect(x, self.track.y + way * min(1.0, self.offset_px / most), self.track.w * 0.2, high)


@dataclass(slots=True)
class Scene:
    """A page's pieces in drawing order: ``still`` stays when the page changes, ``moving`` slides in.

    ``field`` is where a finger writes, None on a page without such a field.
    """

    bounds: Rect
    ground: Colour
    still: list[Piece] = field(default_factory=list)
    moving: list[Piece] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    blocks: list[tuple[str, Rect]] = field(default_factory=list)
    overflow_px: float = 0.0
    roll: Roll | None = None
    field: Rect | None = None

    def target_at(self, x: float, y: float) -> Target | None:
        """Return what lies under a touch; the uppermost when one covers the page behind it."""
        if self.roll is not None and self.roll.window.holds(x, y):
            index = int((y - self.roll.window.y + self.roll.offset_px) // self.roll.row_h)
            target = self.roll.target_of(index) if index < self.roll.count else None
            return target if target is not None and target.rect.holds(x, y) else None
        return next((t for t in reversed(self.targets) if t.rect.holds(x, y)), None)

    def touchable(self) -> list[Target]:
        """Return everything that can be touched now, the rows that are seen among it."""
        rows = [self.roll.target_of(index) for index in self.roll.seen()] if self.roll else []
        return [*self.targets, *(target for target in rows if target is not None)]
