"""What maintenance works with, built once beside the house."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.house import House
from kiosk.maintenance.audit import Audit
from kiosk.maintenance.entry import Entry
from kiosk.maintenance.inspection import Inspector
from kiosk.maintenance.lockout import Lockout
from kiosk.maintenance.memory import FaultMemory
from kiosk.maintenance.remedies import Remedies
from kiosk.maintenance.selftest import Kit, SelfTests
from kiosk.maintenance.staff import STAFF_FILE, StaffFile
from kiosk.maintenance.supplies import Supplies, read_units
from kiosk.maintenance.tests_of_devices import ALONE
from kiosk.maintenance.tests_with_person import ATTENDED
from kiosk.settings import Settings


@dataclass(frozen=True, slots=True)
class Workshop:
    """See the module."""

    house: House
    settings: Settings
    inspector: Inspector
    remedies: Remedies
    supplies: Supplies
    tests: SelfTests
    audit: Audit
    entry: Entry

    @classmethod
    def of(cls, house: House, settings: Settings, memory: FaultMemory) -> Workshop:
        """Read the tables and the state; raises ``SettingsError`` for a table that is wrong."""
        kit = Kit(house.cabinet, house.clock, settings.site.id, settings.model.fonts, house)
        lockout = Lockout(settings.state / "lockout.json", house.clock)
        return cls(
            house=house,
            settings=settings,
            inspector=Inspector(house.cabinet, memory, house.faults),
            remedies=Remedies.load(),
            supplies=Supplies(read_units(), house.cabinet, settings.state / "supplies.json"),
            tests=SelfTests(kit, (*ALONE, *ATTENDED)),
            audit=Audit(house.journal, house.events),
            entry=Entry(StaffFile(settings.state / STAFF_FILE), lockout, house.clock),
        )
