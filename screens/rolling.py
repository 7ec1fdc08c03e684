"""Painting a list that scrolls: the rows that are seen and those near them, dropped when they are far.

Rows that will come are painted ahead, one a frame while nothing else moves, so that a turn by a whole page
has little left to do. What stands in several rows is rendered once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any

from kivy.graphics import InstructionGroup, PopMatrix, PushMatrix, ScissorPop, ScissorPush, Translate

from screens.scene import Box, Piece, Roll

Kept = dict[Hashable, tuple[Any, float]]
"""Textures by what they show."""

Draw = Callable[[Any, Piece, Kept], None]
"""Adds a piece to a canvas; textures are taken from and put into the dictionary."""


class _Store(Kept):
    """Textures of all rows; notes which of them are asked for, so that a row knows its own."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[Hashable] = set()

    def __contains__(self, key: object) -> bool:
        self.asked.add(key)
        return super().__contains__(key)


class Rows:
    """The rows of one ``Roll`` on one canvas. Scrolling moves what is there, and draws only what comes."""

    def __init__(self, roll: Roll, canvas: Any, height_px: int, draw: Draw) -> None:
        self._roll, self._draw, self._height = roll, draw, height_px
        self._rows: dict[int, tuple[Any, frozenset[Hashable]]] = {}
        self._store = _Store()
        self._users: Counter[Hashable] = Counter()
        self._seen = range(0)
        self._downwards = True
        window = roll.window
        canvas.add(
            ScissorPush(
                x=round(window.x),
                y=round(height_px - window.bottom),
                width=round(window.w),
                height=round(window.h),
            )
        )
        canvas.add(PushMatrix())
        self._moved = Translate(0, roll.offset_px, 0)
        canvas.add(self._moved)
        self._group = InstructionGroup()
        canvas.add(self._group)
        canvas.add(PopMatrix())
        canvas.add(ScissorPop())
        self._thumb = InstructionGroup()
        canvas.add(self._thumb)
        self.move()

    @property
    def textures(self) -> Kept:
        """The textures of the rows that are painted."""
        return dict(self._store)

    def move(self) -> None:
        """Show the list at its offset."""
        roll = self._roll
        self._moved.y = roll.offset_px
        seen = roll.seen()
        if seen.start != self._seen.start:
            self._downwards = seen.start > self._seen.start
        self._seen = seen
        near = self._near()
        for index in [index for index in self._rows if index not in near]:
            self._drop(index)
        for index in seen:
            if index not in self._rows:
                self._draw_row(index)
        self._thumb.clear()
        if roll.track is not None:
            thumb = roll.thumb()
            self._draw(self._thumb, Box(thumb, roll.mark, None, 0.0, thumb.w / 2), {})

    def ahead(self) -> bool:
        """Paint one row that is not seen yet, where the list was going first; false when all are there."""
        above = range(self._seen.start - 1, self._near().start - 1, -1)
        below = range(self._seen.stop, self._near().stop)
        for index in (*below, *above) if self._downwards else (*above, *below):
            if index not in self._rows:
                self._draw_row(index)
                return True
        return False

    def _near(self) -> range:
        """Return the rows that are kept: those seen, and as many on either side."""
        many = len(self._seen)
        return range(max(0, self._seen.start - many), min(self._roll.count, self._seen.stop + many))

    def _draw_row(self, index: int) -> None:
        group = InstructionGroup()
        group.add(PushMatrix())
        group.add(Translate(0, -index * self._roll.row_h, 0))
        self._store.asked = set()
        for piece in self._roll.row(index):
            self._draw(group, piece, self._store)
        group.add(PopMatrix())
        self._group.add(group)
        keys = frozenset(self._store.asked)
        self._users.update(keys)
        self._rows[index] = group, keys

    def _drop(self, index: int) -> None:
        group, keys = self._rows.pop(index)
        self._group.remove(group)
        self._users.subtract(keys)
        for key in keys:
            if not self._users[key]:
                del self._users[key]
                self._store.pop(key, None)
