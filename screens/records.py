"""A long list of records: rows that scroll, buttons that turn it, and what the marked ones add up to."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from kiosk.prompts import Action, ChooseRecords, Option, Page
from kiosk.texts import text, yuan
from screens.part import Part
from screens.pen import Align, Pen, Style
from screens.scene import Box, Disc, Piece, Press, Rect, Roll, Scene, Stroke, Target
from screens.view import Showing

FEWEST_ROWS = 2.2
"""So many must be seen, or the page is set closer."""


def choose_records(prompt: ChooseRecords, page: Page, showing: Showing, pen: Pen) -> Part:
    """A list in which records are marked, their sum below it, and a button that goes on with them."""
    marked = showing.marked
    points = prompt.points + sum(o.points for o in prompt.options if o.value in marked)
    left = prompt.most_points - points
    confirm = Action("choose", prompt.confirm or text("ui.continue"), enabled=bool(marked))

    def closed(option: Option) -> bool:
        """Tell whether a record can't be marked: refused, or its points are too many now."""
        return option.refused is not None or (option.value not in marked and 0 < option.points > left)

    def draw(pen: Pen, room: Rect) -> float:
        gap = pen.gap
        sum_h = _sum_height(pen, room.w)
        rows = Rect(room.x, room.y, room.w, room.h - sum_h - gap)
        row_h = _row_height(pen)
        least = row_h * min(FEWEST_ROWS, len(prompt.options))
        if rows.h >= least:
            rows = Rect(rows.x, rows.y, rows.w, min(rows.h, row_h * len(prompt.options)))
            _rows(pen, rows, row_h, prompt, marked, closed)
        blocked = any(o.refused is None and closed(o) for o in prompt.options)
        at = Rect(room.x, rows.bottom + gap, room.w, sum_h)
        _sum(pen, at, prompt, marked, points, blocked=blocked)
        return max(rows.h, least) + gap + sum_h

    return Part(draw, (confirm,), primary=True, choices=True)


def _rows(
    pen: Pen,
    room: Rect,
    row_h: float,
    prompt: ChooseRecords,
    marked: frozenset[str],
    closed: Callable[[Option], bool],
) -> None:
    options = prompt.options
    scrolls = row_h * len(options) > room.h + 0.5
    side = pen.mm(max(pen.measures.primary, 28.0)) if scrolls else 0.0
    window = Rect(room.x, room.y, room.w - (side + pen.gap if scrolls else 0.0), room.h)
    pen.block("records", window)

    def row(index: int) -> list[Piece]:
        scene = Scene(pen.scene.bounds, pen.scene.ground)
        area = Rect(window.x, window.y, window.w, row_h - pen.gap * 0.6)
        option = options[index]
        own = dataclasses.replace(pen, scene=scene)
        _record(own, area, option, chosen=option.value in marked, closed=closed(option))
        return scene.moving

    def target(index: int) -> Target | None:
        option = options[index]
        if closed(option):
            return None
        area = Rect(window.x, window.y, window.w, row_h - pen.gap * 0.6)
        return Target(f"choose:{option.value}", area, "choose", option.value, Press.MARK, pen.radius)

    track = Rect(window.right + pen.gap, window.y + side + pen.gap, side, window.h - 2 * (side + pen.gap))
    pen.scene.roll = Roll(
        window, row_h, len(options), row, target, track if scrolls and track.h > 0 else None, pen.colours.line
    )
    if not scrolls:
        return
    up = Rect(track.x, window.y, side, side)
    down = Rect(track.x, window.bottom - side, side, side)
    for name, rect, by in (("up", up, -1), ("down", down, 1)):
        pen.button(name, rect, "", Style.OUTLINED, value=by, press=Press.SCROLL)
        _arrow(pen, rect.inset(side * 0.28), by)


def _arrow(pen: Pen, rect: Rect, by: int) -> None:
    tip, base = (rect.y, rect.bottom) if by < 0 else (rect.bottom, rect.y)
    lean = (base - tip) * 0.25
    points = ((rect.x, base - lean), (rect.middle[0], tip + lean), (rect.right, base - lean))
    pen.add(Stroke(points, pen.colours.action, pen.mm(1.6)))


def _row_height(pen: Pen) -> float:
    """Return the height of every row: a line, and two small ones, so that none has to be measured."""
    m = pen.measures
    words = pen.pitch(m.body) + 2 * pen.size_px(m.small) * 1.3 + pen.mm(5)
    return max(pen.mm(m.row), words) + pen.gap * 0.6


