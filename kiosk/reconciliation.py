"""T+1 reconciliation (对账): the journal's money of a day against the bills of the back office and the hosts.

The bills of a day have the moments of those who made them. A payment at midnight is of one day there and of
another here, so a line is looked for by its number: those of the bill in the whole journal, those of the
journal in the day's bill and the one before. The journal's day therefore begins and ends ten minutes earlier:
so every line of it is looked for once, in bills that exist.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from kiosk.clock import Clock
from kiosk.journal import MACHINE, EffectState, Journal, JournalFailed, JournalRefused, Letter
from kiosk.journal.effects import PAYMENT_TERMINAL
from kiosk.journal.money_book import MoneyLine
from kiosk.platform import Platform, PlatformError

BILL_ZONE: Final = ZoneInfo("Asia/Shanghai")
"""The payment hosts' and the back office's day."""
EARLIER: Final = timedelta(minutes=10)
"""How long after the journal the back office may hear of a payment."""
BILLS_READY: Final = time(10, 30)
"""When the hosts' bills of the day before can be had: both make them until ten in the morning."""
LONGEST_BACK: Final = timedelta(days=7)
LOOK_S: Final = 600.0
MOST_ITEMS: Final = 40
"""How many differences fit one letter; its count names all."""
HOSTS: Final = ("wechat", "alipay")

Key = tuple[str, str]
"""Order number, and refund number ("" for the payment itself)."""


@dataclass(frozen=True, slots=True)
class Movement:
    """A line of a bill: a payment, or with ``refund_no`` what went back of one."""

    order_no: str
    refund_no: str
    channel: str
    amount_fen: int

    @property
    def key(self) -> Key:
        return self.order_no, self.refund_no


@dataclass(frozen=True, slots=True)
class Settlement:
    """A day's bills: the back office's own, the hosts', and the hosts that did not give theirs."""

    office: tuple[Movement, ...]
    hosts: tuple[Movement, ...]
    silent: frozenset[str]


class Kind(StrEnum):
    """How the books differ."""

    MISSING_HERE = "missing-here"
    MISSING_THERE = "missing-there"
    AMOUNT = "amount"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference; ``book`` is whose bill it is: ``office`` or ``host``. Sums in fen, 0 where missing."""

    kind: Kind
    book: str
    order_no: str
    refund_no: str
    channel: str
    here_fen: int
    there_fen: int

    def __str__(self) -> str:
        what = f"refund {self.refund_no}" if self.refund_no else f"payment {self.order_no}"
        return (
            f"{self.kind:<14} {self.book:<7} {what:<42} {self.channel:<17}"
            f" here {self.here_fen / 100:.2f} there {self.there_fen / 100:.2f}"
        )


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was compared, and what differs. ``silent`` hosts were not compared."""

    day: date
    lines: int
    differences: tuple[Difference, ...]
    silent: frozenset[str]


Telling = Callable[[Reconciled], None]
"""Who is told of a day that was compared."""
Reading = Callable[[datetime, datetime, Collection[str]], Awaitable[tuple[MoneyLine, ...]]]
"""``Journal.money``, or the same of a journal that another process writes."""


class Reconciliation:
    """See the module. ``kiosk`` is the site's id, under which the back office keeps the cases."""

    def __init__(self, journal: Journal, platform: Platform, clock: Clock, kiosk: str) -> None:
        self._journal, self._platform, self._clock, self._kiosk = journal, platform, clock, kiosk

    async def compare(self, day: date) -> Reconciled:
        """Compare one day that is over. Raises ``PlatformError``, ``JournalRefused``."""
        return await compare_day(self._journal.money, self._platform, self._kiosk, day)

    async def write(self, reconciled: Reconciled) -> None:
        """Write down that a day was compared; a letter tells of the differences, if any."""
        found = reconciled.differences
        body: dict[str, Any] = {
            "day": reconciled.day.isoformat(),
            "lines": reconciled.lines,
            "differences": len(found),
        }
        items = [
            {
                "reason": one.kind.value,
                "book": one.book,
                "order_no": one.order_no,
                "refund_no": one.refund_no,
                "channel": one.channel,
                "here_fen": one.here_fen,
                "there_fen": one.there_fen,
            }
            for one in found[:MOST_ITEMS]
        ]
        letter = Letter("reconciliation", {**body, "items": items}) if found else None
        await self._journal.note(MACHINE, "reconciled", letter=letter, **body)

    async def run(self, tell: Telling) -> None:
        """For ever: compare each day once its bills can be had, those of a machine that was off too."""
        while True:
            try:
                for day in await self.due():
                    reconciled = await self.compare(day)
                    if reconciled.silent:
                        break
                    await self.write(reconciled)
                    tell(reconciled)
            except (PlatformError, JournalFailed, JournalRefused):
                pass  # tried again later: a bill does not go away
            await self._clock.sleep(LOOK_S)

    async def due(self) -> list[date]:
        """Return the days that are over, have bills, and were not compared yet, oldest first."""
        now = self._clock.wall().astimezone(BILL_ZONE)
        newest = now.date() - timedelta(days=1 if now.time() >= BILLS_READY else 2)
        done = await self._journal.newest_note("reconciled")
        first = (
            date.fromisoformat(str(done.body["day"])) + timedelta(days=1)
            if done is not None
            else self._journal.born.astimezone(BILL_ZONE).date()
        )
        first = max(first, newest - LONGEST_BACK)
        return [first + timedelta(days=n) for n in range((newest - first).days + 1)]


