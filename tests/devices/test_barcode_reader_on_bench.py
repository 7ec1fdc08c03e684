"""Driver and simulator of the barcode reader on a pty, in both makers' languages."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import qrcode

from devices.barcode_reader import SerialBarcodeReader, open_barcode_reader
from devices.barcode_reader.text import LARGEST
from devices.base import Fault, Retry
from simulators.devices.barcode_scanner import BarcodeScanner
from simulators.faults import Order
from simulators.wire import WakingWire, WireClosed
from tests.simulators.wiring import Room, served


@dataclass
class Bench:
    reader: SerialBarcodeReader
    scanner: BarcodeScanner
    room: Room

    def read(self) -> str:
        """Poll until a code is there."""
        deadline_s = time.monotonic() + 10
        while time.monotonic() < deadline_s:
            text = self.reader.poll()
            if text is not None:
                return text
        raise AssertionError("no code was read")

    def fault(self, fault: str, operation: str | None = None) -> None:
        self.room.faults.arm(Order("barcode_reader", fault, operation))


@pytest.fixture(params=["honeywell", "newland"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    room = Room()
    scanner = BarcodeScanner(room.level, room.faults, room.chance, request.param)

    def serve(wire: WakingWire) -> None:
        with suppress(WireClosed):
            scanner.serve(wire)

    with served(room.pty(tmp_path, 115200, "scanner"), serve):
        reader = open_barcode_reader(f"serial://{tmp_path / 'scanner'}?baud=115200&protocol={request.param}")
        scanner.show("SHOWN-BEFORE-IT-WAS-OPENED")
        reader.open()
        scanner.hide()
        yield Bench(reader, scanner, room)
        reader.close()


def picture(text: str) -> bytes:
    data = io.BytesIO()
    qrcode.make(text).save(data, "PNG")
    return data.getvalue()


def test_a_code_held_there_before_and_one_held_there_after(bench: Bench) -> None:
    bench.scanner.show("R-20261122-0001")
    bench.reader.start()
    assert bench.read() == "R-20261122-0001"
    bench.scanner.hide()
    bench.reader.start()
    bench.scanner.show("R-20261122-0002")
    assert bench.read() == "R-20261122-0002"
    assert not bench.scanner.reading


def test_nothing_is_read_unless_asked(bench: Bench) -> None:
    bench.scanner.show("NOT-ASKED-FOR")
    assert bench.reader.status().parts == {"scanner": "off"}
    bench.scanner.hide()
    bench.reader.start()
    assert bench.reader.poll() is None
    assert bench.scanner.reading
    bench.reader.stop()
    assert bench.reader.status().usable
    assert not bench.scanner.reading


def test_a_picture_is_decoded_by_another_library(bench: Bench) -> None:
    bench.scanner.show(picture=picture("取证码 R-20261122-0003"))
    bench.reader.start()
    assert bench.read() == "取证码 R-20261122-0003"


def test_a_picture_without_a_code_is_not_read(bench: Bench) -> None:
    blank = io.BytesIO()
    qrcode.make("x").point(lambda _: 255).save(blank, "PNG")
    bench.scanner.show(picture=blank.getvalue())
    bench.reader.start()
    assert bench.reader.poll() is None
    with pytest.raises(ValueError, match="picture"):
        bench.scanner.show(picture=b"\x89PNG not at all")


def test_the_largest_code_comes_whole(bench: Bench) -> None:
    bench.scanner.show("A" * LARGEST)
    bench.reader.start()
    assert bench.read() == "A" * LARGEST


@pytest.mark.parametrize("text", ["a\rb", "a\x00b", "\x16M\rDEFALT.", "~\x010000@CUSDEF;\x03", "‮x"])
def test_control_characters_are_refused(bench: Bench, text: str) -> None:
    bench.scanner.show(text)
    bench.reader.start()
    with pytest.raises(Retry, match="barcodeInvalid"):
        bench.read()
    bench.scanner.show("GOOD")
    bench.reader.start()
    assert bench.read() == "GOOD"


def test_a_first_reading_that_fails_is_followed_by_another(bench: Bench) -> None:
    bench.fault("unreadable", "read")
    bench.scanner.show("SECOND-TRY")
    bench.reader.start()
    assert bench.read() == "SECOND-TRY"


def test_half_a_code_is_refused(bench: Bench) -> None:
    bench.fault("brokenOff", "read")
    bench.scanner.show("R-20261122-0004")
    bench.reader.start()
    with pytest.raises(Retry, match="broken off"):
        bench.read()


def test_a_dumb_scanner_is_a_fault(bench: Bench) -> None:
    bench.fault("noAnswer")
    assert bench.reader.status().fault == "timeOut"


def test_a_scanner_that_refuses_its_mode_wants_another_configuration(bench: Bench) -> None:
    bench.room.faults.arm(Order("barcode_reader", "refused", "command", repeat=True))
    with pytest.raises(Fault, match="unsupportedCommand"):
        bench.reader.reset()


def test_the_other_makers_language_is_not_understood(tmp_path: Path) -> None:
    room = Room()
    scanner = BarcodeScanner(room.level, room.faults, room.chance, "newland")

    def serve(wire: WakingWire) -> None:
        with suppress(WireClosed):
            scanner.serve(wire)

    with served(room.pty(tmp_path, 115200, "scanner"), serve):
        reader = open_barcode_reader(f"serial://{tmp_path / 'scanner'}?protocol=honeywell")
        with pytest.raises(Fault, match="timeOut"):
            reader.open()
