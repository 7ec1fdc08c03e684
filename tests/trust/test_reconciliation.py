"""Reconciliation: each way in which two books can differ is found, over midnight too, and nothing else is."""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kiosk.journal import MACHINE, Journal
from kiosk.journal import EffectState as E
from kiosk.journal.effects import REFUND_MONEY, TAKE_MONEY
from kiosk.journal.money_book import MoneyLine, read_money
from kiosk.platform import Platform
from kiosk.reconcile import AGREE, DIFFER, NOT_HAD, reconcile
from kiosk.reconciliation import (
    BILL_ZONE,
    BILLS_READY,
    Difference,
    Kind,
    Movement,
    Reconciled,
    Reconciliation,
    Settlement,
    compared,
)
from kiosk.settings import Settings
from simulators.payment_hosts.hosts import PaymentHosts
from tests.simulators.back_office_bench import HONG_KONG, TOKEN, Bench, SharedHosts, on_file
from tests.trust.world import KEY, VirtualClock, in_loop

DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=BILL_ZONE)
MIDNIGHT = datetime(2026, 11, 23, 0, 0, tzinfo=BILL_ZONE)
NOTHING = Settlement((), (), frozenset())


def line(
    order: str = "O1",
    refund: str = "",
    *,
    channel: str = "wechat",
    fen: int = 1500,
    state: E = E.DONE,
    at: datetime = NOON,
) -> MoneyLine:
    return MoneyLine(order, refund, channel, fen, state, at)


def moved(order: str = "O1", refund: str = "", *, channel: str = "wechat", fen: int = 1500) -> Movement:
    return Movement(order, refund, channel, fen)


def bill(*lines: Movement, hosts: tuple[Movement, ...] | None = None, silent: str = "") -> Settlement:
    """Return a bill on which the hosts say the same as the back office, if nothing else is said."""
    own = tuple(one for one in lines if one.channel != "terminal")
    return Settlement(lines, own if hosts is None else hosts, frozenset(silent.split()))


def kinds(journal: list[MoneyLine], today: Settlement, before: Settlement = NOTHING) -> list[tuple[str, str]]:
    return [(one.kind.value, one.book) for one in compared(DAY, journal, before, today).differences]


@pytest.mark.parametrize(
    ("journal", "today", "differences"),
    [
        ([], bill(), []),
        ([line()], bill(moved()), []),
        ([line(), line(refund="O1R1")], bill(moved(), moved(refund="O1R1")), []),
        ([line(channel="payment_terminal")], bill(moved(channel="terminal")), []),
        # missing there
        ([line()], bill(), [("missing-there", "office"), ("missing-there", "host")]),
        ([line()], bill(moved(), hosts=()), [("missing-there", "host")]),
        ([line()], bill(hosts=(moved(),)), [("missing-there", "office")]),
        ([line(channel="payment_terminal")], bill(), [("missing-there", "office")]),
        (
            [line(), line(refund="O1R1")],
            bill(moved()),
            [("missing-there", "office"), ("missing-there", "host")],
        ),
        ([line()], bill(hosts=(), silent="wechat"), [("missing-there", "office")]),
        # missing here
        ([], bill(moved()), [("missing-here", "office"), ("missing-here", "host")]),
        ([], bill(hosts=(moved(),)), [("missing-here", "host")]),
        (
            [line()],
            bill(moved(), moved(refund="O1R1")),
            [("missing-here", "office"), ("missing-here", "host")],
        ),
        # amounts
        ([line()], bill(moved(fen=1600)), [("amount", "office"), ("amount", "host")]),
        ([line()], bill(moved(), hosts=(moved(fen=1),)), [("amount", "host")]),
        (
            [line(), line(refund="O1R1", fen=700)],
            bill(moved(), moved(refund="O1R1", fen=1500), hosts=(moved(), moved(refund="O1R1", fen=700))),
            [("amount", "office")],
        ),
        # states
        ([line(state=E.FAILED)], bill(moved()), [("state", "office"), ("state", "host")]),
        ([line(state=E.UNKNOWN)], bill(moved(), hosts=()), [("state", "office")]),
        (
            [line(), line(refund="O1R1", state=E.FAILED)],
            bill(moved(), moved(refund="O1R1")),
            [("state", "office"), ("state", "host")],
        ),
        # what is right though it looks different
        ([line(state=E.FAILED)], bill(moved(), moved(refund="O1R1")), []),
        ([line(state=E.COMPENSATED)], bill(moved(), moved(refund="O1R1")), []),
        (
            [
                line(channel="payment_terminal", state=E.COMPENSATED),
                line(refund="O1R1", channel="payment_terminal"),
            ],
            bill(),
            [],
        ),
        (
            [
                line(channel="payment_terminal", state=E.COMPENSATED),
                line(refund="O1R1", channel="payment_terminal"),
            ],
            bill(moved(channel="terminal")),
            [("missing-there", "office")],
        ),
    ],
)
def test_each_kind_of_difference(
    journal: list[MoneyLine], today: Settlement, differences: list[tuple[str, str]]
) -> None:
    assert sorted(kinds(journal, today)) == sorted(differences)