def journal_day(day: date) -> tuple[datetime, datetime]:
    """Return from when to before when the journal's lines belong to the bill of ``day``."""
    begin = datetime.combine(day, time(), BILL_ZONE) - EARLIER
    return begin, begin + timedelta(days=1)


async def compare_day(read: Reading, platform: Platform, kiosk: str, day: date) -> Reconciled:
    """Compare one day that is over. Raises ``PlatformError``, ``JournalRefused``."""
    before, bill = await ask(platform, kiosk, day - timedelta(days=1)), await ask(platform, kiosk, day)
    begin, end = journal_day(day)
    orders = {line.order_no for line in (*bill.office, *bill.hosts)}
    return compared(day, await read(begin, end, orders), before, bill)


async def ask(platform: Platform, kiosk: str, day: date) -> Settlement:
    """Ask the back office for a day's bills."""
    return await platform.get(
        f"/v1/kiosks/{quote(kiosk, safe='')}/settlements/{day.isoformat()}", _settlement
    )


def compared(day: date, journal: Iterable[MoneyLine], before: Settlement, bill: Settlement) -> Reconciled:
    """Compare the journal's lines (those of the day, and all of the bill's orders) with two days' bills."""
    lines = {(line.order_no, line.refund_no): line for line in journal}
    begin, end = journal_day(day)
    own = [line for line in lines.values() if line.moved and line.at is not None and begin <= line.at < end]
    found: list[Difference] = []
    for book, earlier, today in (
        ("office", before.office, bill.office),
        ("host", before.hosts, bill.hosts),
    ):
        for line in own:
            asked = line.channel in HOSTS and line.channel not in bill.silent | before.silent
            if book == "office" or asked:
                found += _looked_for_there(line, lines, _by_key(earlier, today), book)
        returned = {there.order_no for there in today if there.refund_no}
        for there in today:
            found += _looked_for_here(there, lines, returned, book)
    unique = dict.fromkeys(found)
    return Reconciled(day, len(own), tuple(unique), bill.silent)


def _by_key(*bills: Iterable[Movement]) -> Mapping[Key, Movement]:
    return {line.key: line for bill in bills for line in bill}


def _looked_for_there(
    line: MoneyLine, lines: Mapping[Key, MoneyLine], there: Mapping[Key, Movement], book: str
) -> Iterator[Difference]:
    match = there.get((line.order_no, line.refund_no))
    if match is not None:
        if match.amount_fen != line.amount_fen:
            yield _difference(Kind.AMOUNT, book, line, line.amount_fen, match.amount_fen)
        return
    payment = lines.get((line.order_no, ""))
    reversed_there = (
        line.channel == PAYMENT_TERMINAL
        and payment is not None
        and payment.state is EffectState.COMPENSATED
        and (line.order_no, "") not in there
    )
    # What the terminal reversed before anybody was told of it is in nobody's books: nothing moved in the end.
    if not reversed_there:
        yield _difference(Kind.MISSING_THERE, book, line, line.amount_fen, 0)


def _looked_for_here(
    there: Movement, lines: Mapping[Key, MoneyLine], returned: set[str], book: str
) -> Iterator[Difference]:
    line, payment = lines.get(there.key), lines.get((there.order_no, ""))
    # Money that came after we had given the order up goes back from there by itself: we never had it.
    late = payment is not None and not payment.moved and there.order_no in returned
    # What the back office gave back by itself is known here by the payment's end only.
    undone = bool(there.refund_no) and payment is not None and payment.state is EffectState.COMPENSATED
    if line is None:
        if not (late or undone):
            yield _difference(Kind.MISSING_HERE, book, there, 0, there.amount_fen)
    elif not line.moved:
        if not late:
            yield _difference(Kind.STATE, book, there, 0, there.amount_fen)
    elif line.amount_fen != there.amount_fen:
        yield _difference(Kind.AMOUNT, book, there, line.amount_fen, there.amount_fen)


def _difference(
    kind: Kind, book: str, line: MoneyLine | Movement, here_fen: int, there_fen: int
) -> Difference:
    channel = _CHANNELS.get(line.channel, line.channel)
    return Difference(kind, book, line.order_no, line.refund_no, channel, here_fen, there_fen)


_CHANNELS: Final = {"terminal": PAYMENT_TERMINAL}
"""What the back office calls otherwise than we do."""


def _settlement(value: Any) -> Settlement:
    office, hosts = (
        tuple(
            Movement(
                str(line["order_no"]), str(line["refund_no"]), str(line["channel"]), int(line["amount_fen"])
            )
            for line in value[book]
        )
        for book in ("office", "hosts")
    )
    return Settlement(office, hosts, frozenset(str(name) for name in value["silent"]))
