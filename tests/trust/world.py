"""A journal and its cashier in a world of their own: virtual time, scripted terminal, small back office."""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from devices.base import DeviceError, Fault, StaffAction
from devices.interfaces import Media, PaymentResult, PaymentState
from kiosk.journal import Journal, Outcome
from kiosk.journal.invariants import invariants
from kiosk.money import Cashier, Patience
from kiosk.numbers import Numbers
from kiosk.platform import (
    Approval,
    Bill,
    Case,
    CodeOrder,
    Order,
    OrderState,
    Platform,
    Refund,
    Refused,
    Unreachable,
)

P = ParamSpec("P")
T = TypeVar("T")
KEY = bytes(range(32))
SITE = "330212K01"
FEE_FEN = 3000


def in_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a coroutine as a test, in an event loop of its own."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


class VirtualClock:
    """Time that passes only when everybody sleeps: a minute of waiting takes no time.

    ``working`` counts what goes on in threads; time stands still meanwhile.
    """

    def __init__(self, wall: datetime = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)) -> None:
        self._start, self._now_s = wall, 1000.0
        self._until: list[float] = []
        self.working = 0
        self.wall_offset = timedelta()

    def wall(self) -> datetime:
        return self._start + timedelta(seconds=self._now_s - 1000.0) + self.wall_offset

    def mono_ns(self) -> int:
        return int(self._now_s * 1e9)

    async def sleep(self, seconds: float) -> None:
        until = self._now_s + max(0.0, seconds)
        self._until.append(until)
        try:
            quiet = 0
            while self._now_s < until:
                await asyncio.sleep(0)
                quiet = 0 if self.working else quiet + 1
                if quiet > 25 and min(self._until) == until:
                    self._now_s = until
            await asyncio.sleep(0)
        finally:
            self._until.remove(until)


def quick(journal: Journal, clock: VirtualClock) -> Journal:
    """Let virtual time stand still while ``journal`` writes."""
    run = journal._run

    async def counted(act: Callable[..., T], *args: Any) -> T:
        clock.working += 1
        try:
            return await run(act, *args)
        finally:
            clock.working -= 1

    journal._run = counted  # type: ignore[method-assign]
    return journal


Reply = PaymentState | DeviceError


def broken(code: str = "connectionLost") -> DeviceError:
    """Return what a driver raises when its wire is gone."""
    return Fault("payment_terminal", code, StaffAction.RESET)


class ScriptedTerminal:
    """A terminal that answers each kind of question from a list; the last answer stays."""

    def __init__(
        self,
        polls: Sequence[Reply] = (),
        *,
        after_abort: Sequence[Reply] = (),
        queries: Sequence[Reply] = (),
        refunds: Sequence[Reply] = (),
        start: DeviceError | None = None,
    ) -> None:
        self._start = start
        self.replies: dict[str, list[Reply]] = {
            "poll": list(polls) or [PaymentState.APPROVED],
            "query": list(queries) or [PaymentState.UNKNOWN],
            "refund": list(refunds) or [PaymentState.APPROVED],
        }
        self._after_abort = list(after_abort)
        self.calls: list[tuple[str, ...]] = []
        self.amount_fen = 0

    async def start(self, order_no: str, amount_fen: int) -> None:
        self.calls.append(("start", order_no))
        self.amount_fen = amount_fen
        if self._start:
            raise self._start

    async def poll(self, order_no: str) -> PaymentResult:
        return self._answer("poll", order_no)

    async def abort(self, order_no: str) -> None:
        self.calls.append(("abort", order_no))
        if self._after_abort:
            self.replies["poll"] = self._after_abort

    async def query(self, order_no: str) -> PaymentResult:
        return self._answer("query", order_no)

    async def refund(self, order_no: str, refund_no: str, amount_fen: int) -> PaymentResult:
        return self._answer("refund", order_no, refund_no, str(amount_fen))

    def count(self, name: str) -> int:
        return sum(call[0] == name for call in self.calls)

    def _answer(self, name: str, *call: str) -> PaymentResult:
        self.calls.append((name, *call))
        replies = self.replies[name]
        reply = replies[0] if len(replies) == 1 else replies.pop(0)
        if isinstance(reply, DeviceError):
            raise reply
        approved = reply is PaymentState.APPROVED
        return PaymentResult(reply, call[0], self.amount_fen, "H-0001" if approved else "", "card")


