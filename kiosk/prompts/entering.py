"""Entering: digits, letters, or what is written with a finger. Nothing of it leaves the window before."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.prompts.parts import Action, Prompt
from kiosk.texts import Text


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
    confirm: Text | None = None
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Sign(Prompt):
    """Write with a finger on a large field. What is written never leaves the window before.

    Answer ``sign``, value as ``kiosk.signature`` reads it: ``width`` and ``height`` of the field and
    ``strokes`` of points (x, y, milliseconds), lengths in tenths of a millimetre; or any of ``actions``.
    """

    actions: tuple[Action, ...] = ()
