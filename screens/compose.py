"""A page becomes a scene: its frame, and the scene of its prompt's kind.

A page with room to spare is set larger.
When a page doesn't fit (long words, large text, a small panel) it is drawn again with smaller gaps, then with
smaller rows, then with smaller text, until it does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from kiosk.prompts import Attract, OutOfService, Page
from kiosk.texts import Catalogue
from screens import frame, telling
from screens.fonts import Fonts
from screens.kinds import part_of
from screens.panel import Panel
from screens.part import Part
from screens.pen import Pen
from screens.scene import Rect, Scene
from screens.theme import DAY, HIGH_CONTRAST, LARGE, NORMAL, ROOMY, Measures, Size
from screens.view import Showing


def compose(page: Page, panel: Panel, fonts: Fonts, catalogue: Catalogue, showing: Showing) -> Scene:
    """Lay out ``page``; raises ``kiosk.texts.MissingText`` for a key that the catalogue hasn't."""
    colours = HIGH_CONTRAST if page.high_contrast else DAY
    scene: Scene | None = None
    for measures in _attempts(page.large_text):
        scene = Scene(Rect(0.0, 0.0, panel.width_px, panel.height_px), colours.ground)
        pen = Pen(scene, panel, fonts, catalogue, page.language, colours, measures)
        _draw(pen, page, showing)
        if scene.overflow_px <= 0.5:
            break
    assert scene is not None
    return scene


def _attempts(large_text: bool) -> Iterator[Measures]:
    if not large_text:
        yield ROOMY
    asked = LARGE if large_text else NORMAL
    yield asked
    close = dataclasses.replace(asked, gap=4.0, tallest_row=asked.row, margin=12.0)
    yield close
    if large_text:  # who asked for larger text never gets smaller where the usual would do
        yield dataclasses.replace(close, question=ROOMY.question, body=ROOMY.body, small=ROOMY.small)
        yield ROOMY
    yield dataclasses.replace(close, question=NORMAL.question, body=NORMAL.body, small=NORMAL.small)
    yield dataclasses.replace(NORMAL, gap=3.0, margin=12.0, tallest_row=NORMAL.row)
    yield dataclasses.replace(
        NORMAL,
        gap=3.0,
        margin=10.0,
        question=Size.BODY_LARGE,
        body=Size.SMALL,
        small=Size.CAPTION,
        primary=24.0,
        secondary=20.0,
        row=20.0,
        tallest_row=20.0,
        crowded=True,
    )


def _header_pen(pen: Pen, page: Page) -> Pen:
    """Return a pen whose measures don't depend on how full the page is: the header never changes."""
    return dataclasses.replace(pen, measures=LARGE if page.large_text else ROOMY, still=True)


def _draw(pen: Pen, page: Page, showing: Showing) -> None:
    area = frame.page_area(pen)
    if isinstance(page.prompt, Attract):
        telling.attract(pen, page, page.prompt, area, showing)
        return
    top = frame.header(_header_pen(pen, page), page, area, showing)
    if isinstance(page.prompt, OutOfService):
        telling.out_of_service(pen, page.prompt, _below(pen, area, top))
        return
    part = part_of(pen, page, showing)
    if pen.panel.wide:
        _side_by_side(pen, page, part, _below(pen, area, top))
    else:
        _stacked(pen, page, part, _below(pen, area, top))


def _below(pen: Pen, area: Rect, top: float) -> Rect:
    margin = pen.mm(pen.measures.margin)
    top += pen.gap
    return Rect(area.x + margin, top, area.w - 2 * margin, area.bottom - margin - top)


def _stacked(pen: Pen, page: Page, part: Part, room: Rect) -> None:
    out_h = frame.way_out_height(pen)
    acts_h = frame.actions_height(pen, part.actions, primary=part.primary)
    lowest = room.bottom - out_h
    frame.way_out(pen, page, Rect(room.x, lowest, room.w, out_h))
    acts = Rect(room.x, lowest - pen.gap - acts_h, room.w, acts_h)
    frame.draw_actions(pen, part.actions, acts, primary=part.primary)
    reach = pen.mm(pen.panel.unreachable_mm)
    top = max(room.y + pen.gap, reach - pen.pitch(pen.measures.question) - pen.pitch(pen.measures.body))
    if pen.measures.crowded:
        top = room.y + pen.gap
    asked_h = frame.question_height(pen, page.prompt, room.w)
    frame.question(pen, page.prompt, Rect(room.x, top, room.w, asked_h))
    scene_top = top + asked_h + 2 * pen.gap
    if part.choices:
        scene_top = max(scene_top, reach)
    bottom = acts.y - (2 * pen.gap if acts_h else pen.gap)
    _scene(pen, part, Rect(room.x, scene_top, room.w, bottom - scene_top))


def _side_by_side(pen: Pen, page: Page, part: Part, room: Rect) -> None:
    gutter = 2 * pen.gap
    left = Rect(room.x, room.y, room.w * 0.42, room.h)
    right = Rect(left.right + gutter, room.y, room.right - left.right - gutter, room.h)
    out_h = frame.way_out_height(pen)
    frame.way_out(pen, page, Rect(left.x, left.bottom - out_h, left.w, out_h))
    used = frame.question(pen, page.prompt, Rect(left.x, left.y + pen.gap, left.w, 0))
    free = left.h - out_h - 2 * pen.gap - used
    pen.scene.overflow_px = max(pen.scene.overflow_px, -free)
    acts_h = frame.actions_height(pen, part.actions, primary=part.primary)
    acts = Rect(right.x, right.bottom - acts_h, right.w, acts_h)
    frame.draw_actions(pen, part.actions, acts, primary=part.primary)
    bottom = acts.y - (pen.gap if acts_h else 0.0)
    _scene(pen, part, Rect(right.x, right.y + pen.gap, right.w, bottom - right.y - pen.gap))


def _scene(pen: Pen, part: Part, room: Rect) -> None:
    used = part.draw(pen, room)
    pen.scene.overflow_px = max(pen.scene.overflow_px, used - room.h)
    pen.block("scene", Rect(room.x, room.y, room.w, min(used, max(room.h, 0.0))))
