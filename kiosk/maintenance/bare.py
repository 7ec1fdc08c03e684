"""Diagnostics without a kiosk: the devices alone, for when nothing else starts.

The journal is only read, for what it keeps out of service, and the devices are asked even where it can't be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from devices.base import DeviceError, Status
from kiosk.clock import SystemClock
from kiosk.faults import FILE, FaultCatalogue
from kiosk.fitting import fit
from kiosk.journal import Beside, read_key
from kiosk.left_documents import MEDIA_PRESENT, PRINTER, copies_unseen, kept_out
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

    def quarantined(self, device: str, word: str | None) -> None:
        """What the journal keeps out shows as the device's fault; there is nothing to remember."""


async def kept_out_by_journal(settings: Settings) -> dict[str, str]:
    """Return which devices the journal keeps out of service, and why; raises ``JournalRefused``."""
    if not settings.journal.path.exists():
        return {}
    book = Beside(settings.journal.path, read_key(settings.journal.key_file))
    words = await kept_out(book)
    if any(copies_unseen(visit) for visit in await book.open_visits()):
        words[PRINTER] = MEDIA_PRESENT  # what the next start's recovery will note
    return words


async def look(settings: Settings, devices: Sequence[str], out: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the sheets of ``devices``, all of them by default; those in ``out`` are kept out of service."""
    listener = _Remembering()
    cabinet = fit(settings, listener)
    cabinet.quarantine(out)
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
