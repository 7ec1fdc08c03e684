"""Prompts that tell: nobody there, something to read, the machine works, out of service."""

from __future__ import annotations

from kiosk.prompts import Attract, Notice, OutOfService, Page, StillThere, Tone, Working
from kiosk.texts import LANGUAGES
from screens.acting import case_card, qr_card
from screens.asking import data_rows
from screens.choices import Marks, options
from screens.drawings import cabinet
from screens.frame import actions_height, draw_actions
from screens.part import Part
from screens.pen import Align, Pen, Style
from screens.scene import Box, Disc, Drift, Press, Rect, Stroke
from screens.theme import Size
from screens.view import Showing

EXPLAIN_AFTER_S = 10.0


def attract(pen: Pen, page: Page, prompt: Attract, area: Rect, showing: Showing) -> None:
    """Fill the panel: whose machine this is, what it does, when, and how to begin."""
    c, m = pen.colours, pen.measures
    whole = pen.scene.bounds
    margin = pen.mm(m.margin)
    pen.target("begin", whole, "begin", page.language)
    inner = Rect(area.x + margin, area.y + margin, area.w - 2 * margin, area.h - 2 * margin)
    if pen.panel.wide:
        upper = Rect(inner.x, inner.y, inner.w * 0.46, inner.h)
        lower = Rect(upper.right + 3 * pen.gap, inner.y, inner.right - upper.right - 3 * pen.gap, inner.h)
        band = Rect(0, 0, upper.right + 1.5 * pen.gap, whole.h)
    else:
        share = 0.52 if not pen.panel.low_reach else 0.42
        upper = Rect(inner.x, inner.y, inner.w, inner.h * share)
        top = upper.bottom + 3 * pen.gap
        lower = Rect(inner.x, top, inner.w, inner.bottom - top)
        band = Rect(0, 0, whole.w, upper.bottom + 1.5 * pen.gap)
    pen.add(Box(band, c.header))
    _greeting(pen, page, prompt, upper, showing)
    _offer(pen, page, prompt, lower)


def _greeting(pen: Pen, page: Page, prompt: Attract, room: Rect, showing: Showing) -> None:
    c, m = pen.colours, pen.measures
    y = room.y
    site = pen.say(page.site) if page.site else ""
    size = pen.fitting(site, room.w, pen.mm(60), m.question, bold=True)
    clock = showing.now.strftime("%H:%M")
    clock_w = pen.width(clock, m.body, bold=True)
    used = pen.write(site, (room.x, y), room.w - clock_w - pen.gap, size, c.on_header, bold=True)
    clock_at = Rect(room.right - clock_w - 1, y, clock_w + 1, pen.pitch(size))
    pen.write_in(clock_at, clock, m.body, c.on_header, bold=True, most_lines=1)
    y += used
    for line in (prompt.body, prompt.hours):
        if line is not None:
            y += pen.write(pen.say(line), (room.x, y), room.w, m.body, c.header_2)
    if page.simulated:
        label = pen.ui("simulated")
        width = pen.width(label, Size.CAPTION, bold=True) + pen.mm(8)
        badge = Rect(room.x, y + pen.gap * 0.5, width, pen.mm(10))
        pen.add(Box(badge, c.attention.wash, c.attention.ink, pen.mm(0.4), pen.mm(5)))
        pen.write_in(badge, label, Size.CAPTION, c.attention.ink, bold=True, align=Align.CENTRE, most_lines=1)
        y = badge.bottom
    words = pen.say(prompt.question)
    size = pen.fitting(words, room.w, pen.mm(60), m.figure, bold=True)
    others = [pen.say_in(language, prompt.question) for language in LANGUAGES if language != pen.language]
    height = pen.height(words, room.w, size, bold=True)
    others_h = sum(pen.height(other, room.w, m.question, bold=True) for other in others)
    top = room.bottom - height - others_h
    drawing = Rect(room.x, y + 2 * pen.gap, room.w, top - y - 4 * pen.gap)
    if drawing.h > pen.mm(60):
        cabinet(pen, drawing, None)
    align = Align.LEFT if pen.panel.wide else Align.CENTRE
    top += pen.write(words, (room.x, top), room.w, size, c.on_header, bold=True, align=align, balance=True)
    for other in others:
        top += pen.write(other, (room.x, top), room.w, m.question, c.header_2, bold=True, align=align)


def _offer(pen: Pen, page: Page, prompt: Attract, room: Rect) -> None:
    m = pen.measures
    high = pen.mm(m.primary)
    width = (room.w - pen.gap) / len(LANGUAGES)
    for number, language in enumerate(LANGUAGES):
        rect = Rect(room.x + number * (width + pen.gap), room.bottom - high, width, high)
        style = Style.PRIMARY if language == page.language else Style.OUTLINED
        pen.button(
            f"begin:{language}",
            rect,
            pen.ui(f"begin-{language.lower()}"),
            style,
            action="begin",
            value=language,
        )
    rest = Rect(room.x, room.y, room.w, room.h - high - 2 * pen.gap)
    used = options(pen, rest, prompt.services[:3], Marks.PICTURES, None if m.crowded else Press.ANSWER)
    pen.scene.overflow_px = max(pen.scene.overflow_px, used - rest.h)


