"""Choices as rows: what can be chosen, what is marked, and what is refused and why."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from kiosk.prompts import Option
from kiosk.texts import yuan
from screens.pen import Align, Pen, Style
from screens.pictograms import draw_pictogram
from screens.scene import Box, Disc, Press, Rect, Stroke


class Marks(Enum):
    """What stands before an option: nothing, its picture, a tick, a box to tick."""

    NONE = "none"
    PICTURES = "pictures"
    TICK = "tick"
    BOX = "box"


def options(
    pen: Pen,
    room: Rect,
    choices: Sequence[Option],
    marks: Marks,
    press: Press | None,
    chosen: frozenset[str] = frozenset(),
    *,
    leaf: int = 0,
) -> float:
    """Draw options as rows, in two columns when one doesn't hold them; return the height taken.

    With ``press`` None they are only shown. More than a crowded page holds stand on leaves to turn.
    """
    if not choices:
        return 0.0
    columns, heights = _grid(pen, room, choices, marks)
    if pen.measures.crowded and press is not None and sum(heights) + pen.gap * (len(heights) - 1) > room.h:
        return _leaves(pen, room, choices, marks, press, chosen, leaf)
    tallest = pen.mm(pen.measures.tallest_row)
    spare = (room.h - sum(heights) - pen.gap * (len(heights) - 1)) / len(heights)
    heights = [max(high, min(tallest, high + spare)) for high in heights]
    width = (room.w - pen.gap * (columns - 1)) / columns
    y = room.y
    for number, choice in enumerate(choices):
        row, column = divmod(number, columns)
        rect = Rect(room.x + column * (width + pen.gap), y, width, heights[row])
        option_row(pen, rect, choice, marks, chosen=choice.value in chosen, goes_on=press is Press.ANSWER)
        pen.block(f"choose:{choice.value}", rect)
        if press is not None and choice.refused is None:
            pen.target(f"choose:{choice.value}", rect, "choose", choice.value, press)
        if column == columns - 1:
            y += heights[row] + pen.gap
    return sum(heights) + pen.gap * (len(heights) - 1)


def _leaves(
    pen: Pen,
    room: Rect,
    choices: Sequence[Option],
    marks: Marks,
    press: Press,
    chosen: frozenset[str],
    leaf: int,
) -> float:
    """Draw one leaf of a long list, and below it the way to the others."""
    high = pen.mm(pen.measures.secondary)
    upper = Rect(room.x, room.y, room.w, room.h - high - pen.gap)
    leaves: list[list[Option]] = [[]]
    for choice in choices:
        _, heights = _grid(pen, upper, [*leaves[-1], choice], marks)
        if leaves[-1] and sum(heights) + pen.gap * (len(heights) - 1) > upper.h:
            leaves.append([])
        leaves[-1].append(choice)
    leaf = min(leaf, len(leaves) - 1)
    options(pen, upper, leaves[leaf], marks, press, chosen)
    width = room.w * 0.3
    turns = (("earlier", room.x, leaf - 1), ("more", room.right - width, leaf + 1))
    for name, x, turned in turns:
        rect = Rect(x, upper.bottom + pen.gap, width, high)
        there = 0 <= turned < len(leaves)
        label = pen.ui(name)
        pen.button(name, rect, label, Style.OUTLINED, value=turned, press=Press.LEAF, enabled=there)
    middle = Rect(room.x + width, upper.bottom + pen.gap, room.w - 2 * width, high)
    words = pen.ui("leaf", leaf=leaf + 1, leaves=len(leaves))
    pen.write_in(middle, words, pen.measures.small, pen.colours.ink_2, align=Align.CENTRE)
    return room.h


def _grid(pen: Pen, room: Rect, choices: Sequence[Option], marks: Marks) -> tuple[int, list[float]]:
    """Return how many columns, and the least height of each row."""
    heights = [_row_height(pen, choice, room.w, marks) for choice in choices]
    if sum(heights) + pen.gap * (len(heights) - 1) <= room.h or len(choices) == 1:
        return 1, heights
    half = (room.w - pen.gap) / 2
    each = [_row_height(pen, choice, half, marks) for choice in choices]
    pairs = [max(each[i : i + 2]) for i in range(0, len(each), 2)]
    if sum(pairs) + pen.gap * (len(pairs) - 1) <= room.h:
        return 2, pairs
    return 1, heights


def _columns(pen: Pen, option: Option, width: float, marks: Marks) -> tuple[float, float, float]:
    """Return the widths of a row's mark, its words and its price."""
    m = pen.measures
    mark = 0.0 if marks is Marks.NONE else pen.mm(m.body.value * (1.9 if marks is Marks.PICTURES else 1.6))
    price = 0.0
    if option.price_fen is not None:
        price = pen.width(_price(pen, option), m.body, bold=True) + pen.gap
    words = width - 3.4 * pen.gap - (mark + 1.4 * pen.gap if mark else 0.0) - price
    if option.refused is None and option.price_fen is None:
        words -= pen.mm(8)
    return mark, words, price


