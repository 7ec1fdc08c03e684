"""Paying by a code on the screen: lifetimes, closing, late success, a back office that does not answer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from devices.interfaces import PaymentState as P
from kiosk.journal import EffectState as E
from kiosk.journal import Outcome
from kiosk.journal.effects import TAKE_MONEY
from kiosk.money import NotDelivered, Payment
from kiosk.platform import OrderState, Unreachable
from tests.trust.world import FEE_FEN, World, ended, in_loop, unreachable, world


async def order(w: World, lifetime_s: int = 120) -> Payment:
    return await w.cashier.by_code("v1", w.bill, "wechat", lifetime_s=lifetime_s)


async def state(w: World) -> E:
    taken = (await w.journal.visit("v1")).last(TAKE_MONEY)
    assert taken is not None
    return taken.state


def pays_at_ask(w: World, count: int) -> None:
    """Let the phone pay right before the ``count``-th question."""

    def on_ask(order_no: str) -> None:
        if len(w.office.asked) == count:
            w.office.pay(order_no)

    w.office.on_ask = on_ask


@in_loop
async def test_paid_in_time(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        pays_at_ask(w, 3)
        payment = await order(w)
        assert payment.code == f"weixin://{payment.order_no}"
        assert (await payment.outcome()).state is P.APPROVED
        async with w.cashier.paid(payment) as paid:
            await paid.delivered()
        await ended(w, Outcome.DELIVERED)


@in_loop
async def test_not_paid_in_time_is_closed(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        payment = await order(w)
        assert (await payment.outcome()).state is P.TIMED_OUT
        assert w.office.orders[payment.order_no].state is OrderState.CLOSED
        assert await state(w) is E.FAILED
        await ended(w, Outcome.CANCELLED)


@in_loop
async def test_paid_between_the_last_question_and_the_close_counts_as_paid(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        payment = await order(w, 10)
        w.office.trouble["close_order"] = [None]
        close = w.office.close_order

        async def pay_then_close(order_no: str, attempt: int = 1) -> OrderState:
            w.office.pay(order_no)
            return await close(order_no, attempt)

        w.office.close_order = pay_then_close  # type: ignore[method-assign]
        assert (await payment.outcome()).state is P.APPROVED
        assert await state(w) is E.DONE


@in_loop
async def test_paid_in_the_moment_of_leaving_is_refunded(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        payment = await order(w)
        close = w.office.close_order

        async def pay_then_close(order_no: str, attempt: int = 1) -> OrderState:
            w.office.pay(order_no)
            return await close(order_no, attempt)

        w.office.close_order = pay_then_close  # type: ignore[method-assign]
        collected = await payment.give_up()
        assert collected.state is P.CANCELLED
        assert collected.settlement is not None
        assert collected.settlement.outcome is Outcome.REFUNDED
        assert sum(w.office.orders[payment.order_no].returned.values()) == FEE_FEN
        await ended(w, Outcome.REFUNDED)


@in_loop
async def test_leaving_does_not_wait_for_the_next_question(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        payment = await order(w)
        begun = w.clock.mono_ns()
        assert (await payment.give_up()).state is P.CANCELLED
        assert w.clock.mono_ns() - begun < 2.5e9
        await ended(w, Outcome.CANCELLED)


@pytest.mark.parametrize("pays_late", [True, False])
@in_loop
async def test_a_code_that_cannot_be_closed_is_watched_to_its_end(tmp_path: Path, pays_late: bool) -> None:
    """Alipay knows no order before the scan: it can't be closed, and stays payable."""
    async with world(tmp_path) as w:
        w.office.closes_to = OrderState.WAITING
        payment = await order(w, 60)
        collected = await payment.give_up()
        assert (collected.state, collected.reason) == (P.CANCELLED, "still-payable")
        assert await state(w) is E.UNKNOWN
        assert await w.cashier.blocked_channels() == frozenset()
        await w.journal.end("v1", Outcome.CANCELLED, "left")
        if pays_late:
            w.office.pay(payment.order_no)
        await w.cashier.drain()
        assert await state(w) is (E.COMPENSATED if pays_late else E.FAILED)
        assert sum(w.office.orders[payment.order_no].returned.values()) == (FEE_FEN if pays_late else 0)
        await w.check()


@in_loop
async def test_a_silent_back_office_at_the_close_is_unknown_and_escalated(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        payment = await order(w, 60)
        w.office.trouble = {"order": [unreachable()], "close_order": [unreachable()]}
        collected = await payment.outcome()
        assert collected.state is P.UNKNOWN
        assert collected.settlement is not None
        assert collected.settlement.outcome is Outcome.ESCALATED
        await ended(w, Outcome.ESCALATED)
        w.office.pay(payment.order_no)
        await w.cashier.drain()
        assert await state(w) is E.UNKNOWN
        w.office.trouble = {}
        await w.cashier.ask_again()
        assert await state(w) is E.COMPENSATED
        await w.check()


@in_loop
async def test_questions_without_an_answer_do_not_end_the_waiting(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.office.trouble["order"] = [unreachable(), unreachable(), None]
        pays_at_ask(w, 4)
        assert (await (await order(w)).outcome()).state is P.APPROVED


@in_loop
async def test_an_order_that_does_not_exist_yet_is_still_payable(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        payment = await order(w)
        hidden = w.office.orders.pop(payment.order_no)

        def appears(order_no: str) -> None:
            if len(w.office.asked) == 5:
                hidden.state = OrderState.PAID
                w.office.orders[order_no] = hidden

        w.office.on_ask = appears
        assert (await payment.outcome()).state is P.APPROVED


@in_loop
async def test_no_code_no_money(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.office.trouble["open_order"] = [unreachable()]
        with pytest.raises(Unreachable):
            await order(w)
        assert await state(w) is E.FAILED
        await ended(w, Outcome.CANCELLED)


@in_loop
async def test_a_refund_still_processing_is_escalated_and_found_later(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        pays_at_ask(w, 1)
        payment = await order(w)
        assert (await payment.outcome()).state is P.APPROVED
        w.office.refund_state = "processing"
        with pytest.raises(NotDelivered) as caught:
            async with w.cashier.paid(payment):
                pass
        assert caught.value.settlement.outcome is Outcome.ESCALATED
        assert await w.cashier.blocked_channels() == {"wechat"}
        await ended(w, Outcome.ESCALATED)
        w.office.refund_state = "refunded"
        await w.cashier.ask_again()
        assert await w.cashier.blocked_channels() == frozenset()
        await w.check()


@in_loop
async def test_a_refund_whose_reply_was_lost_is_not_given_twice(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        pays_at_ask(w, 1)
        payment = await order(w)
        await payment.outcome()
        w.office.lost["refund"] = [unreachable(), None]
        with pytest.raises(NotDelivered):
            async with w.cashier.paid(payment):
                pass
        assert list(w.office.orders[payment.order_no].returned.values()) == [FEE_FEN]
        await ended(w, Outcome.REFUNDED)


@in_loop
async def test_two_payments_at_once_do_not_mix(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.journal.begin("v2", "endorsement", "C2")
        first, second = await order(w), await w.cashier.by_code("v2", w.bill, "alipay", lifetime_s=60)
        w.office.pay(second.order_no)
        ends = await asyncio.gather(first.outcome(), second.outcome())
        assert [end.state for end in ends] == [P.TIMED_OUT, P.APPROVED]
