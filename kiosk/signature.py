"""A signature made with a finger: the strokes as points, held in memory only and wiped after the visit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

Point = tuple[int, int, int]
"""x and y from the field's upper left in tenths of a millimetre, and milliseconds since the first point."""

MOST_STROKES: Final = 60
MOST_POINTS: Final = 500
"""Of one stroke."""
LONGEST_SIDE: Final = 10_000
LONGEST_MS: Final = 3_600_000


@dataclass(slots=True, repr=False)
class Signature:
    """Strokes on a field of ``width`` by ``height`` tenths of a millimetre."""

    width: int
    height: int
    strokes: list[list[Point]]

    @classmethod
    def read(cls, value: Any) -> Signature:
        """Read what a view answered; raises ``ValueError`` for what nobody can have written on the field."""
        try:
            width, height = int(value["width"]), int(value["height"])
            strokes = [[(int(x), int(y), int(t_ms)) for x, y, t_ms in stroke] for stroke in value["strokes"]]
        except (TypeError, KeyError, ValueError, OverflowError) as error:
            raise ValueError("not a signature") from error
        points = [point for stroke in strokes for point in stroke]
        if not (0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE):
            raise ValueError("not a field")
        if not 0 < len(strokes) <= MOST_STROKES or not all(0 < len(s) <= MOST_POINTS for s in strokes):
            raise ValueError("no strokes, or too many")
        if not all(0 <= x <= width and 0 <= y <= height and 0 <= t <= LONGEST_MS for x, y, t in points):
            raise ValueError("written outside of the field")
        return cls(width, height, strokes)

    def to_json(self) -> dict[str, Any]:
        """Return it as the back office takes it."""
        return {
            "width": self.width,
            "height": self.height,
            "strokes": [[{"x": x, "y": y, "t_ms": t_ms} for x, y, t_ms in stroke] for stroke in self.strokes],
        }

    def wipe(self) -> None:
        for stroke in self.strokes:
            stroke.clear()
        self.strokes.clear()
        self.width = self.height = 0