def notice(prompt: Notice, page: Page, showing: Showing, pen: Pen) -> Part:
    """Paragraphs, facts, a case number and a code to take along; the first action is the way on."""

    def draw(pen: Pen, room: Rect) -> float:
        y = room.y
        if prompt.paragraphs:
            y += (
                _paragraphs(pen, Rect(room.x, y, room.w, 0), [pen.say(p) for p in prompt.paragraphs])
                + pen.gap
            )
        if prompt.rows:
            y += data_rows(pen, Rect(room.x, y, room.w, 0), prompt.rows) + pen.gap
        if prompt.case is not None:
            y += case_card(pen, Rect(room.x, y, room.w, 0), prompt.case) + pen.gap
        if prompt.code is not None:
            most = 150.0
            left = room.bottom - y
            y += qr_card(pen, Rect(room.x, y, room.w, max(left, 0.0)), prompt.code, most=most) + pen.gap
        return max(0.0, y - room.y - pen.gap)

    return Part(draw, prompt.actions, primary=True)


def _paragraphs(pen: Pen, rect: Rect, paragraphs: list[str]) -> float:
    m, c = pen.measures, pen.colours
    pad = 2 * pen.gap
    width = rect.w - 2 * pad
    heights = [pen.height(words, width, m.body) for words in paragraphs]
    total = sum(heights) + pen.gap * (len(heights) - 1) + 1.6 * pad
    area = Rect(rect.x, rect.y, rect.w, total)
    pen.add(Box(area, c.card, c.line, pen.mm(m.hairline), pen.radius))
    y = area.y + 0.8 * pad
    for words, high in zip(paragraphs, heights, strict=True):
        pen.write(words, (area.x + pad, y), width, m.body, c.ink)
        y += high + pen.gap
    pen.block("paragraphs", area)
    return total


def working(prompt: Working, page: Page, showing: Showing, pen: Pen) -> Part:
    """What is being done, how far it is, how long it takes; after ten seconds what happens if it fails."""
    seconds = showing.left(prompt.seconds_left)

    def draw(pen: Pen, room: Rect) -> float:
        m, c = pen.measures, pen.colours
        y = room.y + pen.gap
        if seconds is not None:
            total = prompt.seconds_total or max(prompt.seconds_left or 0, 1)
            share = min(1.0, max(0.0, 1 - seconds / total))
            bar = Rect(room.x, y, room.w, pen.mm(8))
            outline = c.line if c.ground == (0, 0, 0, 1) else None
            pen.add(Box(bar, c.wash, outline, pen.mm(0.5), pen.mm(4)))
            if share > 0:
                width = max(bar.w * share, bar.h)
                pen.add(Box(Rect(bar.x, bar.y, width, bar.h), c.action, None, 0, pen.mm(4)))
            y = bar.bottom + pen.gap * 0.6
            words = pen.ui("seconds-left", seconds=seconds) if seconds else pen.ui("any-moment")
            y += pen.write(words, (room.x, y), room.w, m.body, c.ink_2, bold=True) + pen.gap
        elif not prompt.steps:
            y += _under_way(pen, Rect(room.x, y, room.w, pen.mm(8))) + pen.gap
        for number, step in enumerate(prompt.steps):
            y += _step(pen, Rect(room.x, y, room.w, 0), pen.say(step), number - prompt.done) + pen.gap * 0.6
        if prompt.if_it_fails is not None and showing.page_s >= EXPLAIN_AFTER_S:
            y += pen.gap
            words = pen.say(prompt.if_it_fails)
            pad = 1.5 * pen.gap
            text_h = pen.height(words, room.w - 2 * pad, m.body)
            area = Rect(room.x, y, room.w, text_h + 1.4 * pad)
            pen.add(Box(area, c.attention.wash, c.attention.ink, pen.mm(m.hairline), pen.radius))
            at = (area.x + pad, area.y + 0.7 * pad)
            pen.write(words, at, room.w - 2 * pad, m.body, c.attention.ink)
            pen.block("if-it-fails", area)
            y = area.bottom
        return y - room.y

    return Part(draw)


def _under_way(pen: Pen, bar: Rect) -> float:
    """Draw a bar in which a piece goes slowly to and fro: how long it takes isn't known."""
    c = pen.colours
    outline = c.line if c.ground == (0, 0, 0, 1) else None
    pen.add(Box(bar, c.wash, outline, pen.mm(0.5), pen.mm(4)))
    x, y = bar.x + bar.w * 0.02, bar.middle[1]
    piece = Stroke(((x, y), (x + bar.w * 0.2, y)), c.action, bar.h * 0.6)
    pen.add(Drift((piece,), (bar.w * 0.76, 0.0), period_s=4.0))
    pen.block("bar", bar)
    return bar.h


