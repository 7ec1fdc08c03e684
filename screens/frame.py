"""The frame of every page: header, question, actions, and the room between them for the scene.

On an upright panel they stand below each other; on one that lies across, the question and the way out stand
left and the scene and its actions right. What is touched lies below ``Panel.unreachable_mm``.
"""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.prompts import Action, Page, Prompt, Tone
from kiosk.texts import LANGUAGES
from screens.pen import Align, Pen, Style
from screens.scene import Box, Press, Rect
from screens.theme import Size
from screens.view import Showing


def page_area(pen: Pen) -> Rect:
    """Return where the page lies: all of the panel, or with low reach its lower part."""
    top = pen.mm(pen.panel.unreachable_mm) if pen.panel.low_reach else 0.0
    return Rect(0.0, top, pen.panel.width_px, pen.panel.height_px - top)


def header(pen: Pen, page: Page, area: Rect, showing: Showing) -> float:
    """Draw the header with its progress line; return the y where the page goes on."""
    c, m = pen.colours, pen.measures
    margin, high = pen.mm(m.margin), pen.mm(m.header)
    band = Rect(0.0, 0.0, area.w, area.y + high)
    pen.add(Box(band, c.header))
    right = _settings(pen, page, area)
    site = pen.say(page.site) if page.site else ""
    width = right - margin - pen.gap
    second = _where(pen, page, showing.now.strftime("%H:%M"), width)
    upper, lower = high * 0.46, high * 0.32
    top = area.y + high * 0.11
    pen.write_in(Rect(margin, top, width, upper), site, Size.BODY, c.on_header, bold=True, most_lines=1)
    pen.write_in(Rect(margin, top + upper, width, lower), second, m.caption, c.header_2, most_lines=1)
    pen.block("title", Rect(margin, top, width, upper + lower))
    return _progress(pen, page, Rect(margin, area.y + high, area.w - 2 * margin, pen.mm(12)))


def _where(pen: Pen, page: Page, clock: str, width: float) -> str:
    """Return service, step and clock, without the service when they don't fit on a line."""
    if page.service is None:
        return clock
    long = short = pen.say(page.service)
    if page.steps:
        short = pen.ui("step-short", step=page.step, steps=page.steps)
        long = pen.ui("step", service=page.service, step=page.step, steps=page.steps)
    long = f"{long}  ·  {clock}"
    return long if pen.width(long, Size.CAPTION) <= width else f"{short}  ·  {clock}"


def _settings(pen: Pen, page: Page, area: Rect) -> float:
    """Draw the buttons of the header from the right; return where they begin."""
    m = pen.measures
    other = next(language for language in LANGUAGES if language != page.language)
    buttons = [
        ("large-text", pen.ui("normal-text" if page.large_text else "large-text"), not page.large_text),
        ("high-contrast", pen.ui("contrast"), not page.high_contrast),
        ("language", pen.ui("other-language"), other),
    ]
    if page.can_help:
        buttons.append(("help", pen.ui("help"), None))
    high = pen.mm(max(m.least_target, m.header - 10))
    gap = pen.mm(3)
    x = area.right - pen.mm(m.margin)
    y = area.y + (pen.mm(m.header) - high) / 2
    for name, label, value in reversed(buttons):
        width = max(pen.mm(24), pen.width(label, m.caption, bold=True) + pen.mm(8))
        x -= width
        rect = Rect(x, y, width, high)
        press = Press.ANSWER if name == "help" else Press.SETTING
        pen.button(name, rect, label, Style.HEADER, value=value, press=press, size=m.caption)
        x -= gap
    return x + gap


def _progress(pen: Pen, page: Page, rect: Rect) -> float:
    c = pen.colours
    right = rect.right
    if page.simulated:
        label = pen.ui("simulated")
        width = pen.width(label, Size.CAPTION, bold=True) + pen.mm(8)
        badge = Rect(rect.right - width, rect.y + pen.mm(4), width, pen.mm(10))
        pen.add(Box(badge, c.attention.wash, c.attention.ink, pen.mm(0.4), pen.mm(5)))
        pen.write_in(badge, label, Size.CAPTION, c.attention.ink, bold=True, align=Align.CENTRE, most_lines=1)
        pen.block("simulated", badge)
        right = badge.x - pen.gap
    if page.steps:
        gap = pen.mm(2)
        each = (right - rect.x - gap * (page.steps - 1)) / page.steps
        for step in range(1, page.steps + 1):
            x = rect.x + (step - 1) * (each + gap)
            bar = Rect(x, rect.y + pen.mm(7.5), each, pen.mm(3))
            pen.add(Box(bar, c.action if step <= page.step else c.wash, None, 0, pen.mm(1.5)))
            if pen.colours.wash == pen.colours.ground:
                pen.add(Box(bar, None, c.line, pen.mm(0.4), pen.mm(1.5)))
    return rect.y + pen.mm(14)


