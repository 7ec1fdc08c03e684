"""A kiosk under a supervisor: it says when it is ready, feeds the watchdog, and is restarted when idle."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulators.bench_process import BenchProcess
from simulators.citizen import Citizen, Plan
from simulators.hands import DataHands
from simulators.kiosk_link import KioskProcess

HEARD_S = 20.0


@dataclass
class Supervised:
    """A running kiosk and the socket on which its supervisor listens."""

    bench: BenchProcess
    kiosk: KioskProcess
    heard: socket.socket

    def until(self, wanted: bytes) -> list[bytes]:
        """Return what was heard up to ``wanted``."""
        said: list[bytes] = []
        deadline_s = time.monotonic() + HEARD_S
        while wanted not in said and time.monotonic() < deadline_s:
            with contextlib.suppress(TimeoutError):
                said.append(self.heard.recv(200))
        return said


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    address = str(tmp_path / "notify")
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard,
        BenchProcess(tmp_path / "state", "ideal", 1) as bench,
    ):
        heard.bind(address)
        heard.settimeout(1)
        kiosk = KioskProcess(bench.site, headless=True, environment={"NOTIFY_SOCKET": address})
        try:
            yield Supervised(bench, kiosk, heard)
        finally:
            kiosk.stop()


def test_ready_alive_and_ended_when_idle(supervised: Supervised) -> None:
    said = supervised.until(b"STATUS=in service")
    assert said.index(b"READY=1") < said.index(b"STATUS=in service")
    assert supervised.until(b"WATCHDOG=1")[-1] == b"WATCHDOG=1"
    os.kill(supervised.kiosk.pid, signal.SIGHUP)
    assert supervised.kiosk.died(10) == 0
    assert supervised.until(b"STOPPING=1")[-1] == b"STOPPING=1"


def test_a_visit_under_way_is_finished_first(supervised: Supervised) -> None:
    link = supervised.kiosk.connect()

    def hang_up(page: dict[str, object]) -> None:
        prompt = page["prompt"]
        assert isinstance(prompt, dict)
        if prompt["name"] == "check-answers":
            os.kill(supervised.kiosk.pid, signal.SIGHUP)

    citizen = Citizen(link, DataHands(link), supervised.bench.world, Plan(), hang_up)
    report = citizen.visit(60)
    assert report["outcome"] == "delivered"
    assert supervised.kiosk.died(10) == 0
