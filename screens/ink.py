"""What a finger writes on the field of a page: strokes, kept here only until the page goes.

No Kivy here. Lengths are pixels from the upper left of the panel, times seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final

from kiosk.prompts import Json
from screens.scene import Rect

CLOSEST_MM: Final = 0.8
"""A point nearer to the one before says nothing about how the finger went."""
MOST_STROKES: Final = 60
MOST_POINTS: Final = 500
"""Of one stroke; what is longer is cut off there."""

Points = list[tuple[float, float, float]]
"""x, y and when, of one stroke."""


class Ink:
    """Takes the one finger that writes; others write nothing until it is lifted."""

    def __init__(self, clock_s: Callable[[], float], px_per_mm: float) -> None:
        self._clock_s, self._px_per_mm = clock_s, px_per_mm
        self._field: Rect | None = None
        self._finger: Hashable | None = None
        self.strokes: list[Points] = []

    def fit(self, field: Rect | None) -> None:
        """Write on ``field`` from now on; on another one than before everything begins anew."""
        if field != self._field:
            self.wipe()
            self._field = field

    def wipe(self) -> None:
        """Forget what is written."""
        for stroke in self.strokes:
            stroke.clear()
        self.strokes.clear()
        self._finger = None

    def down(self, finger: Hashable, x: float, y: float) -> bool:
        """Take a finger going down; true when it is on the field."""
        if self._field is None or not self._field.holds(x, y):
            return False
        if self._finger is None and len(self.strokes) < MOST_STROKES:
            self._finger = finger
            self.strokes.append([(x, y, self._clock_s())])
        return True

    def move(self, finger: Hashable, x: float, y: float) -> bool:
        """Take a finger's way; true when something was written. Beyond the field it writes on its edge."""
        if self._field is None or self._finger is None or finger != self._finger:
            return False
        x = min(max(x, self._field.x), self._field.right)
        y = min(max(y, self._field.y), self._field.bottom)
        stroke = self.strokes[-1]
        last_x, last_y, _ = stroke[-1]
        near = max(abs(x - last_x), abs(y - last_y)) < CLOSEST_MM * self._px_per_mm
        if near or len(stroke) >= MOST_POINTS:
            return False
        stroke.append((x, y, self._clock_s()))
        return True

    def up(self, finger: Hashable) -> None:
        """Take a finger going up."""
        if finger == self._finger:
            self._finger = None

    def value(self) -> Json:
        """Return what is written as the answer of a ``Sign`` prompt has it."""
        if self._field is None or not self.strokes:
            return None
        field, began_s = self._field, self.strokes[0][0][2]
        return {
            "width": self._tenths(field.w),
            "height": self._tenths(field.h),
            "strokes": [
                [
                    [self._tenths(x - field.x), self._tenths(y - field.y), round((at_s - began_s) * 1000)]
                    for x, y, at_s in stroke
                ]
                for stroke in self.strokes
            ],
        }

    def _tenths(self, length_px: float) -> int:
        return round(length_px / self._px_per_mm * 10)
