"""Acting at the cabinet: place, look, pay, take; and waiting while the machine works."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.prompts.parts import Action, Place, Prompt
from kiosk.texts import Text


@dataclass(frozen=True, slots=True)
class PlaceItem(Prompt):
    """Do something at a place of the cabinet: place the card, insert the permit, touch the pad.

    The device ends this prompt; the person can only choose one of ``actions`` or leave.
    ``trouble`` says why the last try did not work.
    """

    place: Place = Place.ID_CARD_READER
    trouble: Text | None = None
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class LookAtCamera(Prompt):
    """Live picture with guidance. The window draws the newest frame of the preview it was given.

    ``guidance`` changes while the page stays; ``tries_left`` counts the comparisons.
    """

    guidance: Text | None = None
    framed: bool = False
    tries_left: int = 3
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Pay(Prompt):
    """Pay ``amount_fen``. With ``code`` a QR code is shown, else ``place`` is lit."""

    amount_fen: int = 0
    place: Place = Place.PAYMENT_TERMINAL
    code: str | None = None
    seconds_left: int | None = None
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Working(Prompt):
    """The machine works; nothing to answer. ``steps`` in order, ``done`` of them finished.

    ``seconds_left`` is the estimate that the bar and the words show; None when it isn't known.
    ``if_it_fails`` is shown once the wait exceeds ten seconds.
    """

    steps: tuple[Text, ...] = ()
    done: int = 0
    seconds_left: int | None = None
    seconds_total: int | None = None
    if_it_fails: Text | None = None


@dataclass(frozen=True, slots=True)
class TakeItem(Prompt):
    """Take what lies in a slot. The device ends this prompt; the countdown ends in retraction.

    ``case`` is shown large, when the person needs it now. ``actions`` are for a slot that no sensor
    watches: the person says that it is taken.
    """

    place: Place = Place.PERMIT_SLOT
    seconds_left: int | None = None
    case: str | None = None
    actions: tuple[Action, ...] = ()
