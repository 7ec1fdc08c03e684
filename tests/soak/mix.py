"""Who comes during a soak: by a seed, people of every kind, and one in four with a scenario's trouble."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

from simulators import judge
from simulators.citizen import Plan
from simulators.people import load_personas
from simulators.scenario_file import Expect, Scenario, load_all

TROUBLED: Final = 0.25
"""Share of the visits that are played as a scenario file says."""
GOES_AWAY: Final = 0.2
"""Share of the others that cancel somewhere."""
FORGETS: Final = 0.03
PAGES: Final = ("leaflet", "consent-face", "place-id-card", "insert-permit", "check-data", "check-answers")
RESULTS: Final = ("approve", "approve", "approve", "approve", "decline", "cancel")
CHANNELS: Final = ("payment_terminal", "payment_terminal", "wechat", "alipay")


def visitors(seed: int) -> Iterator[Scenario]:
    """Yield visit after visit, for ever. How one ends is not said: only that it must be in order."""
    chance = random.Random(seed)
    played = [one for one in load_all() if _goes_on(one)]
    services = sorted({one.citizen.service for one in played})
    people = sorted(load_personas())
    while True:
        if chance.random() < TROUBLED:
            yield chance.choice(played)
        else:
            yield _plain(chance, chance.choice(services), chance.choice(people))


def _plain(chance: random.Random, service: str, persona: str) -> Scenario:
    answers: dict[str, tuple[str, Any]] = {}
    if chance.random() < GOES_AWAY:
        answers[chance.choice(PAGES)] = ("cancel", None)
    result = chance.choice(RESULTS)
    if result != "approve":
        answers["payment-not-made"] = ("give-up", None)  # this card or phone will not pay today
    plan = Plan(
        persona=persona,
        service=service,
        language=chance.choice(("zh-CN", "en")),
        way=chance.choice(("agree", "another-way")),
        pay_by=chance.choice(CHANNELS),
        pay_result=result,
        rating=chance.choice((5, 3, None)),
        answers=answers,
        forgets_permit=chance.random() < FORGETS,
    )
    title = f"{service}: {persona} by {plan.pay_by}, {plan.pay_result}"
    return Scenario("plain", title, plan, (), (), "", Expect(outcome=""))


def _goes_on(scenario: Scenario) -> bool:
    """Tell whether the same process serves the next one too: no power cut, no question left to staff."""
    steps = [*scenario.before, *(step for when in scenario.when for step in when.do)]
    cut = bool(scenario.failpoint) or any(step.kind == "power" for step in steps)
    return not cut and judge.may_go_on(scenario)
