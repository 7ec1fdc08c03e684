"""Prompts that are answered on the screen: tiles, lists, data to check, the rating."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from kiosk.prompts import Action, CheckAnswers, ChooseMany, ChooseOne, Home, Option, Page, Rate, Row
from kiosk.texts import text, yuan
from screens.part import Part
from screens.pen import Align, Pen, Style
from screens.scene import Box, Disc, Press, Rect, Stroke
from screens.view import Showing


class Marks(Enum):
    """What stands before an option: nothing, its first character, a tick, a box to tick."""

    NONE = "none"
    LETTERS = "letters"
    TICK = "tick"
    BOX = "box"


def home(prompt: Home, page: Page, showing: Showing, pen: Pen) -> Part:
    """The services as tiles."""

    def draw(pen: Pen, room: Rect) -> float:
        return options(pen, room, prompt.services, Marks.LETTERS, Press.ANSWER, leaf=showing.leaf)

    return Part(draw, choices=True)


def choose_one(prompt: ChooseOne, page: Page, showing: Showing, pen: Pen) -> Part:
    """A list; touching a row answers."""
    chosen = frozenset(option.value for option in prompt.options if option.chosen)
    marks = Marks.TICK if chosen else Marks.NONE

    def draw(pen: Pen, room: Rect) -> float:
        return options(pen, room, prompt.options, marks, Press.ANSWER, chosen, leaf=showing.leaf)

    return Part(draw, choices=True)


def choose_many(prompt: ChooseMany, page: Page, showing: Showing, pen: Pen) -> Part:
    """A list in which rows are marked, and a button that answers with what is marked."""
    marked = showing.marked
    label = prompt.confirm or text("ui.continue")
    confirm = Action("choose", label, enabled=len(marked) >= prompt.least)

    def draw(pen: Pen, room: Rect) -> float:
        return options(pen, room, prompt.options, Marks.BOX, Press.MARK, marked, leaf=showing.leaf)

    return Part(draw, (confirm,), primary=True, choices=True)


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
    mark = 0.0 if marks is Marks.NONE else pen.mm(m.body.value * 1.6)
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
        _mark(pen, mark, marks, label, chosen=chosen, refused=refused)
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


def _mark(pen: Pen, mark: Rect, marks: Marks, label: str, *, chosen: bool, refused: bool) -> None:
    m, c = pen.measures, pen.colours
    if marks is Marks.LETTERS:
        _letter(pen, mark, label, refused)
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


def _letter(pen: Pen, rect: Rect, label: str, refused: bool) -> None:
    """Draw the first character of a service on a tile: a sign for every service without a picture."""
    c = pen.colours
    pen.add(Box(rect, c.ground if refused else c.action, c.line if refused else None, pen.mm(0.4), pen.mm(3)))
    ink = c.ink_2 if refused else c.on_action
    pen.write_in(rect.inset(pen.mm(1)), label[:1], pen.measures.body, ink, bold=True, align=Align.CENTRE)


def check_answers(prompt: CheckAnswers, page: Page, showing: Showing, pen: Pen) -> Part:
    """Rows of data with their edit buttons, and the total."""

    def draw(pen: Pen, room: Rect) -> float:
        used = data_rows(pen, room, prompt.rows)
        if prompt.total_fen is not None:
            used += pen.gap
            used += _total(pen, Rect(room.x, room.y + used, room.w, 0), prompt.total_fen)
        return used

    return Part(draw, prompt.actions, primary=True, choices=any(row.edit for row in prompt.rows))


def _total(pen: Pen, rect: Rect, total_fen: int) -> float:
    m, c = pen.measures, pen.colours
    high = pen.mm(max(m.question.value * 1.9, m.row))
    area = Rect(rect.x, rect.y, rect.w, high)
    pen.add(Box(area, c.wash, c.line if c.ground == (0, 0, 0, 1) else None, pen.mm(0.5), pen.radius))
    inner = area.inset(2 * pen.gap, 0)
    amount = pen.ui("yuan", amount=yuan(total_fen))
    width = pen.width(amount, m.question, bold=True)
    pen.write_in(Rect(inner.right - width, inner.y, width + 1, high), amount, m.question, c.ink, bold=True)
    label = Rect(inner.x, inner.y, inner.w - width - pen.gap, high)
    pen.write_in(label, pen.ui("total"), m.body, c.ink, bold=True)
    pen.block("total", area)
    return high


def data_rows(pen: Pen, room: Rect, rows: Sequence[Row]) -> float:
    """Draw a card of data, one line each, with edit buttons at the right; return its height."""
    if not rows:
        return 0.0
    m, c = pen.measures, pen.colours
    pad = pen.gap * 1.4
    label_w = min(
        max(pen.width(pen.say(row.label), m.small) for row in rows) + 2 * pen.gap, (room.w - 2 * pad) * 0.4
    )
    edit_w = 0.0
    for row in rows:
        if row.edit:
            words = pen.width(pen.say(row.edit.label), m.small, bold=True) + pen.mm(10)
            edit_w = max(edit_w, min(words, room.w * 0.3), pen.mm(30))
    value_w = room.w - 2 * pad - label_w - (edit_w + pen.gap if edit_w else 0.0)
    heights = []
    for row in rows:
        high = max(
            pen.height(pen.say(row.label), label_w - pen.gap, m.small),
            pen.height(pen.say(row.value), value_w, m.body, bold=True),
        )
        least = pen.mm(m.least_target + 3) if row.edit else pen.mm(m.body.value * 2.0)
        heights.append(max(high + pen.mm(3), least))
    total = sum(heights) + pen.gap
    card = Rect(room.x, room.y, room.w, total)
    pen.add(Box(card, c.card, c.line, pen.mm(m.hairline), pen.radius))
    y = room.y + pen.gap / 2
    for number, (row, high) in enumerate(zip(rows, heights, strict=True)):
        if number:
            ends = ((card.x + pad, y), (card.right - pad, y))
            pen.add(Stroke(ends, c.line, pen.mm(m.hairline)))
        area = Rect(card.x + pad, y, label_w - pen.gap, high)
        pen.write_in(area, pen.say(row.label), m.small, c.ink_2, most_lines=4)
        value = Rect(card.x + pad + label_w, y, value_w, high)
        pen.write_in(value, pen.say(row.value), m.body, c.ink, bold=True, most_lines=9)
        if row.edit:
            side = pen.mm(m.least_target)
            button = Rect(card.right - pad - edit_w, y + (high - side) / 2, edit_w, side)
            pen.button(
                row.edit.name, button, pen.say(row.edit.label), Style.OUTLINED,
                enabled=row.edit.enabled, size=m.small,
            )  # fmt: skip
        y += high
    return total


def rate(prompt: Rate, page: Page, showing: Showing, pen: Pen) -> Part:
    """Five levels with a face each, none marked beforehand; skipping is as easy."""

    def draw(pen: Pen, room: Rect) -> float:
        m = pen.measures
        count = len(prompt.levels)
        least = pen.mm(m.row)
        high = min(pen.mm(m.tallest_row), (room.h - pen.gap * (count - 1)) / count)
        high = max(high, least)
        for number, level in enumerate(prompt.levels):
            y = room.y + number * (high + pen.gap)
            _level(pen, Rect(room.x, y, room.w, high), level, int(level.value))
        return count * high + (count - 1) * pen.gap

    return Part(draw, (prompt.skip,) if prompt.skip else (), choices=True)


def _level(pen: Pen, rect: Rect, level: Option, value: int) -> None:
    m, c = pen.measures, pen.colours
    pen.add(Box(rect, c.card, c.line, pen.mm(m.hairline), pen.radius))
    side = min(pen.mm(18), rect.h - pen.mm(6))
    face = Rect(rect.x + 2 * pen.gap, rect.y + (rect.h - side) / 2, side, side)
    _face(pen, face, value)
    words = Rect(face.right + 2 * pen.gap, rect.y, rect.right - face.right - 3 * pen.gap, rect.h)
    pen.write_in(words, pen.say(level.label), m.body, c.ink, bold=True)
    pen.target(f"rate:{value}", rect, "rate", value)
    pen.block(f"rate:{value}", rect)


def _face(pen: Pen, rect: Rect, value: int) -> None:
    """Draw a face whose mouth goes from down (1) to up (5)."""
    c = pen.colours
    line = pen.mm(1.1)
    pen.add(Disc(rect, None, c.action, line))
    eye = rect.w * 0.09
    for x in (0.34, 0.66):
        left = rect.x + rect.w * x - eye / 2
        pen.add(Disc(Rect(left, rect.y + rect.h * 0.36, eye, eye * 1.2), c.action))
    bend = (value - 3) * 0.09
    mouth = []
    for step in range(9):
        t = step / 8
        x = rect.x + rect.w * (0.28 + 0.44 * t)
        y = rect.y + rect.h * (0.68 - bend / 2 + bend * (1 - (2 * t - 1) ** 2))
        mouth.append((x, y))
    pen.add(Stroke(tuple(mouth), c.action, line))
