"""A card that was read before and not lifted since: the reader does not find it, and the person is told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from devices.base import DeviceError, Fault, StaffAction
from devices.interfaces import CardType
from kiosk.cabinet import Worker
from kiosk.meter import Meter
from kiosk.steps import id_card
from kiosk.steps.id_card import LOOKED_FOR_AT_POLL, read_id_card
from kiosk.visit import Visit
from tests.kiosk.plain_device import Nobody, PlainDevice

pytestmark = pytest.mark.anyio
WORN = Fault("id_card_reader", "hardwareError", StaffAction.MAINTENANCE)


class Reader(PlainDevice):
    """A reader with a card on it that an earlier visit read. ``old`` ones do not know the question for it."""

    name = "id_card_reader"

    def __init__(self, *, lies: bool, old: bool = False) -> None:
        self.lies, self.old = lies, old
        self.lifted = False
        self.searches = self.lifted_at = 0

    def find(self) -> bool:
        self.searches += 1
        if self.lifted:  # seen gone once, then laid down again
            return self.searches > self.lifted_at + 1
        return self.searches > 2 * LOOKED_FOR_AT_POLL

    def still_there(self) -> bool:
        if self.old:
            raise WORN
        return self.lies and not self.lifted

    def lift(self) -> None:
        self.lifted, self.lifted_at = True, self.searches

    def read(self, fingerprints: bool = False) -> Any:
        raise WORN  # far enough


class Person(Visit):
    """A visit whose person lifts the card and lays it down again when told that there is trouble."""

    told: list[str]

    async def during(self, prompt: Any, act: Any, *, idle: bool = True) -> Any:
        self.told.append(prompt.trouble or "")
        if prompt.trouble is not None:
            await self.house.cabinet.id_card_reader(lambda unit: cast("Reader", unit).lift())
        return await act


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_card, "POLL_S", 0.0)


async def told_by(unit: Reader) -> list[str]:
    """Ask for a card until the reader fails; return what stood on each page as trouble."""
    worker: Worker[Any] = Worker(unit, Nobody())
    house: Any = SimpleNamespace(
        cabinet=SimpleNamespace(id_card_reader=worker),
        faults=SimpleNamespace(sentence=lambda error: error.code),
        now_s=lambda: 0.0,
    )
    visit = Person(house, cast("Any", Nobody()), "v1", "C1", cast("Any", None), Meter(house.now_s))
    visit.told = []
    try:
        with pytest.raises(DeviceError, match="hardwareError"):
            await read_id_card(visit, accepted={CardType.RESIDENT})
    finally:
        await worker.close()
    return visit.told


async def test_it_is_asked_to_be_lifted() -> None:
    assert await told_by(Reader(lies=True)) == ["", "readFailed"]


async def test_nothing_is_said_while_no_card_lies_there() -> None:
    assert await told_by(Reader(lies=False)) == [""]


async def test_a_reader_that_cannot_say_is_waited_for() -> None:
    assert await told_by(Reader(lies=True, old=True)) == [""]
