"""Driver and simulator of the permit unit, written apart from the same papers, on three real ptys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from devices.base import DeviceError, Fault, Retry
from devices.interfaces import GrayImage, Media
from devices.link import open_link
from devices.permit_unit import ThreeLinkPermitUnit
from simulators.faults import Order
from simulators.permit.card import PermitCard, blank_strip, strip_with
from simulators.permit.unit import PermitUnitSimulator
from simulators.wire import Wire, WireClosed
from tests.simulators.wiring import Room, served

LINE = "CSCZ99000012<3111202<8104125<0"
HOLDER = LINE + "MAOPMODCMOCMLI<<WENJING".ljust(60, "<")
CODE = "EN2611220000000170"
RECORD = b"1|HKG|G|20261122|20270221|1|7|2611220000011\n" * 4


@dataclass
class Bench:
    unit: ThreeLinkPermitUnit
    simulator: PermitUnitSimulator
    room: Room

    def insert(self, card: PermitCard | None = None, wrong_way_round: bool = False) -> None:
        self.unit.accept()
        self.simulator.insert(
            card or PermitCard.of({"mrz": LINE, "chip_mrz": HOLDER, "endorsements": ""}), wrong_way_round
        )

    def fault(
        self, fault: str, operation: str | None = None, device: str = "permit_unit", nth: int = 1
    ) -> None:
        self.room.faults.arm(Order(device, fault, operation, nth))


def until_closed(serve: Callable[[Wire], None]) -> Callable[[Wire], None]:
    def run(wire: Wire) -> None:
        with suppress(WireClosed):
            serve(wire)

    return run


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    room = Room()
    simulator = PermitUnitSimulator(room.level, room.faults, room.chance)
    modules = {
        "permit_transport": (9600, simulator.transport.serve),
        "permit_scanner": (115200, simulator.scanner.serve),
        "permit_printer": (9600, simulator.printer.serve),
    }
    with ExitStack() as running:
        for link, (baud, serve) in modules.items():
            running.enter_context(served(room.pty(tmp_path, baud, link), until_closed(serve)))
        transport, scanner, printer = (
            open_link(f"serial://{tmp_path / link}?baud={baud}") for link, (baud, _) in modules.items()
        )
        unit = ThreeLinkPermitUnit(transport, scanner, printer)
        unit.open()
        running.callback(unit.close)
        yield Bench(unit, simulator, room)


def strip() -> GrayImage:
    picture: GrayImage = strip_with(CODE)
    return picture


def test_a_whole_visit(bench: Bench) -> None:
    unit = bench.unit
    assert unit.status().usable
    assert unit.media() is Media.NOT_PRESENT
    bench.insert()
    assert unit.media() is Media.PRESENT
    unit.refuse()
    assert unit.scan_mrz() == LINE
    assert unit.read_chip(LINE).mrz == HOLDER
    assert unit.scan_strip() == ""
    unit.print_strip(strip())
    unit.write_chip(LINE, RECORD)
    assert unit.scan_strip() == CODE
    assert unit.read_chip(LINE).endorsements == RECORD
    unit.eject()
    assert unit.media() is Media.ENTERING
    card = bench.simulator.take()
    assert np.array_equal(card.strip, strip())
    assert card.rewrites == 1
    assert unit.media() is Media.NOT_PRESENT
    assert unit.capabilities().serial.startswith("SIM")


def test_a_permit_left_behind_goes_into_the_bin(bench: Bench) -> None:
    bench.insert()
    before = bench.unit.counters()["retained"]
    bench.unit.eject()
    assert bench.unit.retract() == before + 1
    assert bench.unit.media() is Media.NOT_PRESENT


@pytest.mark.parametrize(
    ("fault", "operation", "code"),
    [
        ("chip_dead", None, "invalidMedia"),
        ("foreign_card", None, "invalidMedia"),
        ("jam", "enter", "mediaJam"),
    ],
)
def test_faults_while_reading(bench: Bench, fault: str, operation: str | None, code: str) -> None:
    bench.fault(fault, operation)
    bench.insert()
    with pytest.raises(DeviceError) as told:
        bench.unit.read_chip(LINE)
    assert told.value.code == code


def test_the_wrong_way_round_is_neither_read_nor_opened(bench: Bench) -> None:
    bench.insert(wrong_way_round=True)
    with pytest.raises(Retry) as unread:
        bench.unit.scan_mrz()
    assert unread.value.code == "readFailed"
    with pytest.raises(Retry) as closed:
        bench.unit.read_chip(LINE)
    assert closed.value.code == "invalidMedia"


def test_a_chip_that_disagrees_with_the_printed_line(bench: Bench) -> None:
    bench.insert()
    with pytest.raises(Retry) as denied:
        bench.unit.read_chip("CSCZ99000020<3111202<8104125<0")
    assert denied.value.code == "accessDenied"


@pytest.mark.parametrize("operation", ["chip_select", "chip_read"])
def test_a_chip_that_falls_silent_once_is_opened_again(bench: Bench, operation: str) -> None:
    bench.insert()
    bench.fault("no_answer", operation)
    assert bench.unit.read_chip(LINE).mrz == HOLDER


def test_a_chip_that_refuses_to_be_written(bench: Bench) -> None:
    bench.insert()
    bench.room.faults.arm(Order("permit_unit", "refused", "chip_write", 2, repeat=True))
    with pytest.raises(Fault) as failed:
        bench.unit.write_chip(LINE, RECORD)
    assert failed.value.code == "chipWriteFailed"
    bench.room.faults.clear()
    assert bench.unit.read_chip(LINE).endorsements == b""


@pytest.mark.parametrize(
    ("fault", "operation", "code", "media"),
    [
        ("not_taken", "draw_in", "mediaRejected", Media.PRESENT),
        ("jam", "to_printer", "mediaJam", Media.JAMMED),
        ("jam", "draw_in", "mediaJam", Media.JAMMED),
        ("print_fault", "print", "flushFail", Media.LATCHED),
        ("motor_fault", "erase", "hardwareError", Media.LATCHED),
        ("jam", "hand_back", "mediaJam", Media.JAMMED),
        ("pulled", "to_printer", "mediaRemoved", Media.NOT_PRESENT),
    ],
)
def test_faults_while_printing(bench: Bench, fault: str, operation: str, code: str, media: Media) -> None:
    bench.insert()
    if fault == "not_taken":
        bench.room.faults.arm(Order("permit_unit", fault, operation, repeat=True))
    else:
        bench.fault(fault, operation)
    with pytest.raises(DeviceError) as told:
        bench.unit.print_strip(strip())
    assert told.value.code == code
    assert bench.unit.media() is media
    bench.room.faults.clear()
    if media in (Media.PRESENT, Media.LATCHED):
        bench.unit.eject()
        assert bench.unit.media() is Media.ENTERING


def test_an_old_strip_is_gone_under_the_new_one(bench: Bench) -> None:
    bench.insert(PermitCard(LINE, None, strip_with("EN-OLD")))
    assert bench.unit.scan_strip() == "EN-OLD"
    blank: GrayImage = blank_strip()
    bench.unit.print_strip(blank)
    assert bench.unit.scan_strip() == ""


def test_a_permit_snatched_at_the_gate_is_taken(bench: Bench) -> None:
    bench.insert()
    bench.fault("pulled", "to_gate")
    bench.unit.eject()
    assert bench.unit.media() is Media.NOT_PRESENT


@pytest.mark.parametrize("fault", ["drop", "corrupt", "split", "glue", "delay", "echo", "garbage", "half"])
@pytest.mark.parametrize("link", ["permit_transport", "permit_scanner", "permit_printer"])
@pytest.mark.parametrize("nth", [1, 4])
def test_one_disturbance_of_a_wire_never_falsifies_anything(
    bench: Bench, link: str, fault: str, nth: int
) -> None:
    """What is disturbed once is got over or told; nothing false is claimed, and the permit comes out."""
    bench.insert()
    operation = "request" if fault == "echo" else "answer"
    bench.room.faults.arm(Order(link, fault, operation, nth, args={"seconds": 0.4}))
    unit = bench.unit
    told = False
    try:
        assert unit.scan_mrz() == LINE
        assert unit.read_chip(LINE).mrz == HOLDER
        unit.print_strip(strip())
        unit.write_chip(LINE, RECORD)
        assert unit.scan_strip() == CODE
        assert unit.read_chip(LINE).endorsements == RECORD
    except DeviceError:
        told = True
    bench.room.faults.clear()
    unit.eject()
    assert unit.media() is Media.ENTERING
    card = bench.simulator.take()
    assert told or (np.array_equal(card.strip, strip()) and card.chip and card.chip.written() == RECORD)
