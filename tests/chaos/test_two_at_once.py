"""Any two scenarios of a service at once: how that ends is not said, what every visit must hold is held.

A handful in the suite; ``script/chaos`` tries more of the some fifteen thousand.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from kiosk.journal import Outcome
from simulators.scenario import Director, perform
from simulators.scenario_file import Expect, Scenario, load_all
from simulators.stand import Stand
from tests.counts import Counted

PAIRS: Final = int(os.environ.get("KIOSK_PAIRS", "3"))
SEED: Final = int(os.environ.get("KIOSK_SEED", "1"))
MISSED: Final = "done"
"""A finding of what was to be done on a page that never came: the other scenario may end the visit before."""

pytestmark = pytest.mark.timeout(400)


def pairs(count: int, seed: int) -> list[tuple[Scenario, Scenario]]:
    """Return ``count`` pairs, each service as often as the others; at most one of a pair cuts the power."""
    chance = random.Random(seed)
    with_trouble = [one for one in load_all() if one.before or one.when or one.failpoint]
    services = sorted({one.citizen.service for one in with_trouble})
    chosen: list[tuple[Scenario, Scenario]] = []
    while len(chosen) < count:
        service = services[len(chosen) % len(services)]
        first, second = chance.sample([one for one in with_trouble if one.citizen.service == service], 2)
        if not (first.failpoint and second.failpoint):
            chosen.append((first, second))
    return chosen


def both(first: Scenario, second: Scenario) -> Scenario:
    """Return the first one's person, with the trouble of both."""
    return replace(
        first,
        name=f"{first.name} and {second.name}",
        before=(*first.before, *second.before),
        when=(*first.when, *second.when),
        failpoint=first.failpoint or second.failpoint,
        expect=Expect(outcome=None),
    )


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with Stand() as stand:
        yield stand


@pytest.mark.parametrize(
    "pair", pairs(PAIRS, SEED), ids=lambda pair: " and ".join(scenario.name for scenario in pair)
)
def test_two_at_once_hold_what_every_visit_must(
    stand: Stand, pair: Sequence[Scenario], counted: Counted
) -> None:
    scenario, cases = both(*pair), set[str]()

    def watch(_: Director, page: dict[str, Any]) -> None:
        cases.add(str(page["prompt"].get("case") or ""))

    director = Director(scenario, stand, watching=watch)
    found = perform(scenario, stand, director)
    wrong = [one.otherwise for one in found if not one.holds and one.what != MISSED]
    report = (stand.link.ask("reports") or [{"outcome": "none"}])[-1]
    escalated = report["outcome"] == Outcome.ESCALATED
    if escalated and report["reason"] != "recovered" and report["case"] not in cases:
        wrong.append(f"escalated, and no page told the case {report['case']}: {director.prompts}")
    if wrong or escalated:
        stand.close()
    counted(f"two at once: {scenario.name}: {report['outcome']}")
    assert wrong == []
