"""ID-card reader (居民身份证阅读器) with its security module (SAM_V, 安全控制模块)."""

from __future__ import annotations

import re
import time
from statistics import median

import pytest

from devices.base import Fault, Retry
from devices.id_card_reader import SamIdCardReader
from devices.interfaces import IdCard
from tests.conformance import acts
from tests.conformance.figures import Figures
from tests.conformance.units import Unit

DEVICE = "id_card_reader"
READINGS = 3

Reader = Unit[SamIdCardReader]


def laid(unit: Reader) -> None:
    """Have a card laid down that was not there before."""
    unit.person.do(acts.LIFT_CARD, until=lambda: not unit.device.find())
    unit.person.do(acts.LAY_CARD, until=unit.device.find)


def read(unit: Reader, *, fingerprints: bool = False) -> IdCard:
    """Read a card, at the second try if need be."""
    laid(unit)
    try:
        return unit.device.read(fingerprints)
    except Retry:
        laid(unit)
        return unit.device.read(fingerprints)


@pytest.mark.criterion("IDR-01", "Common.Capabilities")
def test_the_security_module_tells_its_number(unit: Reader) -> None:
    """The security module (安全控制模块) tells its number, as printed on its licence."""
    assert re.fullmatch(r"\d\d\.\d\d-\d{8}-\d{10}-\d{10}", unit.device.capabilities().serial)


@pytest.mark.criterion("IDR-02", "Common.Status")
def test_it_is_online(unit: Reader, figures: Figures) -> None:
    """The reader is online and has no fault."""
    with figures.seconds("status", 1.0):
        status = unit.device.status()
    assert status.usable, status


@pytest.mark.criterion("IDR-03", "CardReader.Status media notPresent")
def test_no_card(unit: Reader, figures: Figures) -> None:
    """Without a card none is found (寻卡), and the medium is told as not present."""
    unit.person.do(acts.LIFT_CARD)
    with figures.seconds("find", 1.0):
        assert not unit.device.find()
    assert unit.device.status().parts["media"] == "notPresent"


@pytest.mark.criterion("IDR-04", "CardReader.Status media present")
def test_a_card_is_found(unit: Reader) -> None:
    """A card that is laid down is found (寻卡), and the medium is told as present."""
    laid(unit)
    assert unit.device.status().parts["media"] == "present"


@pytest.mark.criterion("IDR-05", "CardReader.ReadRawData")
def test_a_card_is_read_in_time(unit: Reader, figures: Figures) -> None:
    """A card is selected and read (选卡, 读卡), as a rule at the first try."""
    times, good = [], 0
    for _ in range(READINGS):
        laid(unit)
        began_s = time.monotonic()
        try:
            with figures.seconds("select and read", 3.0):
                unit.device.read()
        except Retry:
            continue
        good += 1
        times.append(time.monotonic() - began_s)
    figures.note("median of those read", median(times) if times else 0.0, "s")
    figures.at_least(f"read at the first try, of {READINGS}", good, READINGS - 1)


@pytest.mark.criterion("IDR-06", "CardReader.ReadRawData chip")
def test_what_was_read_is_a_card(unit: Reader) -> None:
    """What was read is whole: number with its check digit, dates that are dates, 1,024 bytes of photo."""
    card = read(unit)
    assert card.name
    body, check = card.number[:17], card.number[17:]
    if len(card.number) == 18:
        total = sum(int(digit) << (17 - place) for place, digit in enumerate(body))
        assert check == "10X98765432"[total % 11]
    assert card.bad_dates == ()
    assert card.birth is not None
    assert len(card.photo) == 1024


@pytest.mark.criterion("IDR-07", "CardReader.ReadRawData fingerprints")
def test_fingerprints_are_read(unit: Reader, figures: Figures) -> None:
    """Fingerprints (指纹信息) come with the card: blocks of 512 bytes with a finger's code."""
    with figures.seconds("wait, select and read", 60.0):
        card = read(unit, fingerprints=True)
    if not card.fingerprints:
        pytest.skip("this card carries no fingerprints")
    figures.note("fingerprints", len(card.fingerprints))
    for finger in card.fingerprints:
        assert len(finger.block) == 512
        assert 11 <= finger.finger <= 20


@pytest.mark.criterion("IDR-08", "CardReader.Status media")
def test_a_card_that_was_read_is_found_again_when_lifted(unit: Reader) -> None:
    """A card that was read is not found again before it was lifted."""
    read(unit)
    assert not unit.device.find()
    laid(unit)


@pytest.mark.criterion("IDR-09", "CardReader.ReadRawData mediaRemoved")
def test_a_card_lifted_too_early(unit: Reader) -> None:
    """A card lifted before it was selected is told as removed, and the reader goes on."""
    laid(unit)
    unit.person.do(acts.LIFT_CARD, until=lambda: not unit.device.find())
    with pytest.raises(Retry) as told:
        unit.device.read()
    assert told.value.code == "mediaRemoved"
    read(unit)


@pytest.mark.criterion("IDR-10", "CardReader.ReadRawData invalidMedia")
def test_some_other_card(unit: Reader) -> None:
    """Some other contactless card is not taken for an ID card."""
    unit.person.do(acts.LIFT_CARD, until=lambda: not unit.device.find())
    unit.person.do(acts.LAY_OTHER_CARD)
    for _ in range(5):
        if unit.device.find():
            with pytest.raises(Retry) as told:
                unit.device.read()
            assert told.value.code in ("invalidMedia", "readFailed")
            return
        time.sleep(0.3)  # the module's documents ask for this between two looks


@pytest.mark.criterion("IDR-11", "CardReader.Reset")
def test_reset(unit: Reader, figures: Figures) -> None:
    """After a reset the reader is online and reads."""
    with figures.seconds("reset", 1.0):
        unit.device.reset()
    assert unit.device.status().usable
    read(unit)


@pytest.mark.criterion("IDR-12", "Common.Status noDevice")
def test_the_cable_out_and_in(unit: Reader) -> None:
    """Without its cable the reader is told as gone, and works again when it is back."""
    unit.person.do(acts.unplug(DEVICE), until=lambda: not unit.device.status().usable)
    with pytest.raises(Fault) as told:
        unit.device.find()
    assert told.value.code in ("noDevice", "timeOut")
    unit.person.do(acts.plug_in(DEVICE), until=lambda: unit.device.status().usable)
    read(unit)
