"""The watchdog, with event loops that really stand still."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from kiosk.events import EventLog, read_catalogue
from kiosk.watchdog import EXIT_HUNG, LONGEST_WORD, Watchdog, standing

HUNG = """
import asyncio, sys, time
from kiosk.clock import SystemClock
from kiosk.events import EventLog, read_catalogue
from kiosk.watchdog import Watchdog

def wait_for_ever():
    time.sleep(60)

async def main():
    log = open(sys.argv[1], "a")
    def sink(line):
        print(line, file=log, flush=True)
    async with Watchdog(EventLog(read_catalogue(), sink, wall=SystemClock().wall), warn_s=0.5, limit_s=1.0):
        await asyncio.sleep(0.6)
        wait_for_ever()

asyncio.run(main())
"""

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Heard:
    """A watchdog with a log that can be read, and an end that does not end the test."""

    def __init__(self, *, limit_s: float = 1.0, warn_s: float = 0.5) -> None:
        self.lines: list[str] = []
        self.ended: list[int] = []
        self.alive = 0
        self.dog = Watchdog(
            EventLog(read_catalogue(), self.lines.append, wall=SystemClock().wall, strict=True),
            warn_s=warn_s,
            limit_s=limit_s,
            alive=self._alive,
            end=self.ended.append,
        )

    def _alive(self) -> None:
        self.alive += 1

    @property
    def events(self) -> list[tuple[str, str]]:
        return [(event["event"], event["pulse"]) for event in map(json.loads, self.lines)]


def test_a_process_whose_loop_hangs_ends_itself_and_says_where_it_stood(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    done = subprocess.run([sys.executable, "-c", HUNG, str(log)], timeout=30, check=False)
    assert done.returncode == EXIT_HUNG
    late, gone = map(json.loads, log.read_text().splitlines())
    assert (late["event"], gone["event"]) == ("pulse-late", "pulse-gone")
    assert gone["where"].startswith("wait_for_ever/main")
    assert gone["seconds"] >= 1.0


async def test_a_turning_loop_is_left_alone_and_the_supervisor_is_told() -> None:
    heard = Heard()
    async with heard.dog:
        await asyncio.sleep(1.0)
    assert heard.alive > 5
    assert (heard.ended, heard.lines) == ([], [])


async def test_a_short_stop_is_told_once_and_forgiven() -> None:
    heard = Heard(limit_s=5.0, warn_s=0.6)
    async with heard.dog:
        await asyncio.sleep(0.3)
        time.sleep(1.5)  # the loop stands
        await asyncio.sleep(0.6)
        told_s = heard.alive
        await asyncio.sleep(0.6)
    assert heard.events == [("pulse-late", "loop")]
    assert heard.alive > told_s
    assert heard.ended == []


async def test_a_window_that_draws_no_more_ends_the_process_though_the_loop_turns() -> None:
    heard = Heard()
    async with heard.dog:
        heard.dog.beat("window")
        async with asyncio.timeout(5):
            while not heard.ended:
                await asyncio.sleep(0.05)
    assert heard.ended == [EXIT_HUNG]
    assert set(heard.events) == {("pulse-late", "window"), ("pulse-gone", "window")}


async def test_a_log_that_hangs_does_not_keep_the_process_alive() -> None:
    stuck, ended = threading.Event(), threading.Event()

    def write(line: str) -> None:
        stuck.wait(30)

    log = EventLog(read_catalogue(), write, wall=SystemClock().wall)
    dog = Watchdog(log, warn_s=0.4, limit_s=0.8, end=lambda _: ended.set())
    async with dog:
        dog.beat("window")
        assert await asyncio.to_thread(ended.wait, 10)
        stuck.set()


def test_only_names_of_functions_are_told() -> None:
    def deep(left: int, secret: str) -> str:
        return deep(left - 1, secret) if left else standing(sys._getframe())

    word = deep(40, "330212198104129925")
    assert word.startswith("deep/deep/")
    assert len(word) <= LONGEST_WORD
    assert standing(None) == "nowhere"
