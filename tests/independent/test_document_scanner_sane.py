"""The document scanner's driver against SANE's own ``test`` backend, with the errors that it can be told."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.base import DeviceError, Fault, Retry, StaffAction, State
from devices.document_scanner import SaneDocumentScanner, open_document_scanner
from devices.document_scanner.program import ProgramLink
from devices.document_scanner.scanimage import ScanImage
from devices.interfaces import ScanMode, ScanSettings, ScanSource
from simulators.counting_wire import CountingWire
from simulators.devices.document_scanner import FAULTS, DocumentScanner, words
from simulators.faults import Order
from tests.simulators.wiring import Room, served

AREA = (10.0, 20.0, 80.0, 50.0)


class Bench:
    def __init__(self, simulator: DocumentScanner, wire: CountingWire, room: Room) -> None:
        self.simulator = simulator
        self.room = room
        self.url = simulator.link(wire)
        self.scanner = open_document_scanner(self.url)

    def fault(self, fault: str, operation: str | None = None, **args: Any) -> None:
        self.room.faults.arm(Order("document_scanner", fault, operation, args=args))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    room = Room()
    simulator = DocumentScanner(tmp_path / "sane", room.level, room.faults)
    wire = CountingWire("document_scanner", room.level, room.faults, room.recorder, room.chance)
    room.recorder.describe("document_scanner", words)
    with served(wire, simulator.serve):
        yield Bench(simulator, wire, room)


def test_it_is_there_and_says_what_it_is(bench: Bench) -> None:
    bench.scanner.open()
    assert bench.scanner.status().usable
    told = bench.scanner.capabilities()
    assert (told.maker, told.model, told.more["type"]) == ("Noname", "frontend-tester", "virtual device")


@pytest.mark.parametrize(("mode", "channels"), [(ScanMode.GRAY, ()), (ScanMode.COLOUR, (3,))])
@pytest.mark.parametrize("resolution_dpi", [100, 200])
def test_mode_resolution_and_area(
    bench: Bench, mode: ScanMode, channels: tuple[int, ...], resolution_dpi: int
) -> None:
    picture = bench.scanner.scan(ScanSettings(resolution_dpi, mode, area_mm=AREA))
    rows, columns = 50 / 25.4 * resolution_dpi, 80 / 25.4 * resolution_dpi
    assert picture.shape == (pytest.approx(rows, abs=2), pytest.approx(columns, abs=2), *channels)


def test_what_lies_there_is_what_comes(bench: Bench) -> None:
    settings = ScanSettings(100, ScanMode.COLOUR, area_mm=AREA)
    bench.simulator.lay("Solid white")
    assert np.all(bench.scanner.scan(settings) == 255)
    bench.simulator.lay("Solid black")
    assert np.all(bench.scanner.scan(settings) == 0)


def test_colours_come_as_blue_green_red(bench: Bench) -> None:
    picture = bench.scanner.scan(ScanSettings(100, ScanMode.COLOUR, area_mm=(0, 0, 200, 200)))
    # The pattern has bars of pure colours; read as RGB by another program they are there in that order.
    pixels = {tuple(pixel) for pixel in picture.reshape(-1, 3)[::97].tolist()}
    assert (255, 0, 0) in pixels
    assert (0, 0, 255) in pixels


@pytest.mark.parametrize(
    ("fault", "code", "action"),
    [
        ("jammed", "mediaJammed", StaffAction.CLEAR),
        ("coverOpen", "coverOpen", StaffAction.CLEAR),
        ("deviceBusy", "deviceBusy", StaffAction.RESET),
        ("ioError", "ioError", StaffAction.RESET),
        ("endsEarly", "ioError", StaffAction.RESET),
        ("accessDenied", "accessDenied", StaffAction.CONFIGURATION),
        ("noMemory", "internalError", StaffAction.SUSPEND),
        ("unsupported", "unsupportedCommand", StaffAction.CONFIGURATION),
        ("coarse", "unsupportedData", StaffAction.CONFIGURATION),
        ("fine", "invalidData", StaffAction.MAINTENANCE),
        ("noMedia", "noMedia", None),
        ("cancelled", "cancelled", None),
    ],
)
def test_each_error_of_sane_in_words(bench: Bench, fault: str, code: str, action: StaffAction | None) -> None:
    bench.fault(fault)
    with pytest.raises(DeviceError) as failed:
        bench.scanner.scan(ScanSettings(100, area_mm=AREA))
    assert failed.value.code == code
    assert isinstance(failed.value, Retry) if action is None else isinstance(failed.value, Fault)
    assert getattr(failed.value, "action", None) is action
    bench.room.faults.clear()
    assert bench.scanner.scan(ScanSettings(100, area_mm=AREA)).size


STATUSES = {
    "JAMMED": "mediaJammed",
    "COVER_OPEN": "coverOpen",
    "DEVICE_BUSY": "deviceBusy",
    "IO_ERROR": "ioError",
    "EOF": "ioError",
    "ACCESS_DENIED": "accessDenied",
    "NO_MEM": "internalError",
    "NO_DOCS": "noMedia",
    "CANCELLED": "cancelled",
    "INVAL": "unsupportedData",
    "UNSUPPORTED": "unsupportedCommand",
}


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_as_the_backend_itself_returns_it(
    tmp_path: Path, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the backend is told by its configuration, and SANE's own program says what came of it."""
    (tmp_path / "dll.conf").write_text("test\n")
    (tmp_path / "test.conf").write_text(
        f'read-status-code "SANE_STATUS_{status}"\nresolution_min 50.0\nresolution_max 1200.0\n'
    )
    monkeypatch.setattr("devices.document_scanner.driver._SCAN_S", 3.0)
    scanner = open_document_scanner(f"sane:test:0?config={tmp_path}")
    told = "timeOut"
    while told == "timeOut":  # the backend's way out of an error hangs now and then on a busy machine
        with pytest.raises(DeviceError) as failed:
            scanner.scan(ScanSettings(100, area_mm=AREA))
        told = failed.value.code
    assert told == STATUSES[status]