@dataclass
class BackOfficeOrder:
    """What the small back office knows of an order."""

    amount_fen: int
    state: OrderState = OrderState.WAITING
    returned: dict[str, int] = field(default_factory=dict)


class SmallBackOffice:
    """The truth about orders and cases. ``trouble[method]`` is a list of exceptions raised first.

    An exception raised ``after`` the act is a lost reply: put it into ``lost[method]``.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.orders: dict[str, BackOfficeOrder] = {}
        self.registered: set[str] = set()
        self.trouble: dict[str, list[Exception | None]] = {}
        self.lost: dict[str, list[Exception | None]] = {}
        self.approvals: dict[str, Approval] = {}
        self.outcomes: dict[str, tuple[bool, bool, bool]] = {}
        self.cases: dict[str, str] = {}
        self.refund_state = "refunded"
        self.closes_to = OrderState.CLOSED
        self.asked: list[str] = []
        self.on_ask: Callable[[str], None] = lambda order_no: None

    async def open_order(self, order_no: str, bill: Bill, *, channel: str, lifetime_s: int) -> CodeOrder:
        self._meet("open_order")
        self.orders[order_no] = BackOfficeOrder(bill.total_fen)
        self._lose("open_order")
        expires = self._clock.wall() + timedelta(seconds=lifetime_s)
        return CodeOrder(order_no, OrderState.WAITING, f"weixin://{order_no}", expires)

    async def order(self, order_no: str) -> Order | None:
        self.asked.append(order_no)
        self._meet("order")
        self.on_ask(order_no)
        order = self.orders.get(order_no)
        if order is None:
            return None
        return Order(order_no, order.state, order.amount_fen, sum(order.returned.values()), "wechat")

    async def close_order(self, order_no: str, attempt: int = 1) -> OrderState:
        self._meet("close_order")
        order = self.orders[order_no]
        if order.state is OrderState.WAITING:
            order.state = self.closes_to
        self._lose("close_order")
        return order.state

    async def refund(self, order_no: str, refund_no: str, amount_fen: int, reason: str) -> Refund:
        self._meet("refund")
        order = self.orders.get(order_no)
        if order is None or order.state not in (OrderState.PAID, OrderState.REFUNDED):
            raise Refused("not-paid", 409)
        if self.refund_state == "refunded":
            order.returned[refund_no] = amount_fen
            order.state = OrderState.REFUNDED
        self._lose("refund")
        return Refund(self.refund_state, sum(order.returned.values()))

    async def register_terminal_payment(
        self, order_no: str, bill: Bill, *, host_reference: str, method: str
    ) -> OrderState:
        self._meet("register")
        self.orders[order_no] = BackOfficeOrder(bill.total_fen, OrderState.PAID)
        self.registered.add(order_no)
        self._lose("register")
        return OrderState.PAID

    async def case(self, case_no: str, *, deadline_s: float | None = None) -> Case | None:
        self._meet("case")
        return Case(case_no, "opened", "endorsement", self.cases.get(case_no, ""), ())

    async def approval(self, approval_no: str) -> Approval:
        self._meet("approval")
        return self.approvals[approval_no]

    async def report_outcome(
        self, approval_no: str, *, issued: bool, chip: bool, strip: bool, deadline_s: float | None = None
    ) -> str:
        self._meet("report_outcome")
        self.outcomes[approval_no] = (issued, chip, strip)
        return "issued" if issued else "failed"

    def pay(self, order_no: str) -> None:
        """The person's phone pays the code."""
        self.orders[order_no].state = OrderState.PAID

    def _meet(self, name: str) -> None:
        self._raise(self.trouble, name)

    def _lose(self, name: str) -> None:
        self._raise(self.lost, name)

    @staticmethod
    def _raise(plan: dict[str, list[Exception | None]], name: str) -> None:
        errors = plan.get(name) or []
        error = errors.pop(0) if len(errors) > 1 else (errors[0] if errors else None)
        if error is not None:
            raise error