def _step(pen: Pen, rect: Rect, words: str, ahead: int) -> float:
    """Draw one step: done (ticked), under way (filled), still to come (empty)."""
    m, c = pen.measures, pen.colours
    side = pen.mm(m.body.value * 1.35)
    width = rect.w - side - 4 * pen.gap
    text_h = pen.height(words, width, m.body, bold=ahead == 0)
    high = max(text_h, side) + pen.gap * 1.2
    area = Rect(rect.x, rect.y, rect.w, high)
    if ahead == 0:
        outline = c.action if c.ground == (0, 0, 0, 1) else None
        pen.add(Box(area, c.wash, outline, pen.mm(m.outline), pen.radius))
    mark = Rect(area.x + 1.3 * pen.gap, area.y + (high - side) / 2, side, side)
    if ahead < 0:
        pen.tone_mark(mark, Tone.DONE)
    else:
        pen.add(Disc(mark, c.card, c.action if ahead == 0 else c.ink_2, pen.mm(m.outline)))
        if ahead == 0:
            pen.add(Disc(mark.inset(side * 0.28), c.action))
    at = (mark.right + 1.3 * pen.gap, area.y + (high - text_h) / 2)
    pen.write(words, at, width, m.body, c.ink if ahead <= 0 else c.ink_2, bold=ahead == 0)
    pen.block(f"step:{ahead}", area)
    return high


def still_there(prompt: StillThere, page: Page, showing: Showing, pen: Pen) -> Part:
    """The seconds that are left, large, and the way to stay."""
    seconds = showing.left(prompt.seconds_left) or 0

    def draw(pen: Pen, room: Rect) -> float:
        side = max(pen.mm(50), min(pen.mm(130), room.w, room.h - 2 * pen.gap))
        top = room.y + max(0.0, (room.h - side) * 0.4)
        ring = Rect(room.x + (room.w - side) / 2, top, side, side)
        pen.countdown(ring, seconds, max(20, prompt.seconds_left), Tone.NEEDS_YOU)
        pen.block("countdown", ring)
        return max(side, top + side - room.y)

    return Part(draw, prompt.actions, primary=True)


def out_of_service(pen: Pen, prompt: OutOfService, room: Rect) -> None:
    """Why in a sentence, where else to go, and small at the foot what staff need."""
    m, c = pen.measures, pen.colours
    y = room.y + 4 * pen.gap
    mark = pen.mm(m.question.value * 2.4)
    pen.tone_mark(Rect(room.x, y, mark, mark), Tone.NEEDS_YOU)
    y += mark + 2 * pen.gap
    top = y
    y += pen.write(pen.say(prompt.question), (room.x, y), room.w, m.question, c.ink, bold=True)
    if prompt.body is not None:
        y += pen.gap
        y += pen.write(pen.say(prompt.body), (room.x, y), room.w, m.body, c.ink_2)
    pen.block("question", Rect(room.x, top, room.w, y - top))
    if prompt.elsewhere is not None:
        y += 2 * pen.gap
        words = pen.say(prompt.elsewhere)
        pad = 2 * pen.gap
        text_h = pen.height(words, room.w - 2 * pad, m.body, bold=True)
        area = Rect(room.x, y, room.w, text_h + 2 * pad)
        pen.add(Box(area, c.wash, c.line, pen.mm(m.hairline), pen.radius))
        pen.write(words, (area.x + pad, y + pad), room.w - 2 * pad, m.body, c.ink, bold=True)
        pen.block("elsewhere", area)
        y = area.bottom
    acts_h = actions_height(pen, prompt.actions, primary=False)
    if prompt.actions:
        acts = Rect(room.x, room.bottom - acts_h, room.w, acts_h)
        draw_actions(pen, prompt.actions, acts, primary=False)
        room = Rect(room.x, room.y, room.w, room.h - acts_h - pen.gap)
    if prompt.staff:
        y = _staff(pen, prompt, room, y)
    pen.scene.overflow_px = max(pen.scene.overflow_px, y - room.bottom)


def _staff(pen: Pen, prompt: OutOfService, room: Rect, y: float) -> float:
    m, c = pen.measures, pen.colours
    lines = [f"{pen.say(row.label)}  {pen.say(row.value)}" for row in prompt.staff]
    total = sum(pen.height(line, room.w, m.caption) for line in lines)
    top = max(y + pen.gap, room.bottom - total)
    pen.block("staff", Rect(room.x, top, room.w, total))
    for line in lines:
        top += pen.write(line, (room.x, top), room.w, m.caption, c.ink_2)
    return top
