"""What stands on the screen before a visit, in place of one, and when nobody seems to be there."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.prompts.parts import Action, Option, Prompt, Row
from kiosk.texts import Text


@dataclass(frozen=True, slots=True)
class Attract(Prompt):
    """Nobody is there. ``languages`` are offered; touching anywhere begins.

    Answer ``begin``, value the language; or ``choose``, value the service whose tile was touched.
    """

    hours: Text | None = None
    services: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Home(Prompt):
    """The services as tiles. Answer ``choose``, value the service's name."""

    services: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class OutOfService(Prompt):
    """The machine is closed to citizens: why in a sentence, where else to go, its case numbers.

    ``actions`` are for staff only, who have opened it: answer any of them.
    """

    elsewhere: Text | None = None
    staff: tuple[Row, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class StillThere(Prompt):
    """Need more time? Answer ``more-time`` or nothing until ``seconds_left`` is 0."""

    seconds_left: int = 20
    actions: tuple[Action, ...] = ()
