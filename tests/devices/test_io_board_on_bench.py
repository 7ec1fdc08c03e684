"""I/O board driver against the simulated board, on a real pty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.base import Fault, StaffAction, State
from devices.interfaces import Door, FlashRate, OperatorSwitch
from devices.io_board import Board, ModbusIoBoard, load_board
from simulators.devices import io_board as simulated
from simulators.faults import Order
from tests.simulators.wiring import Room, served

STANDARD = Path(__file__).parents[2] / "config" / "io_boards" / "standard.toml"


@dataclass
class Bench:
    driver: ModbusIoBoard
    board: simulated.IoBoard
    room: Room
    map: Board

    def order(self, fault: str, operation: str | None = None) -> None:
        self.room.faults.arm(Order("io_board", fault, operation, args={"seconds": 0.1}))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    room = Room()
    board = simulated.IoBoard(room.faults)
    with served(room.pty(tmp_path, 9600, "io_board"), board.serve):
        map = load_board(STANDARD)
        driver = ModbusIoBoard(f"serial://{tmp_path / 'io_board'}?baud=9600&simulated=1", map)
        driver.open()
        yield Bench(driver, board, room, map)
        driver.close()


@pytest.mark.parametrize(
    ("door", "state"),
    [(door, state) for door in simulated.DOORS for state in ("closed", "open", "locked")]
    + [("safe", "tampered")],
)
def test_each_door_in_each_state(bench: Bench, door: str, state: str) -> None:
    bench.board.set_door(door, state)
    doors = bench.driver.auxiliaries().doors
    assert doors[door] == state
    assert [d for name, d in doors.items() if name != door] == [Door.LOCKED, Door.LOCKED]
    assert bench.driver.status().parts[door] == state


@pytest.mark.parametrize("position", OperatorSwitch)
def test_the_operators_key(bench: Bench, position: OperatorSwitch) -> None:
    bench.board.turn_switch(position)
    assert bench.driver.auxiliaries().operator_switch is position
    assert bench.driver.status().parts["operatorSwitch"] == position


@pytest.mark.parametrize("sensor", simulated.SENSORS)
def test_each_sensor_by_itself(bench: Bench, sensor: str) -> None:
    bench.board.set_sensor(sensor, True)
    sensors = bench.driver.auxiliaries().sensors
    assert [name for name, on in sensors.items() if on] == [sensor]
    status = bench.driver.status()
    assert status.parts[sensor] == ("present" if sensor == "proximity" else "on")
    assert status.warnings == (("tampered",) if sensor in ("tamperSensor", "seismic") else ())


@pytest.mark.parametrize("rate", FlashRate)
def test_each_guide_light_at_each_rate(bench: Bench, rate: FlashRate) -> None:
    for light in simulated.LIGHTS:
        bench.driver.set_light(light, rate)
        assert bench.board.world()["lights"][light] == rate
        assert bench.driver.lights()[light] is rate
    bench.driver.reset()
    assert set(bench.driver.lights().values()) == {FlashRate.OFF}


def test_a_lamp_is_on_or_off_and_never_flashes(bench: Bench) -> None:
    bench.driver.set_light("fasciaLight", FlashRate.CONTINUOUS)
    assert bench.board.world()["lights"]["fasciaLight"] == "continuous"
    bench.driver.set_light("fasciaLight", FlashRate.OFF)
    assert bench.board.world()["lights"]["fasciaLight"] == "off"
    with pytest.raises(Fault) as fault:
        bench.driver.set_light("fasciaLight", FlashRate.SLOW)
    assert fault.value.code == "unsupportedData"


def test_a_light_that_is_not_there(bench: Bench) -> None:
    with pytest.raises(Fault) as fault:
        bench.driver.set_light("disco", FlashRate.QUICK)
    assert (fault.value.code, fault.value.action) == ("invalidLight", StaffAction.CONFIGURATION)


def test_a_light_that_does_not_switch_is_told(bench: Bench) -> None:
    bench.order("lightStuck")
    with pytest.raises(Fault) as fault:
        bench.driver.set_light("permit_unit", FlashRate.QUICK)
    assert (fault.value.code, fault.value.action) == ("lightError", StaffAction.MAINTENANCE)


def test_a_rate_that_is_none(bench: Bench) -> None:
    bench.order("badRate")
    with pytest.raises(Fault) as fault:
        bench.driver.lights()
    assert fault.value.code == "invalidData"


def test_who_made_it(bench: Bench) -> None:
    told = bench.driver.capabilities()
    assert (told.maker, told.model, told.firmware) == ("OPEN BENCH", "SIM-IO16", "1.00")


@pytest.mark.parametrize(
    ("fault", "code", "action"),
    [
        ("deviceFailure", "hardwareError", StaffAction.MAINTENANCE),
        ("deviceBusy", "deviceBusy", StaffAction.SUSPEND),
        ("noAnswer", "timeOut", StaffAction.RESET),
        ("switchBroken", "invalidData", StaffAction.RESET),
        ("disconnect", "noDevice", StaffAction.MAINTENANCE),
    ],
)
def test_what_goes_wrong_is_a_fault_and_passes(
    bench: Bench, fault: str, code: str, action: StaffAction
) -> None:
    bench.order(fault)
    status = bench.driver.status()
    assert (status.fault, status.action, status.usable) == (code, action, False)
    bench.room.faults.clear()
    assert bench.driver.status().usable


def test_a_map_of_another_board_is_told_as_that(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text("[sensors]\nproximity = 40\n")
    bench.driver.close()
    other = ModbusIoBoard(f"serial://{tmp_path / 'io_board'}?baud=9600", load_board(file))
    assert other.status().action is StaffAction.CONFIGURATION
    other.close()


def test_a_board_at_another_address_is_silent(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text("[board]\nunit = 7\n[sensors]\nproximity = 10\n")
    bench.driver.close()
    other = ModbusIoBoard(f"serial://{tmp_path / 'io_board'}?baud=9600", load_board(file))
    assert other.status().fault == "timeOut"
    other.close()


def test_a_wire_that_is_not_there(tmp_path: Path) -> None:
    driver = ModbusIoBoard(f"serial://{tmp_path / 'nothing'}", load_board(STANDARD))
    with pytest.raises(Fault) as fault:
        driver.open()
    assert fault.value.code == "noDevice"
    assert driver.status().state is State.NO_DEVICE


@pytest.mark.parametrize("fault", ["drop", "corrupt", "split", "glue", "delay", "echo", "garbage", "half"])
def test_one_disturbance_of_the_wire_is_got_over(bench: Bench, fault: str) -> None:
    bench.board.set_door("cabinetFront", "open")
    bench.order(fault, "request" if fault == "echo" else "answer")
    assert bench.driver.auxiliaries().doors["cabinetFront"] is Door.OPEN
    assert bench.driver.auxiliaries().doors["cabinetFront"] is Door.OPEN
