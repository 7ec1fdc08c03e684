"""Choosing: one of a list, some of it, or one of five levels."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.prompts.parts import Action, Option, Prompt
from kiosk.texts import Text


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
class Rate(Prompt):
    """Service rating (好差评): five levels, no default. Answer ``rate``, value 1..5, or ``skip``."""

    levels: tuple[Option, ...] = ()
    skip: Action | None = None