@pytest.mark.parametrize("seconds", [-700, -599, -1, 0, 1, 700])
def test_midnight_between_two_books_is_no_difference(seconds: int) -> None:
    """A payment at midnight, here and there on either side of it, is looked for once and found."""
    here = MIDNIGHT + timedelta(seconds=seconds)
    for there in (MIDNIGHT - timedelta(seconds=1), MIDNIGHT + timedelta(seconds=1)):
        if abs(here - there) > timedelta(minutes=10) + timedelta(seconds=1):
            continue
        journal, on = [line(at=here)], there.date()
        bills = {on: bill(moved())}
        found = [
            compared(day, journal, bills.get(day - timedelta(days=1), NOTHING), bills.get(day, NOTHING))
            for day in (DAY, DAY + timedelta(days=1))
        ]
        assert [one.differences for one in found] == [(), ()], (here, there)
        assert sum(one.lines for one in found) == 1, "looked for on one day exactly"


def test_a_refund_of_the_day_after_belongs_to_that_day() -> None:
    journal = [line(), line(refund="O1R1", at=NOON + timedelta(days=1))]
    assert kinds(journal, bill(moved())) == []
    tomorrow = compared(DAY + timedelta(days=1), journal, bill(moved()), bill(moved(refund="O1R1")))
    assert (tomorrow.differences, tomorrow.lines) == ((), 1)
    lost = compared(DAY + timedelta(days=1), journal, bill(moved()), NOTHING)
    assert {one.refund_no for one in lost.differences} == {"O1R1"}


def test_a_difference_says_what_and_how_much() -> None:
    (found,) = compared(DAY, [line(fen=1500)], NOTHING, bill(moved(fen=1600), hosts=(moved(),))).differences
    assert found == Difference(Kind.AMOUNT, "office", "O1", "", "wechat", 1500, 1600)
    assert str(found).split() == [
        "amount",
        "office",
        "payment",
        "O1",
        "wechat",
        "here",
        "15.00",
        "there",
        "16.00",
    ]


# --- the journal's side ------------------------------------------------------------------------------------


class BenchClock(VirtualClock):
    """The time of the bench, moved by hand."""

    def __init__(self, bench: Bench | None = None) -> None:
        super().__init__()
        self.bench, self.moment = bench, NOON

    def wall(self) -> datetime:
        return (self.bench.now if self.bench else self.moment).astimezone(UTC)


async def took(journal: Journal, order: str, fen: int, channel: str, state: E = E.DONE) -> None:
    """Write down a visit with one payment."""
    await journal.begin(f"v-{order}", "endorsement", f"C-{order}")
    before = {"channel": channel, "amount_fen": fen}
    intent = await journal.intend(f"v-{order}", TAKE_MONEY, order, before=before)
    await journal.conclude(intent, state, after={"state": "approved"})


async def returned(journal: Journal, order: str, fen: int, channel: str) -> None:
    before = {"order_no": order, "channel": channel, "amount_fen": fen}
    intent = await journal.intend(f"v-{order}", REFUND_MONEY, f"{order}R1", before=before)
    await journal.conclude(intent, E.DONE, after={"refunded_fen": fen})
    for effect in (await journal.visit(f"v-{order}")).every(TAKE_MONEY):
        await journal.conclude(effect.intent, E.COMPENSATED, after={"state": "refunded"})


@in_loop
async def test_the_journal_finds_money_by_its_time_and_by_its_number(tmp_path: Path) -> None:
    clock = BenchClock()
    async with await Journal.open(tmp_path / "journal.db", KEY, clock) as journal:
        for number in range(6):
            clock.moment = NOON + timedelta(days=number)
            for _ in range(10):
                await journal.note(MACHINE, "noted")
            await took(journal, f"O{number}", 100 * (number + 1), "wechat")
        clock.moment += timedelta(hours=1)
        await returned(journal, "O3", 400, "wechat")
        begin, end = NOON + timedelta(days=2), NOON + timedelta(days=4)
        lines = await journal.money(begin, end)
        assert [(one.order_no, one.amount_fen, one.at) for one in lines] == [
            ("O2", 300, begin),
            ("O3", 400, NOON + timedelta(days=3)),
        ]
        assert [one.state for one in lines] == [E.DONE, E.COMPENSATED]
        by_number = read_money(journal.path, KEY, begin=end, end=end, orders=["O0", "O3", "O9"])
        assert [(one.order_no, one.refund_no) for one in by_number] == [
            ("O0", ""),
            ("O3", ""),
            ("O3", "O3R1"),
        ]
        last = await journal.money(NOON + timedelta(days=5, minutes=30), NOON + timedelta(days=9))
        assert [(one.refund_no, one.moved) for one in last] == [("O3R1", True)]


