"""Stories of money: every way through the cashier, told by what it asked, wrote down and returned, and when.

``python -m tests.trust.money_stories > tests/trust/money_stories.txt`` tells them anew; somebody reads the
difference before it is committed. The time in front is virtual and begins with the payment.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from devices.interfaces import PaymentResult
from devices.interfaces import PaymentState as P
from kiosk.clock import mono_s
from kiosk.journal import Effect, Event, Outcome
from kiosk.journal import EffectState as E
from kiosk.journal.effects import PAYMENT_TERMINAL, REFUND_MONEY, TAKE_MONEY
from kiosk.journal.fields import canonical
from kiosk.money import ChannelBlocked, NotDelivered, Patience, Payment
from kiosk.payment import Collected
from kiosk.platform import Bill, OrderState, PlatformError, Refused
from kiosk.refunds import Settlement
from tests.trust.world import (
    FEE_FEN,
    BackOfficeOrder,
    Reply,
    ScriptedTerminal,
    SmallBackOffice,
    VirtualClock,
    World,
    broken,
    unreachable,
    world,
)

FILE: Final = Path(__file__).with_name("money_stories.txt")
ASKED: Final = ("open_order", "order", "close_order", "refund", "register_terminal_payment")


class Told:
    """The lines of one story."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock, self._begun_s = clock, mono_s(clock)
        self.lines: list[str] = []
        self.order_no = ""

    def tell(self, line: str) -> None:
        seconds = mono_s(self._clock) - self._begun_s
        if self.order_no:
            line = line.replace(self.order_no, "ORDER")
        self.lines.append(f"{seconds:9.3f}  {line}")


