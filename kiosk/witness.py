"""The witness: sees what becomes of devices, visits and books, and tells the log and whoever else listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.base import DeviceError, Fault, Status
from kiosk.debuglink import DebugLink
from kiosk.events import EventLog
from kiosk.house import House
from kiosk.maintenance.memory import FaultMemory
from kiosk.reconciliation import Reconciled
from kiosk.report import Report
from kiosk.store_units import DISPENSER

if TYPE_CHECKING:
    from kiosk.exporter import Exporter


class Witness:
    """A ``cabinet.Listener``. ``house``, ``debug`` and ``exporter`` are there while the kiosk has them."""

    def __init__(self, events: EventLog, memory: FaultMemory) -> None:
        self._events, self._memory = events, memory
        self.house: House | None = None
        self.debug: DebugLink | None = None
        self.exporter: Exporter | None = None

    def status_changed(self, device: str, status: Status) -> None:
        """A device's status changed."""
        self._memory.status_changed(device, status)
        if device == DISPENSER and self.house is not None:
            self.house.store_changed.set()
        self._events.event(
            "device-status-changed",
            device=device,
            state=status.state.value,
            code=status.fault,
            action=status.action.value if status.action else None,
        )

    def quarantined(self, device: str, word: str | None) -> None:
        """A device is kept out of service, or let back."""
        if word is None:
            self._events.event("device-released", device=device)
        else:
            self._events.event("device-quarantined", device=device, reason=word)

    def faulted(self, device: str, error: DeviceError) -> None:
        """A command of a device did not succeed."""
        self._memory.faulted(device, error)
        if self.exporter is not None:
            self.exporter.faulted(device, error.code)
        if isinstance(error, Fault):
            self._events.event("device-fault", device=device, code=error.code, action=error.action.value)
        else:
            self._events.event("device-retry", device=device, code=error.code)

    def visited(self, report: Report) -> None:
        """A visit has ended, here or in recovery."""
        if self.exporter is not None:
            self.exporter.visited(report.service, report.outcome, report.seconds.get("total"))
        if self.debug is not None:
            self.debug.report(report)

    def books_compared(self, found: Reconciled) -> None:
        """A day was compared with its bills."""
        self._events.event(
            "reconciled" if not found.differences else "books-differ",
            day=found.day.isoformat(),
            lines=found.lines,
            differences=len(found.differences),
        )
