"""The card dispenser. Only test cards may lie in it: some end in its error bin."""

from __future__ import annotations

import pytest

from devices.base import Fault, Retry
from devices.card_dispenser import CrtCardDispenser
from devices.interfaces import Media, Replenishment, StorageType
from tests.conformance import acts
from tests.conformance.figures import Figures
from tests.conformance.units import Unit

DEVICE = "card_dispenser"
FIRST = 1
OTHERS_LINE = "CSCZ99000020<3111202<8104125<0"

Dispenser = Unit[CrtCardDispenser]


def stacker(unit: Dispenser) -> Replenishment:
    """Return how full the first stacker is."""
    stores = {(store.unit, store.type): store.replenishment for store in unit.device.storage()}
    return stores[FIRST, StorageType.DISPENSE]


def loaded(unit: Dispenser) -> None:
    unit.person.do(acts.LOAD_ONE, until=lambda: stacker(unit) is not Replenishment.EMPTY)


def emptied(unit: Dispenser) -> None:
    unit.person.do(acts.EMPTY_STACKER, until=lambda: stacker(unit) is Replenishment.EMPTY)


def taken(unit: Dispenser) -> None:
    unit.person.do(acts.TAKE_CARD, until=lambda: unit.device.media(FIRST) is Media.NOT_PRESENT)


def fetched(unit: Dispenser) -> None:
    """Have one card in the path."""
    loaded(unit)
    unit.device.pick(FIRST)


@pytest.mark.criterion("CDS-01", "Common.Capabilities")
def test_what_the_units_say_of_themselves(unit: Dispenser) -> None:
    """Each unit tells its firmware and its serial number."""
    told = unit.device.capabilities()
    for said in (told.firmware, told.serial):
        parts = said.split(", ")
        assert len(parts) == unit.device.units
        assert all(parts)


@pytest.mark.criterion("CDS-02", "Common.Status")
def test_it_is_online(unit: Dispenser, figures: Figures) -> None:
    """Every unit is online, its path empty, its bin not full."""
    with figures.seconds("status", 1.0 * unit.device.units):
        status = unit.device.status()
    assert status.usable, status
    assert all(unit.device.media(number) is Media.NOT_PRESENT for number in range(1, unit.device.units + 1))


@pytest.mark.criterion("CDS-03", "Storage replenishment")
def test_how_full_the_stacker_is(unit: Dispenser) -> None:
    """The stacker is seen empty, low and filled."""
    emptied(unit)
    unit.person.do(acts.LOAD_ONE, until=lambda: stacker(unit) is Replenishment.LOW)
    unit.person.do(acts.LOAD_FIVE, until=lambda: stacker(unit) is Replenishment.OK)


@pytest.mark.criterion("CDS-04", "CardReader.Move to the chip and the exit")
def test_a_card_is_fetched_and_given(unit: Dispenser, figures: Figures) -> None:
    """The next card comes to the chip position, then to the gate; that it is taken is seen."""
    loaded(unit)
    with figures.seconds("fetch", 8.0):
        unit.device.pick(FIRST)
    assert unit.device.media(FIRST) is Media.PRESENT
    with figures.seconds("to the gate", 8.0):
        unit.device.present(FIRST)
    assert unit.device.media(FIRST) is Media.ENTERING
    taken(unit)


@pytest.mark.criterion("CDS-05", "CardReader.ReadRawData chip, ICAO 9303 BAC")
def test_the_card_is_known_by_its_chip(unit: Dispenser, figures: Figures) -> None:
    """The card's chip opens with its own printed line and with no other's."""
    if not unit.told.line:
        pytest.skip("the printed line of the test card is needed: --line")
    fetched(unit)
    with pytest.raises(Retry) as told:
        unit.device.read_chip(FIRST, OTHERS_LINE)
    assert told.value.code == "accessDenied"
    with figures.seconds("read the chip", 8.0):
        assert unit.device.read_chip(FIRST, unit.told.line).mrz.startswith(unit.told.line)
    unit.device.present(FIRST)
    taken(unit)


@pytest.mark.criterion("CDS-06", "CardReader.Move to a retain bin, counters")
def test_a_card_left_behind_is_retained_and_counted(unit: Dispenser, figures: Figures) -> None:
    """A card left at the gate goes into the bin, and the counter grows by exactly one, for good."""
    fetched(unit)
    unit.device.present(FIRST)
    unit.person.do(acts.LEAVE_CARD)
    before = unit.device.counters()[f"retained{FIRST}"]
    with figures.seconds("retain", 10.0):
        after = unit.device.retain(FIRST)
    assert after == before + 1
    unit.device.close()
    unit.device.open()
    assert unit.device.counters()[f"retained{FIRST}"] == after
    figures.note("cards in the bin", after)


@pytest.mark.criterion("CDS-07", "CardReader.Move occupied")
def test_no_second_card_while_one_is_in_the_path(unit: Dispenser) -> None:
    """While a card is in the path no other is fetched."""
    unit.person.do(acts.LOAD_FIVE, until=lambda: stacker(unit) is Replenishment.OK)
    unit.device.pick(FIRST)
    with pytest.raises(Fault) as told:
        unit.device.pick(FIRST)
    assert told.value.code == "occupied"
    unit.device.present(FIRST)
    taken(unit)
    assert unit.device.media(FIRST) is Media.NOT_PRESENT


@pytest.mark.criterion("CDS-08", "CardReader.Move noMedia")
def test_no_card_comes_unless_it_is_fetched(unit: Dispenser) -> None:
    """With an empty path nothing goes to the gate or into the bin, though the stacker has cards."""
    loaded(unit)
    before = unit.device.counters()
    for command in (unit.device.present, unit.device.retain):
        with pytest.raises(Retry) as told:
            command(FIRST)
        assert told.value.code == "noMedia"
    assert unit.device.counters() == before
    assert unit.device.media(FIRST) is Media.NOT_PRESENT
    asked = "出口没有证件？ Is there no card at the gate?"
    assert unit.person.confirms(
        asked, lambda bench: len(bench.side_cabinet.card_dispenser.store(FIRST).world()["stacker"]) == 1
    )


@pytest.mark.criterion("CDS-09", "Storage empty")
def test_an_empty_stacker(unit: Dispenser) -> None:
    """From an empty stacker nothing is fetched; it is a warning, not a fault of the other units."""
    emptied(unit)
    with pytest.raises(Fault) as told:
        unit.device.pick(FIRST)
    assert told.value.code == "storageUnitError"
    status = unit.device.status()
    assert status.usable
    assert f"unit{FIRST}Empty" in status.warnings


@pytest.mark.criterion("CDS-10", "Common.Reset")
def test_a_reset_leaves_the_card_where_it_is(unit: Dispenser) -> None:
    """A reset leaves a card that is in the path where it is."""
    fetched(unit)
    unit.device.reset()
    assert unit.device.media(FIRST) is Media.PRESENT
    unit.device.present(FIRST)
    taken(unit)


@pytest.mark.criterion("CDS-11", "Common.Status noDevice")
def test_the_cable_out_and_in(unit: Dispenser) -> None:
    """Without its cable the dispenser is told as gone, and gives cards again when it is back."""
    unit.person.do(acts.unplug(DEVICE), until=lambda: not unit.device.status().usable)
    with pytest.raises(Fault):
        unit.device.pick(FIRST)
    unit.person.do(acts.plug_in(DEVICE), until=lambda: unit.device.status().usable)
    fetched(unit)
    unit.device.present(FIRST)
    taken(unit)
