"""The kiosk is killed in every state of a visit paid at the terminal, in recovery too, and at random."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from tests.counts import Counted
from tests.crash.ground import Ground
from tests.crash.routes import TERMINAL
from tests.crash.sweep import Death, die, points_of, random_death, recovery_points, telling

Well = Callable[[str, Sequence[Death]], None]
WORST = "act.submit-endorsement.after:1"
"""Paid and approved, and nothing of it in the journal: from here recovery has the most to do."""

RANDOM = 3
SHARE = 2
"""Every second commit of recovery in the suite; all of them by ``script/kills --all``."""

pytestmark = pytest.mark.timeout(900)


def test_killed_in_every_state(ground: Ground, well: Well) -> None:
    """At each failpoint where the journal or the world is another; ``script/kills --all`` goes to all."""
    points = telling(points_of(ground, TERMINAL))
    assert len(points) > 30
    well("terminal", [die(ground, TERMINAL, point) for point in points])


def test_killed_again_at_each_commit_of_recovery(ground: Ground, well: Well) -> None:
    points = [point for point in recovery_points(ground, TERMINAL, WORST) if ".after:" in point]
    assert len(points) > 10
    deaths = [die(ground, TERMINAL, WORST, point) for point in points[::SHARE]]
    assert max(death.starts for death in deaths) <= 3
    well("killed again", deaths)


def test_power_cut_at_any_moment(ground: Ground, counted: Counted) -> None:
    """A share of ``script/kills --count 5000``. One that comes before or after the visit is judged too."""
    chance = random.Random(20)
    deaths = [random_death(ground, chance) for _ in range(RANDOM)]
    died = sum(death.starts > 0 for death in deaths)
    counted(f"at random: {len(deaths)} cuts, {died} deaths, most starts {max(d.starts for d in deaths)}")
    assert not [str(death) for death in deaths if death.wrong]
    assert max(death.starts for death in deaths) <= 3
    assert died >= RANDOM // 2
