"""Guide lights: the light at the place where a person has to act flashes while the page says so.

A view of the stage like the window and the voice. The board has a thread of its own, so a slow one
delays no page; only the newest wish is carried out.
"""

from __future__ import annotations

import asyncio
from typing import Final

from devices.base import DeviceError
from devices.interfaces import FlashRate, IoBoard
from kiosk.cabinet import Worker
from kiosk.prompts import Page, Place

LIGHT_AT: Final = {
    Place.ID_CARD_READER: "id_card_reader",
    Place.PERMIT_SLOT: "permit_unit",
    Place.FINGERPRINT_PAD: "fingerprint_pad",
    Place.PAYMENT_TERMINAL: "payment_terminal",
    Place.RECEIPT_SLOT: "receipt_printer",
    Place.DOCUMENT_TRAY: "document_printer",
}


class GuideLights:
    """Lets one light flash at a time, or none."""

    def __init__(self, board: Worker[IoBoard]) -> None:
        self._board = board
        self._wanted: str | None = None
        self._lit: str | None = None
        self._changed = asyncio.Event()

    def show(self, page: Page) -> None:
        place = getattr(page.prompt, "place", None)
        self._wanted = LIGHT_AT.get(place) if isinstance(place, Place) else None
        self._changed.set()

    async def run(self) -> None:
        """Carry the newest wish out, for ever; on being cancelled all goes dark."""
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                await self._follow(self._wanted)
        finally:
            await self._follow(None)

    async def _follow(self, wanted: str | None) -> None:
        if wanted == self._lit:
            return
        try:
            await self._switch(self._lit, FlashRate.OFF)
            await self._switch(wanted, FlashRate.MEDIUM)
            self._lit = wanted
        except DeviceError:
            return  # told by the worker's listener; the page and the voice say the same

    async def _switch(self, light: str | None, rate: FlashRate) -> None:
        if light is not None:
            await self._board(lambda board: board.set_light(light, rate))
