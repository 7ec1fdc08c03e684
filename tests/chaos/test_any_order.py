"""Person, devices, payment, back office and power in any order on the whole kiosk: the world's truth holds.

One example runs in the suite; ``script/chaos`` tries as many as there is time for, several kiosks side by
side: each waits for its people most of the time.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar, Final

import pytest
import requests
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kiosk.journal import EffectState, Outcome
from kiosk.journal.effects import PRINT_STRIP
from simulators.citizen import Citizen, Plan
from simulators.control_client import Refused
from simulators.hands import DataHands
from simulators.kiosk_link import KioskGone
from simulators.people import load_personas
from simulators.scenario_file import load_all
from tests.counts import Counted
from tests.crash import services, truths
from tests.crash.ground import Ground

EXAMPLES: Final = int(os.environ.get("KIOSK_EXAMPLES", "1"))
SHARES: Final = int(os.environ.get("KIOSK_SHARES", "1"))
"""So many tests, each with a bench of its own, share the examples."""
SEED: Final = int(os.environ.get("KIOSK_SEED", "1"))
"""The first share's; each other's is one more."""
STEPS: Final = 12
QUIET_S: Final = 0.3
"""After this long without news a page stands."""
HOME_S: Final = 90.0
ACTIONS: Final = ("back", "cancel", "help", "ok", "stop", "again", "give-up", "change", "skip", "nonsense")
RESULTS: Final = ("approve", "decline", "cancel", "walk_away", "answer_lost_paid", "answer_lost_unpaid")
ACTS: Final[tuple[dict[str, Any], ...]] = (
    {"act": "place_id_card"},
    {"act": "place_id_card", "persona": "zhou-mei"},
    {"act": "lift_id_card"},
    {"act": "insert_permit"},
    {"act": "insert_permit", "wrong_way_round": True},
    {"act": "pull_permit"},
    {"act": "take_permit"},
    {"act": "clear_jam"},
    {"act": "look", "pose": "left"},
    {"act": "look", "persona": "zhou-mei"},
    {"act": "step_away"},
    {"act": "place_finger"},
    {"act": "lift_finger"},
    {"act": "paper", "state": "out"},
    {"act": "refill_paper"},
)
"""What a person may do at any time, whether the page asks for it or not; what can't be done then isn't."""

SERVED: Final = ("li-wenjing", "chen-haoran")
"""With whom all goes well: they come as often as all the others, who are refused for something."""
PEOPLE: Final = tuple(sorted(name for name, person in load_personas().items() if person.permit))
TROUBLE: Final[tuple[dict[str, Any], ...]] = tuple(
    {"device": step.more["device"], "fault": step.what}
    | {key: value for key, value in step.more.items() if key != "device"}
    for scenario in load_all()
    for step in (*scenario.before, *(step for when in scenario.when for step in when.do))
    if step.kind == "fault" and "device" in step.more
)
"""Every trouble that some scenario knows: of devices, wires and the back office, of services to come too."""

pytestmark = pytest.mark.timeout(1200 + 120 * EXAMPLES)


class AnyOrder(RuleBasedStateMachine):
    """One person at the machine. Whatever happens, in the end all is mended; what is then must be true."""

    ground: ClassVar[Ground]
    told: ClassVar[list[str]] = []

    @initialize(
        who=st.sampled_from((*SERVED * len(PEOPLE), *PEOPLE)),
        way=st.sampled_from(("agree", "another-way")),
        pay_by=st.sampled_from(("payment_terminal", "wechat", "alipay")),
        pays=st.sampled_from(("approve", "approve", *RESULTS)),
        pages=st.sampled_from((2, 8, 12, 14, 16, 18)),
    )
    def arrive(self, who: str, way: str, pay_by: str, pays: str, pages: int) -> None:
        """Come, and go on well for some pages: trouble is to meet every part of a visit."""
        self.ground.ready()
        self.row = services.last_row(self.ground)
        self.plan = Plan(persona=who, way=way, pay_by=pay_by, pay_result=pays)
        self.ground.world.do("persona", name=who)
        self.alive = True
        self._go_on(pages)

    @precondition(lambda self: self.alive)
    @rule(pages=st.integers(1, 3))
    def does_what_the_page_asks(self, pages: int) -> None:
        with self._mortal():
            self._go_on(pages)

    @precondition(lambda self: self.alive)
    @rule(pages=st.integers(4, 12))
    def goes_on_as_if_nothing_were(self, pages: int) -> None:
        self.does_what_the_page_asks(pages)

    @precondition(lambda self: self.alive)
    @rule(action=st.sampled_from(ACTIONS))
    def presses_something_else(self, action: str) -> None:
        with self._mortal():
            page = self.ground.link.ask("shown")
            if page is not None:
                self.ground.link.answer(page["number"], action)

    @rule(act=st.sampled_from(ACTS))
    def does_something_else(self, act: dict[str, Any]) -> None:
        with contextlib.suppress(Refused):
            self.ground.world.do(**act)

    @rule(trouble=st.sampled_from(TROUBLE))
    def something_fails(self, trouble: dict[str, Any]) -> None:
        with contextlib.suppress(Refused):
            self.ground.world.fault(**trouble)

    @rule()
    def all_is_mended(self) -> None:
        self.ground.world.clear_faults()

    @precondition(lambda self: self.alive)
    @rule()
    def the_power_goes(self) -> None:
        self.ground.kill()
        self.ground.died()
        self.alive = False

    @precondition(lambda self: not self.alive)
    @rule()
    def the_power_comes_back(self) -> None:
        self.ground.start()
        self.alive = True

    def teardown(self) -> None:
        if not hasattr(self, "row"):
            return
        self.ground.world.clear_faults()
        for act in ("clear_jam", "refill_paper", "lift_finger"):
            with contextlib.suppress(Refused):
                self.ground.world.do(act)
        self.plan.pay_result = "approve"  # who never pays and tries again for ever never goes home
        if not self.alive:
            self.the_power_comes_back()
        self._go_home()
        wrong = self._what_is_not_true()
        visits = truths.written(self.ground, self.row)
        self.told.extend(str(visit.outcome) for visit in visits)
        if wrong:
            self.ground.renew()
        elif any(visit.outcome is Outcome.ESCALATED for visit in visits):
            self.ground.end()
        assert wrong == []

    # --- inside ----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _mortal(self) -> Iterator[None]:
        """Nothing but a power cut may end the kiosk."""
        try:
            yield
        except KioskGone as gone:
            raise AssertionError(f"the kiosk ended by itself: {gone}") from gone

    def _go_on(self, pages: int, *, begins: bool = True) -> None:
        """Do what the next pages ask; at the first page begin anew if the person ``begins`` again."""
        link = self.ground.link
        citizen = Citizen(link, DataHands(link), self.ground.world, self.plan)
        link.begin_now()
        while pages > 0:
            message = link.next(QUIET_S)
            if message is None:
                break
            page = message.get("page")
            if page is not None:
                if begins or page["prompt"]["kind"] != "attract":
                    citizen.see(page)
                pages -= 1

    def _go_home(self) -> None:
        """Take the visit to its end; at the first page nothing is begun any more."""
        deadline_s = time.monotonic() + HOME_S
        with self._mortal():
            while (page := self.ground.link.ask("shown")) is None or page["prompt"]["kind"] != "attract":
                assert time.monotonic() < deadline_s, f"the visit does not end: {page}"
                self._go_on(1, begins=False)
        with contextlib.suppress(Refused):
            # Who pushed a permit into a machine that did not ask for it pulls it out again.
            self.ground.world.do("take_permit")

    def _what_is_not_true(self) -> list[str]:
        deadline_s = time.monotonic() + truths.PATIENCE_S
        while True:
            try:
                found = list(self._false())
            except requests.RequestException as error:
                found = [f"the back office did not say: {error}"]  # a connection cut by a trouble before
            if not found or time.monotonic() > deadline_s:
                return found
            time.sleep(0.2)

    def _false(self) -> Iterator[str]:
        visits = truths.written(self.ground, self.row)
        yield from services.wrong_of(self.ground, visits)
        strips = len(self.ground.world.printed()["strips"])
        failed = sum(len(visit.every(PRINT_STRIP, EffectState.FAILED)) for visit in visits)
        if strips > len(visits) + failed:
            yield f"{strips} strips in {len(visits)} visits, {failed} known to have failed"
        for visit in visits:
            yield from truths.back_office(self.ground, visit)


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with Ground() as ground:
        yield ground


@pytest.mark.parametrize("share", range(SHARES))
def test_whatever_happens_the_worlds_truth_holds(ground: Ground, share: int, counted: Counted) -> None:
    AnyOrder.ground, AnyOrder.told = ground, []
    seed(SEED + share)(AnyOrder)
    examples = len(range(share, EXAMPLES, SHARES))
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            phases=(Phase.explicit, Phase.generate),  # a step takes seconds: shrinking would take hours
            suppress_health_check=list(HealthCheck),
        ),
    )
    outcomes = dict(sorted(Counter(AnyOrder.told).items()))
    counted(f"any order: {examples} examples of up to {STEPS} steps, {len(AnyOrder.told)} visits, {outcomes}")
