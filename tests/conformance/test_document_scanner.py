"""The document scanner, behind SANE."""

from __future__ import annotations

import numpy as np
import pytest

from devices.base import Fault, Retry
from devices.document_scanner import SaneDocumentScanner
from devices.interfaces import ScanMode, ScanSettings, ScanSource
from tests.conformance import acts
from tests.conformance.figures import Figures
from tests.conformance.units import Unit

DEVICE = "document_scanner"
PART_MM = (20.0, 30.0, 80.0, 50.0)
A4_MM = (0.0, 0.0, 210.0, 297.0)
PER_INCH = 25.4

Scanner = Unit[SaneDocumentScanner]


def part(resolution_dpi: int = 100, mode: ScanMode = ScanMode.GRAY) -> ScanSettings:
    return ScanSettings(resolution_dpi, mode, area_mm=PART_MM)


@pytest.mark.criterion("DSC-01", "Common.Capabilities")
def test_who_made_it(unit: Scanner) -> None:
    """The scanner tells its maker and its model, through SANE."""
    told = unit.device.capabilities()
    assert told.maker
    assert told.model


@pytest.mark.criterion("DSC-02", "Common.Status")
def test_it_is_online(unit: Scanner, figures: Figures) -> None:
    """The scanner is online."""
    with figures.seconds("status", 10.0):
        status = unit.device.status()
    assert status.usable, status


@pytest.mark.criterion("DSC-03", "Printer.ReadImage size")
@pytest.mark.parametrize("resolution_dpi", [100, 200, 300])
def test_a_part_of_the_page_in_its_size(unit: Scanner, figures: Figures, resolution_dpi: int) -> None:
    """A part of the glass comes in the size that its resolution says."""
    unit.person.do(acts.LAY_WHITE)
    with figures.seconds("scan", 30.0):
        picture = unit.device.scan(part(resolution_dpi))
    wanted = [millimetres / PER_INCH * resolution_dpi for millimetres in (PART_MM[3], PART_MM[2])]
    assert picture.shape == tuple(pytest.approx(dots, rel=0.03) for dots in wanted)


@pytest.mark.criterion("DSC-04", "Printer.ReadImage, A4 at 200 dpi")
def test_a_whole_page_in_its_time(unit: Scanner, figures: Figures) -> None:
    """A whole A4 page, grey, at 200 dpi comes within half a minute."""
    unit.person.do(acts.LAY_WHITE)
    with figures.seconds("scan A4", 30.0):
        picture = unit.device.scan(ScanSettings(200, area_mm=A4_MM))
    figures.at_least("dots", float(picture.size), 3_500_000)


@pytest.mark.criterion("DSC-05", "Printer.ReadImage brightness")
def test_white_is_white_and_dark_is_dark(unit: Scanner, figures: Figures) -> None:
    """What lies there is what comes: a white sheet is bright, a dark one dark."""
    unit.person.do(acts.LAY_WHITE)
    white = float(np.mean(unit.device.scan(part())))
    unit.person.do(acts.LAY_DARK)
    dark = float(np.mean(unit.device.scan(part())))
    figures.at_least("white", white, 200, "of 255")
    figures.at_least("between white and dark", white - dark, 100, "of 255")


@pytest.mark.criterion("DSC-06", "Printer.ReadImage colour")
def test_colours(unit: Scanner, figures: Figures) -> None:
    """A coloured sheet comes in colours."""
    unit.person.do(acts.LAY_COLOURS)
    picture = unit.device.scan(ScanSettings(100, ScanMode.COLOUR, area_mm=A4_MM)).astype(np.int16)
    assert picture.ndim == 3
    spread = picture.max(axis=2) - picture.min(axis=2)
    figures.at_least("coloured dots", float((spread > 60).mean()) * 100, 1, "%")


@pytest.mark.criterion("DSC-07", "Printer.ReadImage from the feeder")
def test_the_feeder_brings_every_page(unit: Scanner, figures: Figures) -> None:
    """Three sheets in the feeder are three pictures."""
    unit.person.do(acts.THREE_PAGES)
    with figures.seconds("three pages", 90.0):
        pages = unit.device.scan_pages(ScanSettings(100, source=ScanSource.FEEDER, area_mm=PART_MM), most=9)
    assert len(pages) == 3


@pytest.mark.criterion("DSC-08", "Printer.ReadImage noMedia")
def test_an_empty_feeder(unit: Scanner) -> None:
    """An empty feeder is told as that, and is no fault of the scanner."""
    unit.person.do(acts.NO_PAGES)
    with pytest.raises(Retry) as told:
        unit.device.scan(ScanSettings(100, source=ScanSource.FEEDER, area_mm=PART_MM))
    assert told.value.code == "noMedia"
    assert unit.device.status().usable


@pytest.mark.criterion("DSC-09", "Common.Reset")
def test_reset(unit: Scanner) -> None:
    """After a reset the scanner scans."""
    unit.device.reset()
    assert unit.device.scan(part()).size


@pytest.mark.criterion("DSC-10", "Common.Status noDevice")
def test_the_cable_out_and_in(unit: Scanner) -> None:
    """Without its cable the scanner is told as gone, and scans again when it is back."""
    unit.person.do(acts.unplug(DEVICE), until=lambda: not unit.device.status().usable)
    with pytest.raises(Fault):
        unit.device.scan(part())
    unit.person.do(acts.plug_in(DEVICE), until=lambda: unit.device.status().usable)
    assert unit.device.scan(part()).size