# --- both sides, with a back office and the payment hosts ---------------------------------------------------


@dataclass
class Books:
    """A bench with its hosts, and the settings of a kiosk whose journal lies in ``folder``."""

    bench: Bench
    folder: Path

    @property
    def settings(self) -> Settings:
        (self.folder / "key").write_bytes(KEY)
        (self.folder / "key").chmod(0o600)
        made = SimpleNamespace(
            site=SimpleNamespace(id="330212K01"),
            back_office=SimpleNamespace(url=self.bench.server.url, token=lambda: TOKEN),
            journal=SimpleNamespace(path=self.folder / "journal.db", key_file=self.folder / "key"),
        )
        return cast("Settings", made)

    @property
    def clock(self) -> BenchClock:
        return BenchClock(self.bench)

    async def journal(self) -> Journal:
        return await Journal.open(self.folder / "journal.db", KEY, self.clock)

    def platform(self) -> Platform:
        return Platform(self.bench.server.url, TOKEN, "330212K01", self.clock, random.Random(1))

    def paid_by_code(self, case: str, order: str, channel: str) -> int:
        """Somebody pays by a code; return how much."""
        offered = self.bench.quote(case, [HONG_KONG])
        code = self.bench.ask_payment(case, offered, order, channel)["code"]
        self.hosts.scan(code)
        assert self.bench.get(f"/v1/payments/{order}")["state"] == "paid"
        return int(offered["total_fen"])

    def paid_at_terminal(self, case: str, order: str) -> int:
        offered = self.bench.quote(case, [HONG_KONG])
        self.bench.pay_at_terminal(case, offered, order)
        return int(offered["total_fen"])

    def refund(self, order: str, fen: int) -> None:
        body = {"refund_no": f"{order}R1", "amount_fen": fen, "reason": "not-delivered"}
        self.bench.post(f"/v1/payments/{order}/refunds", body, key=f"{order}R1").raise_for_status()

    @property
    def hosts(self) -> PaymentHosts:
        return self.bench.hosts

    def run(self, day: date = DAY) -> tuple[int, str]:
        out = io.StringIO()
        return reconcile(self.settings, day, clock=self.clock, out=out), out.getvalue()


@pytest.fixture(scope="module")
def shared() -> Iterator[SharedHosts]:
    hosts = SharedHosts()
    yield hosts
    hosts.close()


@pytest.fixture
def books(tmp_path: Path, shared: SharedHosts) -> Iterator[Books]:
    with on_file(tmp_path, shared) as bench:
        yield Books(bench, tmp_path)


async def a_day(books: Books) -> None:
    """One payment each way, one given back, all in both books; then the day ends."""
    async with await books.journal() as journal:
        for order, channel in (("330212WX1", "wechat"), ("330212AL1", "alipay"), ("330212WX2", "wechat")):
            await took(journal, order, books.paid_by_code(f"C-{order}", order, channel), channel)
        fen = books.paid_at_terminal("C-330212TE1", "330212TE1")
        await took(journal, "330212TE1", fen, "payment_terminal")
        for order, channel in (("330212WX2", "wechat"), ("330212AL1", "alipay")):
            books.refund(order, fen)
            await returned(journal, order, fen, channel)
    books.bench.wait(86400)


@in_loop
async def test_equal_books_agree(books: Books) -> None:
    await a_day(books)
    async with await books.journal() as journal:
        found = await Reconciliation(journal, books.platform(), books.clock, "330212K01").compare(DAY)
        assert (found.lines, found.differences, found.silent) == (6, (), frozenset())


def test_the_command_finds_what_was_planted(books: Books) -> None:
    asyncio.run(a_day(books))
    assert books.run() == (AGREE, "2026-11-22: 6 lines, 0 differences\n")
    # The hosts forget one payment, and have another that nobody here knows of.
    host = books.hosts.wechat.trades
    trade = host.of_order("330212WX1")
    assert trade is not None
    trade.amount_fen += 100
    lost = books.hosts.alipay.trades.of_order("330212AL1")
    assert lost is not None
    lost.paid_at = None
    code, said = books.run()
    assert code == DIFFER
    lines = [words.split()[:4] for words in said.splitlines()[:-1]]
    assert sorted(lines) == [
        ["amount", "host", "payment", "330212WX1"],
        ["missing-there", "host", "payment", "330212AL1"],
    ]
    asyncio.run(the_difference_is_written_down(books))