def unreachable() -> Unreachable:
    return Unreachable("timeout")


class PermitDesk:
    """A permit unit with a permit in it: position, strip, chip, bin; each can be broken."""

    def __init__(self, media: Media = Media.PRESENT, *, strip: str = "OLD", chip: str = "0" * 64) -> None:
        self.where, self.strip, self.chip, self.bin = media, strip, chip, 0
        self.broken: set[str] = set()
        self.takes_it = True
        self.slow_hand = 0
        """How often the permit is still seen in the gate before it is taken."""
        self.printed = self.written = 0

    async def media(self) -> Media:
        self._work("media")
        if self.where is Media.ENTERING and self.slow_hand:
            self.slow_hand -= 1
            if not self.slow_hand:
                self.where = Media.NOT_PRESENT
                return Media.ENTERING
        return self.where

    async def strip_code(self) -> str:
        self._work("strip_code")
        return self.strip

    async def chip_digest(self) -> str:
        self._work("chip_digest")
        return self.chip

    async def print_strip(self, approval: Approval) -> None:
        self._work("print_strip")
        self.printed, self.strip = self.printed + 1, approval.strip_code

    async def write_chip(self, approval: Approval) -> None:
        self._work("write_chip")
        self.written, self.chip = self.written + 1, approval.chip_digest

    async def eject(self) -> None:
        self._work("eject")
        self.where = Media.NOT_PRESENT if self.takes_it and not self.slow_hand else Media.ENTERING

    async def retract(self) -> int:
        self._work("retract")
        self.where, self.bin = Media.NOT_PRESENT, self.bin + 1
        return self.bin

    async def bin_count(self) -> int:
        self._work("bin_count")
        return self.bin

    def _work(self, name: str) -> None:
        if name in self.broken or "all" in self.broken:
            raise Fault("permit_unit", "hardwareError", StaffAction.RESET)


class Cutter:
    """A receipt printer's counter; a silent one does not tell it."""

    def __init__(self, cuts: int) -> None:
        self.count = cuts
        self.silent = False

    async def cuts(self) -> int:
        if self.silent:
            raise Fault("receipt_printer", "connectionLost", StaffAction.RESET)
        return self.count


def approval_of(number: str = "A1") -> Approval:
    return Approval(number, (), b"endorsement record", "STRIP-1")


@dataclass
class World:
    """Everything a test of money needs."""

    journal: Journal
    clock: VirtualClock
    office: SmallBackOffice
    cashier: Cashier
    numbers: Numbers
    bill: Bill

    @property
    def platform(self) -> Platform:
        return cast("Platform", self.office)

    async def check(self) -> None:
        """Ask the oracle."""
        verdicts = await invariants(self.journal)
        broken = {name: verdict for name, verdict in verdicts.items() if verdict is not True}
        assert not broken, broken


@asynccontextmanager
async def world(
    folder: Path,
    terminal: ScriptedTerminal | None = None,
    *,
    clock: VirtualClock | None = None,
    office: SmallBackOffice | None = None,
    clock_agrees: bool = True,
) -> AsyncIterator[World]:
    """Open a world on the journal in ``folder`` with one visit, ``v1``, open."""

    async def agrees() -> bool:
        return clock_agrees

    clock = clock or VirtualClock()
    office = office or SmallBackOffice(clock)
    async with await Journal.open(folder / "journal.db", KEY, clock) as journal:
        quick(journal, clock)
        numbers = Numbers(journal, clock, SITE)
        cashier = Cashier(
            journal,
            numbers,
            cast("Platform", office),
            clock,
            random.Random(7),
            terminal=terminal,
            patience=Patience(),
            clock_agrees=agrees,
        )
        bill = Bill("C1", "B1", (FEE_FEN,), FEE_FEN, clock.wall() + timedelta(minutes=10))
        if not await journal.visits(1):
            await journal.begin("v1", "endorsement", "C1")
        try:
            yield World(journal, clock, office, cashier, numbers, bill)
        finally:
            await cashier.close()


async def ended(world: World, outcome: Outcome, reason: str = "") -> None:
    """End the visit and ask the oracle."""
    await world.journal.end("v1", outcome, reason)
    await world.check()
