"""Permit unit (签注一体机): transport with retain bin, chip, imager and rewritable strip.

The strip of the permit that is pushed in is erased and printed: use a test permit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pytest
import qrcode

from devices.base import Fault, Retry
from devices.interfaces import GrayImage, Media
from devices.permit_unit import ThreeLinkPermitUnit
from tests.conformance import acts
from tests.conformance.figures import Figures
from tests.conformance.units import KINDS, Unit

DEVICE = "permit_unit"
CODE = "ACCEPTANCE-0170"
LINE_OF_NOBODY = "CSZZ99999993<9901017<0101018<2"

Permits = Unit[ThreeLinkPermitUnit]
_Read = TypeVar("_Read")


def inserted(unit: Permits) -> None:
    """Have the test permit in the unit."""
    if unit.device.media() is Media.PRESENT:
        return
    unit.device.accept()
    unit.person.do(acts.PUSH_PERMIT, until=lambda: unit.device.media() is Media.PRESENT)
    unit.device.refuse()


def given_back(unit: Permits) -> None:
    unit.device.eject()
    unit.person.do(acts.TAKE_PERMIT, until=lambda: unit.device.media() is Media.NOT_PRESENT)


def twice(read: Callable[[], _Read]) -> _Read:
    """Read; a second time when the first reading failed."""
    try:
        return read()
    except Retry as error:
        if error.code != "readFailed":
            raise
        return read()


def line_of(unit: Permits) -> str:
    inserted(unit)
    return twice(unit.device.scan_mrz)


def strip_with(code: str, size: tuple[int, int]) -> GrayImage:
    """Return a strip of ``size`` that carries ``code`` and nothing else."""
    drawn = qrcode.QRCode(box_size=1, border=0)
    drawn.add_data(code)
    modules = np.array(drawn.get_matrix(), bool)
    dots = (min(size) - 16) // len(modules)
    picture = np.full(size, 255, np.uint8)
    black = np.kron(modules, np.ones((dots, dots), bool))
    picture[8 : 8 + len(black), 24 : 24 + len(black)][black] = 0
    return picture


def digit_of(field: str) -> str:
    """Return the 7-3-1 check digit of ICAO 9303-3."""
    values = (0 if sign == "<" else int(sign, 36) for sign in field)
    return str(sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10)


@pytest.mark.criterion("PRU-01", "Common.Capabilities")
def test_what_the_modules_say_of_themselves(unit: Permits) -> None:
    """The transport tells its firmware and serial number, printer and imager their versions."""
    told = unit.device.capabilities()
    assert told.firmware
    assert told.serial
    assert told.more["printer"]
    assert told.more["scanner"]


@pytest.mark.criterion("PRU-02", "Common.Status")
def test_all_modules_are_online(unit: Permits, figures: Figures) -> None:
    """Transport, printer and imager are online, no permit is in, the retain bin has room."""
    with figures.seconds("status", 2.0):
        status = unit.device.status()
    assert status.usable, status
    assert status.parts["media"] == Media.NOT_PRESENT
    assert status.parts["retainBin"] == "ok"


@pytest.mark.criterion("PRU-03", "CardReader.Status media present")
def test_a_permit_is_drawn_in(unit: Permits, figures: Figures) -> None:
    """With the entry open a permit is drawn in and held."""
    unit.device.accept()
    with figures.seconds("person and transport", 120.0):
        unit.person.do(acts.PUSH_PERMIT, until=lambda: unit.device.media() is Media.PRESENT)
    given_back(unit)


@pytest.mark.criterion("PRU-04", "CardReader.Status media entering")
def test_a_shut_entry(unit: Permits) -> None:
    """With the entry shut a permit is not drawn in."""
    unit.device.accept()
    unit.device.refuse()
    unit.person.do(acts.PUSH_PERMIT)
    assert unit.device.media() in (Media.ENTERING, Media.NOT_PRESENT)
    unit.person.do(acts.TAKE_PERMIT, until=lambda: unit.device.media() is Media.NOT_PRESENT)


@pytest.mark.criterion("PRU-05", "CardReader.ReadRawData OCR-B")
def test_the_printed_line_is_read(unit: Permits, figures: Figures) -> None:
    """The printed line (机读码) is read: 30 characters whose check digits are right."""
    inserted(unit)
    with figures.seconds("read the line", 3.0):
        line = twice(unit.device.scan_mrz)
    assert len(line) == 30
    for field, digit in ((line[2:11], line[11]), (line[13:19], line[19]), (line[21:27], line[27])):
        assert digit_of(field) == digit
    given_back(unit)


@pytest.mark.criterion("PRU-06", "CardReader.ChipIO ICAO 9303-11 BAC")
def test_the_chip_opens_to_its_line(unit: Permits, figures: Figures) -> None:
    """The chip opens to the key of the printed line (BAC), and tells the same holder."""
    line = line_of(unit)
    with figures.seconds("open and read the chip", 8.0):
        holder = twice(lambda: unit.device.read_chip(line))
    assert len(holder.mrz) == 90
    assert holder.mrz[2:11] == line[2:11]
    given_back(unit)


@pytest.mark.criterion("PRU-07", "CardReader.ChipIO accessDenied")
def test_the_chip_stays_shut_to_another_line(unit: Permits) -> None:
    """The chip does not open to another line, and opens to its own afterwards."""
    line = line_of(unit)
    with pytest.raises(Retry) as told:
        unit.device.read_chip(LINE_OF_NOBODY)
    assert told.value.code == "accessDenied"
    assert twice(lambda: unit.device.read_chip(line)).mrz
    given_back(unit)


@pytest.mark.criterion("PRU-08", "CardReader.ChipIO write")
def test_the_chip_is_written_read_back_and_restored(unit: Permits, figures: Figures) -> None:
    """The endorsement file is written, read back, and what was there before is put back."""
    line = line_of(unit)
    before = twice(lambda: unit.device.read_chip(line)).endorsements
    record = b"acceptance test " * 12
    try:
        with figures.seconds("write", 10.0):
            unit.device.write_chip(line, record)
        assert twice(lambda: unit.device.read_chip(line)).endorsements == record
    finally:
        unit.device.write_chip(line, before)
    assert twice(lambda: unit.device.read_chip(line)).endorsements == before
    given_back(unit)


@pytest.mark.criterion("PRU-09", "Printer.Print, read back")
def test_the_strip_is_printed_and_read_back(unit: Permits, figures: Figures) -> None:
    """The strip (可擦写区) is erased and printed, its code read back, and erased again."""
    inserted(unit)
    size = unit.device.strip_size()
    with figures.seconds("erase and print", 60.0):
        unit.device.print_strip(strip_with(CODE, size))
    assert unit.device.media() is Media.PRESENT
    assert twice(unit.device.scan_strip) == CODE
    unit.device.print_strip(np.full(size, 255, np.uint8))
    assert twice(unit.device.scan_strip) == ""
    given_back(unit)


@pytest.mark.criterion("PRU-10", "CardReader.Status media, Eject")
def test_the_permit_is_where_the_unit_says(unit: Permits, figures: Figures) -> None:
    """From entry to exit the unit tells where the permit is: none, held, at the gate, taken."""
    assert unit.device.media() is Media.NOT_PRESENT
    inserted(unit)
    assert unit.device.media() is Media.PRESENT
    with figures.seconds("eject", 8.0):
        unit.device.eject()
    assert unit.device.media() is Media.ENTERING
    unit.person.do(acts.TAKE_PERMIT, until=lambda: unit.device.media() is Media.NOT_PRESENT)


@pytest.mark.criterion("PRU-11", "CardReader.ReadRawData readFailed")
def test_the_wrong_way_round(unit: Permits) -> None:
    """A permit pushed in the wrong way round is not read, and comes out again."""
    unit.device.accept()
    unit.person.do(acts.PUSH_PERMIT_WRONG, until=lambda: unit.device.media() is Media.PRESENT)
    with pytest.raises(Retry) as told:
        unit.device.scan_mrz()
    assert told.value.code == "readFailed"
    given_back(unit)


@pytest.mark.criterion("PRU-12", "CardReader.RetainCard, counters")
def test_a_permit_left_behind_is_retained_and_counted(unit: Permits, figures: Figures) -> None:
    """A permit left at the gate goes into the bin, and the counter grows by exactly one, for good."""
    inserted(unit)
    before = unit.device.counters()["retained"]
    unit.device.eject()
    unit.person.do(acts.LEAVE_PERMIT)
    with figures.seconds("retract", 10.0):
        after = unit.device.retract()
    assert after == before + 1
    assert unit.device.media() is Media.NOT_PRESENT
    unit.device.close()
    unit.device.open()
    assert unit.device.counters()["retained"] == after
    figures.note("permits in the bin", after)


@pytest.mark.criterion("PRU-13", "CardReader.Eject noMedia")
def test_nothing_is_ejected_or_retained_when_nothing_is_in(unit: Permits) -> None:
    """Without a permit neither ejecting nor retaining succeeds, and the counter stays."""
    before = unit.device.counters()
    for command in (unit.device.eject, unit.device.retract, unit.device.scan_mrz):
        with pytest.raises(Retry) as told:
            command()
        assert told.value.code == "noMedia"
    assert unit.device.counters() == before


@pytest.mark.criterion("PRU-14", "CardReader.Reset")
def test_a_reset_leaves_the_permit_where_it_is(unit: Permits) -> None:
    """A reset leaves a permit that is in where it is."""
    inserted(unit)
    unit.device.reset()
    assert unit.device.media() is Media.PRESENT
    given_back(unit)


@pytest.mark.criterion("PRU-15", "Common.Status noDevice")
@pytest.mark.parametrize("link", KINDS[DEVICE].links)
def test_a_cable_out_and_in(unit: Permits, link: str) -> None:
    """Without one of its cables the unit is told as gone, and works again when it is back."""
    unit.person.do(acts.unplug(link), until=lambda: not unit.device.status().usable)
    with pytest.raises(Fault):
        unit.device.reset()
    unit.person.do(acts.plug_in(link), until=lambda: unit.device.status().usable)
    unit.device.reset()
    assert unit.device.media() is Media.NOT_PRESENT
