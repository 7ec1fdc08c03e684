"""Consumables: counts from counters, what was put in, when it ends; and what an unknown counter means."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from devices.base import State, Status
from kiosk.maintenance.forecast import ends_at
from kiosk.maintenance.supplies import Kind, Level, Stock, Supplies, Unit, read_units

ZONE = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 22, 14, 30, tzinfo=ZONE)
PAPER = Unit("receipt-paper", Kind.SUPPLY, "printer", "cuts", "paper", 440)
BIN = Unit("permits", Kind.BIN, "unit", "retained", "", 50)


class Worker:
    """A device that counts."""

    def __init__(self, **counters: int) -> None:
        self.counts: dict[str, int] = counters
        self.status = Status(State.ONLINE, {"paper": "full"})

    async def __call__(self, act: Any) -> Any:
        return act(SimpleNamespace(counters=lambda: dict(self.counts)))


@pytest.fixture
def workers() -> dict[str, Worker]:
    return {"printer": Worker(cuts=1000), "unit": Worker(retained=3)}


def supplies(workers: dict[str, Worker], folder: Path) -> Supplies:
    cabinet: Any = SimpleNamespace(workers=workers)
    return Supplies((PAPER, BIN), cabinet, folder / "supplies.json")


def stock(of: Supplies, name: str, now: datetime = NOW) -> Stock:
    return {found.unit.name: found for found in asyncio.run(of.stocks(now))}[name]


def test_what_is_left_is_what_was_put_in_less_what_was_cut(
    workers: dict[str, Worker], tmp_path: Path
) -> None:
    of = supplies(workers, tmp_path)
    assert stock(of, "receipt-paper").count == 440  # never seen before: taken as full
    workers["printer"].counts["cuts"] += 100
    assert stock(of, "receipt-paper").count == 340
    asyncio.run(of.exchanged(PAPER, 400, NOW))
    workers["printer"].counts["cuts"] += 10
    assert stock(supplies(workers, tmp_path), "receipt-paper").count == 390, "a restart forgot"


def test_low_comes_with_the_last_fifth_or_the_last_day(workers: dict[str, Worker], tmp_path: Path) -> None:
    of = supplies(workers, tmp_path)
    stock(of, "receipt-paper")
    workers["printer"].counts["cuts"] += 440 - 88
    assert stock(of, "receipt-paper").level is Level.OK
    workers["printer"].counts["cuts"] += 1
    assert stock(of, "receipt-paper").level is Level.LOW


def test_what_the_sensor_says_counts_more_than_the_count(workers: dict[str, Worker], tmp_path: Path) -> None:
    of = supplies(workers, tmp_path)
    stock(of, "receipt-paper")
    workers["printer"].status = Status(State.OFFLINE, {"paper": "out"}, fault="paperOut")
    assert stock(of, "receipt-paper").level is Level.EMPTY


def test_another_printer_begins_anew(workers: dict[str, Worker], tmp_path: Path) -> None:
    of = supplies(workers, tmp_path)
    stock(of, "receipt-paper")
    workers["printer"].counts["cuts"] = 5
    assert stock(of, "receipt-paper").count == 440


def test_a_bin_counts_from_when_it_was_emptied(workers: dict[str, Worker], tmp_path: Path) -> None:
    of = supplies(workers, tmp_path)
    assert stock(of, "permits").count == 3
    workers["unit"].counts["retained"] = 50
    assert stock(of, "permits").level is Level.FULL
    asyncio.run(of.exchanged(BIN, 0, NOW))
    workers["unit"].counts["retained"] = 52
    assert stock(of, "permits").count == 2


def test_tomorrow_about_two() -> None:
    since = NOW - timedelta(days=7)
    busy = range(9, 17)  # ten an hour while the hall is open
    used = {
        (since + timedelta(days=day)).replace(hour=hour, minute=0): 10 for day in range(8) for hour in busy
    }
    used = {hour: count for hour, count in used.items() if hour < NOW}
    ends = ends_at(75, used, since, NOW)
    assert ends is not None
    assert ends.date() == NOW.date() + timedelta(days=1)
    assert ends.hour in (13, 14)
    at_night = ends_at(22, used, since, NOW)
    assert at_night is not None
    assert at_night.hour in busy, "nobody prints at night"


@pytest.mark.parametrize(
    ("left", "hours", "used", "answer"),
    [
        (0, 48, 10, True),
        (100, 3, 10, False),
        (100, 48, 0, False),
        (10_000_000, 48, 1, False),
        (10, 12, 12, True),
    ],
)
def test_where_nobody_can_tell_nothing_is_said(left: int, hours: int, used: int, answer: bool) -> None:
    since = NOW - timedelta(hours=hours)
    uses = {NOW.replace(minute=0) - timedelta(hours=2): used} if used else {}
    assert (ends_at(left, uses, since, NOW) is not None) is answer


def test_the_table_of_units_names_devices_counters_and_sentences() -> None:
    units = {unit.name: unit for unit in read_units()}
    assert units["document-paper"].two_people
    assert units["permits"].kind is Kind.BIN
    assert {unit.full > 0 for unit in units.values() if unit.counter} == {True}
