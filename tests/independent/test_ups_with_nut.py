"""Our UPS driver against Debian's ``upsd``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.ups import NutUps
from tests.independent.nut_server import NutServer

VARIABLES = {
    "ups.mfr": "ACME",
    "ups.model": "Smart 1500",
    "ups.serial": "A1 B2",
    "ups.status": "OL",
    "battery.charge": "100",
    "battery.runtime": "2400",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NutServer]:
    folder: Path = tmp_path_factory.mktemp("nut")
    with NutServer(folder, VARIABLES) as server:
        yield server


@pytest.fixture
def driver(server: NutServer) -> Iterator[NutUps]:
    driver = NutUps.at(f"nut://127.0.0.1:{server.port}/kiosk")
    yield driver
    driver.close()


def test_who_made_it(driver: NutUps) -> None:
    told = driver.capabilities()
    assert (told.maker, told.model, told.serial) == ("ACME", "Smart 1500", "A1 B2")
    assert told.more["driver"] == "dummy-ups"


def test_a_power_cut(server: NutServer, driver: NutUps) -> None:
    assert driver.status().usable
    server.set("ups.status", "OB DISCHRG")
    server.set("battery.charge", "42")
    power = driver.power()
    assert (power.powering, power.low, power.charge_percent, power.runtime_s) == (True, False, 42, 2400)
    server.set("ups.status", "OB LB")
    assert driver.status().fault == "batteryCritical"
    server.set("ups.status", "OL CHRG")
    assert driver.power().recovered


def test_a_ups_that_is_not_there(server: NutServer) -> None:
    driver = NutUps.at(f"nut://127.0.0.1:{server.port}/other")
    assert driver.status().fault == "configuration"
    driver.close()


def test_a_driver_that_has_ended_and_then_the_server(server: NutServer, driver: NutUps) -> None:
    """The last test: it ends what the others use."""
    assert driver.status().fault is None
    server.stop_driver()
    deadline = time.monotonic() + 15
    while driver.status().fault is None and time.monotonic() < deadline:
        time.sleep(0.1)
    assert driver.status().fault == "offline"
    server.stop()
    assert driver.status().fault == "noDevice"
