"""Each guided remedy against its fault, on the drivers and the bench's devices, without a kiosk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devices.base import DeviceError, Status
from devices.document_scanner import open_document_scanner
from devices.interfaces import ReceiptLine
from kiosk import settings
from kiosk.cabinet import Cabinet, Worker
from kiosk.faults import EVERY, FaultCatalogue
from kiosk.faults import FILE as FAULTS
from kiosk.fitting import fit
from kiosk.maintenance.remedies import Remedies, Remedy
from kiosk.prompts import Mark
from kiosk.texts import Catalogue
from simulators import trigger
from simulators.bench import Bench
from simulators.faults import Order
from simulators.level import IDEAL
from tests.faults.drills import drill_of

pytestmark = pytest.mark.anyio
CATALOGUE = FaultCatalogue.load(FAULTS)
LONGEST_S = 40.0
SCANNER = "document_scanner"
BY_THE_MACHINE = (("card_dispenser", "powerOff"), ("permit_unit", "flushFail"))
"""Faults that end with the first reset, once whatever it was is over."""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


class Silent:
    """A cabinet's listener that has nothing to say."""

    def status_changed(self, device: str, status: Status) -> None: ...

    def faulted(self, device: str, error: DeviceError) -> None: ...

    def quarantined(self, device: str, word: str | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Ground:
    """The bench, and the cabinet that is wired to it."""

    bench: Bench
    cabinet: Cabinet
    workers: Mapping[str, Worker[Any]]

    async def do(self, act: str, **arguments: Any) -> None:
        """Do an act on the world or at a device; ``fault`` orders one, ``mend`` calls all off."""
        match act:
            case "fault":
                self.bench.faults.arm(Order(**{"repeat": "operation" not in arguments, **arguments}))
            case "mend":
                self.bench.faults.clear()
            case "print":
                with pytest.raises(DeviceError):
                    await self.cabinet.receipt_printer(lambda unit: unit.print([ReceiptLine("test")]))
            case "pick":
                with pytest.raises(DeviceError):
                    await self.cabinet.card_dispenser(lambda unit: unit.pick(1))
            case "accept":
                await self.cabinet.permit_unit(lambda unit: unit.accept())
            case _:
                self.bench.world.do(act, arguments)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("bench"), IDEAL) as started:
        yield started


@pytest.fixture
async def ground(bench: Bench) -> AsyncIterator[Ground]:
    cabinet = fit(settings.load(bench.state / "site.toml"), Silent())
    workers: dict[str, Worker[Any]] = dict(cabinet.workers)
    if SCANNER not in workers:  # not fitted in every model
        workers[SCANNER] = Worker(open_document_scanner(bench.links[SCANNER]), Silent())
    yield Ground(bench, cabinet, workers)
    bench.faults.clear()
    bench.world.do("reset", {})
    for worker in workers.values():
        await worker.close()


Act = tuple[str, dict[str, Any]]


def fault(device: str, name: str, **arguments: Any) -> Act:
    return ("fault", {"device": device, "fault": name, **arguments})