class TellingOffice(SmallBackOffice):
    """A back office whose every question is told."""

    def __init__(self, clock: VirtualClock, told: Told) -> None:
        super().__init__(clock)
        for name in ASKED:
            setattr(self, name, self._telling(told, name, getattr(self, name)))

    @staticmethod
    def _telling(told: Told, name: str, act: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def asked(*values: Any, **named: Any) -> Any:
            words = [value.bill_no if isinstance(value, Bill) else str(value) for value in values]
            words += [
                f"{key}={value.bill_no if isinstance(value, Bill) else value}" for key, value in named.items()
            ]
            try:
                try:
                    answer = await act(*values, **named)
                except KeyError:
                    raise Refused("not-found", 404) from None  # it never heard of the order
            except PlatformError as error:
                told.tell(f"office {name}({', '.join(words)}) !{error.code}")
                raise
            told.tell(f"office {name}({', '.join(words)})")
            return answer

        return asked


class TellingTerminal(ScriptedTerminal):
    """A terminal whose every command is told. ``lost`` says how it breaks when asked to abort."""

    told: Told
    lost: bool = False

    async def start(self, order_no: str, amount_fen: int) -> None:
        self.told.tell(f"terminal start({order_no}, {amount_fen})")
        await super().start(order_no, amount_fen)

    async def abort(self, order_no: str) -> None:
        self.told.tell(f"terminal abort({order_no})")
        if self.lost:
            raise broken()
        await super().abort(order_no)

    async def query(self, order_no: str) -> PaymentResult:
        self.told.tell(f"terminal query({order_no})")
        return await super().query(order_no)

    async def refund(self, order_no: str, refund_no: str, amount_fen: int) -> PaymentResult:
        self.told.tell(f"terminal refund({order_no}, {refund_no}, {amount_fen})")
        return await super().refund(order_no, refund_no, amount_fen)


def _event(event: Event) -> str:
    return f"{event.kind} {canonical(event.body)}"


class Stage:
    """What a story plays on."""

    def __init__(self, w: World, terminal: TellingTerminal, told: Told) -> None:
        self.w, self.terminal, self.told = w, terminal, told

    @property
    def office(self) -> SmallBackOffice:
        return self.w.office

    async def at_terminal(self, *, timeout_s: float = 60.0, leaves: bool = False) -> Payment:
        payment = await self.w.cashier.at_terminal("v1", self.w.bill, timeout_s=timeout_s)
        self.told.order_no = payment.order_no
        await self._outcome(payment, leaves)
        return payment

    async def by_code(
        self, *, lifetime_s: int = 10, channel: str = "wechat", leaves: bool = False
    ) -> Payment:
        payment = await self.w.cashier.by_code("v1", self.w.bill, channel, lifetime_s=lifetime_s)
        self.told.order_no = payment.order_no
        assert payment.expires_at is not None
        self.told.tell(
            f"shown {payment.code}, {(payment.expires_at - self.w.clock.wall()).total_seconds():.0f} s"
        )
        await self._outcome(payment, leaves)
        return payment

    async def _outcome(self, payment: Payment, leaves: bool) -> None:
        self.say(await (payment.give_up() if leaves else payment.outcome()))
        self.told.tell(f"{payment.channel} {payment.amount_fen} fen")

    async def deliver(self, payment: Payment, body: Callable[[Any], Awaitable[None]]) -> None:
        """Enter what was paid for, and do ``body`` there."""
        paid = self.w.cashier.paid(payment)
        try:
            async with paid:
                await body(paid)
        except NotDelivered as error:
            self.told.tell(f"not delivered: {error}")
        except (KeyError, Refused) as error:
            self.told.tell(f"raised {error!r}")
        self.say(paid.settlement)

    async def open_take(self, channel: str, order_no: str = "OLDORDER", **more: Any) -> Effect:
        """Leave a payment open, as a dead process does."""
        before = {"channel": channel, "amount_fen": FEE_FEN, **more}
        intent = await self.w.journal.intend("v1", TAKE_MONEY, order_no, before=before)
        return Effect(intent, E.INTENDED, before, {})

    def say(self, what: Collected | Settlement | None) -> None:
        if isinstance(what, Collected):
            found = what.settlement
            told = {"state": what.state.value, "method": what.method, "reference": what.host_reference}
            self.told.tell(f"collected {canonical({**told, 'reason': what.reason})}")
            if found is not None:
                self.say(found)
        elif what is not None:
            self.told.tell(
                f"settled {canonical({**asdict(what), 'outcome': what.outcome and what.outcome.value})}"
            )


Story = Callable[[Stage], Awaitable[None]]


def _paying(*polls: Reply, after: list[Reply] | None = None, queries: list[Reply] | None = None,
            refunds: list[Reply] | None = None, start: bool = True, lost: bool = False,
            timeout_s: float = 1.0, leaves: bool = False) -> Story:  # fmt: skip
    async def story(stage: Stage) -> None:
        terminal = stage.terminal
        terminal.replies = {
            "poll": list(polls) or [P.WAITING],
            "query": list(queries or [P.UNKNOWN]),
            "refund": list(refunds or [P.APPROVED]),
        }
        terminal._after_abort, terminal.lost = list(after or []), lost
        terminal._start = None if start else broken()
        await stage.at_terminal(timeout_s=timeout_s, leaves=leaves)

    return story


async def _delivered(stage: Stage) -> None:
    payment = await stage.at_terminal()
    await stage.deliver(payment, lambda paid: paid.delivered())


async def _delivered_by_code(stage: Stage) -> None:
    _pay_at(stage, 3)
    await stage.deliver(await stage.by_code(), lambda paid: paid.delivered())


async def _not_delivered(stage: Stage) -> None:
    async def nothing(paid: Any) -> None:
        pass

    await stage.deliver(await stage.at_terminal(), nothing)


async def _fails(stage: Stage) -> None:
    async def fails(paid: Any) -> None:
        raise KeyError("printer")

    await stage.deliver(await stage.at_terminal(), fails)


async def _fails_with_a_code(stage: Stage) -> None:
    async def fails(paid: Any) -> None:
        raise Refused("refused", 409)

    _pay_at(stage, 1)
    await stage.deliver(await stage.by_code(), fails)


async def _fails_and_books_differ(stage: Stage) -> None:
    stage.office.trouble["refund"] = [unreachable()]
    await _not_delivered(stage)


async def _not_registered(stage: Stage) -> None:
    stage.office.trouble["register"] = [unreachable()]
    await _not_delivered(stage)


async def _not_approved(stage: Stage) -> None:
    stage.terminal.replies["poll"] = [P.DECLINED]
    payment = await stage.at_terminal()
    try:
        async with stage.w.cashier.paid(payment):
            stage.told.tell("entered")
    except ValueError as error:
        stage.told.tell(f"raised {error}")


async def _escalated_with_money_back(stage: Stage) -> None:
    async def hand_over(paid: Any) -> None:
        stage.say(await paid.escalate("half-done", give_back=True))

    await stage.deliver(await stage.at_terminal(), hand_over)


async def _escalated_with_money_kept(stage: Stage) -> None:
    async def hand_over(paid: Any) -> None:
        stage.say(await paid.escalate("half-done", give_back=False))

    await stage.deliver(await stage.at_terminal(), hand_over)


def _pay_at(stage: Stage, count: int) -> None:
    def on_ask(order_no: str) -> None:
        if len(stage.office.asked) == count:
            stage.office.pay(order_no)

    stage.office.on_ask = on_ask


async def _code_left_paid_late(stage: Stage) -> None:
    stage.office.closes_to = OrderState.WAITING
    payment = await stage.by_code(leaves=True)
    stage.office.pay(payment.order_no)
    await stage.w.cashier.drain()


async def _code_left_never_paid(stage: Stage) -> None:
    stage.office.closes_to = OrderState.WAITING
    await stage.by_code(leaves=True, channel="alipay")
    await stage.w.cashier.drain()


async def _code_left_paid_meanwhile(stage: Stage) -> None:
    stage.office.closes_to = OrderState.PAID
    await stage.by_code(leaves=True)


async def _code_ends_paid_at_the_close(stage: Stage) -> None:
    stage.office.closes_to = OrderState.PAID
    await stage.by_code(lifetime_s=5)


async def _code_ends(stage: Stage) -> None:
    await stage.by_code(lifetime_s=5)


async def _code_closed_by_the_host(stage: Stage) -> None:
    def on_ask(order_no: str) -> None:
        stage.office.orders[order_no].state = OrderState.CLOSED

    stage.office.on_ask = on_ask
    await stage.by_code()


async def _code_and_no_answer(stage: Stage) -> None:
    stage.office.trouble["order"] = stage.office.trouble["close_order"] = [unreachable()]
    await stage.by_code(lifetime_s=5)
    stage.office.trouble.clear()
    await stage.w.cashier.drain()


async def _code_close_refused(stage: Stage) -> None:
    stage.office.trouble["close_order"] = [Refused("payment-refused", 409)]
    await stage.by_code(lifetime_s=5)
    await stage.w.cashier.drain()


async def _no_code(stage: Stage) -> None:
    stage.office.trouble["open_order"] = [unreachable()]
    try:
        await stage.w.cashier.by_code("v1", stage.w.bill, "wechat", lifetime_s=60)
    except PlatformError as error:
        stage.told.tell(f"raised {error.code}")


async def _code_refund_in_process(stage: Stage) -> None:
    stage.office.refund_state = "processing"
    await _fails_with_a_code(stage)


async def _code_refund_refused(stage: Stage) -> None:
    stage.office.trouble["refund"] = [Refused("already-issued", 409)]
    await _fails_with_a_code(stage)


async def _code_refund_refused_for_it_is_back(stage: Stage) -> None:
    async def fails(paid: Any) -> None:
        order = stage.office.orders[paid.payment.order_no]
        order.state, order.returned["other"] = OrderState.REFUNDED, FEE_FEN
        raise Refused("refused", 409)

    _pay_at(stage, 1)
    stage.office.trouble["refund"] = [Refused("not-paid", 409)]
    await stage.deliver(await stage.by_code(), fails)


async def _code_refund_reply_lost(stage: Stage) -> None:
    stage.office.lost["refund"] = [unreachable(), unreachable(), None]
    await _fails_with_a_code(stage)


async def _blocked(stage: Stage) -> None:
    effect = await stage.open_take(PAYMENT_TERMINAL)
    await stage.w.journal.conclude(effect.intent, E.UNKNOWN)
    try:
        await stage.at_terminal()
    except ChannelBlocked as blocked:
        stage.told.tell(f"blocked {blocked}; {sorted(await stage.w.cashier.blocked_channels())}")


def _recovering(channel: str, queries: list[Reply] | None = None, refunds: list[Reply] | None = None, *,
                order: OrderState | None = None, later: OrderState | None = None,
                trouble: tuple[str, ...] = (), lifetime_s: int = 30, age_s: float = 0.0,
                again: bool = False) -> Story:  # fmt: skip
    """A payment that a dead process left open ``age_s`` ago; then, with ``again``, asked about later."""

    async def story(stage: Stage) -> None:
        stage.terminal.amount_fen = FEE_FEN
        stage.terminal.replies |= {
            "query": list(queries or [P.UNKNOWN]),
            "refund": list(refunds or [P.APPROVED]),
        }
        stage.office.closes_to = OrderState.WAITING
        if order is not None:
            stage.office.orders["OLDORDER"] = BackOfficeOrder(FEE_FEN, order)
        for method in trouble:
            stage.office.trouble[method] = [unreachable()]
        more: dict[str, Any] = {} if channel == PAYMENT_TERMINAL else {"lifetime_s": lifetime_s}
        effect = await stage.open_take(channel, **more)
        expires = stage.w.clock.wall() + timedelta(seconds=lifetime_s)
        await stage.w.clock.sleep(age_s)
        state = await stage.w.cashier.recover(effect, "C1", expires_at=expires)
        stage.told.tell(f"recovered {state}")
        if later is not None:
            stage.office.orders["OLDORDER"].state = later
        if again:
            await stage.w.journal.end("v1", Outcome.ESCALATED if trouble else Outcome.CANCELLED)
            stage.office.trouble.clear()
            stage.terminal.replies |= {"query": [P.APPROVED], "refund": [P.APPROVED]}
            await stage.w.cashier.ask_again()
        await stage.w.cashier.drain()

    return story


def _refund_begun(state: E, after: dict[str, Any] | None = None) -> Story:
    """A refund that a dead process began, and how far it came; then it is continued."""

    async def story(stage: Stage) -> None:
        stage.terminal.amount_fen = FEE_FEN
        effect = await stage.open_take(PAYMENT_TERMINAL)
        await stage.w.journal.conclude(effect.intent, E.DONE, after={"state": "approved"})
        before = {"order_no": "OLDORDER", "channel": PAYMENT_TERMINAL, "amount_fen": FEE_FEN}
        intent = await stage.w.journal.intend("v1", REFUND_MONEY, "OLDORDERR1", before=before)
        if state is not E.INTENDED:
            await stage.w.journal.conclude(intent, state, after=after)
        stage.say(await stage.w.cashier.refunds.give_back(effect, "C1", "interrupted"))
        stage.say(await stage.w.cashier.refunds.give_back(effect, "C1", "again"))

    return story


STORIES: Final[dict[str, Story]] = {
    "terminal: approved at the third look": _paying(P.WAITING, P.WAITING, P.APPROVED),
    "terminal: declined": _paying(P.DECLINED),
    "terminal: cancelled there": _paying(P.CANCELLED),
    "terminal: timed out there": _paying(P.TIMED_OUT),
    "terminal: timed out here, cancelled by us": _paying(P.WAITING, after=[P.WAITING, P.CANCELLED]),
    "terminal: left": _paying(P.WAITING, after=[P.CANCELLED], leaves=True),
    "terminal: left too late": _paying(P.WAITING, after=[P.APPROVED], leaves=True),
    "terminal: abort without an end, then absent": _paying(P.WAITING, queries=[P.NOT_FOUND]),
    "terminal: abort is lost, then paid": _paying(P.WAITING, queries=[P.WAITING, P.APPROVED], lost=True),
    "terminal: start is lost, then declined": _paying(start=False, queries=[broken(), P.DECLINED]),
    "terminal: unknown, reversed at the third try": _paying(
        P.UNKNOWN, refunds=[broken(), P.WAITING, P.APPROVED]
    ),
    "terminal: unknown, nothing to reverse": _paying(P.UNKNOWN, refunds=[P.NOT_FOUND]),
    "terminal: unknown, reversal refused": _paying(P.UNKNOWN, refunds=[P.DECLINED]),
    "terminal: unknown, no answer at all": _paying(broken(), queries=[broken()], refunds=[broken()]),
    "paid at the terminal, delivered": _delivered,
    "paid by code, delivered": _delivered_by_code,
    "paid at the terminal, quietly not delivered": _not_delivered,
    "paid at the terminal, failed": _fails,
    "paid by code, failed": _fails_with_a_code,
    "paid at the terminal, failed, the back office hears of it by letter": _fails_and_books_differ,
    "paid at the terminal, the back office cannot be told": _not_registered,
    "declined is not entered": _not_approved,
    "escalated with the money back": _escalated_with_money_back,
    "escalated with the money kept": _escalated_with_money_kept,
    "code: left, not closed, paid late": _code_left_paid_late,
    "code: left, not closed, never paid": _code_left_never_paid,
    "code: left, paid in that moment": _code_left_paid_meanwhile,
    "code: its end, paid in that moment": _code_ends_paid_at_the_close,
    "code: its end": _code_ends,
    "code: closed by the host": _code_closed_by_the_host,
    "code: no answer at its end": _code_and_no_answer,
    "code: closing refused": _code_close_refused,
    "code: none to be had": _no_code,
    "code: refund stays in process": _code_refund_in_process,
    "code: refund refused": _code_refund_refused,
    "code: refund refused, for it is back already": _code_refund_refused_for_it_is_back,
    "code: replies to the refund are lost": _code_refund_reply_lost,
    "a channel with an open question": _blocked,
    "recovery: terminal, paid": _recovering(PAYMENT_TERMINAL, [P.APPROVED]),
    "recovery: terminal, declined": _recovering(PAYMENT_TERMINAL, [P.DECLINED]),
    "recovery: terminal, absent": _recovering(PAYMENT_TERMINAL, [P.NOT_FOUND]),
    "recovery: terminal, unknown, reversed": _recovering(PAYMENT_TERMINAL),
    "recovery: terminal, silent, later paid": _recovering(
        PAYMENT_TERMINAL, [broken()], [broken()], again=True
    ),
    "recovery: code, paid": _recovering("wechat", order=OrderState.PAID),
    "recovery: code, closed": _recovering("wechat", order=OrderState.CLOSED),
    "recovery: code, payable, then paid": _recovering(
        "wechat", order=OrderState.WAITING, later=OrderState.PAID
    ),
    "recovery: code, payable, never paid": _recovering("wechat", order=OrderState.WAITING),
    "recovery: code, its end long past": _recovering("wechat", order=OrderState.WAITING, age_s=36.0),
    "recovery: code, its end just past": _recovering("wechat", order=OrderState.WAITING, age_s=31.0),
    "recovery: code, unknown to the back office": _recovering("alipay", age_s=60.0),
    "recovery: code, no answer, later paid": _recovering(
        "wechat", order=OrderState.PAID, trouble=("order", "close_order"), again=True
    ),
    "refund begun": _refund_begun(E.INTENDED),
    "refund begun, unknown": _refund_begun(E.UNKNOWN, {"state": "not-now"}),
    "refund done, payment not yet": _refund_begun(E.DONE, {"refunded_fen": FEE_FEN}),
    "refund refused before": _refund_begun(E.FAILED, {"state": "refused"}),
    "refund had nothing to give": _refund_begun(E.FAILED, {"state": "nothing-taken"}),
}


async def _play(folder: Path, story: Story) -> list[str]:
    clock = VirtualClock()
    told = Told(clock)
    terminal = TellingTerminal()
    terminal.told = told
    async with world(folder, terminal, clock=clock, office=TellingOffice(clock, told)) as w:
        told._begun_s = mono_s(clock)
        told.order_no = "OLDORDER"
        w.journal.hit = lambda name: told.tell(f"point {name}")  # type: ignore[method-assign]
        write = w.journal._store._append

        def telling_append(visit: str, kind: str, body: Any) -> Event:
            event = write(visit, kind, body)
            if kind == "effect-intended" and body["effect"] == TAKE_MONEY:
                told.order_no = body["key"]
            told.tell(_event(event))
            return event

        w.journal._store._append = telling_append  # type: ignore[method-assign]
        await story(Stage(w, terminal, told))
        for posted in await w.journal.letters():
            told.tell(f"letter {posted.letter.kind} {posted.letter.case_no} {canonical(posted.letter.body)}")
    return told.lines


def tell(name: str) -> list[str]:
    """Play a story and return its lines."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_play(Path(folder), STORIES[name]))


def read() -> dict[str, list[str]]:
    """Return the stories of the file, by name."""
    stories: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in FILE.read_text("utf-8").splitlines():
        if line.startswith("# "):
            lines = stories.setdefault(line[2:], [])
        elif line:
            lines.append(line)
    return stories


if __name__ == "__main__":
    assert Patience().refund_tries == 6
    for title in STORIES:
        print(f"# {title}", *tell(title), "", sep="\n")
