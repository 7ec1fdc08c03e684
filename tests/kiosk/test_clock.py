"""The clock: steady for a visit, wrong on a bench, judged by the back office's time and the journal."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from kiosk.clock import BenchClock, SteadyClock, SystemClock
from kiosk.events import EventLog, read_catalogue
from kiosk.platform import Health, Platform, Unreachable
from kiosk.timekeeper import Timekeeper

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
LIMIT_S = 300.0


class MachineClock(SystemClock):
    """A machine's clock that a test sets and lets pass."""

    def __init__(self) -> None:
        self.set, self.passed_s = NOON, 0.0

    def wall(self) -> datetime:
        return self.set + timedelta(seconds=self.passed_s)

    def mono_ns(self) -> int:
        return int(self.passed_s * 1e9)


class Log:
    """What was told to staff: each event's name and seconds."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, float]] = []
        self.events = EventLog(read_catalogue(), self._take, wall=lambda: NOON, strict=True)

    def _take(self, line: str) -> None:
        told = json.loads(line)
        self.lines.append((told["event"], told["seconds"]))


@pytest.fixture
def machine() -> MachineClock:
    return MachineClock()


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def keeper(machine: MachineClock, log: Log) -> Timekeeper:
    return Timekeeper(SteadyClock(machine), log.events, LIMIT_S)


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(days=400), timedelta(seconds=3)])
def test_a_visit_does_not_see_the_machines_clock_jump(machine: MachineClock, jump: timedelta) -> None:
    clock = SteadyClock(machine)
    machine.passed_s = 10
    machine.set += jump
    assert clock.wall() == NOON + timedelta(seconds=10)
    machine.passed_s = 25
    assert clock.wall() == NOON + timedelta(seconds=25)
    assert clock.follow() == jump.total_seconds()
    assert clock.wall() == NOON + jump + timedelta(seconds=25)


def test_a_bench_sets_the_clock_wrong(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock = BenchClock(file)

    def ahead_s() -> float:
        return (clock.wall() - datetime.now(UTC)).total_seconds()

    assert abs(ahead_s()) < 60
    file.write_text("-86400.0")
    assert abs(ahead_s() + 86400) < 60
    file.write_text("nonsense")
    with pytest.raises(ValueError, match="nonsense"):
        clock.wall()


def test_a_jump_is_told_and_a_slow_correction_is_not(
    machine: MachineClock, keeper: Timekeeper, log: Log
) -> None:
    machine.set += timedelta(seconds=0.4)
    keeper.follow()
    machine.set -= timedelta(hours=1)
    keeper.follow()
    keeper.follow()
    assert log.lines == [("clock-jumped", -3600.0)]


def test_beyond_the_limit_it_is_wrong_until_it_agrees_again(keeper: Timekeeper, log: Log) -> None:
    assert not keeper.wrong
    for ahead_s, wrong in (
        (2.0, False),
        (-299.0, False),
        (-301.0, True),
        (-400.0, True),
        (500.0, True),
        (1.0, False),
    ):
        keeper.compare(ahead_s)
        assert keeper.wrong is wrong
    assert log.lines == [("clock-wrong", -301.0), ("clock-right", 1.0)]


def test_behind_its_journal_it_is_wrong_until_the_back_office_says_otherwise(
    keeper: Timekeeper, log: Log
) -> None:
    found = []
    for days in (-3, 3):
        keeper.begin(NOON + timedelta(days=days))
        found.append(keeper.wrong)
    keeper.compare(1.0)  # so the journal's entries were made while the clock was ahead
    assert [*found, keeper.wrong] == [False, True, False]
    assert log.lines == [("clock-behind-journal", 3 * 86400.0)]


def test_an_empty_journal_says_nothing(keeper: Timekeeper, log: Log) -> None:
    keeper.begin(None)
    assert not keeper.wrong
    assert log.lines == []


@pytest.mark.parametrize(("answer", "agrees"), [
    (Health(ready=True, ahead_s=1.0), True), (Health(ready=True, ahead_s=-4000.0), False),
    (Unreachable("timeout", "test"), False),
])  # fmt: skip
def test_without_an_answer_nobody_knows_whether_it_is_right(
    keeper: Timekeeper, answer: Health | Unreachable, agrees: bool
) -> None:
    class Office:
        async def health(self) -> Health:
            if isinstance(answer, Unreachable):
                raise answer
            return answer

    assert asyncio.run(keeper.agrees(cast("Platform", Office()))) is agrees
