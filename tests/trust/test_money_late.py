"""Money that moves when its visit is over: found by itself, given back, and told to who would do it too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from devices.interfaces import PaymentState as P
from kiosk.journal import EffectState as E
from kiosk.journal import Outcome
from kiosk.journal.effects import PAYMENT_TERMINAL, REFUND_MONEY, TAKE_MONEY
from kiosk.money import NotDelivered, Payment
from kiosk.platform import Bill, CodeOrder, OrderState
from tests.trust.deaths import ORDER, leave, recovery
from tests.trust.world import (
    FEE_FEN,
    BackOfficeOrder,
    ScriptedTerminal,
    World,
    broken,
    in_loop,
    unreachable,
    world,
)


async def left_at_the_code(w: World, lifetime_s: int = 60) -> Payment:
    """Order a code that no host lets us close, and let the person go."""
    w.office.closes_to = OrderState.WAITING
    payment = await w.cashier.by_code("v1", w.bill, "alipay", lifetime_s=lifetime_s)
    await payment.give_up()
    await w.journal.end("v1", Outcome.CANCELLED, "left")
    return payment


async def expect_given_back(w: World, order_no: str) -> None:
    taken = (await w.journal.visit("v1")).last(TAKE_MONEY)
    assert taken is not None
    assert taken.state is E.COMPENSATED
    assert sum(w.office.orders[order_no].returned.values()) == FEE_FEN
    await w.check()


async def letters(w: World, kind: str) -> Sequence[dict[str, Any]]:
    return [dict(posted.letter.body) for posted in await w.journal.letters() if posted.letter.kind == kind]


@in_loop
async def test_after_a_restart_a_code_can_still_be_paid(tmp_path: Path) -> None:
    """The visit was over and the order watched when the process died; what asks later waits as long."""
    async with world(tmp_path) as w:
        order_no = (await left_at_the_code(w)).order_no
    async with world(tmp_path, clock=w.clock, office=w.office) as again:
        await again.cashier.ask_again()
        again.office.pay(order_no)
        await again.cashier.drain()
        await expect_given_back(again, order_no)


@in_loop
async def test_a_back_office_that_returns_ends_no_order_that_can_still_be_paid(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.office.trouble = {"order": [unreachable()], "close_order": [unreachable()]}
        order_no = (await left_at_the_code(w, 120)).order_no
        w.office.trouble = {}
        await w.cashier.ask_again()
        w.office.pay(order_no)
        await w.cashier.drain()
        await w.cashier.ask_again()
        await expect_given_back(w, order_no)


@in_loop
async def test_an_order_that_was_slow_to_open_is_watched_until_its_host_ends_it(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as w:
        opened = w.office.open_order

        async def slowly(order_no: str, bill: Bill, *, channel: str, lifetime_s: int) -> CodeOrder:
            await w.clock.sleep(14)
            return await opened(order_no, bill, channel=channel, lifetime_s=lifetime_s)

        w.office.open_order = slowly  # type: ignore[method-assign]
        begun_ns = w.clock.mono_ns()
        order_no = (await left_at_the_code(w)).order_no
        # Its host counts from the moment in which it heard of the order: until 74 s from here.
        await w.clock.sleep(73 - (w.clock.mono_ns() - begun_ns) / 1e9)
        w.office.pay(order_no)
        await w.cashier.drain()
        await expect_given_back(w, order_no)


@in_loop
async def test_what_was_paid_late_is_told(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        order_no = (await left_at_the_code(w)).order_no
        w.office.pay(order_no)
        await w.cashier.drain()
        assert await letters(w, "refunded-late") == [
            {"order_no": order_no, "refund_no": f"{order_no}R1", "channel": "alipay", "refunded_fen": FEE_FEN}
        ]


@in_loop
async def test_a_refund_at_the_terminal_that_works_at_last_is_told(tmp_path: Path) -> None:
    """Staff were asked to give it back by hand: who has it back by itself must not get it twice."""
    terminal = ScriptedTerminal(refunds=[broken()])
    async with world(tmp_path, terminal) as w:
        payment = await w.cashier.at_terminal("v1", w.bill, timeout_s=60)
        assert (await payment.outcome()).state is P.APPROVED
        with pytest.raises(NotDelivered):
            async with w.cashier.paid(payment):
                pass
        await w.journal.end("v1", Outcome.ESCALATED, "refund-failed")
        terminal.replies["refund"] = [P.APPROVED]
        await w.cashier.ask_again()
        await w.cashier.ask_again()
        await expect_given_back(w, payment.order_no)  # in the back office's book too
        assert [letter["channel"] for letter in await letters(w, "refunded-late")] == [PAYMENT_TERMINAL]


@pytest.mark.parametrize("answers", [True, False])
@in_loop
async def test_a_refund_that_the_power_cut_short_is_told_by_the_next_start(
    tmp_path: Path, answers: bool
) -> None:
    """The terminal had given it back; the process died before the back office's book had it."""
    async with world(tmp_path, ScriptedTerminal()) as w:
        w.office.orders[ORDER] = BackOfficeOrder(FEE_FEN, OrderState.PAID)
        before = {"channel": PAYMENT_TERMINAL, "amount_fen": FEE_FEN}
        take = await w.journal.intend("v1", TAKE_MONEY, ORDER, before=before)
        await w.journal.conclude(take, E.DONE, after={"state": "approved"})
        before = {**before, "order_no": ORDER}
        await leave(w, REFUND_MONEY, f"{ORDER}R1", before, E.DONE, refunded_fen=FEE_FEN)
        await w.journal.conclude(take, E.COMPENSATED, after={"refunded_fen": FEE_FEN, "state": "refunded"})
        w.office.trouble["refund"] = [None if answers else unreachable()]
        report = await recovery(w, None).run()
        assert [visit.outcome for visit in report.visits] == [Outcome.REFUNDED]
        assert sum(w.office.orders[ORDER].returned.values()) == (FEE_FEN if answers else 0)
        assert [told["refund_no"] for told in await letters(w, "effect-failed")] == [f"{ORDER}R1"] * (
            not answers
        )
        await w.check()


@in_loop
async def test_staff_hear_of_the_money_though_they_heard_of_the_permit(tmp_path: Path) -> None:
    terminal = ScriptedTerminal(queries=[P.APPROVED], refunds=[broken()])
    async with world(tmp_path, terminal) as w:
        before = {"channel": PAYMENT_TERMINAL, "amount_fen": FEE_FEN, "bill_no": "B1"}
        intent = await w.journal.intend("v1", TAKE_MONEY, "O1", before=before)
        await w.journal.conclude(intent, E.UNKNOWN)
        await w.journal.note("v1", "escalated", reason="permit-retained")
        await w.journal.end("v1", Outcome.ESCALATED, "permit-retained")
        await w.cashier.ask_again()
        await w.cashier.ask_again()  # in vain again, and not told again
        assert [letter["order_no"] for letter in await letters(w, "escalation")] == ["O1"]
