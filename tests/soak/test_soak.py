"""A small share of the soak: what is counted one by one does not grow at all. ``script/soak`` does it all."""

from __future__ import annotations

import pytest

from tests.counts import Counted
from tests.soak.gauges import LIMITS, Reading, slopes
from tests.soak.run import soak

VISITS = 6
SETTLED = 3
"""Visits after which threads and connections that come when first needed are there."""


@pytest.mark.timeout(300)
def test_nothing_is_held_longer_than_a_visit(counted: Counted) -> None:
    found = soak(lambda found: found.visits < VISITS, seed=5, every=SETTLED)
    assert found.wrong == []
    assert found.restarts == 0
    _, settled, *_, last = (*found.readings[:1], *found.readings)
    counted(f"soak: {found.visits} visits, {dict(found.outcomes)}, {last}")
    assert last.visits == VISITS
    assert (last.processes, last.temp_files, last.tasks) == (settled.processes, 0, settled.tasks)
    assert last.descriptors <= settled.descriptors + 2
    assert last.threads <= settled.threads + 2


@pytest.mark.parametrize(("visits", "descriptors"), [(2000, 100), (1000, 60), (500, 30)])
def test_growth_is_that_of_a_thousand_visits_or_of_those_after_the_warm_up(
    visits: int, descriptors: int
) -> None:
    def reading(visits: int) -> Reading:
        warm = max(0, 200 - visits)  # falls quickly at first, then one in ten visits
        return Reading(visits, 300 - warm, 250, 40 + visits // 10, 20, 2, 0, 5, 12, 1000)

    grown = slopes([reading(at) for at in range(0, visits + 1, 50)])
    assert grown["descriptors"] == pytest.approx(descriptors, rel=0.02)
    assert abs(grown["kiosk_mb"]) < 1e-6
    assert set(grown) == set(LIMITS)
