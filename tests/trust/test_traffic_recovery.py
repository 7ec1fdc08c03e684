"""A decision that turns out to have been made reaches the driver, though nobody could hand it over."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from devices.interfaces import PrintJob
from kiosk.clock import SystemClock
from kiosk.journal import EffectState, Journal, JournalFailed, Outcome
from kiosk.journal.effects import PRINT_RECEIPT, SUBMIT_DECISION
from kiosk.platform import PlatformError
from kiosk.traffic_office import Handled, TrafficOffice
from kiosk.traffic_recovery import NOT_PRINTED, TrafficGoods
from tests.trust.world import KEY, in_loop, unreachable

VISIT, CASE = "v1", "330212K01-20261122-0001-I"


@dataclass
class Desk:
    """The traffic police's desk: what it decided in the case, and whether it answers."""

    decisions: dict[str, str] = field(default_factory=dict)
    gone: PlatformError | None = None

    async def handled(self, case_no: str) -> Handled:
        if self.gone is not None:
            raise self.gone
        return Handled(self.decisions, {}, ())


class NoJobs:
    """A printer that was never asked to print."""

    async def job(self, name: str) -> PrintJob:
        raise AssertionError(name)

    async def cancel(self, name: str) -> None:
        raise AssertionError(name)

    async def sheets(self) -> int | None:
        return None


async def ended_unsure(folder: Path) -> Journal:
    """Return the journal of a visit that ended because the desk fell silent at the decision."""
    journal = await Journal.open(folder / "journal.db", KEY, SystemClock())
    await journal.begin(VISIT, "traffic-violations", CASE)
    before: dict[str, Any] = {"violation_no": "X1", "fine_fen": 10000, "points": 3}
    intent = await journal.intend(VISIT, SUBMIT_DECISION, f"{CASE}:decide:X1", before=before)
    await journal.conclude(intent, EffectState.UNKNOWN)
    await journal.end(VISIT, Outcome.REFUSED, "back-office:timeout")
    return journal


@pytest.mark.parametrize(
    ("decisions", "state", "letters"),
    [
        ({"X1": "D1"}, EffectState.DONE, [{"decision_no": "D1", "way": "interrupted"}]),
        ({}, EffectState.FAILED, []),
    ],
)
@in_loop
async def test_a_decision_found_after_the_visit_is_sent(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    decisions: dict[str, str],
    state: EffectState,
    letters: list[dict[str, str]],
) -> None:
    desk = Desk(decisions, gone=unreachable())
    async with await ended_unsure(tmp_path) as journal:
        goods = TrafficGoods(journal, cast("TrafficOffice", desk), NoJobs())
        await goods.ask_again(await journal.visit(VISIT))
        assert [effect.kind for effect in await journal.unresolved()] == [SUBMIT_DECISION]
        desk.gone = None

        async def cut(*_: object, **__: object) -> None:
            raise JournalFailed("the power went behind the conclusion")

        monkeypatch.setattr(journal, "note", cut)
        for _ in range(2):
            await goods.ask_again(await journal.visit(VISIT))
        decided = (await journal.visit(VISIT)).last(SUBMIT_DECISION)
        assert decided is not None
        assert decided.state is state
        posted = [one.letter for one in await journal.letters() if one.letter.kind == NOT_PRINTED]
        assert [dict(letter.body) for letter in posted] == letters


@in_loop
async def test_a_decision_that_was_handed_over_is_not_sent_again(tmp_path: Path) -> None:
    """Something else of the visit was open: its receipt."""
    async with await Journal.open(tmp_path / "journal.db", KEY, SystemClock()) as journal:
        await journal.begin(VISIT, "traffic-violations", CASE)
        before: dict[str, Any] = {"violation_no": "X1", "fine_fen": 10000, "points": 3}
        async with journal.acting(VISIT, SUBMIT_DECISION, f"{CASE}:decide:X1", before=before) as act:
            act.after["decision_no"] = "D1"
        await journal.intend(VISIT, PRINT_RECEIPT, f"{VISIT}:receipt:1", before={"cuts": 1})
        await journal.end(VISIT, Outcome.DELIVERED)
        goods = TrafficGoods(journal, cast("TrafficOffice", Desk({"X1": "D1"})), NoJobs())
        await goods.ask_again(await journal.visit(VISIT))
        assert not [one for one in await journal.letters() if one.letter.kind == NOT_PRINTED]
