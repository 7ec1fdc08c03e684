"""When a fault strikes: at once, at the n-th time, after a while, by chance, half-way; and misreadings."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from devices.base import Fault, Retry
from devices.fingerprint_pad import ZfmFingerprintPad
from devices.id_card_reader import SamIdCardReader
from devices.link import open_link
from simulators.catalogue import Catalogue, Entry, UnknownFault
from simulators.crt571 import CommandFailed
from simulators.devices.camera import Camera, Scene
from simulators.devices.fingerprint_pad import FingerprintPad, Press
from simulators.devices.id_card_reader import IdCardReader
from simulators.faults import Faults, Order
from simulators.level import IDEAL, Level
from simulators.people import load_personas
from simulators.permit.card import PermitCard
from simulators.permit.carriage import Carriage, Position
from simulators.permit.scanner import Scanner
from simulators.permit.transport import Transport
from tests.library_in import stand_in
from tests.simulators.wiring import Room, served

LONG = Level("long", mechanics=100.0, paced=False, misread=0.0)
SELECT = bytes.fromhex("00A4040C07A0000002471001")
PERMIT = {"mrz": "CSCZ99000012<3111202<8104125<0", "chip_mrz": "<" * 90}
NEVER_WELL = Level("never well", mechanics=0.0, paced=False, misread=1.0)


def strikes(order: Order, times: int) -> list[bool]:
    faults = Faults()
    faults.arm(order)
    return [faults.take(order.device, "print") is not None for _ in range(times)]


def test_at_the_nth_once_or_from_then_on() -> None:
    assert strikes(Order("p", "jam", "print", nth=3), 5) == [False, False, True, False, False]
    assert strikes(Order("p", "jam", "print", nth=3, repeat=True), 5) == [False, False, True, True, True]


def test_by_chance_as_often_as_ordered_and_the_same_for_the_same_seed() -> None:
    drawn = strikes(Order("p", "jam", "print", repeat=True, probability=0.3, seed=5), 2000)
    assert 500 < sum(drawn) < 700
    assert strikes(Order("p", "jam", "print", repeat=True, probability=0.3, seed=5), 2000) == drawn
    assert strikes(Order("p", "jam", "print", repeat=True, probability=0.3, seed=6), 2000) != drawn
    assert not any(strikes(Order("p", "jam", "print", repeat=True, probability=0.0), 100))
    assert all(strikes(Order("p", "jam", "print", repeat=True, probability=1.0), 100))


def test_by_chance_once_strikes_once() -> None:
    assert sum(strikes(Order("p", "jam", "print", probability=0.3), 2000)) == 1


def test_after_a_while_a_state_begins_and_those_who_watch_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    faults, told = Faults(), threading.Semaphore(0)
    faults.watch(told.release)
    faults.arm(Order("p", "paperOut", after_s=0.2))
    assert told.acquire(timeout=10)  # that it was ordered
    assert told.acquire(timeout=10)  # that it began
    assert set(faults.standing("p")) == {"paperOut"}
    now_s = time.monotonic()
    faults.arm(Order("p", "coverOpen", after_s=60))
    faults.arm(Order("p", "jam", "print", after_s=60))
    assert set(faults.standing("p")) == {"paperOut"}
    assert faults.take("p", "print") is None
    stand_in(monkeypatch, "simulators.faults", "time", monotonic=lambda: now_s + 61)
    assert set(faults.standing("p")) == {"paperOut", "coverOpen"}
    assert faults.take("p", "print") is not None
    faults.clear()


def test_what_was_called_off_does_not_begin() -> None:
    faults = Faults()
    before = set(threading.enumerate())
    faults.arm(Order("p", "paperOut", after_s=3600))
    (alarm,) = set(threading.enumerate()) - before
    faults.clear("q")
    assert len(faults.orders()) == 1
    faults.clear("p")
    assert not faults.orders()
    alarm.join(10)
    assert not alarm.is_alive()


@pytest.mark.parametrize(
    "order",
    [
        Order("reader", "lifted", probability=0.5),
        Order("reader", "lifted", "find", args={"share": 0.5}),
        Order("reader", "lifted", args={"share": 0.5}),
        Order("wire", "drop", "answer", args={"share": 0.5}),
    ],
)
def test_what_nothing_on_the_bench_would_obey_is_refused(order: Order) -> None:
    catalogue = Catalogue({"reader": Entry({"lifted": ""}, ("find", "read"), ("read",))}, ["wire"])
    catalogue.check(Order("reader", "lifted", "read", args={"share": 0.5}, probability=0.5))
    with pytest.raises(UnknownFault):
        catalogue.check(order)


# --- half-way through an operation -----------------------------------------------------------------


@dataclass
class Desk:
    reader: SamIdCardReader
    device: IdCardReader
    pad: ZfmFingerprintPad
    glass: FingerprintPad
    room: Room


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    room = Room()
    device = IdCardReader(room.level, room.faults, room.chance)
    glass = FingerprintPad(room.level, room.faults, room.chance)
    with ExitStack() as running:
        running.enter_context(served(room.pty(tmp_path, 115200, "id_card_reader"), device.serve))
        running.enter_context(served(room.pty(tmp_path, 57600, "fingerprint_pad"), glass.serve))
        reader = SamIdCardReader(open_link(f"serial://{tmp_path}/id_card_reader"))
        pad = ZfmFingerprintPad(open_link(f"serial://{tmp_path}/fingerprint_pad?baud=57600"))
        for driver in (reader, pad):
            driver.open()
            running.callback(driver.close)
        yield Desk(reader, device, pad, glass, room)


def test_a_card_lifted_half_way_through_the_reading(desk: Desk) -> None:
    desk.device.place(load_personas()["li-wenjing"])
    desk.room.faults.arm(Order("id_card_reader", "cardRemoved", "read", args={"share": 0.5}))
    assert desk.reader.find()
    with pytest.raises(Retry) as told:
        desk.reader.read()
    assert told.value.code == "readFailed"
    assert desk.device.card is None


def test_half_of_the_time_goes_by_before_it_strikes(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    faults = Faults()
    stand_in(monkeypatch, "simulators.permit.carriage", "time", sleep=waited.append)
    carriage = Carriage(LONG, faults, random.Random(1))
    carriage.card, carriage.position = PermitCard("", None), Position.RF
    faults.arm(Order("permit_unit", "jam", "to_gate", args={"share": 0.25}))
    assert not carriage.move("to_gate", Position.GATE)
    assert waited == [25.0]
    assert carriage.position is Position.JAMMED


@pytest.mark.parametrize(("fault", "ends"), [("jam", Position.JAMMED), ("pulled", Position.POCKET)])
def test_half_of_the_way_in(monkeypatch: pytest.MonkeyPatch, fault: str, ends: Position) -> None:
    faults = Faults()
    carriage = Carriage(LONG, faults, random.Random(1))
    carriage.initialised = carriage.entry_open = True
    faults.arm(Order("permit_unit", fault, "enter", args={"share": 0.5}))
    began_s = time.monotonic()
    carriage.insert(PermitCard("", None))
    stand_in(monkeypatch, "simulators.permit.carriage", "time", monotonic=lambda: began_s + 79)
    carriage.settle()
    assert carriage.task is not None
    stand_in(monkeypatch, "simulators.permit.carriage", "time", monotonic=lambda: began_s + 81)
    carriage.settle()
    assert carriage.position is ends
    assert carriage.pulled == (fault == "pulled")


def test_a_picture_that_stops_half_way(desk: Desk) -> None:
    desk.glass.press(Press("f01"))
    assert desk.pad.finger_present()
    order = Order("fingerprint_pad", "noAnswer", "upload_image", repeat=True, args={"share": 0.5})
    desk.room.faults.arm(order)
    with pytest.raises(Fault) as told:
        desk.pad.image()
    assert told.value.code == "invalidData"
    sent = sum(len(f["hex"]) // 2 for f in desk.room.recorder.since(0) if f["direction"] == "from_device")
    assert 2 * 18_432 < sent < 2 * 18_432 * 1.2
    desk.room.faults.clear()
    assert desk.pad.image().shape == (288, 256)


# --- first readings that fail at the levels that misread -------------------------------------------


def told_by(desk: Desk, level: Level) -> list[str]:
    """Return what reading a card, then a finger, ends with at ``level``."""
    said = []
    desk.device._level = desk.glass._level = level
    desk.device.lift()
    desk.device.place(load_personas()["li-wenjing"])
    desk.glass.press(Press("f01"))
    for there, read in ((desk.reader.find, desk.reader.read), (desk.pad.finger_present, desk.pad.image)):
        assert there()
        try:
            read()
            said.append("ok")
        except Retry as error:
            said.append(error.code)
    return said


def test_card_and_finger_are_misread(desk: Desk) -> None:
    assert told_by(desk, NEVER_WELL) == ["readFailed", "tooDry"]
    assert told_by(desk, desk.room.level) == ["ok", "ok"]


def test_line_and_chip_of_a_permit_are_misread() -> None:
    for level, line, silent in ((NEVER_WELL, [], True), (IDEAL, [PERMIT["mrz"]], False)):
        carriage = Carriage(level, Faults(), random.Random(1))
        carriage.initialised = True
        carriage.card, carriage.position = PermitCard.of(PERMIT), Position.RF
        assert Scanner(carriage)._seen() == line
        transport = Transport(carriage)
        transport.chip.activate(b"A0")
        if silent:
            with pytest.raises(CommandFailed, match="68"):
                transport.chip.exchange(SELECT)
        else:
            assert transport.chip.exchange(SELECT) == b"\x90\x00"


def test_a_frame_is_smeared_now_and_then() -> None:
    def edges(level: Level) -> float:
        lens = Camera(Faults(), random.Random(1), level)
        lens.show(Scene("p02"))
        frame = cv2.imdecode(np.frombuffer(lens.frame(), np.uint8), cv2.IMREAD_GRAYSCALE)
        assert frame is not None
        lens.close()
        return float(np.abs(np.diff(cv2.GaussianBlur(frame, (5, 5), 0).astype(float), axis=1)).mean())

    assert edges(NEVER_WELL) < 0.8 * edges(IDEAL)
