"""What the window knows beyond the page itself: the time, how long the page stands, what is marked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Showing:
    """The state that the window keeps for the page it shows.

    ``page_s`` is seconds since the page's number came up, ``update_s`` since it was last told anything;
    countdowns go on from the last figure told. ``marked`` holds what a person has marked in a list of
    which several may be chosen, ``leaf`` which part of a long list or which picture is shown, ``close``
    whether it is looked at closely, ``typed`` what stands in the field, ``written`` whether anything is
    written with the finger.
    """

    now: datetime
    page_s: float = 0.0
    update_s: float = 0.0
    marked: frozenset[str] = frozenset()
    leaf: int = 0
    close: bool = False
    typed: str = ""
    written: bool = False

    def left(self, seconds: int | None) -> int | None:
        """Return what is left of ``seconds`` that were told at the last update."""
        return None if seconds is None else max(0, seconds - int(self.update_s))
