"""What the log says of the journal: what was committed, in words, without the evidence."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kiosk.clock import SystemClock
from kiosk.events import EventLog, read_catalogue
from kiosk.journal import Event, Journal, Outcome
from kiosk.journal_log import JournalLog
from tests.trust.world import KEY, in_loop


async def opened(folder: Path, told: Callable[[Event], None]) -> Journal:
    return await Journal.open(folder / "journal.db", KEY, SystemClock(), told=told)


@in_loop
async def test_the_log_tells_of_acts_and_of_cases_for_people_and_nothing_of_money_or_person(
    tmp_path: Path,
) -> None:
    lines: list[str] = []
    log = EventLog(read_catalogue(), lines.append, wall=lambda: datetime.now(UTC), strict=True)
    async with await opened(tmp_path, JournalLog(log)) as journal:
        await journal.begin("v1", "endorsement", "C1")
        await journal.note("v1", "identity-read", holder_token=journal.token("id", "1"), card_type="resident")
        await journal.note("v1", "identity-compared", way="face", verdict="match")
        order = {"channel": "wechat", "amount_fen": 1500}
        with pytest.raises(TimeoutError):
            async with journal.acting("v1", "take-money", "o1", before=order):
                raise TimeoutError
        body: dict[str, Any] = {
            "order_no": "o1",
            "amount_fen": 1500,
            "refunded_fen": 0,
            "reason": "payment-unknown",
        }
        await journal.note("v1", "escalated", **body)
        await journal.note("v1", "rated", level=5)
        await journal.end("v1", Outcome.ESCALATED, "payment-unknown")
    head = ("at", "type", "severity", "visit")
    said: list[dict[str, Any]] = [json.loads(line) for line in lines]
    assert {event["visit"] for event in said} == {"v1"}
    assert [{name: part for name, part in event.items() if name not in head} for event in said] == [
        {"event": "id-card-read"},
        {"event": "identity-compared", "way": "face", "outcome": "match"},
        {"event": "effect-intended", "effect": "take-money"},
        {"event": "effect-concluded", "effect": "take-money", "outcome": "unknown"},
        {"event": "case-escalated", "reason": "payment-unknown"},
        {"event": "rating-given"},
    ]


@in_loop
async def test_what_was_not_committed_is_not_told(tmp_path: Path) -> None:
    told: list[str] = []
    async with await opened(tmp_path, lambda event: told.append(event.kind)) as journal:
        await journal.begin("v1", "endorsement", "C1")
        await journal.end("v1", Outcome.CANCELLED)
        with pytest.raises(ValueError, match="not open"):
            await journal.end("v1", Outcome.DELIVERED)
        with pytest.raises(ValueError, match="can't hold"):
            await journal.begin("v1", "endorsement", "C1")
        assert told == ["visit-began", "visit-ended"]