def _record(pen: Pen, rect: Rect, option: Option, *, chosen: bool, closed: bool) -> None:
    m, c = pen.measures, pen.colours
    refused = option.refused is not None
    fill = c.ground if closed else c.wash if chosen else c.card
    line = pen.mm(m.outline * 1.4 if chosen else m.hairline)
    pen.add(Box(rect, fill, c.action if chosen else c.line, line, pen.radius))
    side = pen.mm(m.body.value * 1.5)
    mark = Rect(rect.x + pen.gap, rect.y + (rect.h - side) / 2, side, side)
    _mark(pen, mark, chosen=chosen, closed=closed)
    price = pen.ui("yuan", amount=yuan(option.price_fen or 0))
    points = pen.ui("points", points=option.points) if option.points else ""
    right_w = max(pen.width(price, m.body, bold=True), pen.width(points, m.small)) + pen.gap
    ink = c.ink_2 if closed else c.ink
    right = Rect(rect.right - right_w - pen.gap, rect.y, right_w, rect.h)
    upper = pen.pitch(m.body)
    top = rect.y + (rect.h - upper - (pen.pitch(m.small) if points else 0.0)) / 2
    at = Rect(right.x, top, right.w, upper)
    pen.write_in(at, price, m.body, ink, bold=not refused, align=Align.RIGHT, most_lines=1)
    if points:
        below = Rect(right.x, at.bottom, right.w, pen.pitch(m.small))
        pen.write_in(below, points, m.small, c.ink_2, align=Align.RIGHT, most_lines=1)
    words = Rect(mark.right + pen.gap, rect.y + pen.mm(2), right.x - mark.right - 2 * pen.gap, upper)
    pen.write_in(words, pen.say(option.label), m.body, ink, bold=True, most_lines=1)
    second = option.refused or option.detail
    if second is not None:
        rest = Rect(words.x, words.bottom, words.w, rect.bottom - words.bottom - pen.mm(2))
        small = c.attention.ink if refused else c.ink_2
        pen.write_in(rest, pen.say(second), m.small, small, most_lines=2)


def _mark(pen: Pen, mark: Rect, *, chosen: bool, closed: bool) -> None:
    m, c = pen.measures, pen.colours
    if closed:
        pen.add(Disc(mark.inset(pen.mm(1)), None, c.ink_2, pen.mm(0.9)))
        y = mark.middle[1]
        pen.add(Stroke(((mark.x + mark.w * 0.32, y), (mark.right - mark.w * 0.32, y)), c.ink_2, pen.mm(0.9)))
        return
    pen.add(Box(mark, c.action if chosen else c.card, c.action, pen.mm(m.outline), pen.mm(2.5)))
    if chosen:
        pen.tick(mark, c.on_action)


def _sum_height(pen: Pen, width: float) -> float:
    return 2 * pen.pitch(pen.measures.body) + 1.6 * pen.gap


def _sum(
    pen: Pen, rect: Rect, prompt: ChooseRecords, marked: frozenset[str], points: int, *, blocked: bool
) -> None:
    """Draw how many are marked, what they cost and how many points they make; or why no more can be."""
    m, c = pen.measures, pen.colours
    total_fen = sum(o.price_fen or 0 for o in prompt.options if o.value in marked)
    outline = c.line if c.ground == (0, 0, 0, 1) else None
    pen.add(Box(rect, c.wash, outline, pen.mm(0.5), pen.radius))
    inner = rect.inset(1.6 * pen.gap, 0.8 * pen.gap)
    amount = pen.ui("yuan", amount=yuan(total_fen))
    amount_w = pen.width(amount, m.question, bold=True)
    at = Rect(inner.right - amount_w - 1, inner.y, amount_w + 1, inner.h)
    pen.write_in(at, amount, m.question, c.ink, bold=True, most_lines=1)
    added = points - prompt.points
    first = pen.ui("sum.marked", count=len(marked)) if marked else pen.ui("sum.none")
    second = pen.ui("sum.points", points=added, total=points, most=prompt.most_points)
    if blocked and marked:
        second = pen.ui("sum.full", most=prompt.most_points)
    words = Rect(inner.x, inner.y, inner.w - amount_w - pen.gap, inner.h / 2)
    pen.write_in(words, first, m.body, c.ink, bold=True, most_lines=1)
    below = Rect(words.x, words.bottom, words.w, words.h)
    ink = c.attention.ink if blocked and marked else c.ink_2
    pen.write_in(below, second, m.small, ink, most_lines=2)
    pen.block("sum", rect)
