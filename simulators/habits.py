"""Habits: what the scripted citizen does at a prompt whose kind alone does not say it.

One line a prompt's name. A habit acts on the world through ``Person``; what is not possible now is
simply not done, as by a real person.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from simulators.control_client import Refused, World

LIFTED_S: Final = 0.4
"""How long the card is away: longer than the pause between two questions of the reader."""
FINGER_OFF_S: Final = 0.3


class Person(Protocol):
    """As much of the citizen as a habit needs."""

    @property
    def world(self) -> World: ...

    def attempt(self, act: str, **arguments: Any) -> None:
        """Do an act if the world lets it."""
        ...


Habit = Callable[[Person, Mapping[str, Any]], None]
"""What to do; the second argument is the prompt as data."""


def _place_id_card(person: Person, prompt: Mapping[str, Any]) -> None:
    if prompt.get("trouble"):
        person.attempt("lift_id_card")
        time.sleep(LIFTED_S)
    person.attempt("place_id_card")


def _take_id_card(person: Person, prompt: Mapping[str, Any]) -> None:
    person.attempt("lift_id_card")


def _insert_permit(person: Person, prompt: Mapping[str, Any]) -> None:
    person.attempt("lift_id_card")
    person.attempt("insert_permit")


def _place_finger(person: Person, prompt: Mapping[str, Any]) -> None:
    person.attempt("lift_finger")
    time.sleep(FINGER_OFF_S)
    person.attempt("place_finger")


def taking(act: str) -> Habit:
    """Return the habit of taking something as soon as it lies in its slot."""

    def take(person: Person, prompt: Mapping[str, Any]) -> None:
        deadline_s = time.monotonic() + 10
        while time.monotonic() < deadline_s:
            try:
                person.world.do(act)
                return
            except Refused:
                time.sleep(0.02)  # still on its way to the slot

    return take


SIGNATURE: Final[Mapping[str, Any]] = {
    "width": 2000,
    "height": 1000,
    "strokes": [
        [[300, 250, 0], [500, 200, 80], [700, 180, 160]],
        [[500, 120, 400], [490, 400, 520], [450, 700, 640], [380, 800, 720]],
        [[900, 300, 1000], [1100, 280, 1080], [1300, 320, 1160], [1200, 500, 1240], [1000, 620, 1320]],
        [[950, 700, 1600], [1250, 680, 1700], [1600, 640, 1800]],
    ],
}
"""How everybody of the bench signs: the value of a ``Sign`` prompt's answer."""


def records_to_choose(prompt: Mapping[str, Any]) -> list[str]:
    """Return the records of a list that can be chosen together: as many as the points allow, from the top."""
    wanted, points = [], int(prompt["points"])
    for option in prompt["options"]:
        if option["refused"] is None and points + option["points"] <= prompt["most_points"]:
            wanted.append(option["value"])
            points += option["points"]
        elif option["refused"] is None and not option["points"]:
            wanted.append(option["value"])
    return wanted


AT_A_PLACE: Final[Mapping[str, Habit]] = {
    "place-id-card": _place_id_card,
    "take-id-card": _take_id_card,
    "insert-permit": _insert_permit,
    "place-finger": _place_finger,
}
"""By the name of a prompt that asks to do something at the cabinet."""

TAKING: Final[Mapping[str, Habit]] = {
    "take-permit": taking("take_permit"),
    "take-receipt": taking("take_receipt"),
    "take-documents": taking("take_document"),
    "take-document": taking("take_any_card"),
}
"""By the name of a prompt that asks to take something."""
