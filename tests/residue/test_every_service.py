"""After a visit of each service, with the window as it stands in a hall, nothing of the person is left."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from kiosk.services import all_services
from screens.panel import Panel
from simulators.citizen import Citizen
from simulators.hands import DataHands
from simulators.people import load_personas
from simulators.scenario import Director
from simulators.stand import Stand
from tests.crash.services import FIRST, goes_well
from tests.residue import marks, search
from tests.residue.place import CLEAN_S, THE_WORLDS
from tests.screens.harness import display

pytestmark = [pytest.mark.screen, pytest.mark.timeout(400)]

SERVICES: Final = tuple(all_services()) if os.environ.get("KIOSK_RESIDUE") == "all" else (FIRST,)
"""In the suite the one with most of the person's data."""
LAST_WORDS: Final = "rate"
"""The page on which everything has been done and the person still stands there."""


@pytest.fixture(scope="module")
def temp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kiosk-temp")


@pytest.fixture(scope="module")
def stand(temp: Path) -> Iterator[Stand]:
    with display(Panel()), Stand(headless=False, environment={"TMPDIR": str(temp)}) as stand:
        yield stand


@pytest.mark.parametrize("service", SERVICES)
def test_a_second_after_the_visit_nothing_is_left(stand: Stand, temp: Path, service: str) -> None:
    scenario = goes_well(service)
    stand.prepare()
    stand.world.do("persona", name=scenario.citizen.persona)
    person = load_personas()[scenario.citizen.persona]
    finder = search.Finder(marks.of(person, stand.links["camera"].partition("?")[0]))
    seen: list[Counter[str]] = []

    def watch(page: dict[str, Any]) -> None:
        if page["prompt"]["name"] == LAST_WORDS:
            seen.append(search.in_memory(stand.kiosk.pid, finder))

    citizen = Citizen(
        stand.link,
        DataHands(stand.link),
        stand.world,
        scenario.citizen,
        watcher=watch,
        director=Director(scenario, stand),
    )
    assert citizen.visit(timeout_s=90)["outcome"] == scenario.expect.outcome
    time.sleep(CLEAN_S)
    left = search.in_memory(stand.kiosk.pid, finder)
    assert {"name", "id-number"} <= set(seen[0]), "the search sees who is there"
    assert (search.in_files([stand.state, temp], finder, THE_WORLDS), left) == ({}, Counter())
