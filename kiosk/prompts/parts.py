"""What prompts are made of: places, tones, buttons, options, rows, and what every prompt has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kiosk.texts import Text

Json = Any


class Place(StrEnum):
    """Where on the cabinet a person has to act; the drawing and the guide light use the same name."""

    SCREEN = "screen"
    ID_CARD_READER = "id_card_reader"
    PERMIT_SLOT = "permit_slot"
    CAMERA = "camera"
    FINGERPRINT_PAD = "fingerprint_pad"
    PAYMENT_TERMINAL = "payment_terminal"
    RECEIPT_SLOT = "receipt_slot"
    DOCUMENT_TRAY = "document_tray"
    CODE_READER = "code_reader"
    DISPENSER_SLOT = "dispenser_slot"


class Tone(StrEnum):
    """The colour family of a page: plain, needs you (amber), stopped (red), done (green)."""

    PLAIN = "plain"
    NEEDS_YOU = "needs-you"
    STOPPED = "stopped"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Action:
    """A button: what the answer's ``action`` will be, and what the button says happens."""

    name: str
    label: Text
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a list. A ``refused`` option is shown with its reason and cannot be chosen.

    ``points`` (记分) are added up, as the price is, where several are chosen from records. ``picture``
    names the pictogram of a service (``screens.pictograms``).
    """

    value: str
    label: Text
    detail: Text | None = None
    price_fen: int | None = None
    refused: Text | None = None
    chosen: bool = False
    points: int = 0
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of data: what it is, and what it says. ``edit`` names the action that changes it."""

    label: Text
    value: Text
    edit: Action | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """What every prompt has: a name (unique in its service), the question, a second sentence."""

    name: str
    question: Text
    body: Text | None = None
    tone: Tone = Tone.PLAIN
