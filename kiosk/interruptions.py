"""What comes between a prompt and its answer: help, and the question whether somebody is still there."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from kiosk.prompts import Action, Notice, StillThere, Tone
from kiosk.stage import Surroundings
from kiosk.texts import text

if TYPE_CHECKING:
    from kiosk.visit import Visit


async def ask_whether_still_there(visit: Visit) -> str | None:
    """Ask whether more time is needed, with a countdown; any touch will do.

    Returns the answer's action, ``more-time`` for a mere touch; None when nobody is there.
    """
    stage = visit.house.stage
    seconds_left = int(visit.house.times.warn_s)
    visit.prompts.append("still-there")
    visit.house.events.event("more-time-asked", visit=visit.number)
    stage.show(_still_there(seconds_left), Surroundings(service=visit.service.title, can_help=False))
    touched = stage.idle_s()
    while seconds_left > 0:
        try:
            async with asyncio.timeout(1):
                answer = await stage.next_answer()
        except TimeoutError:
            if stage.idle_s() < touched:
                return "more-time"
            touched = stage.idle_s()
            seconds_left -= 1
            stage.update(_still_there(seconds_left))
            continue
        return answer.action
    return None


def _still_there(seconds_left: int) -> StillThere:
    return StillThere(
        "still-there",
        text("still-there.question"),
        text("still-there.body", seconds=seconds_left),
        Tone.NEEDS_YOU,
        seconds_left=seconds_left,
        actions=(
            Action("more-time", text("still-there.more-time")),
            Action("cancel", text("still-there.leave")),
        ),
    )


async def show_help(visit: Visit) -> None:
    """Show how to get help until it is put away."""
    stage = visit.house.stage
    stage.show(
        Notice(
            "help",
            text("help.question"),
            paragraphs=(text("help.press-bell"), text("help.hotline", hotline=visit.house.site.hotline)),
            actions=(Action("ok", text("help.close")),),
            case=visit.case_no,
        ),
        Surroundings(service=visit.service.title, can_help=False),
    )
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(visit.house.times.idle_s):
            await stage.next_answer()
