"""The barcode reader. Its codes are shown on the terminal."""

from __future__ import annotations

import time

import pytest

from devices.barcode_reader import SerialBarcodeReader
from devices.base import Fault
from tests.conformance import acts
from tests.conformance.figures import Figures
from tests.conformance.units import Unit

DEVICE = "barcode_reader"
PLAIN = "R-20261122-0170"
CHINESE = "取证码 0170"
LONG = "https://example.invalid/verify?case=" + "0123456789" * 20
READ_S = 30.0

Reader = Unit[SerialBarcodeReader]


def read(unit: Reader, text: str) -> str:
    """Begin to read, have ``text`` shown, and return what was read."""
    unit.device.start()
    seen: list[str] = []

    def looked() -> bool:
        code = unit.device.poll()
        if code is not None:
            seen.append(code)
        return bool(seen)

    unit.person.do(acts.show_code(text), until=looked)
    return seen[0]


def polled(unit: Reader, within_s: float) -> str | None:
    """Return what is read within a time."""
    deadline_s = time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        if (code := unit.device.poll()) is not None:
            return code
    return None


@pytest.mark.criterion("BCR-01", "Common.Capabilities")
def test_what_the_scanner_says_of_itself(unit: Reader) -> None:
    """The scanner tells its product and its firmware."""
    told = unit.device.capabilities()
    assert told.model
    assert told.firmware


@pytest.mark.criterion("BCR-02", "Common.Status")
def test_it_is_online(unit: Reader, figures: Figures) -> None:
    """The scanner is online, and its light is off."""
    with figures.seconds("status", 1.5):
        status = unit.device.status()
    assert status.usable, status
    assert status.parts["scanner"] == "off"


@pytest.mark.criterion("BCR-03", "BarcodeReader.Read")
def test_a_code_is_read(unit: Reader, figures: Figures) -> None:
    """A code on a screen is read as it is, to the letter."""
    assert read(unit, PLAIN) == PLAIN
    unit.device.start()
    with figures.seconds("read what is held there", 2.0):
        assert polled(unit, READ_S) == PLAIN


@pytest.mark.criterion("BCR-04", "BarcodeReader.Read, other characters")
def test_chinese_characters(unit: Reader) -> None:
    """A code with Chinese characters comes in the site's character set."""
    assert read(unit, CHINESE) == CHINESE


@pytest.mark.criterion("BCR-05", "BarcodeReader.Read, long")
def test_a_long_code(unit: Reader) -> None:
    """A code of more than two hundred characters comes whole."""
    assert read(unit, LONG) == LONG


@pytest.mark.criterion("BCR-06", "BarcodeReader.Read, not asked for")
def test_nothing_is_read_unless_asked(unit: Reader) -> None:
    """A code held there while nobody reads is not kept for the next reading."""
    unit.device.stop()
    unit.person.do(acts.show_code("SOMEBODY-ELSES"))
    assert polled(unit, 0.5) is None
    unit.person.do(acts.HIDE_CODE)
    unit.device.start()
    assert polled(unit, 1.0) is None
    unit.device.stop()


@pytest.mark.criterion("BCR-07", "BarcodeReader.Read cancelled")
def test_reading_stops(unit: Reader) -> None:
    """Reading that is stopped ends: the light goes off, and the scanner answers."""
    unit.person.do(acts.HIDE_CODE)
    unit.device.start()
    assert unit.device.status().parts["scanner"] == "on"
    unit.device.stop()
    assert unit.device.status().parts["scanner"] == "off"


@pytest.mark.criterion("BCR-08", "Common.Reset")
def test_reset(unit: Reader, figures: Figures) -> None:
    """After a reset the scanner reads when asked, and only then."""
    with figures.seconds("reset", 3.0):
        unit.device.reset()
    assert read(unit, PLAIN) == PLAIN


@pytest.mark.criterion("BCR-09", "Common.Status noDevice")
def test_the_cable_out_and_in(unit: Reader) -> None:
    """Without its cable the scanner is told as gone, and reads again when it is back."""
    unit.person.do(acts.unplug(DEVICE), until=lambda: not unit.device.status().usable)
    with pytest.raises(Fault):
        unit.device.reset()
    unit.person.do(acts.plug_in(DEVICE), until=lambda: unit.device.status().usable)
    unit.device.reset()
    assert read(unit, PLAIN) == PLAIN
