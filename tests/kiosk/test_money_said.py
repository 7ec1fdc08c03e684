"""The last page of a visit that was paid for and not delivered says what became of which money."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kiosk.journal.effects import TAKE_MONEY
from kiosk.journal.records import Effect, EffectState, Intent, VisitRecord
from kiosk.visit_end import of_the_money

S = EffectState


def visit_with(*states: EffectState) -> VisitRecord:
    """Return a visit whose payments (10, 20, … fen) are in these states."""
    takes = tuple(
        Effect(Intent("v1", TAKE_MONEY, f"o{number}", number), state, {"amount_fen": 10 << number}, {})
        for number, state in enumerate(states)
    )
    return VisitRecord("v1", "endorsement", "C1", datetime(2026, 3, 1, tzinfo=UTC), None, "", (), takes)


@pytest.mark.parametrize(
    ("states", "refunded", "key", "fen"),
    [
        ((S.DONE,), False, "closed.escalated.body", 10),
        ((S.UNKNOWN,), False, "closed.escalated.unsure", 10),
        ((S.FAILED, S.UNKNOWN), False, "closed.escalated.unsure", 20),
        ((S.UNKNOWN, S.DONE), False, "closed.escalated.body", 20),
        ((S.COMPENSATED, S.DONE), False, "closed.escalated.body", 20),
        ((S.COMPENSATED,), False, "closed.escalated.given-back", 10),
        ((S.FAILED, S.COMPENSATED), True, "closed.refunded.body", 20),
        ((S.UNKNOWN, S.COMPENSATED), True, "closed.refunded.body", 20),
        ((S.FAILED,), False, "closed.escalated.nothing-paid", None),
        ((), False, "closed.escalated.nothing-paid", None),
    ],
)
def test_the_sum_is_that_which_is_at_stake(
    states: tuple[EffectState, ...], refunded: bool, key: str, fen: int | None
) -> None:
    said = of_the_money(visit_with(*states), refunded=refunded, hotline="12345")
    assert (said.key, said.args.get("amount")) == (key, fen)
