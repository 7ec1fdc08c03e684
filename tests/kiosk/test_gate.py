"""What the home screen offers: the reason stands there before anybody starts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from devices.base import StaffAction, State, Status
from kiosk import gate
from kiosk.cabinet import Cabinet
from kiosk.services import Service
from kiosk.texts import Text

NEEDED, EITHER = ("reader", "unit"), (("camera", "pad"),)
GOOD = Status(State.ONLINE)
BAD = Status(State.ONLINE, fault="paperOut", action=StaffAction.MAINTENANCE)
GONE = Status(State.NO_DEVICE)


class Device:
    """As much of a worker as the gate looks at."""

    def __init__(self) -> None:
        self.status = GOOD
        self.quarantined: str | None = None

    def fault(self) -> str | None:
        return self.quarantined or (None if self.status.usable else self.status.fault or "gone")


@pytest.fixture
def devices() -> dict[str, Device]:
    return {name: Device() for name in ("reader", "unit", "camera", "pad")}


@pytest.fixture
def house(devices: dict[str, Device]) -> Any:
    cabinet: Any = SimpleNamespace(workers=devices)
    cabinet.unready = lambda names: Cabinet.unready(cabinet, names)
    return SimpleNamespace(
        cabinet=cabinet, back_office_reachable=True, journal=SimpleNamespace(has_room=lambda: True)
    )


def reason(house: Any) -> str | None:
    async def script(_: object) -> None: ...

    service = Service("endorsement", NEEDED, EITHER, (), (), 3, script)
    said = gate.not_now(house, service)
    if said is None:
        return None
    inner = said.args["reason"]
    assert isinstance(inner, Text)
    device = inner.args.get("device")
    return device.key if isinstance(device, Text) else inner.key


def test_with_everything_ready_it_is_offered(house: Any) -> None:
    assert reason(house) is None


@pytest.mark.parametrize("status", [BAD, GONE])
def test_a_needed_device_closes_it_and_is_named(
    house: Any, devices: dict[str, Device], status: Status
) -> None:
    devices["unit"].status = status
    assert reason(house) == "device.unit"


def test_a_device_with_an_open_question_closes_it(house: Any, devices: dict[str, Device]) -> None:
    devices["reader"].quarantined = "unresolvedEffect"
    assert reason(house) == "device.reader"


def test_one_of_two_ways_is_enough(house: Any, devices: dict[str, Device]) -> None:
    devices["camera"].status = GONE
    assert reason(house) is None
    devices["pad"].status = GONE
    assert reason(house) == "device.camera"


def test_without_the_back_office_nothing_is_begun(house: Any) -> None:
    house.back_office_reachable = False
    assert reason(house) == "unready.back-office"


def test_without_room_for_the_journal_nothing_is_begun(house: Any) -> None:
    house.journal.has_room = lambda: False
    assert reason(house) == "unready.disk-low"
