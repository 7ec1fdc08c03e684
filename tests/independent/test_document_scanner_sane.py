"""The document scanner's driver against SANE's own ``test`` backend, with the errors that it can be told."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest

from devices.base import DeviceError, Fault, Retry, StaffAction, State
from devices.document_scanner import SaneDocumentScanner, open_document_scanner
from devices.document_scanner.scanimage import ScanImage
from devices.interfaces import ScanMode, ScanSettings, ScanSource
from simulators.devices.document_scanner import FAULTS, DocumentScanner
from simulators.faults import Faults, Order

AREA = (10.0, 20.0, 80.0, 50.0)


class Bench:
    def __init__(self, folder: Path) -> None:
        self.faults = Faults()
        self.simulator = DocumentScanner(folder, self.faults)
        self.scanner = open_document_scanner(self.simulator.link)

    def fault(self, fault: str) -> None:
        self.faults.arm(Order("document_scanner", fault))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "sane")


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
    bench.faults.clear()
    assert bench.scanner.scan(ScanSettings(100, area_mm=AREA)).size


def test_a_scanner_that_is_not_there(bench: Bench) -> None:
    gone = open_document_scanner(bench.simulator.link.replace("test:0", "test:7"))
    with pytest.raises(Fault, match="noDevice"):
        gone.open()
    assert gone.status().state is State.NO_DEVICE


def test_no_fault_of_the_simulator_is_without_a_word() -> None:
    marks = test_each_error_of_sane_in_words.pytestmark  # type: ignore[attr-defined]
    assert {case[0] for case in marks[0].args[1]} == set(FAULTS)


def test_a_feeder_brings_pages(bench: Bench) -> None:
    settings = ScanSettings(50, source=ScanSource.FEEDER, area_mm=AREA)
    assert len(bench.scanner.scan_pages(settings, most=3)) == 3
    bench.fault("noMedia")
    with pytest.raises(Retry, match="noMedia"):
        bench.scanner.scan_pages(settings, most=3)
    with pytest.raises(ValueError, match="feeder"):
        bench.scanner.scan_pages(ScanSettings(50, area_mm=AREA), most=3)


def test_what_the_scanner_would_round_is_refused(bench: Bench, tmp_path: Path) -> None:
    conf = tmp_path / "sane" / "test.conf"
    conf.write_text(conf.read_text().replace("resolution_max 1200.0", "resolution_max 300.0"))
    with pytest.raises(Fault, match="unsupportedData"):
        bench.scanner.scan(ScanSettings(600, area_mm=(0, 0, 10, 10)))
    conf.write_text(conf.read_text().replace("geometry_max 300.0", "geometry_max 40.0"))
    with pytest.raises(Fault, match="unsupportedData"):
        bench.scanner.scan(ScanSettings(100, area_mm=(0, 0, 100, 40)))


def test_a_source_that_there_is_not(bench: Bench) -> None:
    scanner = open_document_scanner(bench.simulator.link + "&feeder=ADF%20Duplex")
    with pytest.raises(Fault, match="unsupportedData"):
        scanner.scan(ScanSettings(100, source=ScanSource.FEEDER, area_mm=AREA))
    without_choice = open_document_scanner(bench.simulator.link + "&flatbed=")
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
    return SaneDocumentScanner("some:0", ScanImage(str(path)))


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
    scanner = SaneDocumentScanner("some:0", ScanImage(str(tmp_path / "none")))
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
