"""Each word of the catalogue from its trigger to the log: wire, driver, person's sentence, staff, event.

A real kiosk's own cabinet and listener stand before the bench; only its services are not there.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from devices.base import DeviceError, Fault, Retry, StaffAction
from devices.document_scanner import open_document_scanner
from kiosk import settings
from kiosk.app import Kiosk
from kiosk.cabinet import Worker
from kiosk.faults import FILE, FaultCatalogue, Turn
from kiosk.maintenance.remedies import Remedies
from kiosk.site_links import LINKS_OF
from kiosk.texts import LANGUAGES
from simulators import trigger
from simulators.bench import Bench
from simulators.recorder import FROM_DEVICE
from tests.faults.drills import Drill, drill_of
from tests.faults.raised import DRIVERS, raised

CATALOGUE = FaultCatalogue.load(FILE)
WORDS = sorted({(device, code) for device in DRIVERS for _, code, _ in raised(device)})
REMEDIES = Remedies.load()
BY_NO_HANDS = {StaffAction.CONFIGURATION, StaffAction.SOFTWARE_ERROR}
BY_A_RESTART = {("document_scanner", "internalError")}
"""Mended by a restart of the machine: no page would be left to tick it off."""
READY_S = 40.0


@dataclass
class Cabinet:
    """A kiosk that serves nobody, at a bench."""

    bench: Bench
    kiosk: Kiosk
    workers: Mapping[str, Worker[Any]]

    async def come_up(self, device: str, drill: Drill, trigger_words: str) -> tuple[DeviceError, bytes]:
        """Do a drill; return what was raised, and what the device had said from the trigger on."""
        worker: Worker[Any] = self.workers[device]
        await self._ready(worker)
        drill.people(self.bench)
        await worker(drill.ready)
        order = trigger.order(trigger_words, device)
        if order is not None:
            self.bench.catalogue.check(order)
            self.bench.faults.arm(order)
        mark = self.bench.recorder.count
        with pytest.raises(DeviceError) as raised_error:
            await worker(drill.ask)
        return raised_error.value, self._said(device, mark)

    async def _ready(self, worker: Worker[Any]) -> None:
        """Reset a device until it can be used."""
        deadline_s = time.monotonic() + READY_S
        while True:
            with suppress(DeviceError):
                await worker(lambda unit: unit.reset())
                if (await worker.refresh()).usable:
                    return
            assert time.monotonic() < deadline_s, worker.status

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.kiosk.settings.log.path.read_text("utf-8").splitlines()]

    def _said(self, device: str, mark: int) -> bytes:
        return b"".join(
            bytes.fromhex(frame["hex"])
            for frame in self.bench.recorder.since(mark, limit=100_000)
            if frame["link"] in LINKS_OF[device] and frame["direction"] == FROM_DEVICE
        )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cabinet]:
    with Bench(tmp_path_factory.mktemp("bench")) as bench, pytest.MonkeyPatch.context() as patch:
        # A citizen waits as long as the wire needs; a test need not.
        patch.setattr("devices.document_scanner.driver._SCAN_S", 1.5)
        kiosk = Kiosk(settings.load(bench.state / "site.toml"))
        workers = dict(kiosk.ground.cabinet.workers)
        if "document_scanner" not in workers:  # not fitted in every model, and so not in every site file
            scanner = open_document_scanner(bench.links["document_scanner"])
            workers["document_scanner"] = Worker(scanner, kiosk.ground.witness)
        yield Cabinet(bench, kiosk, workers)
        for worker in workers.values():
            asyncio.run(worker.close())


@pytest.fixture
def cabinet(shared: Cabinet) -> Iterator[Cabinet]:
    yield shared
    shared.bench.faults.clear()
    shared.bench.world.do("reset", {})


@pytest.mark.parametrize(("device", "code"), WORDS)
def test_no_entry_lacks_anything(device: str, code: str) -> None:
    entry = CATALOGUE.entry(device, code)
    assert entry is not None
    assert entry.trigger
    assert entry.wire


@pytest.mark.parametrize(("device", "code"), WORDS)
def test_each_trigger_yields_each_part_of_its_entry(cabinet: Cabinet, device: str, code: str) -> None:
    entry = CATALOGUE.entry(device, code)
    assert entry is not None
    error, said = asyncio.run(cabinet.come_up(device, drill_of(device, code), entry.trigger))
    assert (error.device, error.code) == (device, code), error
    assert isinstance(error, Retry if entry.turn is Turn.RETRY else Fault)
    assert not isinstance(error, Fault) or error.action in entry.actions
    event = cabinet.logged()[-1]
    assert (event["event"], event["device"], event["code"]) == (entry.event, device, code)
    assert event.get("action") == (error.action.value if isinstance(error, Fault) else None)
    for language in LANGUAGES:
        assert cabinet.kiosk.ground.catalogue.say(CATALOGUE.sentence(error), language)
    assert fits(entry.wire, said), f"the device says {said[-300:].hex(' ').upper()} {said[-300:]!r}"
    if set(entry.actions) - BY_NO_HANDS and (device, code) not in BY_A_RESTART:
        worker = cabinet.workers[device]
        stands = REMEDIES.of(worker, code) is None and asyncio.run(worker.refresh()).fault == code
        assert not stands, "a technician finds this on the device's page, and no remedy for it"


def fits(wire: str, said: bytes) -> bool:
    """Tell whether a device that ``said`` this did what the catalogue says of the wire."""
    if wire in ("nothing", "noise"):
        return bool(said) == (wire == "noise")
    parts = re.findall(r"'([^']*)'|([0-9A-F]{2})(?= |$)", wire)
    assert parts, wire
    return b"".join(text.encode() if text else bytes.fromhex(byte) for text, byte in parts) in said
