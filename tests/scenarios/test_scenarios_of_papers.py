"""Scenarios of certificates, the guide and how a case stands, on the whole kiosk with a bench."""

from __future__ import annotations

import pytest

from simulators.scenario_file import Scenario
from simulators.stand import Stand
from tests.scenarios.playing import PAPERS, must_go_well, scenarios


@pytest.mark.parametrize("scenario", scenarios(PAPERS), ids=lambda scenario: scenario.name)
def test_scenario(scenario: Scenario, stand: Stand) -> None:
    must_go_well(scenario, stand)
