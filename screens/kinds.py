"""One renderer for each kind of prompt. A kind without one is a mistake that a test finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from kiosk import prompts
from kiosk.prompts import Page, Prompt
from screens import acting, asking, checklist, evidence, keyboard, number_pad, records, signing, telling
from screens.part import Part
from screens.pen import Pen
from screens.view import Showing

RENDERERS: Final[dict[type[Prompt], Callable[[Any, Page, Showing, Pen], Part]]] = {
    prompts.Home: asking.home,
    prompts.ChooseOne: asking.choose_one,
    prompts.ChooseMany: asking.choose_many,
    prompts.ChooseRecords: records.choose_records,
    prompts.LookAtPictures: evidence.look_at_pictures,
    prompts.CheckAnswers: asking.check_answers,
    prompts.Rate: asking.rate,
    prompts.PlaceItem: acting.place_item,
    prompts.LookAtCamera: acting.look_at_camera,
    prompts.Pay: acting.pay,
    prompts.TakeItem: acting.take_item,
    prompts.Notice: telling.notice,
    prompts.Working: telling.working,
    prompts.StillThere: telling.still_there,
    prompts.EnterNumber: number_pad.enter_number,
    prompts.EnterText: keyboard.enter_text,
    prompts.Sign: signing.sign,
    prompts.Checklist: checklist.checklist,
}
FULL_PAGE: Final = (prompts.Attract, prompts.OutOfService)


def part_of(pen: Pen, page: Page, showing: Showing) -> Part:
    """Return the part of ``page``'s prompt; raises ``KeyError`` for a kind that has no renderer."""
    return RENDERERS[type(page.prompt)](page.prompt, page, showing, pen)
