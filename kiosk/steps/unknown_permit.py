"""A permit in the machine that no visit let in: it may be anybody's, and is never the next person's."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from devices.base import DeviceError
from devices.interfaces import Media
from kiosk.journal.records import MACHINE, Letter

if TYPE_CHECKING:
    from kiosk.house import House
    from kiosk.visit import Visit

INSIDE = frozenset({Media.PRESENT, Media.LATCHED})


async def shut_entry(house: House) -> bool:
    """Close the entry while nobody is served; true when the unit said that it is closed.

    A unit that has just started draws in what is pushed in. Such a permit is moved to the gate at once, while
    whoever pushed it in stands there.
    """
    unit = house.cabinet.permit_unit
    if not unit.fitted:
        return True
    if unit.fault() is not None:
        return False
    try:
        async with house.one_at_a_time:
            await unit(lambda u: u.refuse())
            if await unit(lambda u: u.media()) is Media.PRESENT:
                house.events.event("permit-without-visit", device=unit.name)
                await unit(lambda u: u.eject())
    except DeviceError:
        return False
    return True


async def put_away(visit: Visit) -> None:
    """Take a permit that was inside before the entry opened for this visit into the bin.

    Who pushed it in may be gone: given to the person who stands there now it could be another's. Staff return
    it by the bin's number. Raises ``DeviceError``.
    """
    house, unit = visit.house, visit.house.cabinet.permit_unit
    count = await visit.device(unit, lambda u: u.retract())
    letter = Letter("permit-retained", {"device": unit.name, "bin_count": count})
    await house.journal.note(MACHINE, "permit-retained", letter=letter, device=unit.name, bin_count=count)
    house.events.event("card-retained", device=unit.name, count=count)


async def close_entry(visit: Visit) -> bool:
    """Close the entry, so that nothing follows the permit in; true when one is inside or got in just before.

    A unit that does not answer says nothing: false.
    """
    unit = visit.house.cabinet.permit_unit
    with contextlib.suppress(DeviceError):
        await unit(lambda u: u.refuse())
        return await unit(lambda u: u.media()) not in (Media.NOT_PRESENT, Media.ENTERING)
    return False
