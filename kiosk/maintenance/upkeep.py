"""Upkeep: maintenance as the running kiosk has it. Little is loaded before somebody needs it.

Beside the visits it watches the doors, counts what is used up, and answers ``kiosk diagnose``.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from functools import partial
from typing import TYPE_CHECKING, Final

from devices.base import DeviceError
from devices.interfaces import FlashRate, IoBoard
from kiosk.house import House
from kiosk.journal.records import JournalFailed
from kiosk.maintenance.audit import Audit
from kiosk.maintenance.doors import Doors
from kiosk.maintenance.memory import FaultMemory
from kiosk.maintenance.vendor_mode import Mode
from kiosk.settings import Settings

if TYPE_CHECKING:
    from kiosk.maintenance.session import Attendance
    from kiosk.maintenance.supplies import Stock
    from kiosk.maintenance.workshop import Workshop

COUNT_S: Final = 60.0
"""How often consumables are counted."""
FIRST_COUNT_S: Final = 10.0
"""After the start, when the engines have been loaded."""
ALARM_LIGHT: Final = "statusBadIndicator"


class Upkeep:
    """See the module. ``run`` is a task beside the reception, ``attend`` is called by it."""

    def __init__(self, house: House, settings: Settings, memory: FaultMemory) -> None:
        self._house, self._settings, self._memory = house, settings, memory
        self._audit = Audit(house.journal, house.events)
        self._attendance: Attendance | None = None
        self._workshop: Workshop | None = None
        self.stocks: tuple[Stock, ...] = ()
        """Consumables and bins as they were counted last."""
        self.doors = Doors(house.cabinet.io_board, house.vendor_mode, self._in_session, self._alarm)

    async def run(self) -> None:
        """Watch until cancelled."""
        from kiosk.maintenance.service_socket import ServiceSocket

        tasks = [asyncio.create_task(self._count(), name="supplies")]
        if self._house.cabinet.io_board.fitted:
            tasks.append(asyncio.create_task(self.doors.run(), name="doors"))
        socket = ServiceSocket(self._house, self.workshop)
        try:
            await socket.open(self._settings.state)
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await socket.close()

    async def attend(self) -> None:
        """Give staff the machine until they leave it."""
        from kiosk.maintenance.session import Attendance

        self._attendance = Attendance(await self.workshop(), self.doors)
        try:
            await self._attendance.attend()
        finally:
            self._attendance = None
            await self._light(FlashRate.OFF)

    async def workshop(self) -> Workshop:
        """Return what maintenance works with, loaded beside the window at the first call."""
        if self._workshop is None:
            module = await asyncio.to_thread(importlib.import_module, "kiosk.maintenance.workshop")
            if self._workshop is None:
                self._workshop = module.Workshop.of(self._house, self._settings, self._memory)
        return self._workshop

    def _in_session(self) -> bool:
        return self._attendance is not None and self._attendance.member is not None

    async def _alarm(self, door: str) -> None:
        """A door is open and nobody is logged in: write it down, tell, and show it."""
        with contextlib.suppress(JournalFailed):
            await self._audit.alarm(door)
        await self._light(FlashRate.QUICK)

    async def _light(self, rate: FlashRate) -> None:
        board = self._house.cabinet.io_board
        if board.fitted:
            with contextlib.suppress(DeviceError):
                await board(partial(_switch, rate))

    async def _count(self) -> None:
        """Count what was used, so that a forecast can be made; never while somebody is served."""
        pause_s = FIRST_COUNT_S
        while True:
            await asyncio.sleep(pause_s)
            pause_s = COUNT_S
            if self._house.one_at_a_time.locked() or self._house.vendor_mode.mode is not Mode.INACTIVE:
                continue
            with contextlib.suppress(DeviceError, OSError):
                shop = await self.workshop()
                await shop.inspector.learn()
                self.stocks = await shop.supplies.stocks(self._house.now())


def _switch(rate: FlashRate, board: IoBoard) -> None:
    board.set_light(ALARM_LIGHT, rate)
