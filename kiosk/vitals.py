"""Vitals: how the kiosk is now, for whoever looks from afar (heartbeat, exporter). Asks no device."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

from kiosk.gate import none_offered
from kiosk.heartbeat import DeviceNow, Now, StockNow
from kiosk.house import House
from kiosk.maintenance.vendor_mode import Mode
from kiosk.services import Service
from kiosk.store_units import name_of

if TYPE_CHECKING:
    from kiosk.maintenance.supplies import Stock


class Counted(Protocol):
    """Whoever counts consumables between two visits."""

    @property
    def stocks(self) -> Sequence[Stock]: ...


class Vitals:
    """Reads the house as it stands; consumables are those of the last count."""

    def __init__(self, house: House, services: Collection[Service], counted: Counted) -> None:
        self._house, self._services, self._counted = house, services, counted

    def now(self) -> Now:
        """Return how everything is."""
        workers = self._house.cabinet.workers
        return Now(
            self._state(),
            tuple(DeviceNow(name, one.status.state.value, one.fault() or "") for name, one in workers.items())
            + self._units_out(),
            tuple(
                StockNow(
                    stock.unit.name,
                    stock.level.value,
                    stock.count,
                    stock.ends.isoformat(timespec="minutes") if stock.ends else "",
                )
                for stock in self._counted.stocks
            ),
        )

    def _units_out(self) -> tuple[DeviceNow, ...]:
        dispenser = self._house.cabinet.card_dispenser
        state = dispenser.status.state.value
        return tuple(DeviceNow(name_of(unit), state, word) for unit, word in dispenser.units_out.items())

    def _state(self) -> str:
        house = self._house
        if house.vendor_mode.mode is not Mode.INACTIVE:
            return "maintenance"
        if house.serving:
            return "serving"
        return "in-service" if none_offered(house, self._services) is None else "out-of-service"
