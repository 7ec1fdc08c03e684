"""Prompts that are answered on the screen: tiles, lists, data to check, the rating."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.prompts import Action, CheckAnswers, ChooseMany, ChooseOne, Home, Option, Page, Rate, Row
from kiosk.texts import text, yuan
from screens.part import Part
from screens.pen import Align, Pen, Style
from screens.scene import Box, Disc, Press, Rect, Stroke
from screens.view import Showing


def home(prompt: Home, page: Page, showing: Showing, pen: Pen) -> Part:
    """The services as tiles."""

    def draw(pen: Pen, room: Rect) -> float:
        return _options(pen, room, prompt.services, frozenset(), Press.ANSWER, letters=True)

    return Part(draw, choices=True)


def choose_one(prompt: ChooseOne, page: Page, showing: Showing, pen: Pen) -> Part:
    """A list; touching a row answers."""
    chosen = frozenset(option.value for option in prompt.options if option.chosen)

    def draw(pen: Pen, room: Rect) -> float:
        return _options(pen, room, prompt.options, chosen, Press.ANSWER)

    return Part(draw, choices=True)


def choose_many(prompt: ChooseMany, page: Page, showing: Showing, pen: Pen) -> Part:
    """A list in which rows are marked, and a button that answers with what is marked."""
    marked = showing.marked
    label = prompt.confirm or text("ui.continue")
    confirm = Action("choose", label, enabled=len(marked) >= prompt.least)

    def draw(pen: Pen, room: Rect) -> float:
        return _options(pen, room, prompt.options, marked, Press.MARK, boxes=True)

    return Part(draw, (confirm,), primary=True, choices=True)


def _options(
    pen: Pen,
    room: Rect,
    options: Sequence[Option],
    chosen: frozenset[str],
    press: Press,
    *,
    boxes: bool = False,
    letters: bool = False,
) -> float:
    """Draw options as rows, in two columns when one doesn't hold them; return the height taken."""
    columns = 1
    heights = _row_heights(pen, options, room.w)
    if sum(heights) + pen.gap * (len(heights) - 1) > room.h and len(options) > 1:
        half = (room.w - pen.gap) / 2
        in_two = _row_heights(pen, options, half)
        pairs = [max(in_two[i : i + 2]) for i in range(0, len(in_two), 2)]
        if sum(pairs) + pen.gap * (len(pairs) - 1) <= room.h:
            columns, heights = 2, pairs
    spare = room.h - sum(heights) - pen.gap * (len(heights) - 1)
    tallest = pen.mm(pen.measures.tallest_row)
    if spare > 0 and heights:
        share = spare / len(heights)
        heights = [max(h, min(tallest, h + share)) for h in heights]
    width = (room.w - pen.gap * (columns - 1)) / columns
    y = room.y
    for number, option in enumerate(options):
        row, column = divmod(number, columns)
        rect = Rect(room.x + column * (width + pen.gap), y, width, heights[row])
        _option(pen, rect, option, option.value in chosen, press, boxes=boxes, letters=letters)
        if column == columns - 1:
            y += heights[row] + pen.gap
    return sum(heights) + pen.gap * max(0, len(heights) - 1)


def _row_heights(pen: Pen, options: Sequence[Option], width: float) -> list[float]:
    return [_row_height(pen, option, width) for option in options]


def _columns_in_row(pen: Pen, option: Option, width: float) -> tuple[float, float, float]:
    """Return the widths of a row's mark, its words and its price."""
    m = pen.measures
    mark = pen.mm(m.body.value * 1.6)
    price = 0.0
    if option.price_fen is not None:
        price = pen.width(pen.ui("yuan", amount=yuan(option.price_fen)), m.body, bold=True) + pen.gap
    words = width - 2 * pen.gap - (mark + pen.gap) - price
    if option.refused is None:
        words -= pen.mm(4)
    return mark, words, price


def _row_height(pen: Pen, option: Option, width: float) -> float:
    m = pen.measures
    _, words, _ = _columns_in_row(pen, option, width)
    height = pen.height(pen.say(option.label), words, m.body, bold=True)
    second = option.refused or option.detail
    if second is not None:
        height += pen.height(pen.say(second), words, m.small)
    return max(pen.mm(m.row), height + pen.mm(6))


def _option(
    pen: Pen, rect: Rect, option: Option, chosen: bool, press: Press, *, boxes: bool, letters: bool
) -> None:
    m, c = pen.measures, pen.colours
    refused = option.refused is not None
    fill = c.ground if refused else c.wash if chosen else c.card
    line = c.action if chosen else c.line
    pen.add(Box(rect, fill, line, pen.mm(m.outline * 1.4 if chosen else m.hairline), pen.radius))
    mark_w, words_w, price_w = _columns_in_row(pen, option, rect.w)
    mark = Rect(rect.x + pen.gap, rect.y + (rect.h - mark_w) / 2, mark_w, mark_w)
    if letters:
        _letter(pen, mark, pen.say(option.label), refused)
    elif refused:
        pen.add(Disc(mark.inset(pen.mm(1)), None, c.ink_2, pen.mm(0.9)))
        y = mark.middle[1]
        pen.add(Stroke(((mark.x + mark_w * 0.32, y), (mark.right - mark_w * 0.32, y)), c.ink_2, pen.mm(0.9)))
    elif boxes:
        pen.add(Box(mark, c.action if chosen else c.card, c.action, pen.mm(m.outline), pen.mm(2.5)))
        if chosen:
            pen.tick(mark, c.on_action)
    else:
        pen.add(Disc(mark, c.action if chosen else c.card, c.action, pen.mm(m.outline)))
        if chosen:
            pen.tick(mark.inset(mark_w * 0.12), c.on_action)
    label = pen.say(option.label)
    second = pen.say(option.refused or option.detail) if option.refused or option.detail else ""
    label_h = pen.height(label, words_w, m.body, bold=True)
    second_h = pen.height(second, words_w, m.small) if second else 0.0
    x = mark.right + pen.gap
    y = rect.y + (rect.h - label_h - second_h) / 2
    pen.write(label, (x, y), words_w, m.body, c.ink_2 if refused else c.ink, bold=True)
    if second:
        ink = c.attention.ink if refused else c.ink_2
        pen.write(second, (x, y + label_h), words_w, m.small, ink)
    if option.price_fen is not None:
        price = pen.ui("yuan", amount=yuan(option.price_fen))
        area = Rect(rect.right - pen.gap - pen.mm(4) - price_w, rect.y, price_w, rect.h)
        pen.write_in(area, price, m.body, c.ink, bold=True, align=Align.RIGHT, most_lines=1)
    if not refused:
        if not boxes and option.price_fen is None:
            side = pen.mm(9)
            chevron = Rect(rect.right - pen.gap - side * 0.66, rect.middle[1] - side / 2, side, side)
            pen.chevron(chevron, c.action)
        pen.target(f"choose:{option.value}", rect, "choose", option.value, press)
    pen.block(f"choose:{option.value}", rect)


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
        least = pen.mm(m.least_target + 3) if row.edit else pen.mm(m.body.value * 1.75)
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
