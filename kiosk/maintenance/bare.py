"""Diagnostics without a kiosk and without its journal: the devices alone, for when nothing else starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from devices.base import DeviceError, Status
from kiosk.clock import SystemClock
from kiosk.faults import FILE, FaultCatalogue
from kiosk.fitting import fit
from kiosk.maintenance.inspection import Inspector
from kiosk.maintenance.memory import FaultMemory
from kiosk.maintenance.selftest import Kit, SelfTests
from kiosk.maintenance.tests_of_devices import ALONE
from kiosk.maintenance.tests_with_person import ATTENDED
from kiosk.settings import Settings


class _Remembering:
    """A cabinet's listener that only remembers."""

    def __init__(self) -> None:
        self.memory = FaultMemory(SystemClock())

    def status_changed(self, device: str, status: Status) -> None:
        self.memory.status_changed(device, status)

    def faulted(self, device: str, error: DeviceError) -> None:
        self.memory.faulted(device, error)


async def look(settings: Settings, devices: Sequence[str]) -> list[dict[str, Any]]:
    """Return the sheets of ``devices``, all of them by default."""
    listener = _Remembering()
    cabinet = fit(settings, listener)
    try:
        inspector = Inspector(cabinet, listener.memory, FaultCatalogue.load(FILE))
        return [(await inspector.sheet(name)).plain() for name in devices or cabinet.workers]
    finally:
        await cabinet.close()


async def test(
    settings: Settings, devices: Sequence[str], attended: bool, told: Callable[[Mapping[str, Any]], None]
) -> list[dict[str, Any]]:
    """Test ``devices``, all of them by default; what moves money is not tested."""
    cabinet = fit(settings, _Remembering())
    try:
        kit = Kit(cabinet, SystemClock(), settings.site.id, settings.model.fonts)
        tests = SelfTests(kit, (*ALONE, *ATTENDED))
        findings = await tests.run(
            tests.of(devices or None, attended=attended), lambda one: told({"finding": one.plain()})
        )
        return [finding.plain() for finding in findings]
    finally:
        await cabinet.close()
