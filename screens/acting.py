"""Prompts that are answered away from the screen: place, look, pay, take."""

from __future__ import annotations

from kiosk.prompts import LookAtCamera, Page, Pay, Place, PlaceItem, TakeItem, Tone
from kiosk.texts import yuan
from screens.drawings import cabinet
from screens.part import Part
from screens.pen import Align, Pen
from screens.scene import Box, Code, Disc, Preview, Rect
from screens.view import Showing


def place_item(prompt: PlaceItem, page: Page, showing: Showing, pen: Pen) -> Part:
    """The cabinet with the place lit; above it why the last try did not work."""

    def draw(pen: Pen, room: Rect) -> float:
        used = 0.0
        if prompt.trouble is not None:
            used = strip(pen, room, pen.say(prompt.trouble), Tone.NEEDS_YOU) + pen.gap
        return used + _cabinet(pen, Rect(room.x, room.y + used, room.w, room.h - used), prompt.place)

    return Part(draw, prompt.actions)


def take_item(prompt: TakeItem, page: Page, showing: Showing, pen: Pen) -> Part:
    """The case number when there is one, the cabinet with the slot lit, and the seconds that are left."""
    seconds = showing.left(prompt.seconds_left)

    def draw(pen: Pen, room: Rect) -> float:
        if prompt.case is None:
            return slot(pen, room)
        used = case_card(pen, Rect(room.x, room.y, room.w, 0), prompt.case) + pen.gap
        return used + slot(pen, Rect(room.x, room.y + used, room.w, room.h - used))

    def slot(pen: Pen, room: Rect) -> float:
        if seconds is None:
            return _cabinet(pen, room, prompt.place, taking=True)
        side = min(pen.mm(56), room.h * 0.28)
        used = _cabinet(
            pen, Rect(room.x, room.y, room.w, room.h - side - 2 * pen.gap), prompt.place, taking=True
        )
        top = room.y + used + 2 * pen.gap
        urgent = Tone.NEEDS_YOU if seconds <= 10 else Tone.DONE
        ring = Rect(room.x + (room.w - side) / 2, top, side, side)
        pen.countdown(ring, seconds, max(seconds, 30), urgent)
        pen.block("countdown", ring)
        return used + 2 * pen.gap + side

    return Part(draw, prompt.actions)


def _cabinet(pen: Pen, room: Rect, place: Place, *, taking: bool = False) -> float:
    least = pen.mm(70)
    high = max(room.h, least)
    rect = Rect(room.x, room.y, room.w, min(high, pen.mm(300)))
    cabinet(pen, rect, place, taking=taking)
    pen.block("cabinet", rect)
    return rect.h


def strip(pen: Pen, room: Rect, words: str, tone: Tone) -> float:
    """Draw a sentence on a tone's ground with its sign; return its height."""
    m, c = pen.measures, pen.colours.tone(tone)
    pad = pen.gap
    mark = pen.mm(m.body.value * 1.3)
    width = room.w - 3 * pad - mark
    text_h = pen.height(words, width, m.body, bold=True)
    high = max(text_h, mark) + 1.4 * pad
    rect = Rect(room.x, room.y, room.w, high)
    pen.add(Box(rect, c.wash, c.ink, pen.mm(m.hairline), pen.radius))
    pen.tone_mark(Rect(rect.x + pad, rect.y + (high - mark) / 2, mark, mark), tone)
    pen.write(words, (rect.x + 2 * pad + mark, rect.y + (high - text_h) / 2), width, m.body, c.ink, bold=True)
    pen.block("strip", rect)
    return high


def case_card(pen: Pen, rect: Rect, case: str) -> float:
    """Draw a case number, large, on a card as wide as ``rect``; return its height."""
    m, c = pen.measures, pen.colours
    label = pen.ui("case-number")
    size = pen.fitting(case, rect.w - 4 * pen.gap, pen.mm(24), m.question, bold=True, most_lines=2)
    words_h = pen.height(case, rect.w - 4 * pen.gap, size, bold=True)
    high = pen.pitch(m.small) + words_h + 2 * pen.gap
    area = Rect(rect.x, rect.y, rect.w, high)
    pen.add(Box(area, c.card, c.line, pen.mm(m.hairline), pen.radius))
    inner = area.inset(2 * pen.gap, pen.gap)
    used = pen.write(label, (inner.x, inner.y), inner.w, m.small, c.ink_2)
    pen.write(case, (inner.x, inner.y + used), inner.w, size, c.ink, bold=True)
    pen.block("case", area)
    return high


