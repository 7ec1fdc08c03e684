"""Who has the cabinet open: the operator's key, the doors, and what follows from them.

The I/O board is asked a few times a second. The key in *maintenance* or *supervisor* calls staff's turn; a
door that opens while nobody is logged in is an alarm, and the machine takes on nothing more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from devices.base import DeviceError
from devices.interfaces import Auxiliaries, Door, IoBoard, OperatorSwitch
from kiosk.cabinet import Worker
from kiosk.maintenance.vendor_mode import VendorMode

ASK_S: Final = 0.25
ASK_SILENT_S: Final = 2.0
SHUT: Final = frozenset({Door.CLOSED, Door.LOCKED})


class Doors:
    """Watches the board. ``session`` tells whether somebody is logged in; ``alarm`` is told each door once
    until it is shut again or somebody logs in and out.
    """

    def __init__(
        self,
        board: Worker[IoBoard],
        mode: VendorMode,
        session: Callable[[], bool],
        alarm: Callable[[str], Awaitable[None]],
    ) -> None:
        self._board, self._mode, self._session, self._alarm = board, mode, session, alarm
        self._told: set[str] = set()
        self.open_doors: tuple[str, ...] = ()
        self.key = OperatorSwitch.RUN

    @property
    def wanted(self) -> bool:
        """Tell whether the key or a door says that staff are here."""
        return bool(self.open_doors) or self.key is not OperatorSwitch.RUN

    async def run(self) -> None:
        """Watch for ever. A board that is silent says nothing: what was last seen still holds."""
        while True:
            try:
                await self.heed(await self._board(_inputs))
            except DeviceError:
                await asyncio.sleep(ASK_SILENT_S)
                continue
            await asyncio.sleep(ASK_S)

    async def heed(self, inputs: Auxiliaries) -> None:
        """Act on one reading."""
        self.open_doors = tuple(name for name, door in inputs.doors.items() if door not in SHUT)
        self.key = inputs.operator_switch or OperatorSwitch.RUN
        if self._session():
            self._told.clear()
            return
        self._told &= set(self.open_doors)
        if self.wanted:
            self._mode.call(at_once=bool(self.open_doors))
        else:
            self._mode.withdraw()
        for door in self.open_doors:
            if door not in self._told:
                self._told.add(door)
                await self._alarm(door)


def _inputs(board: IoBoard) -> Auxiliaries:
    return board.auxiliaries()
