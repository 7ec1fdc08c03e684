"""Person, payment, power and back office in any order: whatever happens, the oracle finds nothing wrong."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from devices.interfaces import Media
from devices.interfaces import PaymentState as P
from kiosk.journal import Outcome
from kiosk.money import ChannelBlocked, NotDelivered, Payment
from kiosk.recovery import Recovery
from tests.counts import Counted
from tests.trust.world import (
    PermitDesk,
    ScriptedTerminal,
    SmallBackOffice,
    VirtualClock,
    World,
    broken,
    unreachable,
    world,
)

ENDS = [P.APPROVED, P.DECLINED, P.CANCELLED, P.TIMED_OUT, P.UNKNOWN]


class Machine(RuleBasedStateMachine):
    """One kiosk over many visits. A power cut closes the journal in mid-visit; the world goes on."""

    runs: ClassVar[int] = 0
    visits: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._folder = tempfile.TemporaryDirectory()
        self._stack = AsyncExitStack()
        self._count = 0
        self._visit = ""
        self._payment: Payment | None = None
        Machine.runs += 1

    def _do(self, act: Any) -> Any:
        return self._loop.run_until_complete(act)

    @initialize()
    def switch_on(self) -> None:
        self.clock = VirtualClock()
        self.office = SmallBackOffice(self.clock)
        self.desk = PermitDesk(Media.NOT_PRESENT)
        self._do(self._start())
        self._do(self.w.journal.end("v1", Outcome.CANCELLED, "left"))

    async def _start(self) -> None:
        self.terminal = ScriptedTerminal()
        place = Path(self._folder.name)
        self.w: World = await self._stack.enter_async_context(
            world(place, self.terminal, clock=self.clock, office=self.office)
        )
        self.recovery = Recovery(
            self.w.journal, self.w.cashier, self.w.platform, self.clock, permit=self.desk, receipt=None
        )

    @precondition(lambda self: not self._visit)
    @rule()
    def begin(self) -> None:
        self._count += 1
        Machine.visits += 1
        self._visit = f"w{self._count}"
        self._do(self.w.journal.begin(self._visit, "endorsement", f"C{self._count}"))

    @precondition(lambda self: self._visit and self._payment is None)
    @rule(
        end=st.sampled_from(ENDS),
        truth=st.sampled_from([P.APPROVED, P.DECLINED, P.NOT_FOUND, P.UNKNOWN]),
        refund=st.sampled_from([P.APPROVED, P.UNKNOWN, P.DECLINED, P.NOT_FOUND]),
    )
    def pay_at_terminal(self, end: P, truth: P, refund: P) -> None:
        self.terminal.replies = {"poll": [P.WAITING, end], "query": [truth], "refund": [refund]}
        self._do(self._pay(self._at_terminal))

    @precondition(lambda self: self._visit and self._payment is None)
    @rule(pays=st.booleans(), silent=st.booleans(), leaves=st.booleans())
    def pay_by_code(self, pays: bool, silent: bool, leaves: bool) -> None:
        def on_ask(order_no: str) -> None:
            if pays:
                self.office.pay(order_no)
            self.office.on_ask = lambda _: None

        self.office.on_ask = on_ask
        self.office.trouble = {"order": [unreachable()], "close_order": [unreachable()]} if silent else {}
        self._leaves = leaves
        self._do(self._pay(self._by_code))
        self.office.trouble = {}

    async def _pay(self, ask: Any) -> None:
        try:
            payment, collected = await ask()
        except ChannelBlocked:
            return
        if collected.state is P.APPROVED:
            self._payment = payment
        elif collected.settlement and collected.settlement.outcome:
            await self._end(collected.settlement.outcome)

    async def _at_terminal(self) -> Any:
        payment = await self.w.cashier.at_terminal(self._visit, self.w.bill, timeout_s=30)
        return payment, await payment.outcome()

    async def _by_code(self) -> Any:
        payment = await self.w.cashier.by_code(self._visit, self.w.bill, "wechat", lifetime_s=60)
        return payment, await (payment.give_up() if self._leaves else payment.outcome())

    @precondition(lambda self: self._payment is not None)
    @rule(works=st.booleans(), refund=st.sampled_from([P.APPROVED, P.UNKNOWN, P.DECLINED]))
    def deliver(self, works: bool, refund: P) -> None:
        self.terminal.replies["refund"] = [refund]
        self._do(self._deliver(works))

    async def _deliver(self, works: bool) -> None:
        assert self._payment is not None
        paid = self.w.cashier.paid(self._payment)
        try:
            async with paid:
                if works:
                    await paid.delivered()
        except NotDelivered:
            pass
        assert paid.settlement is not None
        expected = {Outcome.DELIVERED} if works else {Outcome.REFUNDED, Outcome.ESCALATED}
        assert paid.settlement.outcome in expected
        await self._end(paid.settlement.outcome)

    @precondition(lambda self: self._visit and self._payment is None)
    @rule()
    def leave(self) -> None:
        self._do(self._end(Outcome.CANCELLED))

    async def _end(self, outcome: Outcome) -> None:
        await self.w.journal.end(self._visit, outcome)
        self._visit, self._payment = "", None

    @rule(host=st.sampled_from([P.APPROVED, P.UNKNOWN]), wire=st.booleans())
    def power_cut(self, host: P, wire: bool) -> None:
        self._do(self._cut(host, wire))

    async def _cut(self, host: P, wire: bool) -> None:
        await self._stack.aclose()
        await self._start()
        self.terminal.replies = {
            "poll": [P.WAITING],
            "query": [host] if wire else [broken()],
            "refund": [P.APPROVED] if wire else [broken()],
        }
        report = await self.recovery.run()
        assert [visit.visit for visit in report.visits] == ([self._visit] if self._visit else [])
        if wire:
            await self.recovery.ask_money_again()
            await self.recovery.ask_devices_again()
            await self.w.cashier.drain()
            open_money = [effect for effect in await self.w.journal.unresolved() if host is P.APPROVED]
            assert open_money == []
        self._visit, self._payment = "", None

    @invariant()
    def the_oracle_finds_nothing(self) -> None:
        if hasattr(self, "w"):
            self._do(self.w.check())

    def teardown(self) -> None:
        self._do(self._stack.aclose())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
        self._folder.cleanup()


def test_in_any_order_the_oracle_finds_nothing(counted: Counted) -> None:
    Machine.runs = Machine.visits = 0
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
    assert Machine.visits
    counted(f"journal and money in any order: {Machine.runs} examples, {Machine.visits} visits")
