"""Pictures of evidence beside what they are evidence of: all on one page, nothing to scroll."""

from __future__ import annotations

import dataclasses

from kiosk.prompts import LookAtPictures, Page, Picture
from screens.asking import data_rows
from screens.part import Part
from screens.pen import Pen, Style
from screens.scene import Box, Photo, Press, Rect, Scene
from screens.view import Showing

SHAPE = 0.625
"""Height of a picture by its width: most cameras over a road take 16 to 10."""
CLOSE = 0.36
"""The share of a picture that is seen when it is looked at closely."""
PICTURE_W = 0.66
LEAST_W = 0.5
CLOSE_GAP = 5.0
"""A page with wider gaps is rather set closer than its picture made smaller than ``LEAST_W``."""
CROWDED_W = 0.44
"""How wide a picture is, as a share of the page: with its buttons beside it, or with the data there."""


def look_at_pictures(prompt: LookAtPictures, page: Page, showing: Showing, pen: Pen) -> Part:
    """One picture at a time with its buttons, the data, and what else has to be said in small.

    On a page that is crowded all the same, picture and data stand beside each other.
    """

    def draw(pen: Pen, room: Rect) -> float:
        shown = prompt.pictures[showing.leaf % len(prompt.pictures)] if prompt.pictures else None
        if pen.measures.crowded:
            used = _beside(pen, room, prompt, shown, showing)
        else:
            used = _below(pen, room, prompt, shown, showing)
        for words in prompt.paragraphs:
            used += _small(pen, Rect(room.x, room.y + used, room.w, 0), pen.say(words)) + pen.gap * 0.4
        return used

    return Part(draw, prompt.actions, primary=True)


def _below(pen: Pen, room: Rect, prompt: LookAtPictures, shown: Picture | None, showing: Showing) -> float:
    """Draw the picture with its buttons at its right, and the data below; return the height."""
    y = room.y
    if shown is not None:
        scratch = dataclasses.replace(pen, scene=Scene(pen.scene.bounds, pen.scene.ground))
        rest = data_rows(scratch, Rect(room.x, y, room.w, 0), prompt.rows) + pen.gap * 2
        rest += sum(_small(scratch, room, pen.say(words)) + pen.gap * 0.4 for words in prompt.paragraphs)
        least = 2 * pen.mm(pen.measures.secondary) + pen.gap
        if pen.measures.gap > CLOSE_GAP:
            least = max(least, room.w * LEAST_W * SHAPE)
        high = max(least, min(room.w * PICTURE_W * SHAPE, room.h - rest))
        at = Rect(room.x, y, high / SHAPE, high)
        _photo(pen, at, shown, showing)
        side = Rect(at.right + pen.gap, y, room.right - at.right - pen.gap, at.h)
        high = pen.mm(pen.measures.secondary)
        count = len(prompt.pictures)
        _buttons(pen, Rect(side.x, side.bottom - high, side.w, high), showing, count, upwards=True)
        words = pen.say(shown.caption)
        room_for_words = side.h - (high + pen.gap) * (2 if count > 1 else 1)
        caption = Rect(side.x, side.y, side.w, room_for_words)
        pen.write_in(caption, words, pen.measures.small, pen.colours.ink_2, most_lines=3)
        y = at.bottom + pen.gap
    y += data_rows(pen, Rect(room.x, y, room.w, 0), prompt.rows) + pen.gap * 0.6
    return y - room.y


def _beside(pen: Pen, room: Rect, prompt: LookAtPictures, shown: Picture | None, showing: Showing) -> float:
    """Draw the picture with its buttons below it, and the data as lines at its right; return the height."""
    m, c = pen.measures, pen.colours
    left = 0.0
    words = room
    if shown is not None:
        at = Rect(room.x, room.y, room.w * CROWDED_W, room.w * CROWDED_W * SHAPE)
        _photo(pen, at, shown, showing)
        high = pen.mm(m.least_target)
        _buttons(
            pen, Rect(at.x, at.bottom + pen.gap, at.w, high), showing, len(prompt.pictures), upwards=False
        )
        left = at.h + pen.gap + high
        words = Rect(at.right + pen.gap, room.y, room.right - at.right - pen.gap, 0)
    y = room.y
    for row in prompt.rows:
        line = f"{pen.say(row.label)}  {pen.say(row.value)}"
        y += pen.write(line, (words.x, y), words.w, m.small, c.ink, close=True) + pen.gap * 0.3
    pen.block("rows", Rect(words.x, room.y, words.w, y - room.y))
    return max(left, y - room.y) + pen.gap * 0.6


def _photo(pen: Pen, rect: Rect, picture: Picture, showing: Showing) -> None:
    pen.add(Photo(rect, picture.data, _cut(picture.focus, close=showing.close)))
    pen.add(Box(rect, None, pen.colours.line, pen.mm(pen.measures.hairline * 1.5), 0))
    pen.block("picture", rect)


def _buttons(pen: Pen, rect: Rect, showing: Showing, count: int, *, upwards: bool) -> None:
    """Draw what looks closely, and what turns to the next picture: above it, or beside it."""
    label = pen.ui("whole-picture" if showing.close else "closer")
    first, second = rect, Rect(rect.x, rect.y - rect.h - pen.gap, rect.w, rect.h)
    if not upwards and count > 1:
        half = (rect.w - pen.gap) / 2
        first = Rect(rect.x, rect.y, half, rect.h)
        second = Rect(first.right + pen.gap, rect.y, half, rect.h)
    pen.button("closer", first, label, Style.OUTLINED, value=not showing.close, press=Press.CLOSER)
    if count > 1:
        number = showing.leaf % count
        label = f"{pen.ui('next-picture')} {number + 1}/{count}"
        pen.button(
            "next-picture", second, label, Style.OUTLINED, value=(number + 1) % count, press=Press.LEAF
        )


def _cut(focus: tuple[float, float], *, close: bool) -> Rect:
    if not close:
        return Rect(0.0, 0.0, 1.0, 1.0)
    x, y = (min(max(at - CLOSE / 2, 0.0), 1.0 - CLOSE) for at in focus)
    return Rect(x, y, CLOSE, CLOSE)


def _small(pen: Pen, rect: Rect, words: str) -> float:
    m, c = pen.measures, pen.colours
    high = pen.write(words, (rect.x, rect.y), rect.w, m.caption, c.ink, close=True)
    pen.block("said", Rect(rect.x, rect.y, rect.w, high))
    return high
