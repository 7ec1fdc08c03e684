"""Painting a list that scrolls: the rows that are seen, kept while they are, dropped when they are not."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from kivy.graphics import InstructionGroup, PopMatrix, PushMatrix, ScissorPop, ScissorPush, Translate

from screens.scene import Box, Piece, Roll

Kept = dict[Hashable, tuple[Any, float]]
"""Textures by what they show."""

Draw = Callable[[Any, Piece, Kept], None]
"""Adds a piece to a canvas; textures are taken from and put into the dictionary."""


class Rows:
    """The rows of one ``Roll`` on one canvas. Scrolling moves what is there, and draws only what comes."""

    def __init__(self, roll: Roll, canvas: Any, height_px: int, draw: Draw) -> None:
        self._roll, self._draw, self._height = roll, draw, height_px
        self._rows: dict[int, tuple[Any, Kept]] = {}
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
        """The textures of the rows that are seen."""
        return {key: kept for _, textures in self._rows.values() for key, kept in textures.items()}

    def move(self) -> None:
        """Show the list at its offset."""
        roll = self._roll
        self._moved.y = roll.offset_px
        seen = roll.seen()
        for index in [index for index in self._rows if index not in seen]:
            group, _ = self._rows.pop(index)
            self._group.remove(group)
        for index in seen:
            if index not in self._rows:
                self._rows[index] = self._drawn(index)
        self._thumb.clear()
        if roll.track is not None:
            thumb = roll.thumb()
            self._draw(self._thumb, Box(thumb, roll.mark, None, 0.0, thumb.w / 2), {})

    def _drawn(self, index: int) -> tuple[Any, Kept]:
        group, textures = InstructionGroup(), Kept()
        group.add(PushMatrix())
        group.add(Translate(0, -index * self._roll.row_h, 0))
        for piece in self._roll.row(index):
            self._draw(group, piece, textures)
        group.add(PopMatrix())
        self._group.add(group)
        return group, textures
