"""The permit unit's entry: shut unless somebody is asked for a permit, so that each one inside is known."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from devices.base import DeviceError
from devices.interfaces import Media

if TYPE_CHECKING:
    from kiosk.house import House
    from kiosk.visit import Visit


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


async def close_entry(visit: Visit) -> bool:
    """Close the entry, so that nothing follows the permit in; true when one is inside or got in just before.

    A unit that does not answer says nothing: false.
    """
    unit = visit.house.cabinet.permit_unit
    with contextlib.suppress(DeviceError):
        await unit(lambda u: u.refuse())
        return await unit(lambda u: u.media()) not in (Media.NOT_PRESENT, Media.ENTERING)
    return False
