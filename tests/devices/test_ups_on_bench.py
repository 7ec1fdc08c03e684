"""UPS driver against the simulated UPS; Debian's ``upsc`` reads the same UPS."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from devices.ups import NutUps
from simulators.devices import ups as simulated
from simulators.faults import Order
from tests.simulators.wiring import Room, served


@dataclass
class Bench:
    driver: NutUps
    ups: simulated.Ups
    room: Room
    port: int

    def order(self, device: str, fault: str, operation: str | None = None) -> None:
        self.room.faults.arm(Order(device, fault, operation))


@pytest.fixture(scope="module")
def started() -> Iterator[Bench]:
    room = Room()
    ups = simulated.Ups(room.faults)
    wire = room.tcp("ups")
    with served(wire, ups.serve):
        driver = NutUps.at(f"nut://127.0.0.1:{wire.port}/kiosk")
        yield Bench(driver, ups, room, wire.port)
        driver.close()


@pytest.fixture
def bench(started: Bench) -> Iterator[Bench]:
    """The bench with everything in order, before and after."""
    yield started
    started.room.faults.clear()
    started.ups.reset()
    assert started.driver.status().usable


def test_a_power_cut_from_beginning_to_end(bench: Bench) -> None:
    assert bench.driver.status().usable
    bench.ups.set_mains(False)
    bench.ups.set_battery(64)
    power = bench.driver.power()
    assert (power.powering, power.low, power.charge_percent, power.runtime_s) == (True, False, 64, 1152)
    bench.ups.set_battery(15)
    assert bench.driver.status().fault == "batteryCritical"
    bench.ups.set_mains(True)
    assert bench.driver.power().low
    bench.ups.set_battery(60)
    assert bench.driver.power().recovered
    bench.driver.reset()
    assert not bench.driver.power().recovered


@pytest.mark.parametrize(
    ("fault", "code", "warning"),
    [
        ("mainsOut", None, "onBattery"),
        ("batteryLow", None, "batteryLow"),
        ("batteryReplace", None, "batteryReplace"),
        ("overload", None, "overload"),
        ("bypass", None, "bypass"),
        ("unknownWord", None, "unknownStatus"),
        ("off", "powerOff", None),
        ("dataStale", "offline", None),
        ("driverGone", "offline", None),
        ("noAnswer", "timeOut", None),
        ("contradiction", "invalidData", None),
    ],
)
def test_each_fault_is_told_by_its_word(
    bench: Bench, fault: str, code: str | None, warning: str | None
) -> None:
    assert fault in simulated.FAULTS
    bench.order("ups", fault)
    status = bench.driver.status()
    assert status.fault == code
    assert warning is None or warning in status.warnings
    bench.room.faults.clear()
    assert bench.driver.status().usable


def test_a_fault_of_an_answer_passes_and_one_of_the_ups_stays(bench: Bench) -> None:
    bench.order("ups", "dataStale", "list")
    bench.order("ups", "mainsOut", "list")
    assert bench.driver.status().fault == "offline"
    assert bench.driver.power().powering
    assert bench.driver.power().powering


@pytest.mark.parametrize("fault", ["drop", "corrupt", "split", "glue", "delay", "garbage", "half"])
def test_one_disturbance_of_the_wire_leaves_nothing_behind(bench: Bench, fault: str) -> None:
    bench.order("ups", fault, "answer")
    bench.driver.status()
    assert bench.driver.status().usable


def test_an_unplugged_server_is_no_device(bench: Bench) -> None:
    assert bench.driver.status().usable
    bench.order("ups", "disconnect")
    assert bench.driver.status().fault == "noDevice"
    bench.room.faults.clear()
    assert bench.driver.status().usable


def test_debians_client_reads_the_simulated_ups(bench: Bench) -> None:
    server = f"127.0.0.1:{bench.port}"
    bench.driver.close()  # the simulated server has one host at a time

    def upsc(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["upsc", *words], capture_output=True, text=True, timeout=10, check=False)

    assert upsc("-l", server).stdout == "kiosk\n"
    told = dict(line.split(": ", 1) for line in upsc(f"kiosk@{server}").stdout.splitlines())
    assert told == bench.ups.variables()
    bench.ups.set_mains(False)
    assert upsc(f"kiosk@{server}", "ups.status").stdout == "OB DISCHRG\n"
    assert "not supported" in upsc(f"kiosk@{server}", "no.such").stderr
    assert "Unknown UPS" in upsc(f"other@{server}").stderr
    bench.order("ups", "dataStale")
    assert "Data stale" in upsc(f"kiosk@{server}").stderr
