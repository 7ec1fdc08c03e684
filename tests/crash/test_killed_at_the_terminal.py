"""The kiosk is killed at every failpoint of a visit paid at the terminal, in recovery too, and at random."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from tests.crash.ground import Ground
from tests.crash.routes import TERMINAL
from tests.crash.sweep import Death, die, points_of, random_death, recovery_points

Well = Callable[[str, Sequence[Death]], None]
WORST = "act.submit-endorsement.after:1"
"""Paid and approved, and nothing of it in the journal: from here recovery has the most to do."""

pytestmark = pytest.mark.timeout(900)


def test_killed_at_every_point(ground: Ground, well: Well) -> None:
    points = points_of(ground, TERMINAL)
    assert len(points) > 50
    well("terminal", [die(ground, TERMINAL, point) for point in points])


def test_killed_again_at_each_commit_of_recovery(ground: Ground, well: Well) -> None:
    points = [point for point in recovery_points(ground, TERMINAL, WORST) if ".after:" in point]
    assert len(points) > 10
    deaths = [die(ground, TERMINAL, WORST, point) for point in points]
    assert max(death.starts for death in deaths) <= 3
    well("killed again", deaths)


def test_power_cut_at_any_moment(ground: Ground, well: Well) -> None:
    chance = random.Random(20)
    deaths = [random_death(ground, chance) for _ in range(10)]
    # A cut that came before or after the visit (no start was needed) has nothing to be judged.
    assert not [str(death) for death in deaths if death.starts and death.wrong]
    assert len([death for death in deaths if death.starts]) >= 5
