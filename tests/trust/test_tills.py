"""The two tills, patience, and money of visits that ended long ago: each answer by itself."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from devices.interfaces import PaymentState as P
from kiosk.journal import Effect, Outcome
from kiosk.journal import EffectState as E
from kiosk.journal.effects import PAYMENT_TERMINAL, REFUND_MONEY, TAKE_MONEY
from kiosk.money import Cashier, Patience
from kiosk.platform import OrderState, Platform, Refused
from kiosk.tills import CodeTill, Found, GivenBack, Standing, TerminalTill
from tests.trust.world import (
    FEE_FEN,
    BackOfficeOrder,
    ScriptedTerminal,
    SmallBackOffice,
    VirtualClock,
    World,
    broken,
    in_loop,
    unreachable,
    world,
)


@pytest.mark.parametrize(
    ("state", "standing"),
    [
        (P.APPROVED, Standing.PAID),
        (P.DECLINED, Standing.NOT_PAID),
        (P.CANCELLED, Standing.NOT_PAID),
        (P.TIMED_OUT, Standing.NOT_PAID),
        (P.NOT_FOUND, Standing.ABSENT),
        (P.WAITING, Standing.PAYABLE),
        (P.UNKNOWN, Standing.UNKNOWN),
    ],
)
@in_loop
async def test_what_a_terminal_says_of_an_order(state: P, standing: Standing) -> None:
    terminal = ScriptedTerminal(queries=[state])
    terminal.amount_fen = 7
    found = await TerminalTill(terminal).ask("O1")
    reference = "H-0001" if state is P.APPROVED else ""
    assert found == Found(standing, amount_fen=7, host_reference=reference, method="card", state=state)


@in_loop
async def test_a_terminal_that_is_silent() -> None:
    till = TerminalTill(ScriptedTerminal(queries=[broken("noPaper")], refunds=[broken()]))
    assert await till.ask("O1") == Found(Standing.UNKNOWN, reason="noPaper")
    assert await till.give_back("O1", "O1R1", 5) is GivenBack.NOT_NOW


@pytest.mark.parametrize(
    ("state", "given"),
    [
        (P.APPROVED, GivenBack.RETURNED),
        (P.NOT_FOUND, GivenBack.NOTHING_TAKEN),
        (P.DECLINED, GivenBack.REFUSED),
        (P.UNKNOWN, GivenBack.NOT_NOW),
        (P.WAITING, GivenBack.NOT_NOW),
        (P.CANCELLED, GivenBack.NOT_NOW),
        (P.TIMED_OUT, GivenBack.NOT_NOW),
    ],
)
@in_loop
async def test_what_a_terminal_says_of_a_refund(state: P, given: GivenBack) -> None:
    terminal = ScriptedTerminal(refunds=[state])
    assert await TerminalTill(terminal).give_back("O1", "O1R1", 5) is given
    assert terminal.calls == [("refund", "O1", "O1R1", "5")]


def office_with(state: OrderState, returned: int = 0) -> tuple[SmallBackOffice, CodeTill]:
    office = SmallBackOffice(VirtualClock())
    office.orders["O1"] = BackOfficeOrder(9, state, {"R": returned} if returned else {})
    return office, CodeTill(cast("Platform", office), "wechat")


@pytest.mark.parametrize(
    ("state", "returned", "standing", "word"),
    [
        (OrderState.WAITING, 0, Standing.PAYABLE, P.WAITING),
        (OrderState.PAID, 0, Standing.PAID, P.APPROVED),
        (OrderState.PAID, 8, Standing.PAID, P.APPROVED),
        (OrderState.PAID, 9, Standing.REFUNDED, P.APPROVED),
        (OrderState.CLOSED, 0, Standing.NOT_PAID, P.CANCELLED),
        (OrderState.REFUNDED, 9, Standing.REFUNDED, P.APPROVED),
        (OrderState.UNKNOWN, 0, Standing.UNKNOWN, P.UNKNOWN),
    ],
)
@in_loop
async def test_what_the_back_office_says_of_an_order(
    state: OrderState, returned: int, standing: Standing, word: P
) -> None:
    _, till = office_with(state, returned)
    assert till.channel == "wechat"
    assert await till.ask("O1") == Found(
        standing, amount_fen=9, refunded_fen=returned, method="wechat", state=word
    )
    assert await till.ask("O2") == Found(Standing.ABSENT, state=P.NOT_FOUND)


@in_loop
async def test_a_back_office_that_cannot_be_asked() -> None:
    office, till = office_with(OrderState.PAID)
    office.trouble["order"] = office.trouble["refund"] = [unreachable()]
    assert await till.ask("O1") == Found(Standing.UNKNOWN, reason="timeout")
    assert await till.give_back("O1", "O1R1", 9) is GivenBack.NOT_NOW


@pytest.mark.parametrize(
    ("state", "given"),
    [
        (OrderState.REFUNDED, GivenBack.RETURNED),
        (OrderState.CLOSED, GivenBack.NOTHING_TAKEN),
        (OrderState.UNKNOWN, GivenBack.NOT_NOW),
        (OrderState.PAID, GivenBack.REFUSED),
        (OrderState.WAITING, GivenBack.REFUSED),
    ],
)
@in_loop
async def test_a_refund_that_is_refused_is_judged_by_the_order(state: OrderState, given: GivenBack) -> None:
    office, till = office_with(state)
    office.trouble["refund"] = [Refused("not-paid", 409)]
    assert await till.give_back("O1", "O1R1", 9) is given
    assert office.asked == ["O1"]


@in_loop
async def test_a_refund_in_process_is_judged_by_the_order() -> None:
    office, till = office_with(OrderState.PAID)
    office.refund_state = "processing"
    assert await till.give_back("O1", "O1R1", 9) is GivenBack.NOT_NOW
    office.orders["O1"].returned["O1R1"] = 9
    assert await till.give_back("O1", "O1R1", 9) is GivenBack.RETURNED


def test_patience_is_shortened_as_a_whole() -> None:
    assert Patience().times(0.5) == Patience(
        poll_s=0.25,
        code_poll_s=1.0,
        abort_grace_s=5.0,
        ask_pauses_s=(0.5, 1.0, 2.0, 4.0),
        refund_tries=6,
        refund_pause_s=0.5,
        late_grace_s=2.5,
    )


# --- visits that ended ------------------------------------------------------------------------------


async def ended_with(w: World, channel: str, refund: bool = False) -> Effect:
    """Leave a payment, or its refund, open in a visit that has ended."""
    before = {"channel": channel, "amount_fen": FEE_FEN, "bill_no": "B1"}
    intent = await w.journal.intend("v1", TAKE_MONEY, "O1", before=before)
    if refund:
        await w.journal.conclude(intent, E.DONE, after={"state": "approved"})
        again = {"order_no": "O1", "channel": channel, "amount_fen": FEE_FEN}
        back = await w.journal.intend("v1", REFUND_MONEY, "O1R1", before=again)
        await w.journal.conclude(back, E.UNKNOWN)
    else:
        await w.journal.conclude(intent, E.UNKNOWN)
    await w.journal.note("v1", "escalated", order_no="O1")
    await w.journal.end("v1", Outcome.ESCALATED)
    return (await w.journal.visit("v1")).effects[0]


@pytest.mark.parametrize("refund", [False, True])
@in_loop
async def test_money_of_an_ended_visit_goes_back_when_its_host_answers(tmp_path: Path, refund: bool) -> None:
    terminal = ScriptedTerminal(queries=[P.APPROVED], refunds=[P.APPROVED])
    terminal.amount_fen = FEE_FEN
    async with world(tmp_path, terminal) as w:
        await ended_with(w, PAYMENT_TERMINAL, refund)
        await w.cashier.ask_again()
        take, back = (await w.journal.visit("v1")).effects
        assert (take.state, back.state) == (E.COMPENSATED, E.DONE)
        assert terminal.count("refund") == 1
        if not refund:
            intended = next(e for e in (await w.journal.visit("v1")).events if "R1" in str(e.body.get("key")))
            assert intended.body["reason"] == "late"
        head = w.journal.head()
        await w.cashier.ask_again()
        assert w.journal.head() == head
        assert terminal.count("refund") == 1


@in_loop
async def test_money_of_a_visit_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    async with world(tmp_path, ScriptedTerminal(queries=[P.APPROVED])) as w:
        before = {"channel": PAYMENT_TERMINAL, "amount_fen": FEE_FEN}
        await w.journal.intend("v1", TAKE_MONEY, "O1", before=before)
        head = w.journal.head()
        await w.cashier.ask_again()
        assert w.journal.head() == head


@pytest.mark.parametrize("agrees", [True, False, None])
@in_loop
async def test_a_code_lives_its_whole_lifetime_when_the_clock_cannot_tell(
    tmp_path: Path, agrees: bool | None
) -> None:
    async def clock_agrees() -> bool:
        return bool(agrees)

    async with world(tmp_path) as w:
        w.office.orders["O1"] = BackOfficeOrder(FEE_FEN)
        w.office.closes_to = OrderState.WAITING
        before = {"channel": "wechat", "amount_fen": FEE_FEN, "lifetime_s": 60}
        intent = await w.journal.intend("v1", TAKE_MONEY, "O1", before=before)
        cashier = Cashier(
            w.journal,
            w.numbers,
            w.platform,
            w.clock,
            random.Random(1),
            patience=Patience(),
            clock_agrees=None if agrees is None else clock_agrees,
        )
        begun_ns, past = w.clock.mono_ns(), w.clock.wall() - timedelta(seconds=1)
        state = await cashier.recover(Effect(intent, E.INTENDED, before, {}), "C1", expires_at=past)
        assert state is (E.UNKNOWN if agrees is False else E.FAILED)
        await cashier.drain()
        # Asked about for 15 s; where the clock can't tell then its lifetime, a grace, and 15 s again.
        lasted_s = 15.0 + (60.0 + 5.0 + 15.0) * (agrees is False)
        assert (w.clock.mono_ns() - begun_ns) / 1e9 == pytest.approx(lasted_s)
        await cashier.close()


@in_loop
async def test_no_terminal_no_payment_there(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        with pytest.raises(ValueError, match=r"^no payment terminal is fitted$"):
            await w.cashier.at_terminal("v1", w.bill, timeout_s=1.0)
        assert set(w.cashier.tills) == {"wechat", "alipay"}
