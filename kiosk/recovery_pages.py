"""What the screen says while the machine recovers: please wait; or please take your permit."""

from __future__ import annotations

import math

from kiosk.journal import Outcome
from kiosk.prompts import OutOfService, Place, Prompt, TakeItem, Tone
from kiosk.stage import Stage, Surroundings
from kiosk.texts import text


class RecoveryPages:
    """Speaks to whoever stands there (``permit_recovery.Bystander``)."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def please_wait(self) -> None:
        """Show that the machine recovers and serves nobody yet."""
        self._stage.show(
            OutOfService(
                "recovering",
                text("out-of-service.recovering.question"),
                text("out-of-service.recovering.body"),
                elsewhere=text("site.elsewhere"),
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
