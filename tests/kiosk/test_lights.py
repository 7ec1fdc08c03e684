"""The light at the place of the page flashes, the one before goes dark, and a dead board stops nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from devices.base import DeviceError, Fault, StaffAction
from devices.interfaces import Auxiliaries, FlashRate
from kiosk.cabinet import Worker
from kiosk.lights import GuideLights
from kiosk.prompts import Notice, Page, Place, PlaceItem, Prompt, TakeItem
from kiosk.texts import text
from tests.kiosk.plain_device import PlainDevice

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Board(PlainDevice):
    name = "io_board"

    def __init__(self) -> None:
        self.on: dict[str, FlashRate] = {}
        self.broken = False

    def set_light(self, light: str, rate: FlashRate) -> None:
        if self.broken:
            raise Fault(self.name, "lightError", StaffAction.MAINTENANCE)
        self.on[light] = rate

    def lit(self) -> list[str]:
        return [light for light, rate in self.on.items() if rate is not FlashRate.OFF]

    def auxiliaries(self) -> Auxiliaries:
        raise NotImplementedError

    def lights(self) -> Mapping[str, FlashRate]:
        return self.on


class Listener:
    def __init__(self) -> None:
        self.codes: list[str] = []

    def status_changed(self, *_: Any) -> None: ...

    def faulted(self, device: str, error: DeviceError) -> None:
        self.codes.append(error.code)

    def quarantined(self, *_: Any) -> None: ...


def page(number: int, prompt: Prompt) -> Page:
    return Page(number, prompt)


async def until(what: Any) -> None:
    async with asyncio.timeout(10):
        while not what():
            await asyncio.sleep(0.005)


async def test_one_light_follows_the_page() -> None:
    board, listener = Board(), Listener()
    lights = GuideLights(Worker(board, listener))
    running = asyncio.create_task(lights.run())
    lights.show(page(1, PlaceItem("card", text("id-card.question"), place=Place.ID_CARD_READER)))
    await until(lambda: board.lit() == ["id_card_reader"])
    lights.show(page(2, TakeItem("take", text("permit.take.question"), place=Place.PERMIT_SLOT)))
    await until(lambda: board.lit() == ["permit_unit"])
    lights.show(page(3, Notice("done", text("goodbye.question"))))
    await until(lambda: board.lit() == [])
    running.cancel()


async def test_all_goes_dark_at_the_end() -> None:
    board = Board()
    lights = GuideLights(Worker(board, Listener()))
    running = asyncio.create_task(lights.run())
    lights.show(page(1, PlaceItem("card", text("id-card.question"), place=Place.ID_CARD_READER)))
    await until(board.lit)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert board.lit() == []


async def test_a_dead_board_is_told_and_a_mended_one_followed() -> None:
    board, listener = Board(), Listener()
    board.broken = True
    lights = GuideLights(Worker(board, listener))
    running = asyncio.create_task(lights.run())
    lights.show(page(1, PlaceItem("card", text("id-card.question"), place=Place.ID_CARD_READER)))
    await until(lambda: listener.codes == ["lightError"])
    board.broken = False
    lights.show(page(2, PlaceItem("permit", text("permit.question"), place=Place.PERMIT_SLOT)))
    await until(lambda: board.lit() == ["permit_unit"])
    running.cancel()
