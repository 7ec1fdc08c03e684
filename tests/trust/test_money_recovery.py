"""Recovery of money: a code left open, a host that is silent, a clock that jumped meanwhile."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from devices.interfaces import Media
from kiosk.journal import EffectState as E
from kiosk.journal import Outcome
from kiosk.journal.effects import TAKE_MONEY
from kiosk.platform import OrderState
from tests.trust.deaths import ORDER, Death, die, leave, recovery
from tests.trust.world import FEE_FEN, BackOfficeOrder, ScriptedTerminal, World, in_loop, unreachable, world


async def show_code(w: World) -> None:
    """Leave a code on the screen of a kiosk that died, payable for two minutes and not to be closed."""
    before = {"channel": "wechat", "amount_fen": FEE_FEN, "lifetime_s": 120}
    await leave(w, TAKE_MONEY, ORDER, before, E.INTENDED)
    w.office.orders[ORDER] = BackOfficeOrder(FEE_FEN)
    w.office.closes_to = OrderState.WAITING


async def became(w: World) -> E:
    """Return what the journal says of the money."""
    taken = (await w.journal.visit("v1")).last(TAKE_MONEY)
    assert taken is not None
    return taken.state


@pytest.mark.parametrize("pays", [True, False])
@in_loop
async def test_a_code_left_open_is_closed_or_watched(tmp_path: Path, pays: bool) -> None:
    async with world(tmp_path) as w:
        await show_code(w)
        report = await recovery(w, None).run()
        assert report.visits[0].outcome is Outcome.CANCELLED
        if pays:
            w.office.pay(ORDER)
        await w.cashier.drain()
        assert await became(w) is (E.COMPENSATED if pays else E.FAILED)
        await w.check()


@in_loop
async def test_a_clock_that_jumped_ahead_ends_no_order_that_can_still_be_paid(tmp_path: Path) -> None:
    async with world(tmp_path, clock_agrees=False) as w:
        await show_code(w)
        w.clock.wall_offset = timedelta(days=1)
        await recovery(w, None).run()
        meanwhile = await became(w)
        assert not meanwhile.resolved, "by the wrong clock its lifetime is over; by the host it is not"
        await w.clock.sleep(100)
        w.office.pay(ORDER)
        await w.cashier.drain()
        assert await became(w) is E.COMPENSATED
        await w.check()


@in_loop
async def test_a_clock_that_was_set_back_watches_no_longer_than_the_lifetime(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await show_code(w)
        w.clock.wall_offset = timedelta(days=-365)
        begun_ns = w.clock.mono_ns()
        await recovery(w, None).run()
        await w.cashier.drain()
        assert w.clock.mono_ns() - begun_ns < 600e9
        assert await became(w) is E.FAILED
        await w.check()


@in_loop
async def test_a_silent_back_office_escalates_and_is_asked_again_later(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        before = {"channel": "alipay", "amount_fen": FEE_FEN, "lifetime_s": 60}
        await leave(w, TAKE_MONEY, ORDER, before, E.INTENDED)
        w.office.orders[ORDER] = BackOfficeOrder(FEE_FEN, OrderState.PAID)
        w.office.trouble = {"order": [unreachable()], "close_order": [unreachable()]}
        report = await recovery(w, None).run()
        assert report.visits[0].outcome is Outcome.ESCALATED
        await w.cashier.drain()
        w.office.trouble = {}
        await recovery(w, None).ask_money_again()
        assert sum(w.office.orders[ORDER].returned.values()) == FEE_FEN
        await w.check()


@in_loop
async def test_a_submission_that_cannot_be_asked_is_refunded_and_escalated(tmp_path: Path) -> None:
    async with world(tmp_path, ScriptedTerminal()) as w:
        desk, _ = await die(w, Death("", Outcome.ESCALATED, submit=E.INTENDED))
        w.office.trouble["case"] = [unreachable()]
        report = await recovery(w, desk).run()
        assert report.visits[0].outcome is Outcome.ESCALATED
        assert desk.where is Media.NOT_PRESENT
        await w.check()
