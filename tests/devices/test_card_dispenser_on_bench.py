"""Driver and simulator of the card dispenser on a pty: two units, every fault, the counters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.base import Fault, Retry
from devices.card_dispenser import CrtCardDispenser, open_card_dispenser
from devices.interfaces import Media, Replenishment, StorageType, StorageUnit
from simulators.devices.card_dispenser import CardDispenser
from simulators.devices.card_store import FEED_S, Place
from simulators.faults import Order
from simulators.level import REAL
from simulators.permit.card import PermitCard
from simulators.permit.carriage import Refused
from simulators.wire import Wire, WireClosed
from tests.library_in import stand_in
from tests.simulators.wiring import Room, served

LINE = "CSCZ99000012<3111202<8104125<0"
OTHER = "CSCZ99000020<4111202<9004125<2"


def card(line: str = LINE) -> PermitCard:
    return PermitCard.of({"mrz": line, "chip_mrz": line + "<" * 60})


@dataclass
class Bench:
    driver: CrtCardDispenser
    simulator: CardDispenser
    room: Room

    def fault(self, fault: str, operation: str | None = None, **args: int) -> None:
        self.room.faults.arm(Order("card_dispenser", fault, operation, args=args))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    room = Room()
    simulator = CardDispenser(room.level, room.faults, units=2)

    def serve(wire: Wire) -> None:
        with suppress(WireClosed):
            simulator.serve(wire)

    with served(room.pty(tmp_path, 9600, "dispenser"), serve):
        driver = open_card_dispenser(f"serial://{tmp_path / 'dispenser'}?baud=9600&address=0,1")
        driver.open()
        yield Bench(driver, simulator, room)
        driver.close()


def fetch_give_and_keep(driver: CrtCardDispenser) -> None:
    driver.pick(1)
    driver.present(1)
    driver.retain(1)


def test_the_right_card_is_fetched_read_given_and_taken(bench: Bench) -> None:
    bench.simulator.store(2).load([card(LINE), card(OTHER)])
    driver = bench.driver
    driver.pick(2)
    assert driver.media(2) is Media.PRESENT
    assert driver.read_chip(2, LINE).mrz == LINE + "<" * 60
    driver.present(2)
    assert driver.media(2) is Media.ENTERING
    assert bench.simulator.store(2).take().mrz == LINE
    assert driver.media(2) is Media.NOT_PRESENT
    assert driver.media(1) is Media.NOT_PRESENT
    assert bench.simulator.world()[1]["stacker"] == [OTHER[2:11]]


def test_another_persons_card_does_not_open_and_is_kept(bench: Bench) -> None:
    bench.simulator.store(1).load([card(OTHER)])
    bench.driver.pick(1)
    with pytest.raises(Retry, match="accessDenied"):
        bench.driver.read_chip(1, LINE)
    assert bench.driver.retain(1) == 1
    assert bench.simulator.world()[0]["bin"] == [OTHER[2:11]]


def test_a_card_not_taken_is_kept_and_counted(bench: Bench) -> None:
    bench.simulator.store(1).load([card()])
    bench.driver.pick(1)
    bench.driver.present(1)
    assert bench.driver.retain(1) == 1
    assert bench.driver.counters() == {"retained1": 1, "retained2": 0}
    with pytest.raises(Refused):
        bench.simulator.store(1).take()
    with pytest.raises(Retry, match="noMedia"):
        bench.driver.retain(1)


@pytest.mark.parametrize(("cards", "seen"), [(0, "empty"), (1, "low"), (3, "low"), (4, "ok")])
def test_what_the_stackers_sensors_tell(bench: Bench, cards: int, seen: str) -> None:
    bench.simulator.store(1).load([card() for _ in range(cards)])
    assert bench.driver.storage()[:2] == (
        StorageUnit(1, StorageType.DISPENSE, Replenishment(seen)),
        StorageUnit(1, StorageType.RETAIN, Replenishment.OK, 0),
    )
    assert bench.driver.status().parts["stacker1"] == seen


@pytest.mark.parametrize("at_the_gate", [False, True])
def test_a_card_for_which_a_full_bin_has_no_room_is_kept_inside(bench: Bench, at_the_gate: bool) -> None:
    bench.simulator.store(2).load([card()])
    bench.driver.pick(2)
    if at_the_gate:
        bench.driver.present(2)
        assert bench.driver.media(2) is Media.ENTERING
    bench.fault("bin_full", unit=2)
    with pytest.raises(Fault, match="retainBinFull"):
        bench.driver.retain(2)
    assert bench.driver.media(2) is Media.PRESENT
    status = bench.driver.status()
    assert (status.fault, status.parts["retainBin1"], status.parts["retainBin2"]) == (
        "retainBinFull",
        "ok",
        "full",
    )


@pytest.mark.parametrize("operation", ["feed", "to_gate", "to_bin"])
def test_a_jam_is_told_until_staff_clears_it(bench: Bench, operation: str) -> None:
    bench.simulator.store(1).load([card(), card()])
    bench.fault("jam", operation)
    with pytest.raises(Fault, match="mediaJam"):
        fetch_give_and_keep(bench.driver)
    assert bench.driver.media(1) is Media.JAMMED
    assert bench.driver.status().fault == "mediaJam"
    with pytest.raises(Fault, match="mediaJam"):
        bench.driver.pick(1)
    bench.simulator.store(1).clear()
    bench.driver.reset()
    bench.driver.pick(1)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_jam_takes_the_share_of_the_way_that_was_done(
    monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    slept: list[float] = []
    stand_in(monkeypatch, "simulators.devices.card_store", "time", sleep=slept.append)
    room = Room(level=REAL)
    store = CardDispenser(room.level, room.faults).store(1)
    store.load([card()])
    room.faults.arm(Order("card_dispenser", "jam", "feed", args={"share": share}))
    assert not store.feed(Place.RF)
    assert store.place is Place.JAMMED
    assert slept == [FEED_S * share]


def test_pulled_out_while_it_comes_is_given(bench: Bench) -> None:
    bench.simulator.store(1).load([card()])
    bench.driver.pick(1)
    bench.fault("moved_by_hand", "to_gate")
    bench.driver.present(1)
    assert bench.driver.media(1) is Media.NOT_PRESENT
    assert bench.simulator.world()[0]["taken"] == [LINE[2:11]]


def test_the_register_says_full_and_the_stacker_is_empty(bench: Bench) -> None:
    bench.simulator.store(1).load([card()])
    bench.fault("empty", unit=1)
    with pytest.raises(Fault, match="storageUnitError"):
        bench.driver.pick(1)


def test_a_dead_chip_is_not_read(bench: Bench) -> None:
    bench.simulator.store(1).load([card()])
    bench.driver.pick(1)
    bench.fault("chip_dead")
    with pytest.raises(Retry, match="invalidMedia"):
        bench.driver.read_chip(1, LINE)


def test_power_lost_on_the_way_wants_a_reset_and_the_card_is_still_there(bench: Bench) -> None:
    bench.simulator.store(1).load([card()])
    bench.fault("power_lost", "feed")
    with pytest.raises(Fault, match="powerOff"):
        bench.driver.pick(1)
    bench.driver.reset()
    assert bench.driver.media(1) is Media.PRESENT
    assert bench.driver.read_chip(1, LINE).mrz.startswith(LINE)


@pytest.mark.parametrize(
    ("fault", "nth"), [("corrupt", 2), ("split", 2), ("drop", 2), ("drop", 3), ("corrupt", 4), ("split", 4)]
)
def test_one_disturbance_of_the_wire_gives_no_second_card(bench: Bench, fault: str, nth: int) -> None:
    bench.simulator.store(1).load([card(LINE), card(OTHER)])
    bench.driver.pick(1)
    bench.room.faults.arm(Order("dispenser", fault, "answer", nth))
    bench.driver.present(1)
    bench.simulator.store(1).take()
    assert bench.driver.media(1) is Media.NOT_PRESENT
    assert bench.simulator.world()[0]["stacker"] == [OTHER[2:11]]
