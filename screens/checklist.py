"""A list whose lines tick themselves off: steps of a repair, tests, findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kiosk.prompts import Checklist, Item, Mark, Page, Tone
from screens.part import Part
from screens.pen import Pen
from screens.scene import Box, Disc, Rect
from screens.view import Showing

TONES: Final = {Mark.DONE: Tone.DONE, Mark.WARNING: Tone.NEEDS_YOU, Mark.FAILED: Tone.STOPPED}


def checklist(prompt: Checklist, page: Page, showing: Showing, pen: Pen) -> Part:
    """The items below each other, in two columns when one doesn't hold them."""

    def draw(pen: Pen, room: Rect) -> float:
        one = _heights(pen, room.w, prompt.items)
        if sum(one) + _gap(pen) * (len(one) - 1) <= room.h or len(one) < 2:
            return _column(pen, room, prompt.items, one)
        half = (len(prompt.items) + 1) // 2
        width = (room.w - pen.gap) / 2
        used = 0.0
        for x, items in ((room.x, prompt.items[:half]), (room.x + width + pen.gap, prompt.items[half:])):
            heights = _heights(pen, width, items)
            used = max(used, _column(pen, Rect(x, room.y, width, room.h), items, heights))
        return used

    return Part(draw, prompt.actions, primary=True)


def _column(pen: Pen, room: Rect, items: Sequence[Item], heights: Sequence[float]) -> float:
    y = room.y
    for number, (item, high) in enumerate(zip(items, heights, strict=True)):
        _item(pen, Rect(room.x, y, room.w, high), item)
        pen.block(f"item:{room.x:.0f}:{number}", Rect(room.x, y, room.w, high))
        y += high + _gap(pen)
    return max(0.0, y - _gap(pen) - room.y)


def _gap(pen: Pen) -> float:
    return pen.gap * 0.5


def _heights(pen: Pen, width: float, items: Sequence[Item]) -> list[float]:
    heights = []
    for item in items:
        words_w = _words_width(pen, width)
        high = pen.height(pen.say(item.label), words_w, pen.measures.small, bold=True)
        if item.detail is not None:
            high += pen.height(pen.say(item.detail), words_w, pen.measures.caption)
        heights.append(max(high, _side(pen)) + pen.gap)
    return heights


def _side(pen: Pen) -> float:
    return pen.mm(pen.measures.small.value * 1.5)


def _words_width(pen: Pen, width: float) -> float:
    return width - _side(pen) - 3.4 * pen.gap


def _item(pen: Pen, rect: Rect, item: Item) -> None:
    m, c = pen.measures, pen.colours
    now = item.mark is Mark.NOW
    outline = pen.mm(m.outline if now else m.hairline)
    pen.add(Box(rect, c.wash if now else c.card, c.action if now else c.line, outline, pen.radius))
    side = _side(pen)
    mark = Rect(rect.x + 1.2 * pen.gap, rect.y + (rect.h - side) / 2, side, side)
    if item.mark in TONES:
        pen.tone_mark(mark, TONES[item.mark])
    elif item.mark is not Mark.NONE:
        pen.add(Disc(mark, c.card, c.action if now else c.ink_2, pen.mm(m.outline)))
        if now:
            pen.add(Disc(mark.inset(side * 0.28), c.action))
    words_w = _words_width(pen, rect.w)
    label = pen.say(item.label)
    label_h = pen.height(label, words_w, m.small, bold=True)
    detail = pen.say(item.detail) if item.detail is not None else ""
    detail_h = pen.height(detail, words_w, m.caption) if detail else 0.0
    x, y = mark.right + 1.2 * pen.gap, rect.y + (rect.h - label_h - detail_h) / 2
    pen.write(label, (x, y), words_w, m.small, c.ink, bold=True)
    if detail:
        pen.write(detail, (x, y + label_h), words_w, m.caption, c.ink_2)
