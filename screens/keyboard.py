"""Letters and digits on a keyboard, in the order of the alphabet: who seldom types finds them so."""

from __future__ import annotations

from typing import Final

from kiosk.prompts import Action, EnterText, Page
from kiosk.texts import text
from screens.part import Part
from screens.pen import Align, Pen, Style
from screens.scene import Box, Press, Rect
from screens.view import Showing

FEW: Final = 12
"""So many keys or fewer stand as on a telephone."""
MOST_IN_A_ROW: Final = 10
TALLEST_KEY_MM: Final = 34.0


def enter_text(prompt: EnterText, page: Page, showing: Showing, pen: Pen) -> Part:
    """The field, the keys, the one that takes the last back, and the buttons."""
    typed = showing.typed
    label = prompt.confirm or text("ui.continue")
    confirm = Action("enter", label, enabled=prompt.least <= len(typed) <= prompt.most)

    def draw(pen: Pen, room: Rect) -> float:
        m = pen.measures
        field_h = pen.mm(max(22.0, m.question.value * 2.0))
        _field(pen, Rect(room.x, room.y, room.w, field_h), typed)
        least, tallest = pen.mm(m.least_target), pen.mm(TALLEST_KEY_MM)
        keys = [*prompt.keys, ""]
        columns = 3 if len(keys) <= FEW else min(MOST_IN_A_ROW, int((room.w + pen.gap) / (least + pen.gap)))
        rows = -(-len(keys) // columns)
        high = max(least, min((room.h - field_h - rows * pen.gap) / rows, tallest))
        width = min((room.w - (columns - 1) * pen.gap) / columns, 2 * tallest)
        left = room.x + (room.w - columns * width - (columns - 1) * pen.gap) / 2
        top = room.y + field_h + pen.gap
        for place, key in enumerate(keys):
            row, column = divmod(place, columns)
            spare = columns - column if not key else 1  # the last key takes what is left of its row
            rect = Rect(
                left + column * (width + pen.gap),
                top + row * (high + pen.gap),
                spare * width + (spare - 1) * pen.gap,
                high,
            )
            _key(pen, rect, key, enabled=bool(key or typed))
        return top + rows * (high + pen.gap) - pen.gap - room.y

    return Part(draw, (confirm, *prompt.actions), primary=True, choices=True)


def _field(pen: Pen, rect: Rect, typed: str) -> None:
    m, c = pen.measures, pen.colours
    pen.add(Box(rect, c.card, c.action, pen.mm(m.outline), pen.radius))
    pen.write_in(
        rect.inset(pen.gap, 0), typed, m.question, c.ink, bold=True, align=Align.CENTRE, most_lines=1
    )
    pen.block("field", rect)


def _key(pen: Pen, rect: Rect, key: str, *, enabled: bool) -> None:
    pen.button(
        f"type:{key}" if key else "delete",
        rect,
        key or pen.ui("delete"),
        Style.OUTLINED,
        value=key,
        press=Press.TYPE,
        enabled=enabled,
        size=pen.measures.question if key else pen.measures.small,
    )
