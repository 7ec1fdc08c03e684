"""The core of a kiosk is killed two hundred times at any moment: whatever it was doing, all ends well."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kiosk.journal import Outcome
from tests.counts import Counted
from tests.crash import lives
from tests.crash.hall import Hall
from tests.crash.outside import Person

KILLS = 200

pytestmark = pytest.mark.timeout(900)


class OneVisit(Hall):
    """A hall to which one person comes; then it closes."""

    def __init__(self, person: Person) -> None:
        super().__init__(random.Random(1))
        self._coming: list[Person] = [person]

    def next_person(self) -> Person | None:
        if not self._coming:
            return None
        self.person, self.person_ended = self._coming.pop(), False
        return self.person


@pytest.mark.parametrize(
    ("person", "outcome", "issued"),
    [
        (Person(), Outcome.DELIVERED, [True]),
        (Person("wechat"), Outcome.DELIVERED, [True]),
        (Person(pays=False), Outcome.CANCELLED, []),
        (Person(breaks="chip"), Outcome.REFUNDED, [False]),
        (Person(breaks="strip"), Outcome.ESCALATED, [False]),
        (Person(breaks="look"), Outcome.ESCALATED, [False]),
        (Person(takes=False), Outcome.ESCALATED, [True]),
        (Person(takes=False, at_last=True), Outcome.DELIVERED, [True]),
    ],
    ids=str,
)
def test_each_person_is_served_to_the_end_when_nobody_dies(
    tmp_path: Path, person: Person, outcome: Outcome, issued: list[bool]
) -> None:
    hall = OneVisit(person)
    lives.live(hall, tmp_path, None)
    assert (hall.wrong, hall.orphans()) == ([], [])
    assert dict(hall.judged) == {outcome: 1}
    assert list(hall.office.outcomes.values()) == ([issued] if issued else [])


def test_two_hundred_kills_at_any_moment(counted: Counted) -> None:
    told = lives.kill(KILLS, seed=20)
    counted(f"at random, the core alone: {told}")
    assert told.wrong == []
    assert told.kills == KILLS
    # Kills that strike nothing would prove nothing: visits were cut short, others came to each end.
    assert told.recovered > KILLS // 8
    assert {Outcome.DELIVERED, Outcome.REFUNDED, Outcome.ESCALATED, Outcome.CANCELLED} <= set(told.outcomes)
