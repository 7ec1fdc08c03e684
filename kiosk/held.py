"""What the machine has of a person at a moment, and what that means for leaving."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.texts import Text, text


@dataclass(slots=True)
class Held:
    """What the machine has of the person now; decides what may be interrupted and what cancel says."""

    permit: bool = False
    money: bool = False
    working: bool = False
    leaving: Text | None = None
    """What the cancel button says, where leaving now means more than going away."""
    stands: Text | None = None
    """What has been done and stands, however the visit ends: said where it ends badly."""

    @property
    def may_leave(self) -> bool:
        """Tell whether the person may cancel, or be timed out, at this moment."""
        return not (self.money or self.working)

    @property
    def returns(self) -> Text:
        """What cancelling gives back, for the cancel button."""
        if self.leaving is not None:
            return self.leaving
        return text("cancel.returns-permit" if self.permit else "cancel.returns-nothing")