@pytest.mark.parametrize("share", [0.0, 0.5])
@pytest.mark.parametrize(("fault", "code"), [("ioError", "ioError"), ("jammed", "mediaJammed")])
def test_the_next_scan_fails_half_way_and_no_other(bench: Bench, fault: str, code: str, share: float) -> None:
    bench.fault(fault, "scan", share=share)
    assert bench.scanner.status().usable
    with pytest.raises(Fault, match=code):
        bench.scanner.scan(ScanSettings(100, area_mm=AREA))
    assert bench.scanner.scan(ScanSettings(100, area_mm=AREA)).size
    said = [str(passed["words"]) for passed in bench.room.recorder.since(0)]
    half = round(314 * 196 * share)
    assert any(f"{half + len('P5 # SANE data follows 314 196 255 ')} bytes" in what for what in said), said


def test_the_third_of_the_feeders_pages_jams(bench: Bench) -> None:
    bench.room.faults.arm(Order("document_scanner", "jammed", "scan", nth=3))
    settings = ScanSettings(50, source=ScanSource.FEEDER, area_mm=AREA)
    with pytest.raises(Fault, match="mediaJammed"):
        bench.scanner.scan_pages(settings, most=5)
    assert len(bench.scanner.scan_pages(settings, most=2)) == 2


def test_a_fault_at_the_asking_is_none_at_the_scan(bench: Bench) -> None:
    bench.fault("deviceBusy", "status")
    assert bench.scanner.status().state is State.DEVICE_BUSY
    assert bench.scanner.status().usable


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        *(("answer", fault) for fault in ("corrupt", "half", "garbage", "disconnect")),
        *(("request", fault) for fault in ("corrupt", "garbage", "echo", "disconnect")),
    ],
)
def test_a_disturbed_wire_is_an_error_of_the_line_once(bench: Bench, fault: str, operation: str) -> None:
    bench.fault(fault, operation, at=30, for_s=0.05)
    with pytest.raises(Fault, match="ioError"):
        bench.scanner.scan(ScanSettings(50, area_mm=(0, 0, 10, 10)))
    deadline_s = time.monotonic() + 5
    while not bench.scanner.status().usable:
        assert time.monotonic() < deadline_s
    assert bench.scanner.scan(ScanSettings(50, area_mm=(0, 0, 10, 10))).size


@pytest.mark.parametrize("fault", ["split", "delay"])
def test_a_slow_wire_harms_nothing(bench: Bench, fault: str) -> None:
    bench.fault(fault, "answer", seconds=0.1, at=10)
    assert bench.scanner.scan(ScanSettings(50, area_mm=(0, 0, 10, 10))).size


