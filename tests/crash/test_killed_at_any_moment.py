"""The core of a kiosk is killed two hundred times at any moment: whatever it was doing, all ends well."""

from __future__ import annotations

import pytest

from kiosk.journal import Outcome
from tests.crash import lives

KILLS = 200

pytestmark = pytest.mark.timeout(900)


def test_two_hundred_kills_at_any_moment(capsys: pytest.CaptureFixture[str]) -> None:
    told = lives.kill(KILLS, seed=20)
    with capsys.disabled():
        print(f"\nat random, the core alone: {told}")
    assert told.wrong == []
    assert told.kills == KILLS
    # Kills that strike nothing would prove nothing: visits were cut short, others came to each end.
    assert told.recovered > KILLS // 8
    assert {Outcome.DELIVERED, Outcome.REFUNDED, Outcome.ESCALATED, Outcome.CANCELLED} <= set(told.outcomes)
