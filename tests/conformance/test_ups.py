"""The UPS, behind NUT's server."""

from __future__ import annotations

import pytest

from devices.base import Fault
from devices.ups import NutUps
from tests.conformance import acts
from tests.conformance.figures import Figures
from tests.conformance.units import Unit

DEVICE = "ups"

Supply = Unit[NutUps]


def feeds(unit: Supply) -> bool:
    """Tell whether the battery feeds the machine."""
    return unit.device.power().powering


@pytest.mark.criterion("UPS-01", "Common.Capabilities")
def test_who_made_it(unit: Supply) -> None:
    """The UPS tells its maker and its model, through NUT's driver."""
    told = unit.device.capabilities()
    assert told.model
    assert told.more["driver"]


@pytest.mark.criterion("UPS-02", "Common.Status")
def test_it_is_online(unit: Supply, figures: Figures) -> None:
    """On mains the UPS is in circuit, its battery neither low nor in use."""
    with figures.seconds("status", 1.0):
        status = unit.device.status()
    assert status.usable, status
    power = unit.device.power()
    assert (power.engaged, power.powering, power.low) == (True, False, False)


@pytest.mark.criterion("UPS-03", "Common.Status charge")
def test_how_long_it_lasts(unit: Supply, figures: Figures) -> None:
    """The charge is measured, and the time that it lasts is enough to end a visit and shut down."""
    power = unit.device.power()
    if power.charge_percent is None or power.runtime_s is None:
        pytest.skip("this UPS measures neither charge nor time")
    figures.at_least("charge", power.charge_percent, 80, "%")
    figures.at_least("lasts", power.runtime_s, 300, "s")


@pytest.mark.criterion("UPS-04", "Common.PowerSave, mains out and in")
def test_the_mains_out_and_in(unit: Supply, figures: Figures) -> None:
    """Without mains the battery feeds the machine, which is told at once as a warning and no fault."""
    unit.person.do(acts.MAINS_OUT, until=lambda: feeds(unit))
    status = unit.device.status()
    assert status.usable
    assert "onBattery" in status.warnings
    unit.person.do(acts.MAINS_IN, until=lambda: not feeds(unit))
    assert unit.device.status().warnings == ()


@pytest.mark.criterion("UPS-05", "batteryCritical, recovered")
def test_the_battery_nearly_empty(unit: Supply) -> None:
    """A battery that is nearly empty with the mains out is critical; with the mains back it recovers."""
    unit.person.do(acts.MAINS_OUT, until=lambda: feeds(unit))
    unit.person.do(acts.BATTERY_LOW, until=lambda: unit.device.power().low)
    assert unit.device.status().fault == "batteryCritical"
    unit.person.do(acts.MAINS_IN, until=lambda: not feeds(unit))
    unit.person.do(acts.BATTERY_FULL, until=lambda: not unit.device.power().low)
    assert unit.device.power().recovered
    unit.device.reset()
    assert not unit.device.power().recovered


@pytest.mark.criterion("UPS-06", "Common.Status offline")
def test_the_data_cable_out_and_in(unit: Supply) -> None:
    """Without its data cable the UPS is told as lost, not as one that is well."""
    unit.person.do(acts.DATA_CABLE_OUT, until=lambda: unit.device.status().fault == "offline")
    with pytest.raises(Fault) as told:
        unit.device.power()
    assert told.value.code == "offline"
    unit.person.do(acts.DATA_CABLE_IN, until=lambda: unit.device.status().usable)


@pytest.mark.criterion("UPS-07", "Common.Status noDevice")
def test_the_server_gone_and_back(unit: Supply) -> None:
    """Without NUT's server the UPS is told as gone, and answers again when it is back."""
    unit.person.do(acts.unplug(DEVICE), until=lambda: not unit.device.status().usable)
    with pytest.raises(Fault):
        unit.device.power()
    unit.person.do(acts.plug_in(DEVICE), until=lambda: unit.device.status().usable)
    assert not feeds(unit)