@pytest.mark.parametrize("fault", ["drop", "glue", "silent"])
def test_a_wire_that_carries_nothing_back(bench: Bench, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.document_scanner.driver._SCAN_S", 0.5)
    bench.fault(fault, "request" if fault == "silent" else "answer")
    with pytest.raises(Fault, match="timeOut"):
        bench.scanner.scan(ScanSettings(50, area_mm=(0, 0, 10, 10)))
    bench.room.faults.clear()


def test_the_cable_out_is_no_scanner(bench: Bench) -> None:
    bench.fault("disconnect")
    assert bench.scanner.status().state is State.NO_DEVICE
    bench.room.faults.clear()
    assert bench.scanner.status().usable


def test_a_scanner_that_is_not_there(bench: Bench) -> None:
    gone = open_document_scanner(bench.url.replace("test:0", "test:7"))
    with pytest.raises(Fault, match="noDevice"):
        gone.open()
    assert gone.status().state is State.NO_DEVICE


def test_no_fault_of_the_simulator_is_without_a_word() -> None:
    marks = test_each_error_of_sane_in_words.pytestmark  # type: ignore[attr-defined]
    assert {case[0] for case in marks[0].args[1]} == set(FAULTS) - {"noAnswer"}


def test_a_feeder_brings_pages(bench: Bench) -> None:
    settings = ScanSettings(50, source=ScanSource.FEEDER, area_mm=AREA)
    assert len(bench.scanner.scan_pages(settings, most=3)) == 3
    bench.fault("noMedia")
    with pytest.raises(Retry, match="noMedia"):
        bench.scanner.scan_pages(settings, most=3)
    with pytest.raises(ValueError, match="feeder"):
        bench.scanner.scan_pages(ScanSettings(50, area_mm=AREA), most=3)


def test_a_picture_smaller_than_the_area_is_refused(bench: Bench) -> None:
    # The backend's glass is 300 mm in size.
    with pytest.raises(Fault, match="unsupportedData"):
        bench.scanner.scan(ScanSettings(50, area_mm=(0, 310, 100, 40)))


def test_a_source_that_there_is_not(bench: Bench) -> None:
    scanner = open_document_scanner(bench.url + "&feeder=ADF%20Duplex")
    with pytest.raises(Fault, match="unsupportedData"):
        scanner.scan(ScanSettings(100, source=ScanSource.FEEDER, area_mm=AREA))
    without_choice = open_document_scanner(bench.url + "&flatbed=")
    assert without_choice.scan(ScanSettings(100, area_mm=AREA)).size


@pytest.mark.parametrize(
    "settings",
    [
        ScanSettings(20),
        ScanSettings(1200),
        ScanSettings(area_mm=(0, 0, 0, 10)),
        ScanSettings(area_mm=(-1, 0, 10, 10)),
        ScanSettings(area_mm=(0, 0, 1000, 10)),
    ],
)
def test_settings_that_no_scan_needs(bench: Bench, settings: ScanSettings) -> None:
    with pytest.raises(ValueError):
        bench.scanner.scan(settings)


def program(folder: Path, script: str) -> SaneDocumentScanner:
    """Return a scanner behind another program."""
    path = folder / "scanimage"
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return SaneDocumentScanner("some:0", ScanImage(ProgramLink(str(path))))


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("head -c 5000000 /dev/zero", "invalidData"),
        ("echo not a picture", "ioError"),
        ("printf 'P5 30000 30000 255\\n'", "ioError"),
        ("exit 77", "ioError"),
        ("kill -9 $$", "ioError"),
        ("echo 'scanimage: open of device some:0 failed: Device busy' >&2; exit 1", "deviceBusy"),
        (
            "echo 'scanimage: open of device some:0 failed: Access to resource has been denied' >&2; exit 1",
            "accessDenied",
        ),
        ("echo \"scanimage: unrecognized option '--source'\" >&2; exit 1", "unsupportedCommand"),
    ],
)
def test_a_program_gone_wrong(tmp_path: Path, script: str, code: str) -> None:
    with pytest.raises(Fault, match=code):
        program(tmp_path, script).scan(ScanSettings(100, area_mm=(0, 0, 100, 100)))


def test_a_program_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.document_scanner.driver._ASK_S", 0.2)
    scanner = program(tmp_path, "exec sleep 600")
    status = scanner.status()
    assert (status.state, status.fault) == (State.OFFLINE, "timeOut")


def test_no_program_at_all(tmp_path: Path) -> None:
    scanner = SaneDocumentScanner("some:0", ScanImage(ProgramLink(str(tmp_path / "none"))))
    status = scanner.status()
    assert (status.state, status.fault, status.action) == (
        State.NO_DEVICE,
        "noDevice",
        StaffAction.CONFIGURATION,
    )


@pytest.mark.parametrize("url", ["serial:///dev/ttyS0", "sane:", "sane:?simulated=1"])
def test_a_link_that_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="sane"):
        open_document_scanner(url)