def question_height(pen: Pen, prompt: Prompt, width: float) -> float:
    """Return how high question and body get."""
    return _question(pen, prompt, Rect(0, 0, width, 0), draw=False)


def question(pen: Pen, prompt: Prompt, rect: Rect) -> float:
    """Draw the question and its second sentence at the top of ``rect``; return their height."""
    return _question(pen, prompt, rect, draw=True)


def _question(pen: Pen, prompt: Prompt, rect: Rect, *, draw: bool) -> float:
    m, c = pen.measures, pen.colours
    toned = prompt.tone is not Tone.PLAIN
    pad = pen.mm(9) if toned else 0.0
    mark = pen.mm(m.question.value * 1.35) if toned else 0.0
    left = rect.x + pad + (mark + pen.gap if toned else 0.0)
    width = rect.right - pad - left
    words = pen.say(prompt.question)
    body = pen.say(prompt.body) if prompt.body else ""
    size = m.question if len(pen.lines(words, width, m.question, bold=True)) <= 3 else Size.BODY_LARGE
    question_h = pen.height(words, width, size, bold=True)
    body_h = pen.height(body, width, m.body) + pen.gap * 0.5 if body else 0.0
    height = 2 * pad + max(question_h + body_h, mark)
    if draw:
        ink, second = c.ink, c.ink_2
        if toned:
            colours = c.tone(prompt.tone)
            ink = second = colours.ink
            outline = colours.ink if pen.colours.ground == (0, 0, 0, 1) else None
            area = Rect(rect.x, rect.y, rect.w, height)
            pen.add(Box(area, colours.wash, outline, pen.mm(m.outline), pen.radius))
            pen.tone_mark(Rect(rect.x + pad, rect.y + pad, mark, mark), prompt.tone)
        top = rect.y + pad
        pen.write(words, (left, top), width, size, ink, bold=True, balance=True)
        if body:
            pen.write(body, (left, top + question_h + pen.gap * 0.5), width, m.body, second)
        pen.block("question", Rect(rect.x, rect.y, rect.w, height))
    return height


def way_out_height(pen: Pen) -> float:
    """Return the height of the lowest row, kept free even when there is no way out."""
    return pen.mm(pen.measures.secondary)


def way_out(pen: Pen, page: Page, rect: Rect) -> None:
    """Draw back (left) and cancel (right) into the lowest row. Cancel says what it gives back."""
    back = rect.w * 0.3
    if page.can_back:
        pen.button("back", Rect(rect.x, rect.y, back, rect.h), pen.ui("back"), Style.OUTLINED)
    if page.can_cancel:
        x = rect.x + back + pen.gap
        label = pen.say(page.cancel_returns) if page.cancel_returns else pen.ui("cancel")
        pen.button("cancel", Rect(x, rect.y, rect.right - x, rect.h), label, Style.QUIET)


def actions_height(pen: Pen, actions: Sequence[Action], *, primary: bool) -> float:
    """Return the height of the actions with the gaps between them."""
    m = pen.measures
    outlined = len(actions) - 1 if primary else len(actions)
    if m.crowded:
        outlined = -(-outlined // 2)
    height = pen.mm(m.primary) if primary and actions else 0.0
    if outlined > 0:
        height += pen.mm(m.secondary) * outlined + pen.gap * (outlined - (0 if primary else 1))
    return height


def draw_actions(pen: Pen, actions: Sequence[Action], rect: Rect, *, primary: bool) -> None:
    """Draw the actions upwards from the lower edge of ``rect``, the first one lowest: it never moves.

    On a crowded page those after it stand two in a row.
    """
    m = pen.measures
    bottom = rect.bottom
    left = list(actions)
    while left:
        main = primary and len(left) == len(actions)
        row = 1 if main or not m.crowded else min(2, len(left))
        high = pen.mm(m.primary if main else m.secondary)
        width = (rect.w - pen.gap * (row - 1)) / row
        for place in range(row):
            action = left.pop(0)
            area = Rect(rect.x + place * (width + pen.gap), bottom - high, width, high)
            style = Style.PRIMARY if main else Style.OUTLINED
            pen.button(action.name, area, pen.say(action.label), style, enabled=action.enabled)
        bottom -= high + pen.gap
