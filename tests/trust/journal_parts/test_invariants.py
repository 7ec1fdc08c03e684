"""The oracle of all the other tests: each invariant says what breaks it, and nothing of what doesn't."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from kiosk.journal import Effect, EffectState, Event, Intent, Outcome, VisitRecord, blocked
from kiosk.journal.effects import (
    GIVE_BACK_PERMIT,
    PRINT_RECEIPT,
    PRINT_STRIP,
    REFUND_MONEY,
    RETRACT_PERMIT,
    TAKE_MONEY,
    TAKE_PERMIT,
    WRITE_CHIP,
)
from kiosk.journal.invariants import invariants, recent_invariants
from kiosk.journal.records import ChainReport, Head

pytestmark = pytest.mark.anyio

DONE, FAILED, UNKNOWN = EffectState.DONE, EffectState.FAILED, EffectState.UNKNOWN
COMPENSATED, INTENDED = EffectState.COMPENSATED, EffectState.INTENDED
NAMES = (
    "money_settled",
    "effects_once",
    "refunds_within_payments",
    "intent_before_effect",
    "custody_returned",
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def effect(kind: str, state: EffectState, key: str = "k", **more: Any) -> Effect:
    after = {"refunded_fen": more.pop("refunded_fen")} if "refunded_fen" in more else {}
    return Effect(Intent("v", kind, key, 1), state, more, after)


def paid(state: EffectState, order: str = "O1", fen: int = 100) -> Effect:
    return effect(TAKE_MONEY, state, order, channel="wechat", amount_fen=fen)


def refund(state: EffectState, order: str = "O1", fen: int = 100, key: str = "") -> Effect:
    more = {"refunded_fen": fen} if state is DONE else {}
    return effect(
        REFUND_MONEY, state, key or f"{order}R1", order_no=order, channel="wechat", amount_fen=fen, **more
    )


def event(kind: str, number: int = 1, **body: Any) -> Event:
    return Event(number, "v", number, kind, body, "2026-11-01T00:00:00.000Z", 0, b"", b"")


def visit(
    outcome: Outcome | None,
    effects: Sequence[Effect] = (),
    events: Sequence[Event] = (),
    case_no: str = "C1",
) -> VisitRecord:
    opened = datetime(2026, 11, 1, tzinfo=UTC)
    return VisitRecord("v", "endorsement", case_no, opened, outcome, "", tuple(events), tuple(effects))


async def broken(*records: VisitRecord, report: ChainReport | None = None) -> dict[str, str]:
    """Return what the invariants complain of, by name."""

    class Journal(SimpleNamespace):
        async def visits(self, newest: int) -> Sequence[VisitRecord]:
            return records[:newest]

        async def verify(self, expect: Head | None) -> ChainReport:
            return report or ChainReport(1, Head(1, b""), ())

        async def verify_newest(self) -> ChainReport:
            return await self.verify(None)

    journal: Any = Journal()
    verdicts = await invariants(journal)
    assert verdicts == await recent_invariants(journal)
    assert set(verdicts) == {*NAMES, "chain_whole"}
    assert all(verdict is True or isinstance(verdict, str) for verdict in verdicts.values())
    return {name: str(verdict) for name, verdict in verdicts.items() if verdict is not True}


DELIVERED, REFUNDED, ESCALATED = event("delivered"), Outcome.REFUNDED, event("escalated")


@pytest.mark.parametrize(
    ("record", "name", "wrong"),
    [
        (
            visit(Outcome.CANCELLED, events=[DELIVERED]),
            "money_settled",
            "delivered, but it ended as cancelled",
        ),
        (
            visit(Outcome.ESCALATED, events=[ESCALATED], case_no=""),
            "money_settled",
            "escalated without a case number",
        ),
        (visit(Outcome.ESCALATED), "money_settled", "ended as escalated, but nobody was told"),
        (
            visit(Outcome.DELIVERED, [paid(DONE, "O1"), paid(DONE, "O2")], [DELIVERED]),
            "money_settled",
            "2 payments were kept",
        ),
        (
            visit(Outcome.CANCELLED, [paid(DONE)]),
            "money_settled",
            "order O1 is paid, not delivered, not refunded, not escalated",
        ),
        (
            visit(Outcome.CANCELLED, [paid(DONE), refund(DONE)]),
            "money_settled",
            "order O1 is paid, not delivered, not refunded, not escalated",
        ),
        (
            visit(Outcome.DELIVERED, [paid(COMPENSATED)], [DELIVERED]),
            "money_settled",
            "delivered, and the money went back",
        ),
        (
            visit(REFUNDED, [paid(DONE)], [ESCALATED]),
            "money_settled",
            "ended as refunded, but the money did not go back",
        ),
        (visit(REFUNDED), "money_settled", "ended as refunded, but the money did not go back"),
        (
            visit(
                Outcome.DELIVERED,
                [effect(PRINT_STRIP, DONE, "a"), effect(PRINT_STRIP, DONE, "b")],
                [DELIVERED],
            ),
            "effects_once",
            f"{PRINT_STRIP} happened 2 times",
        ),
        (
            visit(
                Outcome.DELIVERED,
                [effect(WRITE_CHIP, COMPENSATED, "a"), effect(WRITE_CHIP, DONE, "b")],
                [DELIVERED],
            ),
            "effects_once",
            f"{WRITE_CHIP} happened 2 times",
        ),
        (
            visit(REFUNDED, [paid(COMPENSATED), refund(DONE, fen=50), refund(DONE, fen=50, key="R2")]),
            "effects_once",
            "order O1 was refunded 2 times",
        ),
        (
            visit(REFUNDED, [paid(COMPENSATED), refund(DONE, fen=101)]),
            "refunds_within_payments",
            "order O1: 1 fen more went back than came in",
        ),
        (
            visit(Outcome.CANCELLED, [refund(DONE, "O9", fen=1)]),
            "refunds_within_payments",
            "order O9: 1 fen more went back than came in",
        ),
        (
            visit(Outcome.CANCELLED, [paid(FAILED), refund(DONE)]),
            "refunds_within_payments",
            "order O1: 100 fen more went back than came in",
        ),
        (
            visit(Outcome.CANCELLED, events=[event("effect-concluded", 4, effect="take-money", key="O1")]),
            "intent_before_effect",
            "event 4 concludes take-money O1, which nobody intended",
        ),
        (
            visit(
                Outcome.CANCELLED,
                events=[
                    event("effect-concluded", 4, effect="take-money", key="O1"),
                    event("effect-intended", 5, effect="take-money", key="O1"),
                ],
            ),
            "intent_before_effect",
            "event 4 concludes take-money O1, which nobody intended",
        ),
        (
            visit(
                Outcome.CANCELLED,
                events=[
                    event("effect-intended", 3, effect="take-money", key="O2"),
                    event("effect-concluded", 4, effect="take-money", key="O1"),
                ],
            ),
            "intent_before_effect",
            "event 4 concludes take-money O1, which nobody intended",
        ),
        (
            visit(Outcome.CANCELLED, [effect(PRINT_RECEIPT, INTENDED, "p")]),
            "intent_before_effect",
            f"{PRINT_RECEIPT} p was never concluded",
        ),
        (
            visit(Outcome.CANCELLED, [effect(TAKE_PERMIT, DONE)]),
            "custody_returned",
            "the permit is still inside",
        ),
        (
            visit(Outcome.CANCELLED, [effect(TAKE_PERMIT, DONE), effect(GIVE_BACK_PERMIT, FAILED)]),
            "custody_returned",
            "the permit is still inside",
        ),
    ],
)
async def test_what_breaks_one_is_said_of_that_one_alone(record: VisitRecord, name: str, wrong: str) -> None:
    assert await broken(record) == {name: f"visit v: {wrong}"}
    assert await broken(visit(Outcome.CANCELLED), record) == {name: f"visit v: {wrong}"}, "whichever it is"


KEPT = [paid(DONE), effect(TAKE_PERMIT, DONE), effect(GIVE_BACK_PERMIT, DONE)]


@pytest.mark.parametrize(
    "record",
    [
        visit(Outcome.DELIVERED, [*KEPT, effect(PRINT_STRIP, DONE), effect(WRITE_CHIP, DONE)], [DELIVERED]),
        visit(Outcome.ESCALATED, KEPT, [DELIVERED, ESCALATED]),
        visit(Outcome.ESCALATED, [paid(DONE, "O1"), paid(DONE, "O2")], [ESCALATED]),
        visit(Outcome.ESCALATED, [effect(TAKE_PERMIT, DONE)], [ESCALATED]),
        visit(Outcome.CANCELLED, [effect(TAKE_PERMIT, DONE), effect(RETRACT_PERMIT, DONE)]),
        visit(REFUNDED, [paid(COMPENSATED), refund(DONE)]),
        visit(REFUNDED, [paid(COMPENSATED), refund(FAILED), refund(DONE, key="R2")]),
        visit(Outcome.CANCELLED, [paid(DONE), refund(INTENDED)]),
        visit(Outcome.CANCELLED, [paid(DONE), refund(UNKNOWN)]),
        visit(Outcome.CANCELLED, [paid(FAILED)]),
        visit(
            Outcome.DELIVERED, [paid(COMPENSATED, "O1"), paid(DONE, "O2"), refund(DONE, "O1")], [DELIVERED]
        ),
        visit(
            Outcome.DELIVERED,
            [
                effect(PRINT_STRIP, FAILED, "a"),
                effect(PRINT_STRIP, DONE, "b"),
                effect(PRINT_RECEIPT, DONE, "a"),
                effect(PRINT_RECEIPT, DONE, "b"),
            ],
            [DELIVERED],
        ),
        visit(
            Outcome.CANCELLED,
            events=[
                event("effect-intended", 3, effect="take-money", key="O1"),
                event("effect-concluded", 4, effect="take-money", key="O1"),
            ],
        ),
        visit(
            None, [paid(DONE), effect(TAKE_PERMIT, DONE), effect(PRINT_RECEIPT, INTENDED)], [ESCALATED], ""
        ),
    ],
)
async def test_what_is_in_order_breaks_none(record: VisitRecord) -> None:
    assert await broken(record) == {}


async def test_a_chain_that_is_not_whole_is_said_in_its_own_words() -> None:
    report = ChainReport(3, Head(3, b""), ("event 2 is missing", "event 3: another hash"))
    assert await broken(report=report) == {"chain_whole": "event 2 is missing"}


@pytest.mark.parametrize("state", EffectState)
def test_what_keeps_a_channel_or_a_device_out_of_service(state: EffectState) -> None:
    def shut(*names: str) -> frozenset[str]:
        return frozenset() if state.resolved else frozenset(names)

    terminal = effect(TAKE_MONEY, state, channel="payment_terminal", amount_fen=1)
    assert blocked([terminal]) == shut("payment_terminal")
    assert blocked([paid(state)]) == frozenset(), "a code can be paid by who scanned it only"
    given_back = effect(REFUND_MONEY, state, channel="alipay", amount_fen=1, order_no="O")
    assert blocked([given_back, terminal]) == shut("alipay", "payment_terminal")
    assert blocked([effect(REFUND_MONEY, state, amount_fen=1, order_no="O")]) == frozenset()
    assert blocked([effect(TAKE_PERMIT, state)]) == shut("permit_unit")
