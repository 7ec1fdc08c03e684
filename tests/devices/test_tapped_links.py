"""Drivers whose URLs tell more than a wire's place: a trace named there is kept, or is the device again."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.base import Fault
from devices.document_printer import IppPrinter
from devices.document_scanner import open_document_scanner
from devices.interfaces import ScanSettings
from devices.recording import TraceDiffers
from devices.trace import Sign, read_trace
from devices.ups import NutUps
from simulators.counting_wire import CountingWire
from simulators.devices.document_printer import DocumentPrinter
from simulators.devices.document_scanner import DocumentScanner
from simulators.devices.ups import UPS, Ups
from simulators.http_wire import HttpWire
from tests.simulators.wiring import Room, served

CORNER = ScanSettings(50, area_mm=(0.0, 0.0, 10.0, 10.0))


def test_a_printer(tmp_path: Path) -> None:
    trace = tmp_path / "printer.trace"
    room = Room()
    wire = HttpWire("document_printer", room.level, room.faults, room.recorder, room.chance)
    address = f"ipp://127.0.0.1:{wire.port}/ipp/print"
    with served(wire, DocumentPrinter(room.level, room.faults).serve):
        told = IppPrinter(f"{address}?record={trace}").capabilities()
    again = IppPrinter(f"{address}?replay={trace}")
    assert again.capabilities() == told
    assert told.serial == "DP9900001"
    with pytest.raises(TraceDiffers):
        again.counters()


def test_a_ups_that_was_lost_in_between(tmp_path: Path) -> None:
    trace = tmp_path / "ups.trace"
    room = Room()
    wire = room.tcp("ups")
    address = f"nut://127.0.0.1:{wire.port}/{UPS}"
    recorded = NutUps.at(f"{address}?record={trace}")
    with served(wire, Ups(room.faults).serve):
        told = recorded.power()
    with pytest.raises(Fault, match="noDevice"):
        recorded.power()
    assert {event.sign for event in read_trace(trace)} >= {Sign.TO_DEVICE, Sign.FROM_DEVICE, Sign.LOST}
    again = NutUps.at(f"{address}?replay={trace}")
    assert again.power() == told
    with pytest.raises(Fault, match="noDevice"):
        again.power()


def test_a_scanner_and_its_picture(tmp_path: Path) -> None:
    trace = tmp_path / "scanner.trace"
    room = Room()
    scanner = DocumentScanner(tmp_path / "sane", room.level, room.faults)
    wire = CountingWire("document_scanner", room.level, room.faults, room.recorder, room.chance)
    with served(wire, scanner.serve):
        url = scanner.link(wire)
        picture = open_document_scanner(f"{url}&record={trace}").scan(CORNER)
    again = open_document_scanner(f"sane:test:0?replay={trace}").scan(CORNER)
    assert (again == picture).all()
    assert picture.shape == (19, 19)
