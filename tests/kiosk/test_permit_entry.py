"""The permit unit's entry is shut unless somebody is asked for a permit; what is inside then is nobody's."""

from __future__ import annotations

import asyncio
import contextlib
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from devices.base import Fault, StaffAction, Status
from devices.interfaces import Media
from kiosk.first_pages import FirstPages
from kiosk.steps.permit_entry import close_entry, shut_entry
from tests.library_in import stand_in

pytestmark = pytest.mark.anyio
SILENT = Fault("permit_unit", "timeOut", StaffAction.RESET)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Unit:
    """A permit unit of the house; ``down`` answers nothing."""

    name, fitted = "permit_unit", True

    def __init__(self, media: Media = Media.NOT_PRESENT, *, down: bool = False) -> None:
        self.where, self.down, self.entry_open = media, down, True

    def fault(self) -> Fault | None:
        return SILENT if self.down else None

    async def __call__(self, ask: Any) -> Any:
        if self.down:
            raise SILENT
        return ask(self)

    def refuse(self) -> None:
        self.entry_open = False

    def media(self) -> Media:
        return self.where

    def eject(self) -> None:
        self.where = Media.ENTERING


def house_with(unit: Unit) -> Any:
    return SimpleNamespace(
        cabinet=SimpleNamespace(permit_unit=unit, refresh=AsyncMock(return_value=[Status])),
        one_at_a_time=asyncio.Lock(),
        events=SimpleNamespace(event=Mock()),
        stage=SimpleNamespace(page=None),
    )


async def test_between_visits_the_entry_is_shut_and_what_is_inside_comes_out() -> None:
    unit = Unit(Media.PRESENT)
    house = house_with(unit)
    assert await shut_entry(house)
    assert (unit.entry_open, unit.where) == (False, Media.ENTERING)
    house.events.event.assert_called_once_with("permit-without-visit", device="permit_unit")


async def test_a_unit_that_is_down_may_be_open_and_that_is_said() -> None:
    assert not await shut_entry(house_with(Unit(down=True)))


async def test_a_unit_that_comes_back_at_the_first_page_is_shut_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may have started anew, with its entry open, and have drawn in what lay there."""
    unit = Unit()
    house, looks = house_with(unit), 0

    async def two_seconds_later(_: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            unit.down = True
        elif looks == 2:
            unit.down, unit.entry_open, unit.where = False, True, Media.PRESENT
        elif looks > 3:
            raise asyncio.CancelledError

    house.timekeeper = SimpleNamespace(follow=Mock(), compare=Mock())
    house.platform = SimpleNamespace(health=AsyncMock(return_value=SimpleNamespace(ready=True, ahead_s=0.0)))
    house.office_answered = Mock()
    house.matcher_started = asyncio.Event()
    stand_in(monkeypatch, "kiosk.first_pages", "asyncio", sleep=two_seconds_later)
    with contextlib.suppress(asyncio.CancelledError):
        await FirstPages(house, {})._watch_devices()
    assert looks == 4
    assert (unit.entry_open, unit.where) == (False, Media.ENTERING)


@pytest.mark.parametrize(
    ("where", "inside"),
    [(Media.PRESENT, True), (Media.LATCHED, True), (Media.ENTERING, False), (Media.NOT_PRESENT, False)],
)
async def test_closing_the_entry_tells_whether_a_permit_got_in(where: Media, inside: bool) -> None:
    unit = Unit(where)
    assert await close_entry(visit_at(house_with(unit))) is inside
    assert not unit.entry_open


async def test_a_unit_that_does_not_answer_says_of_no_permit() -> None:
    assert await close_entry(visit_at(house_with(Unit(down=True)))) is False


def visit_at(house: Any) -> Any:
    return SimpleNamespace(house=house)
