"""The store against its register (在库核对): what should lie in each unit, and what its sensors see.

The sensors count nothing: they tell an empty stacker from one with cards, and whether a card is in the path.
So a unit is found out where one side says "none" and the other does not. Which card it is, its chip tells
when it is moved (``kiosk.steps.collect``).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from devices.base import DeviceError
from devices.interfaces import CardDispenser, Media, Replenishment, StorageType
from kiosk.house import House
from kiosk.journal.records import JournalFailed
from kiosk.left_documents import kept_out
from kiosk.platform import PlatformError
from kiosk.store_units import Why, note_units_out, units_out

EVERY_S: Final = 30.0
SECOND_LOOK_S: Final = 2.0
"""A difference that is gone by then was somebody at work, here or at the back office."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a unit's sensors see."""

    empty: bool
    media: Media


def differences(register: Mapping[int, Sequence[str]], store: Mapping[int, Seen]) -> dict[int, Why]:
    """Return the units in which something else lies than the register says.

    A card in the path belongs to nobody who is served, so no register can mean it. A jammed one is the
    device's own fault.
    """
    found: dict[int, Why] = {}
    for unit in sorted({*register, *store}):
        documents, seen = register.get(unit, ()), store.get(unit)
        if seen is None or (documents and seen.empty and seen.media is Media.NOT_PRESENT):
            found[unit] = Why.MISSING
        elif seen.media in (Media.PRESENT, Media.ENTERING) or not (documents or seen.empty):
            found[unit] = Why.UNREGISTERED
    return found


class StoreCheck:
    """Compares a house's store. ``run`` is a task beside the reception."""

    def __init__(self, house: House, every_s: float = EVERY_S) -> None:
        self._house, self._every_s = house, every_s

    async def run(self) -> None:
        """Compare at the start, when the sensors or staff changed something, and every so often; for ever."""
        changed = self._house.store_changed
        while True:
            changed.clear()
            compared = False
            with contextlib.suppress(DeviceError, PlatformError, JournalFailed):
                compared = await self.look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every_s if compared else SECOND_LOOK_S):
                    await changed.wait()

    async def look(self) -> bool:
        """Compare while nobody is served, and once more before what differs is believed.

        Returns whether that could be done now. Raises ``DeviceError``, ``PlatformError``, ``JournalFailed``.
        """
        house = self._house
        if not await self._can_compare():
            return False
        register = await house.collection.store()
        async with house.one_at_a_time:
            found = differences(register, await self._store())
            if _with_mixed(found, await units_out(house.journal)) == await units_out(house.journal):
                return True
        await house.clock.sleep(SECOND_LOOK_S)
        async with house.one_at_a_time:
            if not await self._can_compare() or await self._differences() != found:
                return False
            await self._keep_out(_with_mixed(found, await units_out(house.journal)))
        return True

    async def put_right(self) -> dict[int, Why]:
        """Compare at once after people have seen to every unit; return what is out of service still.

        Whoever calls holds the machine. Raises ``DeviceError``, ``PlatformError``, ``JournalFailed``.
        """
        found = await self._differences()
        await self._keep_out(found)
        return found

    async def _can_compare(self) -> bool:
        """Tell whether the register can know what this kiosk did, and the dispenser what is in it."""
        house = self._house
        dispenser = house.cabinet.card_dispenser
        usable = dispenser.status.usable and dispenser.quarantined in (None, *Why)
        return usable and house.back_office_reachable and not await house.journal.letters_waiting()

    async def _differences(self) -> dict[int, Why]:
        return differences(await self._house.collection.store(), await self._store())

    async def _store(self) -> dict[int, Seen]:
        return await self._house.cabinet.card_dispenser(_seen)

    async def _keep_out(self, out: Mapping[int, Why]) -> None:
        house = self._house
        await note_units_out(house.journal, out)
        house.cabinet.quarantine(await kept_out(house.journal))


def _seen(dispenser: CardDispenser) -> dict[int, Seen]:
    return {
        one.unit: Seen(one.replenishment is Replenishment.EMPTY, dispenser.media(one.unit))
        for one in dispenser.storage()
        if one.type is StorageType.DISPENSE
    }


def _with_mixed(found: Mapping[int, Why], known: Mapping[int, Why]) -> dict[int, Why]:
    return {**found, **{unit: why for unit, why in known.items() if why is Why.MIXED}}
