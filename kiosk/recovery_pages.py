"""What the screen says before the first page: starting; recovering, please wait; please take your permit."""

from __future__ import annotations

import math

from kiosk.journal import Outcome
from kiosk.prompts import OutOfService, Place, Prompt, TakeItem, Tone, Working
from kiosk.stage import Stage, Surroundings
from kiosk.texts import text


class RecoveryPages:
    """Speaks to whoever stands there (``permit_recovery.Bystander``)."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def starting(self) -> None:
        """Show that the machine starts; nothing is known yet of anybody's visit."""
        self._stage.show(
            Working("starting", text("starting.question"), text("starting.body")),
            Surroundings(can_help=False),
        )

    def please_wait(self) -> None:
        """Show that somebody's visit was interrupted, and that the machine serves nobody yet."""
        self._stage.show(
            OutOfService(
                "recovering",
                text("out-of-service.recovering.question"),
                text("out-of-service.recovering.body"),
                elsewhere=text("out-of-service.elsewhere", place=text("site.elsewhere")),
            ),
            Surroundings(can_help=False),
        )

    def please_take(self, case_no: str, outcome: Outcome, seconds_left: float) -> None:
        """Show that the permit is in the slot, how the case ends, and its number."""
        self._put(
            TakeItem(
                "take-permit",
                text("permit.take.question"),
                text(f"recovered.{outcome.value}"),
                Tone.NEEDS_YOU if outcome is Outcome.ESCALATED else Tone.DONE,
                place=Place.PERMIT_SLOT,
                seconds_left=math.ceil(seconds_left),
                case=case_no,
            )
        )

    def _put(self, prompt: Prompt) -> None:
        page = self._stage.page
        if page is not None and isinstance(page.prompt, TakeItem):
            self._stage.update(prompt)
        else:
            self._stage.show(prompt, Surroundings(can_help=False))
