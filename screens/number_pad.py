"""Digits on a pad, as on a telephone: 1 in the upper left."""

from __future__ import annotations

from typing import Final

from kiosk.prompts import Action, EnterNumber, Page
from kiosk.texts import text
from screens.part import Part
from screens.pen import Align, Pen, Style
from screens.scene import Box, Press, Rect
from screens.view import Showing

KEYS: Final = (("1", "2", "3"), ("4", "5", "6"), ("7", "8", "9"), (None, "0", ""))
DOT: Final = "●"
TALLEST_KEY_MM: Final = 34.0


def enter_number(prompt: EnterNumber, page: Page, showing: Showing, pen: Pen) -> Part:
    """The field, the pad, and the button that hands in what is typed once it is long enough."""
    typed = showing.typed
    confirm = Action("enter", text("ui.continue"), enabled=prompt.least <= len(typed) <= prompt.most)

    def draw(pen: Pen, room: Rect) -> float:
        m = pen.measures
        field_h = pen.mm(max(22.0, m.question.value * 2.0))
        _field(pen, Rect(room.x, room.y, room.w, field_h), prompt, typed)
        least = pen.mm(m.least_target)
        high = (room.h - field_h - len(KEYS) * pen.gap) / len(KEYS)
        high = max(least, min(high, pen.mm(TALLEST_KEY_MM)))
        width = min((room.w - 2 * pen.gap) / 3, pen.mm(TALLEST_KEY_MM * 2))
        left = room.x + (room.w - 3 * width - 2 * pen.gap) / 2
        y = room.y + field_h + pen.gap
        for row in KEYS:
            for column, key in enumerate(row):
                rect = Rect(left + column * (width + pen.gap), y, width, high)
                if key is not None:
                    _key(pen, rect, key, enabled=bool(key or typed))
            y += high + pen.gap
        return y - pen.gap - room.y

    return Part(draw, (confirm,), primary=True, choices=True)


def _field(pen: Pen, rect: Rect, prompt: EnterNumber, typed: str) -> None:
    m, c = pen.measures, pen.colours
    pen.add(Box(rect, c.card, c.action, pen.mm(m.outline), pen.radius))
    shown = DOT * len(typed) if prompt.masked else typed
    unit = pen.say(prompt.unit) if prompt.unit else ""
    words = f"{shown} {unit}".strip() if shown else ""
    pen.write_in(
        rect.inset(pen.gap, 0), words, m.question, c.ink, bold=True, align=Align.CENTRE, most_lines=1
    )
    pen.block("field", rect)


def _key(pen: Pen, rect: Rect, key: str, *, enabled: bool) -> None:
    label = key or pen.ui("delete")
    size = pen.measures.question if key else pen.measures.small
    pen.button(
        f"type:{key}" if key else "delete",
        rect,
        label,
        Style.OUTLINED,
        value=key,
        press=Press.TYPE,
        enabled=enabled,
        size=size,
    )