def look_at_camera(prompt: LookAtCamera, page: Page, showing: Showing, pen: Pen) -> Part:
    """The mirror, an oval to fill, one sentence of guidance, and how many tries are left."""

    def draw(pen: Pen, room: Rect) -> float:
        m, c = pen.measures, pen.colours
        words = pen.say(prompt.guidance) if prompt.guidance else ""
        words_h = max(pen.height(words, room.w - 4 * pen.gap, m.body, bold=True), pen.pitch(m.body)) + pen.gap
        tries_h = pen.pitch(m.small)
        high = min(room.h - words_h - tries_h - 2 * pen.gap, room.w * 1.05)
        high = max(high, pen.mm(60))
        width = min(room.w, high)
        mirror = Rect(room.x + (room.w - width) / 2, room.y, width, high)
        state = c.done if prompt.framed else c.attention
        pen.add(Preview(mirror, c.ink_2))
        oval_h = high * 0.74
        oval_w = oval_h * 0.74
        x, y = mirror.middle
        oval = Rect(x - oval_w / 2, y - oval_h / 2, oval_w, oval_h)
        pen.add(Disc(oval.inset(-pen.mm(1)), None, c.card, pen.mm(3.6)))
        pen.add(Disc(oval.inset(-pen.mm(1)), None, state.ink, pen.mm(1.8)))
        pen.block("mirror", mirror)
        below = Rect(room.x, mirror.bottom + pen.gap, room.w, words_h)
        if words:
            pen.add(Box(below, state.wash, state.ink, pen.mm(m.hairline), pen.radius))
            inner = below.inset(2 * pen.gap, 0)
            pen.write_in(inner, words, m.body, state.ink, bold=True, align=Align.CENTRE, most_lines=3)
        pen.block("guidance", below)
        tries = Rect(room.x, below.bottom + pen.gap, room.w, tries_h)
        left = pen.ui("tries-left", tries=prompt.tries_left)
        pen.write_in(tries, left, m.small, c.ink_2, align=Align.CENTRE)
        pen.block("tries", tries)
        return high + words_h + tries_h + 2 * pen.gap

    return Part(draw, prompt.actions)


def pay(prompt: Pay, page: Page, showing: Showing, pen: Pen) -> Part:
    """The amount, and either a code to scan or the terminal to pay at."""
    seconds = showing.left(prompt.seconds_left)

    def draw(pen: Pen, room: Rect) -> float:
        m, c = pen.measures, pen.colours
        amount = pen.ui("yuan", amount=yuan(prompt.amount_fen))
        size = pen.fitting(amount, room.w * 0.6, pen.mm(33), m.figure, bold=True, most_lines=1)
        amount_h = pen.pitch(size)
        pen.write(amount, (room.x, room.y), room.w, size, c.ink, bold=True, align=Align.CENTRE)
        pen.block("amount", Rect(room.x, room.y, room.w, amount_h))
        left_h = pen.pitch(m.body) + pen.gap if seconds is not None else 0.0
        rest = Rect(room.x, room.y + amount_h + pen.gap, room.w, room.h - amount_h - pen.gap - left_h)
        if prompt.code is not None:
            used = qr_card(pen, rest, prompt.code, most=190)
        else:
            used = _cabinet(pen, rest, prompt.place)
        if seconds is not None:
            tone = c.attention.ink if seconds <= 30 else c.ink_2
            words = pen.ui("pay-within", seconds=seconds)
            line = Rect(room.x, rest.y + used + pen.gap, room.w, left_h - pen.gap)
            pen.write_in(line, words, m.body, tone, bold=seconds <= 30, align=Align.CENTRE, most_lines=1)
            pen.block("seconds", line)
        return amount_h + pen.gap + used + left_h

    return Part(draw, prompt.actions)


def qr_card(pen: Pen, room: Rect, content: str, *, most: float) -> float:
    """Draw a QR code on a white card in the middle of ``room``'s width; return its height."""
    side = max(min(room.w, room.h, pen.mm(most)), pen.mm(45))
    card = Rect(room.x + (room.w - side) / 2, room.y, side, side)
    pen.add(Box(card, (1, 1, 1, 1), pen.colours.line, pen.mm(0.5), pen.radius))
    pen.add(Code(card.inset(pen.mm(5)), content))
    pen.block("code", card)
    return side
