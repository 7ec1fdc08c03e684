"""Debian's ``mbpoll`` against the simulated I/O board, and pymodbus's own server against the driver."""

from __future__ import annotations

import asyncio
import re
import subprocess
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path

import pytest
from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from devices.interfaces import Door, FlashRate, OperatorSwitch
from devices.io_board import ModbusIoBoard, load_board
from simulators.devices.io_board import IoBoard
from tests.simulators.wiring import Room, served

STANDARD = Path(__file__).parents[2] / "config" / "io_boards" / "standard.toml"
COILS, INPUTS, REGISTERS = "0", "1", "4"


class Poller:
    """A board on a pty, asked by ``mbpoll``, which counts from 0 with ``-0``."""

    def __init__(self, path: Path, board: IoBoard) -> None:
        self.board = board
        self._command = ["mbpoll", "-m", "rtu", "-a", "1", "-b", "9600", "-P", "none", "-0", "-1", "-q"]
        self._path = str(path)

    def run(self, kind: str, first: int, count: int, *values: str) -> subprocess.CompletedProcess[str]:
        where = ["-t", kind, "-r", str(first)]
        where += [] if values else ["-c", str(count)]
        return subprocess.run(
            [*self._command, *where, self._path, *values],
            capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip

    def read(self, kind: str, first: int, count: int) -> list[int]:
        done = self.run(kind, first, count)
        assert done.returncode == 0, done.stdout + done.stderr
        return [int(value) for value in re.findall(r"^\[\d+\]:\s+(\d+)", done.stdout, re.M)]


@pytest.fixture
def poller(tmp_path: Path) -> Iterator[Poller]:
    room = Room()
    board = IoBoard(room.faults)
    with served(room.pty(tmp_path, 9600, "io_board"), board.serve):
        yield Poller(tmp_path / "io_board", board)


def test_mbpoll_reads_doors_and_sensors(poller: Poller) -> None:
    poller.board.set_door("cabinetFront", "open")
    poller.board.set_sensor("proximity", True)
    assert poller.read(INPUTS, 0, 14) == [0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0]


def test_mbpoll_switches_lights(poller: Poller) -> None:
    assert poller.run(REGISTERS, 1, 1, "3", "4").returncode == 0
    assert poller.run(COILS, 0, 1, "1").returncode == 0
    assert poller.read(REGISTERS, 0, 4) == [0, 3, 4, 0]
    assert poller.read(COILS, 0, 2) == [1, 0]
    lights = poller.board.world()["lights"]
    assert (lights["permit_unit"], lights["fingerprint_pad"]) == ("quick", "continuous")
    assert lights["fasciaLight"] == "continuous"


def test_mbpoll_is_refused_what_the_board_lacks(poller: Poller) -> None:
    done = poller.run(REGISTERS, 100, 1)
    assert "Illegal data address" in done.stdout + done.stderr
    done = poller.run(REGISTERS, 0, 1, "77")
    assert "Illegal data value" in done.stdout + done.stderr


class ModbusServer:
    """pymodbus's server with RTU frames over TCP, in a thread of its own."""

    def __init__(self, inputs: list[bool]) -> None:
        self.port = 0
        self._inputs = inputs
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        shutdown: Coroutine[None, None, None] = self._server.shutdown()  # type: ignore[no-untyped-call]
        asyncio.run_coroutine_threadsafe(shutdown, self._loop).result(10)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        device = SimDevice(
            1,
            (
                [SimData(0, values=[False] * 16, datatype=DataType.BITS)],
                [SimData(0, values=self._inputs, datatype=DataType.BITS)],
                [SimData(0, count=8, values=0, datatype=DataType.REGISTERS)],
                [SimData(0, count=1, values=0, datatype=DataType.REGISTERS)],
            ),
        )
        self._server = ModbusTcpServer(device, framer=FramerType.RTU, address=("127.0.0.1", 0))
        await self._server.serve_forever(background=True)
        assert isinstance(self._server.transport, asyncio.Server)
        self.port = self._server.transport.sockets[0].getsockname()[1]
        self._ready.set()
        await self._server.serving


@pytest.fixture(scope="module")
def driver() -> Iterator[ModbusIoBoard]:
    closed = {0, 2, 3, 4, 5, 9, 10}
    server = ModbusServer([number in closed for number in range(16)])
    driver = ModbusIoBoard(f"socket://127.0.0.1:{server.port}", load_board(STANDARD))
    driver.open()
    yield driver
    driver.close()
    server.stop()


def test_the_driver_reads_pymodbus_inputs(driver: ModbusIoBoard) -> None:
    told = driver.auxiliaries()
    assert told.doors == {"cabinetFront": Door.CLOSED, "cabinetRear": Door.LOCKED, "safe": Door.LOCKED}
    assert told.operator_switch is OperatorSwitch.SUPERVISOR
    assert [name for name, on in told.sensors.items() if on] == ["proximity"]


def test_the_driver_switches_lights_at_pymodbus(driver: ModbusIoBoard) -> None:
    for rate in FlashRate:
        driver.set_light("receipt_printer", rate)
        assert driver.lights()["receipt_printer"] is rate
    driver.set_light("cabinetLight", FlashRate.CONTINUOUS)
    assert driver.lights()["cabinetLight"] is FlashRate.CONTINUOUS
    assert driver.lights()["fasciaLight"] is FlashRate.OFF
