"""Each service left at each page, and killed at each: nothing of the person is left, nobody else was told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest

from kiosk.journal import Outcome
from kiosk.services import all_services
from simulators.scenario import Director
from simulators.scenario_file import Scenario
from tests.counts import Counted
from tests.crash.ground import Ground
from tests.crash.routes import Route
from tests.crash.services import goes_well
from tests.residue.place import NOTHING, OFFICE, Place

ALL: Final = os.environ.get("KIOSK_RESIDUE") == "all"
SERVICES: Final = tuple(all_services()) if ALL else ("certificates",)
"""In the suite the one that asks least of the machine; the endorsement's ways are in ``test_residue``."""
BEFORE: Final = ("attract", "home")

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    temp = tmp_path_factory.mktemp("kiosk-temp")
    with Ground({"TMPDIR": str(temp)}) as ground:
        yield Place(ground, temp)


@pytest.mark.parametrize("service", SERVICES)
def test_left_or_killed_at_a_page_nothing_stays_behind(place: Place, service: str, counted: Counted) -> None:
    scenario = goes_well(service)
    place.expect(scenario.citizen.persona)
    pages = _played_whole(place, scenario)
    leaving = [name for name, can_cancel in pages.items() if can_cancel]
    left = leaving if ALL else leaving[-1:]
    killed = list(pages) if ALL else list(pages)[len(pages) * 2 // 3 :][:1]
    for name in left:
        _leave(place, scenario, name)
    for name in killed:
        _kill(place, scenario, name)
    counted(
        f"residue, {service}: whole, left at {len(left)} of {len(leaving)}, killed at {len(killed)} pages"
    )


def _played_whole(place: Place, scenario: Scenario) -> dict[str, bool]:
    """Play it to its end; returns the pages of the visit, and whether one can leave there."""
    pages: dict[str, bool] = {}

    def watch(page: dict[str, Any]) -> None:
        pages.setdefault(page["prompt"]["name"], page["can_cancel"])

    report, out = place.visit(_route(scenario), watch, _director(place, scenario))
    assert report is not None
    assert report["outcome"] == scenario.expect.outcome
    assert "id-number" in out.found[OFFICE]
    assert (out.astray, place.left()) == ({}, NOTHING)
    return {name: can_cancel for name, can_cancel in pages.items() if name not in BEFORE}


def _leave(place: Place, scenario: Scenario, page: str) -> None:
    place.ground.ready()
    answers = {**scenario.citizen.answers, page: ("cancel", None)}
    route = _route(replace(scenario, citizen=replace(scenario.citizen, answers=answers)))
    report, out = place.visit(route, None, _director(place, scenario, but_at=page))
    assert report is not None, page
    assert report["reason"] == "cancelled", page
    assert (page, out.astray, place.left()) == (page, {}, NOTHING)


def _kill(place: Place, scenario: Scenario, page: str) -> None:
    place.ground.ready()

    def watch(shown: dict[str, Any]) -> None:
        if shown["prompt"]["name"] == page:
            place.ground.kill()

    report, out = place.visit(_route(scenario), watch, _director(place, scenario))
    assert (page, report, out.astray, place.files()) == (page, None, {}, {})
    place.ground.recover(_route(scenario))
    assert (page, place.left()) == (page, NOTHING)


def _route(scenario: Scenario) -> Route:
    return Route(scenario.name, scenario.citizen, Outcome.DELIVERED)


def _director(place: Place, scenario: Scenario, but_at: str = "") -> Director:
    """Return who does what the scenario says, ``but_at`` the page on which the person leaves."""
    stage: Any = place.ground  # a director needs the world and the link, and a ground has them
    when = tuple(one for one in scenario.when if not but_at or one.prompt != but_at)
    return Director(replace(scenario, when=when), stage)
