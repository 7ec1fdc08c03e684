"""Scenarios that begin with a card, a face, a finger or a device, on the whole kiosk with a bench."""

from __future__ import annotations

import pytest

from simulators.scenario_file import Scenario
from simulators.stand import Stand
from tests.scenarios.playing import DEVICES, must_go_well, scenarios


@pytest.mark.parametrize("scenario", scenarios(DEVICES), ids=lambda scenario: scenario.name)
def test_scenario(scenario: Scenario, stand: Stand) -> None:
    must_go_well(scenario, stand)