async def the_difference_is_written_down(books: Books) -> None:
    async with await books.journal() as journal:
        note = await journal.newest_note("reconciled")
        assert note is not None
        assert note.body == {"day": "2026-11-22", "lines": 6, "differences": 2}
        (posted,) = [one.letter for one in await journal.letters() if one.letter.kind == "reconciliation"]
        assert posted.body["differences"] == 2
        assert {item["order_no"] for item in posted.body["items"]} == {"330212WX1", "330212AL1"}
        assert (await journal.verify()).whole


@in_loop
async def test_planted_in_the_journal(books: Books) -> None:
    """Missing there, missing here, another amount, another state: against the real back office."""
    async with await books.journal() as journal:
        known = books.paid_by_code("C-330212WX1", "330212WX1", "wechat")
        await took(journal, "330212WX1", known - 1, "wechat")
        books.paid_at_terminal("C-330212TE1", "330212TE1")
        await took(journal, "330212TE1", known, "payment_terminal", E.FAILED)
        books.paid_at_terminal("C-330212TE2", "330212TE2")
        await took(journal, "330212AL9", known, "alipay")
        books.bench.wait(86400)
        found = await Reconciliation(journal, books.platform(), books.clock, "330212K01").compare(DAY)
        assert sorted((one.kind.value, one.book, one.order_no) for one in found.differences) == [
            ("amount", "host", "330212WX1"),
            ("amount", "office", "330212WX1"),
            ("missing-here", "office", "330212TE2"),
            ("missing-there", "host", "330212AL9"),
            ("missing-there", "office", "330212AL9"),
            ("state", "office", "330212TE1"),
        ]


def test_another_kiosks_money_is_not_ours(books: Books) -> None:
    asyncio.run(a_day(books))
    stranger = books.settings
    stranger.site.id = "330212K02"  # type: ignore[misc]
    out = io.StringIO()
    assert reconcile(stranger, DAY, clock=books.clock, out=out) == DIFFER
    assert "missing-here" not in out.getvalue()


def test_without_bills_or_journal_nothing_is_said_to_agree(
    books: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    assert books.run()[0] == NOT_HAD  # no journal yet
    asyncio.run(a_day(books))
    books.bench.wait(-86400)
    code, said = books.run()  # the day is not over: the hosts have no bill of it
    assert code == NOT_HAD
    assert "no bill from alipay, wechat" in said
    assert "missing" in capsys.readouterr().err


# --- every night -------------------------------------------------------------------------------------------


@in_loop
async def test_every_night_the_days_that_are_due(books: Books) -> None:
    await a_day(books)
    told: list[Reconciled] = []
    async with await books.journal() as journal:
        clock = books.clock
        reconciliation = Reconciliation(journal, books.platform(), clock, "330212K01")
        books.bench.wait(-3600)  # half past nine: the bills of yesterday are not made yet
        assert await reconciliation.due() == []
        books.bench.wait(5400)
        assert books.bench.now.time() >= BILLS_READY
        assert await reconciliation.due() == [DAY]
        await nights(reconciliation, clock, told, 2)
        assert [(one.day, len(one.differences)) for one in told] == [(DAY, 0)]
        assert await reconciliation.due() == []
        books.bench.wait(3 * 86400)  # the machine was off for a while
        assert await reconciliation.due() == [DAY + timedelta(days=n) for n in (1, 2, 3)]
        books.bench.wait(30 * 86400)
        assert len(await reconciliation.due()) == 8
        assert not [one for one in await journal.letters() if one.letter.kind == "reconciliation"]


async def nights(
    reconciliation: Reconciliation, clock: BenchClock, told: list[Reconciled], looks: int
) -> None:
    """Let the nightly task look so many times."""

    async def sleep(seconds: float) -> None:
        nonlocal looks
        looks -= 1
        if not looks:
            raise StopNow

    clock.sleep = sleep  # type: ignore[method-assign]
    with pytest.raises(StopNow):
        await reconciliation.run(told.append)


class StopNow(Exception):
    pass


@in_loop
async def test_a_back_office_that_is_away_is_asked_again(books: Books) -> None:
    await a_day(books)
    told: list[Any] = []
    async with await books.journal() as journal:
        books.bench.wait(7200)
        clock = books.clock
        url = books.bench.server.url
        books.bench.server.stop()
        away = Platform(url, TOKEN, "330212K01", clock, random.Random(1), timeout_s=0.2, deadline_s=0.0)
        await nights(Reconciliation(journal, away, clock, "330212K01"), clock, told, 2)
        assert told == []
        assert await journal.newest_note("reconciled") is None
