"""Paying at the terminal: each end of a payment, and what is left in the journal and with the person."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devices.interfaces import PaymentState as P
from kiosk.journal import EffectState as E
from kiosk.journal import Outcome
from kiosk.journal.effects import PAYMENT_TERMINAL, REFUND_MONEY, TAKE_MONEY
from kiosk.money import ChannelBlocked, NotDelivered, Payment
from kiosk.numbers import refund_no
from kiosk.platform import Refused
from tests.trust.world import (
    FEE_FEN,
    Reply,
    ScriptedTerminal,
    World,
    broken,
    ended,
    in_loop,
    unreachable,
    world,
)


@dataclass(frozen=True)
class Row:
    """One row of the table: what the terminal answers, and what must come of it."""

    name: str
    state: P
    effect: E
    polls: list[Reply] = field(default_factory=list)
    queries: list[Reply] = field(default_factory=list)
    refunds: list[Reply] = field(default_factory=list)
    after_abort: list[Reply] = field(default_factory=list)
    leaves: bool = False
    start_breaks: bool = False
    settled: Outcome | None = None
    refund_tries: int = 0


TABLE = [
    Row("approved", P.APPROVED, E.DONE, [P.WAITING, P.WAITING, P.APPROVED]),
    Row("declined", P.DECLINED, E.FAILED, [P.WAITING, P.DECLINED]),
    Row("cancelled at the terminal", P.CANCELLED, E.FAILED, [P.WAITING, P.CANCELLED]),
    Row("timed out at the terminal", P.TIMED_OUT, E.FAILED, [P.WAITING, P.TIMED_OUT]),
    Row("timed out here", P.TIMED_OUT, E.FAILED, [P.WAITING], after_abort=[P.WAITING, P.TIMED_OUT]),
    Row("left", P.CANCELLED, E.FAILED, [P.WAITING], after_abort=[P.CANCELLED], leaves=True),
    Row("left too late", P.APPROVED, E.DONE, [P.WAITING], after_abort=[P.APPROVED], leaves=True),
    Row("abort without an end, then paid", P.APPROVED, E.DONE, [P.WAITING], queries=[P.APPROVED]),
    Row("unknown, then paid", P.APPROVED, E.DONE, [P.UNKNOWN], queries=[P.UNKNOWN, P.APPROVED]),
    Row("unknown, then declined", P.DECLINED, E.FAILED, [P.UNKNOWN], queries=[P.UNKNOWN, P.DECLINED]),
    Row("unknown, then absent twice", P.TIMED_OUT, E.FAILED, [P.UNKNOWN], queries=[P.NOT_FOUND]),
    Row("absent at first, then paid", P.APPROVED, E.DONE, [P.UNKNOWN], queries=[P.NOT_FOUND, P.APPROVED]),
    Row("wire gone at the start, paid", P.APPROVED, E.DONE, queries=[P.APPROVED], start_breaks=True),
    Row(
        "wire gone while waiting, paid",
        P.APPROVED,
        E.DONE,
        [P.WAITING, broken()],
        queries=[broken(), P.APPROVED],
    ),
    Row(
        "unknown for good, reversed",
        P.UNKNOWN,
        E.COMPENSATED,
        [P.UNKNOWN],
        refunds=[P.APPROVED],
        settled=Outcome.REFUNDED,
        refund_tries=1,
    ),
    Row(
        "unknown for good, reversed at the sixth try",
        P.UNKNOWN,
        E.COMPENSATED,
        [P.UNKNOWN],
        refunds=[P.UNKNOWN, broken(), P.UNKNOWN, P.TIMED_OUT, P.WAITING, P.APPROVED],
        settled=Outcome.REFUNDED,
        refund_tries=6,
    ),
    Row(
        "unknown, nothing to reverse", P.UNKNOWN, E.FAILED, [P.UNKNOWN], refunds=[P.NOT_FOUND], refund_tries=1
    ),
    Row(
        "unknown, reversal fails six times",
        P.UNKNOWN,
        E.UNKNOWN,
        [broken()],
        queries=[broken()],
        refunds=[broken()],
        settled=Outcome.ESCALATED,
        refund_tries=6,
    ),
    Row(
        "unknown, reversal refused",
        P.UNKNOWN,
        E.UNKNOWN,
        [P.UNKNOWN],
        refunds=[P.DECLINED],
        settled=Outcome.ESCALATED,
        refund_tries=1,
    ),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
@in_loop
async def test_every_end_of_a_payment(tmp_path: Path, row: Row) -> None:
    terminal = ScriptedTerminal(
        row.polls,
        after_abort=row.after_abort,
        queries=row.queries,
        refunds=row.refunds,
        start=broken() if row.start_breaks else None,
    )
    async with world(tmp_path, terminal) as w:
        payment = await w.cashier.at_terminal("v1", w.bill, timeout_s=60)
        collected = await (payment.give_up() if row.leaves else payment.outcome())
        assert collected.state is row.state
        assert (collected.settlement and collected.settlement.outcome) is row.settled
        record = await w.journal.visit("v1")
        taken = record.last(TAKE_MONEY)
        assert taken is not None
        assert taken.state is row.effect
        assert terminal.count("start") == 1
        assert terminal.count("abort") == (1 if row.after_abort or row.name.startswith("abort") else 0)
        refunds = [call for call in terminal.calls if call[0] == "refund"]
        assert (
            refunds
            == [("refund", payment.order_no, refund_no(payment.order_no), str(FEE_FEN))] * row.refund_tries
        )
        letters = [posted.letter for posted in await w.journal.letters()]
        if row.settled is Outcome.ESCALATED:
            assert [(letter.kind, letter.case_no) for letter in letters] == [("escalation", "C1")]
        else:
            assert letters == []
        if collected.state is P.APPROVED:
            await _deliver(w, payment)
            await ended(w, Outcome.DELIVERED)
        else:
            await ended(w, row.settled or Outcome.CANCELLED)


async def _deliver(w: World, payment: Payment) -> None:
    async with w.cashier.paid(payment) as paid:
        await paid.delivered()


@in_loop
async def test_the_intent_is_committed_before_the_terminal_hears_of_the_order(tmp_path: Path) -> None:
    terminal = ScriptedTerminal()
    async with world(tmp_path, terminal) as w:
        seen: list[str] = []

        async def start(order_no: str, amount_fen: int) -> None:
            seen.extend(effect.key for effect in (await w.journal.visit("v1")).every(TAKE_MONEY))

        terminal.start = start  # type: ignore[method-assign]
        payment = await w.cashier.at_terminal("v1", w.bill, timeout_s=60)
        await payment.outcome()
        assert seen == [payment.order_no]


@in_loop
async def test_waiting_for_the_outcome_can_be_cancelled_without_losing_it(tmp_path: Path) -> None:
    async with world(tmp_path, ScriptedTerminal([P.WAITING] * 20 + [P.APPROVED])) as w:
        payment = await w.cashier.at_terminal("v1", w.bill, timeout_s=60)
        waiting = asyncio.create_task(payment.outcome())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await payment.outcome()).state is P.APPROVED


async def _paid(w: World) -> Payment:
    payment = await w.cashier.at_terminal("v1", w.bill, timeout_s=60)
    assert (await payment.outcome()).state is P.APPROVED
    return payment


@in_loop
async def test_delivered_keeps_the_money(tmp_path: Path) -> None:
    terminal = ScriptedTerminal()
    async with world(tmp_path, terminal) as w:
        payment = await _paid(w)
        async with w.cashier.paid(payment) as paid:
            assert w.office.registered == {payment.order_no}
            await paid.delivered()
        assert paid.settlement is not None
        assert paid.settlement.outcome is Outcome.DELIVERED
        assert terminal.count("refund") == 0
        await ended(w, Outcome.DELIVERED)


@in_loop
async def test_what_breaks_after_delivery_refunds_nothing(tmp_path: Path) -> None:
    terminal = ScriptedTerminal()
    async with world(tmp_path, terminal) as w:
        with pytest.raises(OSError, match="paper"):  # noqa: PT012
            async with w.cashier.paid(await _paid(w)) as paid:
                await paid.delivered()
                raise OSError("paper")
        assert terminal.count("refund") == 0
        await ended(w, Outcome.DELIVERED)


@in_loop
async def test_an_exception_while_delivering_gives_the_money_back(tmp_path: Path) -> None:
    terminal = ScriptedTerminal()
    async with world(tmp_path, terminal) as w:
        payment = await _paid(w)
        with pytest.raises(Refused):
            async with w.cashier.paid(payment) as paid:
                raise Refused("refused", 409)
        assert paid.settlement is not None
        assert (paid.settlement.outcome, paid.settlement.refunded_fen) == (Outcome.REFUNDED, FEE_FEN)
        assert w.office.orders[payment.order_no].returned == {refund_no(payment.order_no): FEE_FEN}
        await ended(w, Outcome.REFUNDED, paid.settlement.reason)


@in_loop
async def test_ending_quietly_without_delivering_gives_the_money_back(tmp_path: Path) -> None:
    async with world(tmp_path, ScriptedTerminal()) as w:
        payment = await _paid(w)
        with pytest.raises(NotDelivered) as caught:
            async with w.cashier.paid(payment):
                pass
        assert caught.value.settlement.outcome is Outcome.REFUNDED
        await ended(w, Outcome.REFUNDED)


@in_loop
async def test_cancelling_the_visit_while_delivering_still_gives_the_money_back(tmp_path: Path) -> None:
    terminal = ScriptedTerminal(refunds=[P.UNKNOWN, P.UNKNOWN, P.APPROVED])
    async with world(tmp_path, terminal) as w:
        payment = await _paid(w)
        inside = asyncio.Event()

        async def visit() -> None:
            async with w.cashier.paid(payment):
                inside.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(visit())
        await inside.wait()
        task.cancel()
        while terminal.count("refund") == 0:
            await asyncio.sleep(0)
        task.cancel()  # and again, while the money is on its way back
        with pytest.raises(asyncio.CancelledError):
            await task
        assert terminal.count("refund") == 3
        await ended(w, Outcome.REFUNDED)


@in_loop
async def test_a_payment_that_the_back_office_never_hears_of_is_refunded(tmp_path: Path) -> None:
    async with world(tmp_path, ScriptedTerminal()) as w:
        payment = await _paid(w)
        w.office.trouble["register"] = [unreachable()]
        with pytest.raises(NotDelivered) as caught:
            async with w.cashier.paid(payment):
                pytest.fail("the body must not run")
        assert caught.value.settlement.outcome is Outcome.REFUNDED
        letters = [posted.letter.kind for posted in await w.journal.letters()]
        assert letters == ["effect-failed"]  # the back office is told, whenever it can be reached
        await ended(w, Outcome.REFUNDED)


@in_loop
async def test_half_done_is_refunded_and_escalated(tmp_path: Path) -> None:
    async with world(tmp_path, ScriptedTerminal()) as w:
        async with w.cashier.paid(await _paid(w)) as paid:
            settlement = await paid.escalate("chip-not-written", give_back=True)
        assert (settlement.outcome, settlement.refunded_fen) == (Outcome.ESCALATED, FEE_FEN)
        await ended(w, Outcome.ESCALATED, "chip-not-written")


@in_loop
async def test_nothing_is_sold_on_a_channel_with_an_unresolved_refund(tmp_path: Path) -> None:
    terminal = ScriptedTerminal(refunds=[broken()])
    async with world(tmp_path, terminal) as w:
        with pytest.raises(NotDelivered):
            async with w.cashier.paid(await _paid(w)):
                pass
        assert await w.cashier.blocked_channels() == {PAYMENT_TERMINAL}
        with pytest.raises(ChannelBlocked):
            await w.cashier.at_terminal("v1", w.bill, timeout_s=60)
        assert (await w.cashier.by_code("v1", w.bill, "wechat", lifetime_s=60)).code
        await w.journal.end("v1", Outcome.ESCALATED, "refund-failed")
        await w.cashier.ask_again()  # in vain, and staff are not told a second time
        letters = [posted.letter.kind for posted in await w.journal.letters()]
        assert letters == ["escalation"]
        terminal.replies["refund"] = [P.APPROVED]
        await w.cashier.ask_again()
        assert await w.cashier.blocked_channels() == frozenset()
        refund = (await w.journal.visit("v1")).last(REFUND_MONEY)
        assert refund is not None
        assert refund.state is E.DONE


@in_loop
async def test_paid_refuses_a_payment_that_was_not_approved(tmp_path: Path) -> None:
    async with world(tmp_path, ScriptedTerminal([P.DECLINED])) as w:
        payment = await w.cashier.at_terminal("v1", w.bill, timeout_s=60)
        with pytest.raises(ValueError, match="declined"):
            async with w.cashier.paid(payment):
                pass
