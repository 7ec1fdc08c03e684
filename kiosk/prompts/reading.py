"""Reading: a notice, pictures, data to check, a list that is ticked off."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kiosk.prompts.parts import Action, Prompt, Row
from kiosk.texts import Text


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
