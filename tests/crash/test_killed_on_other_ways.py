"""The kiosk is killed behind commits and acts of paying by code, and of visits that fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tests.crash.ground import Ground
from tests.crash.routes import ARMS, CODE, TERMINAL, Route
from tests.crash.sweep import Death, die, own_points, points_of

SHARE = 7
"""Every seventh point in the suite; all of them by ``script/kills --all``."""
Well = Callable[[str, Sequence[Death]], None]

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def known(ground: Ground) -> list[str]:
    """The points of the way that goes well at the terminal; before they part, the others die there too."""
    return points_of(ground, TERMINAL)


def test_killed_behind_commits_while_paying_by_code(ground: Ground, well: Well, known: list[str]) -> None:
    """From the order to the first act on the permit; beyond that ``script/kills --all`` goes."""
    points = points_of(ground, CODE)
    assert points == known
    first = points.index("journal.effect-intended.take-money.before:1")
    last = points.index("journal.effect-intended.write-chip.after:1")
    well("code", [die(ground, CODE, point) for point in committed(points[first : last + 1])])


@pytest.mark.parametrize("route", ARMS, ids=lambda route: route.name)
def test_killed_behind_commits_of_its_own(ground: Ground, well: Well, known: list[str], route: Route) -> None:
    points = own_points(points_of(ground, route), known)
    assert len(points) > 7
    well(route.name, [die(ground, route, point) for point in committed(points)])


def committed(points: Sequence[str]) -> list[str]:
    """Keep the suite's share of the points behind a commit or an act."""
    return [point for point in points if ".after:" in point][::SHARE]