MEND: Act = ("mend", {})
CASES: dict[str, tuple[str, str, list[Act], list[tuple[Act, int]]]] = {
    "receipt paper": (
        "receipt_printer", "paperOut", [("paper", {"state": "out"})],
        [
            (("receipt_cover", {"open": True}), 1), (("paper", {"state": "full"}), 2),
            (("receipt_cover", {"open": False}), 4),
        ],
    ),
    "receipt cover": (
        "receipt_printer", "coverOpen", [("receipt_cover", {"open": True})],
        [(("receipt_cover", {"open": False}), 2)],
    ),
    "receipt head": ("receipt_printer", "deviceBusy", [fault("receipt_printer", "headHot")], [(MEND, 2)]),
    "receipt power": (
        "receipt_printer", "hardwareError", [fault("receipt_printer", "hardwareError")], [(MEND, 3)],
    ),
    "receipt silence": ("receipt_printer", "timeOut", [fault("receipt_printer", "noAnswer")], [(MEND, 3)]),
    "knife": (
        "receipt_printer", "cutterFault",
        [("fault", {"device": "receipt_printer", "fault": "cutterFault", "operation": "cut"}), ("print", {})],
        [(("receipt_cover", {"open": True}), 1), (("receipt_cover", {"open": False}), 4)],
    ),
    "permit jam": (
        "permit_unit", "mediaJam",
        [
            ("fault", {"device": "permit_unit", "fault": "jam", "operation": "enter"}), ("accept", {}),
            ("insert_permit", {"persona": "li-wenjing"}),
        ],
        [(("clear_jam", {}), 3)],
    ),
    "permit bin": (
        "permit_unit", "retainBinFull", [fault("permit_unit", "bin_full")], [(MEND, 2)],
    ),
    "camera": ("camera", "cameraInoperable", [fault("camera", "disconnect")], [(MEND, 2)]),
    "card bin": ("card_dispenser", "retainBinFull", [fault("card_dispenser", "bin_full")], [(MEND, 2)]),
    "card jam": (
        "card_dispenser", "mediaJam",
        [
            ("load_stacker", {"unit": 1, "personas": ["li-wenjing"]}),
            ("fault", {"device": "card_dispenser", "fault": "jam", "operation": "feed"}), ("pick", {}),
        ],
        [(("clear_unit", {"unit": 1}), 3)],
    ),
    "document paper": (
        "document_printer", "paperOut", [("document_paper", {"state": "out"})],
        [(("document_paper", {"state": "full"}), 2)],
    ),
    "document jam": (
        "document_printer", "paperJammed", [("jam_document", {})],
        [
            (("document_cover", {"open": True}), 1), (("free_document", {}), 2),
            (("document_cover", {"open": False}), 4),
        ],
    ),
    "document cover": (
        "document_printer", "coverOpen", [("document_cover", {"open": True})],
        [(("document_cover", {"open": False}), 2)],
    ),
    "receipt key": ("receipt_printer", "offline", [fault("receipt_printer", "offline")], [(MEND, 2)]),
    "receipt cable": ("receipt_printer", "noDevice", [fault("receipt_printer", "disconnect")], [(MEND, 3)]),
    "supply's answers": ("ups", "invalidData", [fault("ups", "contradiction")], [(MEND, 3)]),
    "permit power": (
        "permit_unit", "powerOff", [fault("permit_unit", "error", args={"code": "B0"})], [(MEND, 2)],
    ),
    "permit count": (
        "permit_unit", "storageUnitError", [fault("permit_unit", "error", args={"code": 50})], [(MEND, 2)],
    ),
    "document output": (
        "document_printer", "stackerFull", [fault("document_printer", "outputFull")], [(MEND, 2)],
    ),
    "waste toner": (
        "document_printer", "wasteTonerFull", [fault("document_printer", "wasteFull")], [(MEND, 2)],
    ),
    "document pause": ("document_printer", "offline", [fault("document_printer", "paused")], [(MEND, 2)]),
    "document power": (
        "document_printer", "powerOff", [fault("document_printer", "shuttingDown")], [(MEND, 2)],
    ),
    "document queue": ("document_printer", "deviceBusy", [fault("document_printer", "busy")], [(MEND, 2)]),
    "scanner": (SCANNER, "deviceBusy", [fault(SCANNER, "deviceBusy")], [(MEND, 3)]),
    "board": ("io_board", "deviceBusy", [fault("io_board", "deviceBusy")], [(MEND, 2)]),
    "mains": (
        "ups", "batteryCritical", [("battery", {"percent": 10}), ("mains", {"on": False})],
        [(("mains", {"on": True}), 2)],
    ),
    "supply off": ("ups", "powerOff", [fault("ups", "off")], [(MEND, 2)]),
    "supply's cable": ("ups", "offline", [fault("ups", "dataStale")], [(MEND, 2)]),
    "toner": (
        "document_printer", "tonerOut", [("document_toner", {"state": "out"})],
        [(("document_toner", {"state": "full"}), 2)],
    ),
}  # fmt: skip


