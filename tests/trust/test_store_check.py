"""The store against its register: what differs goes out of service, is told once, comes back by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from devices.absent import Absent
from devices.base import Device, Fault, StaffAction, State, Status
from devices.interfaces import CardDispenser, Media, Replenishment, StorageType, StorageUnit
from kiosk.cabinet import Cabinet, Worker
from kiosk.clock import SystemClock
from kiosk.house import House
from kiosk.journal import Journal
from kiosk.left_documents import kept_out
from kiosk.store_check import Seen, StoreCheck, differences
from kiosk.store_units import DISPENSER, Why, note_mixed, units_out
from tests.trust.world import KEY, in_loop

NONE, PRESENT, ENTERING, JAMMED = Media.NOT_PRESENT, Media.PRESENT, Media.ENTERING, Media.JAMMED
FULL, EMPTY = Seen(False, NONE), Seen(True, NONE)


@pytest.mark.parametrize(
    ("register", "seen", "why"),
    [
        (["SL1"], FULL, None),
        ([], EMPTY, None),
        (["SL1"], EMPTY, Why.MISSING),
        (["SL1"], None, Why.MISSING),
        ([], FULL, Why.UNREGISTERED),
        ([], Seen(True, PRESENT), Why.UNREGISTERED),
        ([], Seen(True, ENTERING), Why.UNREGISTERED),
        (["SL1"], Seen(False, PRESENT), Why.UNREGISTERED),
        (["SL1"], Seen(True, JAMMED), None),
    ],
)
def test_what_differs(register: Sequence[str], seen: Seen | None, why: Why | None) -> None:
    found = differences({1: register} if register else {}, {} if seen is None else {1: seen})
    assert found == ({} if why is None else {1: why})


@dataclass
class Dispenser:
    """Two units; ``stacked`` are the numbers of cards in them."""

    stacked: list[int]
    name: str = DISPENSER
    asked: int = 0
    silent: bool = False
    lock: asyncio.Lock | None = None
    held: list[bool] = field(default_factory=list)
    """Whether nobody could be served, each time that it was asked."""

    @property
    def units(self) -> int:
        return len(self.stacked)

    def open(self) -> None: ...

    def close(self) -> None: ...

    def status(self) -> Status:
        return Status(State.ONLINE)

    def storage(self) -> tuple[StorageUnit, ...]:
        self.asked += 1
        if self.lock is not None:
            self.held.append(self.lock.locked())
        if self.silent:
            raise Fault(DISPENSER, "timeOut", StaffAction.RESET)
        return tuple(
            StorageUnit(unit, kind, Replenishment.LOW if count else Replenishment.EMPTY)
            for unit, count in enumerate(self.stacked, 1)
            for kind in StorageType
        )

    def media(self, unit: int) -> Media:
        return NONE


@dataclass
class Office:
    """What the register has in each unit."""

    units: dict[int, tuple[str, ...]]
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def store(self) -> Mapping[int, tuple[str, ...]]:
        self.asked.set()
        return dict(self.units)


class Listener:
    """Told of what nobody looks at here."""

    def status_changed(self, device: str, status: Status) -> None: ...

    def faulted(self, device: str, error: Exception) -> None: ...

    def quarantined(self, device: str, word: str | None) -> None: ...


@dataclass
class Site:
    """A house with a store, its office, and what happens while the second look is waited for."""

    journal: Journal
    dispenser: Dispenser
    office: Office
    house: House
    meanwhile: list[Any] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        for act in self.meanwhile:
            act()

    async def delivered(self) -> list[Mapping[str, Any]]:
        """Let the outbox deliver everything; return what the letters said."""
        letters = await self.journal.letters()
        await self.journal.letters_accepted(*(posted.id for posted in letters))
        return [posted.letter.body for posted in letters]


@asynccontextmanager
async def site(folder: Path, stacked: list[int], register: dict[int, tuple[str, ...]]) -> AsyncIterator[Site]:
    listener, dispenser = Listener(), Dispenser(stacked)
    workers: dict[str, Any] = {
        place.name: Worker[Device](Absent(place.name), listener) for place in fields(Cabinet)
    }
    workers[DISPENSER] = Worker(cast("CardDispenser", dispenser), listener)
    cabinet, office = Cabinet(**workers), Office(register)
    await cabinet.refresh()
    async with await Journal.open(folder / "journal.db", KEY, SystemClock()) as journal:
        house = SimpleNamespace(
            journal=journal,
            cabinet=cabinet,
            collection=office,
            one_at_a_time=asyncio.Lock(),
            back_office_reachable=True,
        )
        made = Site(journal, dispenser, office, cast("House", house))
        house.clock = SimpleNamespace(sleep=made.sleep)
        cabinet.quarantine(await kept_out(journal))
        yield made
    await cabinet.close()


def told(*parts: tuple[int, Why]) -> Mapping[str, Any]:
    return {"device": DISPENSER, "parts": [{"unit": unit, "reason": why.value} for unit, why in parts]}


@in_loop
async def test_what_differs_is_told_once_even_after_a_restart_and_comes_back_by_itself(
    tmp_path: Path,
) -> None:
    letters = [told((1, Why.MISSING), (2, Why.UNREGISTERED))]
    for _ in range(2):
        async with site(tmp_path, [0, 1], {1: ("SL1",)}) as here:
            for _ in range(2):
                assert await StoreCheck(here.house).look()
                assert await here.delivered() == letters
                letters = []
            worker = here.house.cabinet.card_dispenser
            assert worker.units_out == {1: "documentsMissing", 2: "documentsUnregistered"}
            assert worker.fault() == "documentsMissing", "no unit is left: the dispenser serves nobody"
    async with site(tmp_path, [1, 1], {1: ("SL1",)}) as here:
        assert await StoreCheck(here.house).look()
        assert await here.delivered() == [told((2, Why.UNREGISTERED))]
        worker = here.house.cabinet.card_dispenser
        assert (worker.fault(), worker.units_out) == (None, {2: "documentsUnregistered"})
        here.dispenser.stacked[1] = 0
        assert await StoreCheck(here.house).look()
        assert (await here.delivered(), worker.units_out) == ([told()], {})


@in_loop
async def test_who_is_at_work_just_now_is_not_taken_for_a_difference(tmp_path: Path) -> None:
    """A document is registered first and put in a moment later, or the other way round."""
    async with site(tmp_path, [0, 1], {1: ("SL1",)}) as here:
        here.meanwhile = [
            lambda: here.dispenser.stacked.__setitem__(0, 1),
            lambda: here.office.units.update({2: ("SL2",)}),
        ]
        assert not await StoreCheck(here.house).look()
        assert await here.journal.letters_waiting() == 0
        assert await StoreCheck(here.house).look()
        assert await units_out(here.journal) == {}


@in_loop
async def test_the_dispenser_is_asked_only_when_nobody_is_served(tmp_path: Path) -> None:
    async with site(tmp_path, [0, 0], {1: ("SL1",)}) as here:
        here.dispenser.lock = here.house.one_at_a_time
        async with here.house.one_at_a_time:
            looking = asyncio.create_task(StoreCheck(here.house).look())
            await here.office.asked.wait()
        assert await looking
        assert here.dispenser.held == [True, True]
        assert not here.house.one_at_a_time.locked()


@in_loop
async def test_it_is_not_compared_while_the_register_cannot_know(tmp_path: Path) -> None:
    """What this kiosk did has not been told yet, the office is away, or the last act is a question."""
    async with site(tmp_path, [0, 0], {1: ("SL1",)}) as here:
        await note_mixed(here.journal, 2)
        assert not await StoreCheck(here.house).look()
        await here.delivered()
        here.house.back_office_reachable = False
        assert not await StoreCheck(here.house).look()
        here.house.back_office_reachable = True
        here.house.cabinet.quarantine({DISPENSER: "unresolvedEffect"})
        assert not await StoreCheck(here.house).look()
        assert here.dispenser.asked == 0


@in_loop
async def test_a_unit_whose_order_is_doubtful_waits_for_people(tmp_path: Path) -> None:
    async with site(tmp_path, [1, 1], {1: ("SL1",), 2: ("SL2",)}) as here:
        await note_mixed(here.journal, 1)
        await here.delivered()
        assert await StoreCheck(here.house).look()
        assert await units_out(here.journal) == {1: Why.MIXED}
        here.dispenser.stacked[1] = 0
        assert await StoreCheck(here.house).put_right() == {2: Why.MISSING}
        assert await here.delivered() == [told((2, Why.MISSING))]
        assert here.house.cabinet.card_dispenser.warnings == ("unit2 documentsMissing",)


@in_loop
async def test_what_the_dispenser_does_not_answer_changes_nothing(tmp_path: Path) -> None:
    async with site(tmp_path, [0, 1], {1: ("SL1",)}) as here:
        here.dispenser.silent = True
        for asked in (StoreCheck(here.house).look, StoreCheck(here.house).put_right):
            with pytest.raises(Fault):
                await asked()
        assert await units_out(here.journal) == {}