def _price(pen: Pen, option: Option) -> str:
    return pen.ui("yuan", amount=yuan(option.price_fen or 0))


def _row_height(pen: Pen, option: Option, width: float, marks: Marks) -> float:
    m = pen.measures
    _, words, _ = _columns(pen, option, width, marks)
    height = pen.height(pen.say(option.label), words, m.body, bold=True)
    second = option.refused or option.detail
    if second is not None:
        height += pen.height(pen.say(second), words, m.small)
    return max(pen.mm(m.row), height + pen.mm(6))


def option_row(
    pen: Pen, rect: Rect, option: Option, marks: Marks, *, chosen: bool = False, goes_on: bool = False
) -> None:
    """Draw one option: its mark, its words, its price; a refused one with its reason, in grey."""
    m, c = pen.measures, pen.colours
    refused = option.refused is not None
    fill = c.ground if refused else c.wash if chosen else c.card
    line = pen.mm(m.outline * 1.4 if chosen else m.hairline)
    pen.add(Box(rect, fill, c.action if chosen else c.line, line, pen.radius))
    mark_w, words_w, price_w = _columns(pen, option, rect.w, marks)
    x = rect.x + 1.7 * pen.gap
    label = pen.say(option.label)
    if mark_w:
        mark = Rect(x, rect.y + (rect.h - mark_w) / 2, mark_w, mark_w)
        _mark(pen, mark, marks, option, chosen=chosen)
        x = mark.right + 1.4 * pen.gap
    second = option.refused or option.detail
    label_h = pen.height(label, words_w, m.body, bold=True)
    second_h = pen.height(pen.say(second), words_w, m.small) if second else 0.0
    y = rect.y + (rect.h - label_h - second_h) / 2
    pen.write(label, (x, y), words_w, m.body, c.ink_2 if refused else c.ink, bold=True)
    if second:
        ink = c.attention.ink if refused else c.ink_2
        pen.write(pen.say(second), (x, y + label_h), words_w, m.small, ink)
    right = rect.right - 1.7 * pen.gap
    if option.price_fen is not None:
        area = Rect(right - price_w, rect.y, price_w, rect.h)
        ink = c.ink_2 if refused else c.ink
        pen.write_in(
            area, _price(pen, option), m.body, ink, bold=not refused, align=Align.RIGHT, most_lines=1
        )
    elif goes_on and not refused:
        side = pen.mm(9)
        pen.chevron(Rect(right - side * 0.66, rect.middle[1] - side / 2, side, side), c.action)


def _mark(pen: Pen, mark: Rect, marks: Marks, option: Option, *, chosen: bool) -> None:
    m, c = pen.measures, pen.colours
    refused = option.refused is not None
    if marks is Marks.PICTURES:
        _picture(pen, mark, option)
    elif refused:
        pen.add(Disc(mark.inset(pen.mm(1)), None, c.ink_2, pen.mm(0.9)))
        y = mark.middle[1]
        pen.add(Stroke(((mark.x + mark.w * 0.32, y), (mark.right - mark.w * 0.32, y)), c.ink_2, pen.mm(0.9)))
    elif marks is Marks.BOX:
        pen.add(Box(mark, c.action if chosen else c.card, c.action, pen.mm(m.outline), pen.mm(2.5)))
        if chosen:
            pen.tick(mark, c.on_action)
    elif chosen:
        pen.add(Disc(mark, c.action))
        pen.tick(mark.inset(mark.w * 0.12), c.on_action)


def _picture(pen: Pen, rect: Rect, option: Option) -> None:
    """Draw the option's pictogram on a tile, or the first character of one that has none."""
    c, refused = pen.colours, option.refused is not None
    pen.add(Box(rect, c.ground if refused else c.action, c.line if refused else None, pen.mm(0.4), pen.mm(3)))
    ink = c.ink_2 if refused else c.on_action
    if option.picture:
        draw_pictogram(pen, rect.inset(rect.w * 0.16), option.picture, ink)
    else:
        label = pen.say(option.label)[:1]
        pen.write_in(rect.inset(pen.mm(1)), label, pen.measures.body, ink, bold=True, align=Align.CENTRE)
