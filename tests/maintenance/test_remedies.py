"""Each guided remedy against its fault, on the drivers and the bench's devices, without a kiosk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devices.base import DeviceError, Status
from devices.interfaces import ReceiptLine
from kiosk import settings
from kiosk.cabinet import Cabinet
from kiosk.faults import FILE as FAULTS
from kiosk.faults import FaultCatalogue
from kiosk.fitting import fit
from kiosk.maintenance.remedies import Remedies, Remedy
from kiosk.prompts import Mark
from kiosk.texts import Catalogue
from simulators.bench import Bench
from simulators.faults import Order
from simulators.level import IDEAL

pytestmark = pytest.mark.anyio


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

    async def do(self, act: str, **arguments: Any) -> None:
        """Do an act on the world or at a device; ``fault`` orders one, ``mend`` calls all off."""
        match act:
            case "fault":
                standing = "operation" not in arguments
                self.bench.faults.arm(Order(**arguments, repeat=standing))
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
    yield Ground(bench, cabinet)
    bench.faults.clear()
    bench.world.do("reset", {})
    await cabinet.close()


Act = tuple[str, dict[str, Any]]


def fault(device: str, name: str) -> Act:
    return ("fault", {"device": device, "fault": name})


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
    "pad silence": ("fingerprint_pad", "timeOut", [fault("fingerprint_pad", "noAnswer")], [(MEND, 3)]),
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
    "toner": (
        "document_printer", "tonerOut", [("document_toner", {"state": "out"})],
        [(("document_toner", {"state": "full"}), 2)],
    ),
}  # fmt: skip


async def found(ground: Ground, device: str, code: str) -> Remedy:
    """Wait until the device tells its fault; return the remedy for it."""
    worker = ground.cabinet.workers[device]
    for _ in range(100):
        await worker.refresh()
        if worker.fault() == code:
            remedy = Remedies.load().of(worker, code)
            assert remedy is not None
            return remedy
        await asyncio.sleep(0.02)
    raise AssertionError(f"{device} says {worker.fault()}, not {code}")


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
        for _ in range(150):
            await remedy.look()
            if [item.mark for item in remedy.items()].count(Mark.DONE) >= done:
                break
            await asyncio.sleep(0.02)
        assert [item.mark for item in remedy.items()].count(Mark.DONE) == done, act
    assert remedy.done
    assert ground.cabinet.workers[device].fault() is None


async def test_who_is_faster_than_the_machine_looks_is_done_all_the_same(ground: Ground) -> None:
    await ground.do("paper", state="out")
    remedy = await found(ground, "receipt_printer", "paperOut")
    await ground.do("paper", state="full")
    while not remedy.done:
        await remedy.look()
    assert {item.mark for item in remedy.items()} == {Mark.DONE}


def test_every_remedy_is_of_a_fault_that_staff_mend_and_every_step_has_its_words() -> None:
    catalogue = FaultCatalogue.load(FAULTS)
    strings = Path(__file__).parents[2] / "config/strings"
    site = {key: {"zh-CN": "甲", "en": "A"} for key in ("site.name", "site.elsewhere", "attract.hours")}
    texts = Catalogue.load(strings, own=site)
    for device, table in Remedies.load().steps.items():
        for code, steps in table.items():
            entry = catalogue.entry(device, code)
            assert entry is not None, f"{device}.{code} is in no fault catalogue"
            assert entry.actions, f"{device}.{code} is the person's to mend"
            assert steps[-1].until == "usable"
            for step in steps:
                assert texts.has(f"remedy.{step.says}"), step.says
