"""Scenarios of paying, waiting, leaving, power cuts and the back office, on the whole kiosk with a bench."""

from __future__ import annotations

import pytest

from simulators.scenario_file import Scenario
from simulators.stand import Stand
from tests.scenarios.playing import VISITS, must_go_well, scenarios


@pytest.mark.parametrize("scenario", scenarios(VISITS), ids=lambda scenario: scenario.name)
def test_scenario(scenario: Scenario, stand: Stand) -> None:
    must_go_well(scenario, stand)
