"""A permit that is inside before the visit opens the entry goes to staff, and is never read as theirs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from devices.base import Fault, StaffAction
from devices.interfaces import Media
from kiosk.cabinet import Worker
from kiosk.clock import SystemClock, mono_s
from kiosk.journal import EffectState, Journal
from kiosk.journal.effects import FOUND, RETRACT_PERMIT, TAKE_PERMIT
from kiosk.meter import Meter
from kiosk.steps.permit import take_in_permit
from kiosk.visit import Visit
from tests.kiosk.plain_device import Nobody, PlainDevice
from tests.trust.world import KEY

pytestmark = pytest.mark.anyio
WORN = Fault("permit_unit", "sensorError", StaffAction.MAINTENANCE)


class Unit(PlainDevice):
    """A permit unit with somebody's permit in it. The next person pushes theirs in when the entry opens."""

    name = "permit_unit"

    def __init__(self, *, stuck: bool = False) -> None:
        self.where, self.bin, self.stuck = Media.PRESENT, 6, stuck
        self.done: list[str] = []

    def counters(self) -> dict[str, int]:
        return {"retained": self.bin}

    def media(self) -> Media:
        return self.where

    def accept(self) -> None:
        self.done.append("accept")
        self.where = Media.PRESENT

    def refuse(self) -> None:
        self.done.append("refuse")

    def retract(self) -> int:
        self.done.append("retract")
        if self.stuck:
            raise WORN
        self.where, self.bin = Media.NOT_PRESENT, self.bin + 1
        return self.bin

    def scan_mrz(self) -> str:
        self.done.append("read")
        raise WORN  # far enough


class Pageless(Visit):
    """A visit whose pages nobody answers: what goes on meanwhile is all."""

    async def during(self, prompt: Any, act: Any, *, idle: bool = True) -> Any:
        return await act

    def tell(self, prompt: Any) -> None: ...


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def visited(folder: Path, unit: Unit) -> tuple[list[tuple[str, EffectState, str]], list[Any]]:
    """Ask for a permit until the unit fails; return its effects, with why, and the letters."""
    clock = SystemClock()
    worker: Worker[Any] = Worker(unit, Nobody())
    async with await Journal.open(folder / "journal.db", KEY, clock) as journal:
        await journal.begin("v1", "endorsement", "C1")
        house: Any = SimpleNamespace(
            journal=journal,
            events=Nobody(),
            now_s=lambda: mono_s(clock),
            today=lambda: clock.wall().date(),
            cabinet=SimpleNamespace(permit_unit=worker),
        )
        visit = Pageless(house, cast("Any", Nobody()), "v1", "C1", clock.wall(), Meter(house.now_s))
        try:
            with pytest.raises(Fault, match="sensorError"):
                await take_in_permit(visit, cast("Any", None))
        finally:
            await worker.close()
        record = await journal.visit("v1")
        effects = [(e.kind, e.state, str(e.before.get("reason", ""))) for e in record.effects]
        return effects, [posted.letter for posted in await journal.letters()]


async def test_it_goes_into_the_bin_before_the_entry_opens(tmp_path: Path) -> None:
    unit = Unit()
    effects, letters = await visited(tmp_path, unit)
    assert unit.done == ["retract", "accept", "refuse", "read"]
    assert effects == [
        (TAKE_PERMIT, EffectState.DONE, FOUND),
        (RETRACT_PERMIT, EffectState.DONE, FOUND),
        (TAKE_PERMIT, EffectState.DONE, ""),
    ]
    body = {"device": "permit_unit", "bin_count": 7, "reason": FOUND}
    assert [(letter.kind, letter.body) for letter in letters] == [("permit-retained", body)]


async def test_one_that_does_not_go_keeps_the_entry_shut_and_the_question_open(tmp_path: Path) -> None:
    unit = Unit(stuck=True)
    effects, letters = await visited(tmp_path, unit)
    assert unit.done == ["retract"]
    assert effects == [(TAKE_PERMIT, EffectState.DONE, FOUND), (RETRACT_PERMIT, EffectState.UNKNOWN, FOUND)]
    assert letters == []
