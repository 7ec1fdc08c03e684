"""One sheet a device: what it is, how it is, what it counts, what was wrong last and what to do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from devices.base import Capabilities, Device, DeviceError
from devices.counting import Metered
from kiosk.cabinet import Cabinet, Worker
from kiosk.clock import iso
from kiosk.faults import FaultCatalogue
from kiosk.maintenance.memory import FaultMemory, LastFault

Said = Mapping[str, str]
"""A sentence by language."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is known of a device now. ``fault`` is the word for why it can't be used, None when it can.

    ``advice`` is the fault catalogue's sentence for staff; ``faults`` counts each word since the start;
    ``wire`` is empty for a device without a wire of its own (camera, scanner).
    """

    device: str
    state: str
    fault: str | None
    actions: tuple[str, ...] = ()
    advice: Said = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)
    capabilities: Capabilities = field(default_factory=Capabilities)
    counters: Mapping[str, int] = field(default_factory=dict)
    last: LastFault | None = None
    last_advice: Said = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)
    wire: Mapping[str, int] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        return self.fault is None

    def plain(self) -> dict[str, Any]:
        """Return plain JSON values."""
        found = asdict(self)
        found["usable"] = self.usable
        if self.last is not None:
            found["last"] = {"code": self.last.code, "action": self.last.action, "at": iso(self.last.at)}
        return found


class Inspector:
    """Makes the sheets of a cabinet. What a unit is, is asked once; how it is, every time."""

    def __init__(self, cabinet: Cabinet, memory: FaultMemory, catalogue: FaultCatalogue) -> None:
        self.cabinet = cabinet
        self.memory = memory
        self.catalogue = catalogue
        self._capabilities: dict[str, Capabilities] = {}

    async def sheet(self, name: str) -> Sheet:
        """Ask the device and return its sheet; raises ``KeyError`` for one that is not fitted."""
        worker = self.cabinet.workers[name]
        status = await worker.refresh()
        counters: Mapping[str, int] = {}
        if status.usable:  # of one that is not, every question would only cost its timeout
            with contextlib.suppress(DeviceError):
                await self._learn(worker)
                counters = await worker(_counters)
        fault = worker.fault()
        entry = self.catalogue.entry(name, fault) if fault else None
        last = self.memory.last(name)
        last_entry = self.catalogue.entry(name, last.code) if last else None
        wire = worker.device.wire() if isinstance(worker.device, Metered) else None
        return Sheet(
            device=name,
            state=status.state.value,
            fault=fault,
            actions=tuple(entry.actions) if entry else (status.action,) if status.action else (),
            advice=entry.staff if entry else {},
            warnings=worker.warnings,
            parts=dict(status.parts),
            capabilities=self._capabilities.get(name, Capabilities()),
            counters=dict(counters),
            last=last,
            last_advice=last_entry.staff if last_entry else {},
            faults=self.memory.counts(name),
            wire=asdict(wire) if wire else {},
        )

    async def sheets(self) -> tuple[Sheet, ...]:
        """Ask every fitted device, each on its own thread; return the sheets in the cabinet's order."""
        return tuple(await asyncio.gather(*(self.sheet(name) for name in self.cabinet.workers)))

    async def learn(self) -> None:
        """Ask each device once what it is, so that it is known when the device has fallen silent."""
        for worker in self.cabinet.workers.values():
            if worker.status.usable:
                with contextlib.suppress(DeviceError):
                    await self._learn(worker)

    async def _learn(self, worker: Worker[Device]) -> None:
        if worker.name not in self._capabilities:
            self._capabilities[worker.name] = await worker(_capabilities)


def _capabilities(device: Device) -> Capabilities:
    return device.capabilities()


def _counters(device: Device) -> Mapping[str, int]:
    return device.counters()
