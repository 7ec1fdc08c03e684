"""Prompts: everything the kiosk can ask or tell a person, as data.

A visit asks by showing one ``Page`` and awaits one ``Answer``. The window, the scripted citizen
and the debug link all answer through the same protocol; none of them decides anything.
Every class here is frozen and serialisable: ``to_json`` gives plain values, and the name of the
prompt's kind is its class name in kebab case (``PlaceItem`` -> ``place-item``).
"""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

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
class Notice(Prompt):
    """Something to read, as paragraphs and facts, and what to do about it: any of ``actions``.

    The first action is the primary one. ``case`` and ``code`` (a QR code's content) are shown large.
    """

    paragraphs: tuple[Text, ...] = ()
    rows: tuple[Row, ...] = ()
    actions: tuple[Action, ...] = ()
    case: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class ChooseOne(Prompt):
    """One of a list. Answer ``choose``, value the option's value."""

    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class ChooseMany(Prompt):
    """Some of a list, at least ``least``. Answer ``choose``, value a list of options' values."""

    options: tuple[Option, ...] = ()
    least: int = 1
    confirm: Text | None = None


@dataclass(frozen=True, slots=True)
class ChooseRecords(Prompt):
    """Some of a list that may have hundreds of lines and scrolls; below it what the marked ones add up to.

    ``points`` are there before any is marked; one that would bring them above ``most_points`` can't be
    marked. Answer ``choose``, value a list of options' values.
    """

    options: tuple[Option, ...] = ()
    confirm: Text | None = None
    points: int = 0
    most_points: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to look at: PNG or JPEG; ``focus`` is where to look closely, as shares of its sides."""

    data: bytes
    caption: Text
    focus: tuple[float, float] = (0.5, 0.5)


@dataclass(frozen=True, slots=True)
class LookAtPictures(Prompt):
    """Pictures with the data that they are about, and what to do about it: any of ``actions``.

    The first action is the primary one. Turning to another picture and looking closely answer nothing.
    """

    pictures: tuple[Picture, ...] = ()
    rows: tuple[Row, ...] = ()
    paragraphs: tuple[Text, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckAnswers(Prompt):
    """Data to check before it counts. Answer: ``confirm``'s action, or the edit action of a row."""

    rows: tuple[Row, ...] = ()
    total_fen: int | None = None
    actions: tuple[Action, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Rate(Prompt):
    """Service rating (好差评): five levels, no default. Answer ``rate``, value 1..5, or ``skip``."""

    levels: tuple[Option, ...] = ()
    skip: Action | None = None


@dataclass(frozen=True, slots=True)
class StillThere(Prompt):
    """Need more time? Answer ``more-time`` or nothing until ``seconds_left`` is 0."""

    seconds_left: int = 20
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class EnterNumber(Prompt):
    """Digits on a pad: ``least`` to ``most`` of them, shown as dots when ``masked``.

    Answer ``enter``, value the digits as a text ("0042"). What is typed never leaves the window before.
    """

    least: int = 1
    most: int = 12
    masked: bool = False
    unit: Text | None = None


LETTERS_AND_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@dataclass(frozen=True, slots=True)
class EnterText(Prompt):
    """Letters and digits on a keyboard in the order of ``keys``: a number with letters in it, or pinyin.

    Answer ``enter``, value ``least`` to ``most`` of ``keys``; or any of ``actions``. What is typed never
    leaves the window before.
    """

    least: int = 1
    most: int = 40
    keys: str = LETTERS_AND_DIGITS
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Sign(Prompt):
    """Write with a finger on a large field. What is written never leaves the window before.

    Answer ``sign``, value as ``kiosk.signature`` reads it: ``width`` and ``height`` of the field and
    ``strokes`` of points (x, y, milliseconds), lengths in tenths of a millimetre; or any of ``actions``.
    """

    actions: tuple[Action, ...] = ()


class Mark(StrEnum):
    """How far an item of a checklist is; the order is that of a thing that is done."""

    TODO = "todo"
    NOW = "now"
    DONE = "done"
    WARNING = "warning"
    FAILED = "failed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a checklist: what it is, what there is to say about it, how far it is."""

    label: Text
    detail: Text | None = None
    mark: Mark = Mark.TODO


@dataclass(frozen=True, slots=True)
class Checklist(Prompt):
    """Things that are done or found one after the other; whoever shows it ticks them off.

    Answer: any of ``actions``; the first is the primary one.
    """

    items: tuple[Item, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class OutOfService(Prompt):
    """The machine is closed to citizens: why in a sentence, where else to go, its case numbers.

    ``actions`` are for staff only, who have opened it: answer any of them.
    """

    elsewhere: Text | None = None
    staff: tuple[Row, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A prompt with what stands around it. ``number`` counts up; an answer names the page it is for."""

    number: int
    prompt: Prompt
    service: Text | None = None
    step: int = 0
    steps: int = 0
    can_back: bool = False
    can_cancel: bool = False
    cancel_returns: Text | None = None
    can_help: bool = True
    language: str = "zh-CN"
    large_text: bool = False
    high_contrast: bool = False
    simulated: bool = False
    site: Text | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person did on page ``page``.

    Besides the prompt's own actions there are, on any page that offers them: ``back``, ``cancel``,
    ``help``, and the settings ``language`` (value ``zh-CN`` or ``en``), ``large-text`` and
    ``high-contrast`` (value true or false).
    """

    page: int
    action: str
    value: Json = None


class View(Protocol):
    """Whatever shows pages: the window, the debug link. Must not block."""

    def show(self, page: Page) -> None:
        """Show ``page`` in place of the one before; a page with the same number is an update of it."""


def kind(prompt: Prompt) -> str:
    """Return the prompt's kind: its class name in kebab case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(prompt).__name__).lower()


def to_json(value: object) -> Json:
    """Return ``value`` (a page, prompt, answer or part of one) as plain JSON values.

    Prompts carry their ``kind``; bytes become base64.
    """
    if isinstance(value, Prompt):
        return {"kind": kind(value), **_fields(value)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, Mapping):
        return {str(name): to_json(part) for name, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(part) for part in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value


def _fields(value: Any) -> dict[str, Json]:
    return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
