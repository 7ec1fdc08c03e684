"""The kiosks as the back office sees them: the newest beat, offline after three missed, cases to settle."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from kiosk.clock import SystemClock
from kiosk.heartbeat import BEAT_S, DeviceNow, Heartbeat, Now, StockNow
from kiosk.journal import Journal
from kiosk.platform import Platform
from tests.simulators.back_office_bench import TOKEN, Bench
from tests.simulators.officers_bench import Desk

KEY = bytes(range(32))


class Watched:
    """A kiosk whose state the test sets."""

    def __init__(self) -> None:
        self.state = "in-service"
        self.fault = ""

    def now(self) -> Now:
        return Now(
            self.state,
            (DeviceNow("receipt_printer", "online", self.fault),),
            (StockNow("receipt-paper", "low", 40, "2026-11-23T14:00+08:00"),),
        )


async def _beat(bench: Bench, tmp_path: Path, watched: Watched, kiosk: str = "330212K01") -> float:
    clock = SystemClock()
    platform = Platform(bench.server.url, TOKEN, kiosk, clock, random.Random(1))
    journal = await Journal.open(tmp_path / f"{kiosk}.db", KEY, clock)
    try:
        beating = Heartbeat(
            kiosk,
            platform,
            journal,
            watched,
            clock,
            random.Random(1),
            version="0.1.0",
            configuration="0123456789abcdef",
            state=tmp_path,
        )
        return await beating.beat()
    finally:
        await journal.close()
        platform.close()


def beat(bench: Bench, tmp_path: Path, watched: Watched, kiosk: str = "330212K01") -> float:
    return asyncio.run(_beat(bench, tmp_path, watched, kiosk))


def test_the_newest_beat_is_how_a_kiosk_is(office: Bench, tmp_path: Path) -> None:
    watched = Watched()
    assert beat(office, tmp_path, watched) == BEAT_S
    watched.state, watched.fault = "out-of-service", "paperOut"
    beat(office, tmp_path, watched)
    beat(office, tmp_path, Watched(), "330212K02")
    kiosks = Desk(office, "audit").get("kiosks")["kiosks"]
    assert [(one["kiosk"], one["online"], one["beat"]["state"]) for one in kiosks] == [
        ("330212K01", True, "out-of-service"),  # who is in trouble comes first
        ("330212K02", True, "in-service"),
    ]
    assert kiosks[0]["beat"]["devices"][0]["fault"] == "paperOut"
    assert kiosks[0]["beat"]["stocks"][0]["ends"] == "2026-11-23T14:00+08:00"


def test_who_missed_three_is_offline(office: Bench, tmp_path: Path) -> None:
    beat(office, tmp_path, Watched())
    desk = Desk(office, "audit")
    office.wait(100)
    assert desk.get("kiosks")["kiosks"][0]["online"]
    office.wait(20)
    assert not desk.get("kiosks")["kiosks"][0]["online"]


def test_cases_that_were_told_to_staff_stand_beside_their_kiosk(office: Bench, tmp_path: Path) -> None:
    beat(office, tmp_path, Watched())
    case_no = "330212K01-20261122-0007-X"
    told = {
        "id": "e1",
        "at": datetime.now(UTC).isoformat(),
        "kind": "escalation",
        "case_no": case_no,
        "body": {},
    }
    office.post("/v1/events", {"events": [told]}, key="e1").raise_for_status()
    assert Desk(office, "audit").get("kiosks")["kiosks"][0]["open_cases"] == [case_no]


def test_a_kiosk_does_not_see_the_others(office: Bench) -> None:
    with pytest.raises(requests.HTTPError):
        office.get("/v1/office/kiosks")


def test_nonsense_is_refused(office: Bench) -> None:
    answer = office.post("/v1/kiosks/330212K01/heartbeat", {"state": "fine"})
    assert answer.status_code == 400


def test_a_back_office_that_is_down_costs_nothing(office: Bench, tmp_path: Path) -> None:
    office.server.stop()
    assert beat(office, tmp_path, Watched()) == BEAT_S