async def found(ground: Ground, device: str, code: str) -> Remedy:
    """Wait until the device tells its fault; return the remedy for it."""
    worker = ground.workers[device]
    deadline_s = time.monotonic() + LONGEST_S
    while worker.fault() != code:
        assert time.monotonic() < deadline_s, f"{device} says {worker.fault()}, not {code}"
        await asyncio.sleep(0.02)
        await worker.refresh()
    remedy = Remedies.load().of(worker, code)
    assert remedy is not None
    return remedy


async def ticked(remedy: Remedy, done: int, after: str) -> None:
    """Look until ``done`` steps are ticked."""
    deadline_s = time.monotonic() + LONGEST_S
    while (so_far := [item.mark for item in remedy.items()].count(Mark.DONE)) < done:
        assert time.monotonic() < deadline_s, f"{so_far} steps are ticked after {after}, not {done}"
        await asyncio.sleep(0.02)
        await remedy.look()
    assert so_far == done, after


@pytest.mark.parametrize("case", CASES)
async def test_the_remedy_leads_from_the_fault_to_a_device_in_order(ground: Ground, case: str) -> None:
    device, code, breaks, mends = CASES[case]
    for act, arguments in breaks:
        await ground.do(act, **arguments)
    remedy = await found(ground, device, code)
    await remedy.look()
    assert next(item.mark for item in remedy.items()) is Mark.NOW, "ticked before anything was done"
    for (act, arguments), done in mends:
        await ground.do(act, **arguments)
        await ticked(remedy, done, act)
    assert remedy.done
    assert ground.workers[device].fault() is None


@pytest.mark.parametrize(("device", "code"), BY_THE_MACHINE)
async def test_what_needs_only_a_reset_the_machine_mends_itself(
    ground: Ground, device: str, code: str
) -> None:
    drill, entry = drill_of(device, code), CATALOGUE.entry(device, code)
    assert entry is not None
    order = trigger.order(entry.trigger, device)
    assert order is not None
    worker = ground.workers[device]
    drill.people(ground.bench)
    await worker(drill.ready)
    ground.bench.faults.arm(order)
    with pytest.raises(DeviceError):
        await worker(drill.ask)
    remedy = await found(ground, device, code)
    await ticked(remedy, len(remedy.items()), "its own reset")
    assert worker.fault() is None


def test_each_remedy_is_played() -> None:
    played = {(device, code) for device, code, _, _ in CASES.values()} | set(BY_THE_MACHINE)
    for device, table in Remedies.load().steps.items():
        for code in table:
            if device == EVERY:
                assert code in {word for _, word in played}
            else:
                assert (device, code) in played


async def test_who_is_faster_than_the_machine_looks_is_done_all_the_same(ground: Ground) -> None:
    await ground.do("paper", state="out")
    remedy = await found(ground, "receipt_printer", "paperOut")
    await ground.do("paper", state="full")
    while not remedy.done:
        await remedy.look()
    assert {item.mark for item in remedy.items()} == {Mark.DONE}


def test_every_remedy_is_of_a_fault_that_staff_mend_and_every_step_has_its_words() -> None:
    strings = Path(__file__).parents[2] / "config/strings"
    site = {key: {"zh-CN": "甲", "en": "A"} for key in ("site.name", "site.elsewhere", "attract.hours")}
    texts = Catalogue.load(strings, own=site)
    for device, table in Remedies.load().steps.items():
        for code, steps in table.items():
            entry = CATALOGUE.entry(device, code)
            assert entry is not None, f"{device}.{code} is in no fault catalogue"
            assert entry.actions, f"{device}.{code} is the person's to mend"
            assert steps[-1].until == "usable"
            for step in steps:
                assert texts.has(f"remedy.{step.says}"), step.says
