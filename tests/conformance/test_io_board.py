"""The I/O board: doors, operator's key, sensors, lights."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devices.base import Fault
from devices.interfaces import Door, FlashRate, OperatorSwitch
from devices.io_board import Board, ModbusIoBoard, load_board
from simulators.bench import Bench
from tests.conformance import acts
from tests.conformance.figures import Figures
from tests.conformance.units import Unit

DEVICE = "io_board"

IoBoard = Unit[ModbusIoBoard]


def board_of(unit: IoBoard) -> Board:
    return load_board(unit.told.board)


def door_is(unit: IoBoard, name: str, state: Door) -> Callable[[], bool]:
    return lambda: unit.device.auxiliaries().doors[name] is state


def key_is(unit: IoBoard, position: OperatorSwitch) -> Callable[[], bool]:
    return lambda: unit.device.auxiliaries().operator_switch is position


def sensor_is(unit: IoBoard, name: str, on: bool) -> Callable[[], bool]:
    return lambda: unit.device.auxiliaries().sensors[name] is on


def flashes(light: str) -> Callable[[Bench], bool]:
    return lambda bench: bool(bench.housing.io_board.world()["lights"][light] == "quick")


@pytest.mark.criterion("IOB-01", "Common.Capabilities")
def test_what_the_board_says_of_itself(unit: IoBoard) -> None:
    """The board tells its maker and model."""
    told = unit.device.capabilities()
    if not told.model:
        pytest.skip("this board does not know Read Device Identification")
    assert told.maker


@pytest.mark.criterion("IOB-02", "Common.Status")
def test_it_is_online(unit: IoBoard, figures: Figures) -> None:
    """The board is online; all its inputs come within half a second."""
    with figures.seconds("all inputs", 0.5):
        told = unit.device.auxiliaries()
    assert unit.device.status().usable
    assert set(told.doors) == set(board_of(unit).doors)


@pytest.mark.criterion("IOB-03", "Auxiliaries doors")
def test_each_door_open_and_shut(unit: IoBoard) -> None:
    """Each door is seen as it is opened, shut and, where it has a bolt, locked; the others stay."""
    board = board_of(unit)
    if not board.doors:
        pytest.skip("this board has no doors")
    for name, contacts in board.doors.items():
        before = {other: state for other, state in unit.device.auxiliaries().doors.items() if other != name}
        states = [Door.OPEN, Door.CLOSED] + ([Door.LOCKED] if contacts.locked is not None else [])
        for state in states:
            unit.person.do(acts.door(name, str(state)), until=door_is(unit, name, state))
        after = unit.device.auxiliaries().doors
        assert {other: after[other] for other in before} == before


@pytest.mark.criterion("IOB-04", "Auxiliaries operatorSwitch")
def test_the_operators_key(unit: IoBoard) -> None:
    """Each position of the operator's key is told."""
    switch = board_of(unit).operator_switch
    if not switch:
        pytest.skip("this board has no operator's key")
    for position in (*switch, OperatorSwitch.RUN):
        unit.person.do(acts.key_to(str(position)), until=key_is(unit, position))


@pytest.mark.criterion("IOB-05", "Auxiliaries sensors")
def test_each_sensor(unit: IoBoard) -> None:
    """Each sensor is seen on and off again; one that tells of force is a warning."""
    sensors = board_of(unit).sensors
    if not sensors:
        pytest.skip("this board has no sensors")
    for name in sensors:
        for on in (True, False):
            unit.person.do(acts.sensor(name, on), until=sensor_is(unit, name, on))
            forced = name in ("tamperSensor", "seismic")
            assert ("tampered" in unit.device.status().warnings) == (on and forced)


@pytest.mark.criterion("IOB-06", "Lights.SetLight")
def test_each_guide_light_at_each_rate(unit: IoBoard, figures: Figures) -> None:
    """Each guide light takes each rate, and says it when it is read back."""
    board = board_of(unit)
    with figures.seconds("all lights at all rates", 0.5 * len(FlashRate) * len(board.light_registers)):
        for light in board.light_registers:
            for rate in FlashRate:
                unit.device.set_light(light, rate)
                assert unit.device.lights()[light] is rate
            unit.device.set_light(light, FlashRate.OFF)


@pytest.mark.criterion("IOB-07", "Lights.SetLight, seen")
def test_the_right_light_flashes(unit: IoBoard) -> None:
    """The light that is switched on is the one at its device, and it flashes."""
    for light in board_of(unit).light_registers:
        unit.device.set_light(light, FlashRate.QUICK)
        asked = f"{light} 的灯在快闪，别的灯不亮？ Does the light of {light} flash quickly, and no other?"
        assert unit.person.confirms(asked, flashes(light))
        unit.device.set_light(light, FlashRate.OFF)


@pytest.mark.criterion("IOB-08", "Lights.SetLight on and off only")
def test_each_lamp_on_and_off(unit: IoBoard) -> None:
    """Each lamp goes on and off, and refuses to flash."""
    lamps = board_of(unit).light_coils
    if not lamps:
        pytest.skip("this board has no lamps")
    for lamp in lamps:
        for rate in (FlashRate.CONTINUOUS, FlashRate.OFF):
            unit.device.set_light(lamp, rate)
            assert unit.device.lights()[lamp] is rate
        with pytest.raises(Fault) as told:
            unit.device.set_light(lamp, FlashRate.QUICK)
        assert told.value.code == "unsupportedData"


@pytest.mark.criterion("IOB-09", "Common.Reset")
def test_a_reset_switches_everything_off(unit: IoBoard) -> None:
    """After a reset every light is off."""
    for light in board_of(unit).light_registers:
        unit.device.set_light(light, FlashRate.CONTINUOUS)
    unit.device.reset()
    assert set(unit.device.lights().values()) <= {FlashRate.OFF}


@pytest.mark.criterion("IOB-10", "Common.Status noDevice")
def test_the_cable_out_and_in(unit: IoBoard) -> None:
    """Without its cable the board is told as gone, and answers again when it is back."""
    unit.person.do(acts.unplug(DEVICE), until=lambda: not unit.device.status().usable)
    with pytest.raises(Fault):
        unit.device.auxiliaries()
    unit.person.do(acts.plug_in(DEVICE), until=lambda: unit.device.status().usable)
    unit.device.auxiliaries()
