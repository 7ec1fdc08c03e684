"""Each service beside the first is killed behind commits and acts of a visit that goes well."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from kiosk.services import all_services
from simulators.scenario_file import Scenario
from tests.crash import services
from tests.crash.ground import Ground
from tests.crash.sweep import Death

Well = Callable[[str, Sequence[Death]], None]
SHARE = 6
"""Every sixth point in the suite; all of them by ``script/kills --all``."""

pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize(("name", "scenario"), services.ways().items(), ids=lambda value: str(value)[:20])
def test_killed_behind_commits(ground: Ground, well: Well, name: str, scenario: Scenario | None) -> None:
    if scenario is None:
        pytest.skip(f"{name} has no scenario that goes well yet")
    points, papers = services.points_of(ground, scenario)
    behind = [point for point in points if ".after:" in point]
    # What only tells commits no more than its beginning, the rating and its end.
    assert len(behind) > (5 if all_services()[name].effects else 2)
    well(name, [services.die(ground, scenario, point, papers) for point in behind[::SHARE]])
