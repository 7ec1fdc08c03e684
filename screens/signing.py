"""A field to sign on with a finger: large, with a line to write on, and a button to begin again."""

from __future__ import annotations

from typing import Final

from kiosk.prompts import Action, Page, Sign
from kiosk.texts import text
from screens.part import Part
from screens.pen import Pen, Style
from screens.scene import Box, Press, Rect, Stroke
from screens.view import Showing

TALLEST_MM: Final = 150.0
LINE_AT: Final = 0.74
"""Where the line lies, as a share of the field's height."""


def sign(prompt: Sign, page: Page, showing: Showing, pen: Pen) -> Part:
    """The field and what wipes it; the window draws what the finger writes."""
    confirm = Action("sign", text("ui.sign"), enabled=showing.written)

    def draw(pen: Pen, room: Rect) -> float:
        m, c = pen.measures, pen.colours
        wipe_h = max(pen.mm(m.least_target), pen.pitch(m.button) + 2 * pen.gap)
        high = min(pen.mm(TALLEST_MM), room.h - wipe_h - pen.gap)
        field = Rect(room.x, room.y, room.w, high)
        pen.add(Box(field, c.card, c.action, pen.mm(m.outline), pen.radius))
        level, ends = field.y + field.h * LINE_AT, field.inset(2 * pen.gap)
        pen.add(Stroke(((ends.x, level), (ends.right, level)), c.line, pen.mm(m.hairline)))
        pen.block("field", field)
        pen.scene.field = field
        wipe = Rect(room.x, field.bottom + pen.gap, room.w / 2, wipe_h)
        pen.button("wipe", wipe, pen.ui("wipe"), Style.OUTLINED, press=Press.CLEAR, enabled=showing.written)
        return wipe.bottom - room.y

    return Part(draw, (confirm, *prompt.actions), primary=True, choices=True)
