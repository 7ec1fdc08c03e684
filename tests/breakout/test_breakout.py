"""No way out of the window: a small siege; ``python -m tests.breakout`` sends a million events."""

from __future__ import annotations

from tests.breakout.__main__ import PANEL
from tests.breakout.siege import besiege
from tests.screens.harness import display

EVENTS = 3_000


def test_a_storm_of_keys_and_fingers_changes_nothing() -> None:
    with display(PANEL):
        outcome = besiege(EVENTS, seed=7)
    print(f"{outcome.events} events, pages {dict(outcome.pages)}")
    assert outcome.events >= EVENTS
    assert outcome.wrong == []
