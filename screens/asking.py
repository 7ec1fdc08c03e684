"""Prompts that are answered on the screen: tiles, lists, data to check, the rating."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.prompts import Action, CheckAnswers, ChooseMany, ChooseOne, Home, Option, Page, Rate, Row
from kiosk.texts import text, yuan
from screens.choices import Marks, options
from screens.part import Part
from screens.pen import Pen, Style
from screens.scene import Box, Disc, Press, Rect, Stroke
from screens.view import Showing


def home(prompt: Home, page: Page, showing: Showing, pen: Pen) -> Part:
    """The services as tiles."""

    def draw(pen: Pen, room: Rect) -> float:
        return options(pen, room, prompt.services, Marks.PICTURES, Press.ANSWER, leaf=showing.leaf)

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
