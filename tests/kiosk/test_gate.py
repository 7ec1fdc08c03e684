"""What the home screen offers: the reason stands there before anybody starts."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from devices.base import StaffAction, State, Status
from kiosk import gate
from kiosk.cabinet import Cabinet
from kiosk.journal.effects import PICK_DOCUMENT, SUBMIT_ENDORSEMENT, TAKE_MONEY
from kiosk.reception import Reception
from kiosk.services import Service, all_services
from kiosk.texts import Text, text

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


@pytest.mark.parametrize("service", all_services().values(), ids=lambda service: service.name)
def test_each_service_says_so_before_anything_is_begun(house: Any, service: Service) -> None:
    """What is offered all the same does nothing that the back office would have to know at once."""
    for name in {*service.needs, *sum(service.one_of, ())}:
        house.cabinet.workers[name] = Device()
    house.cabinet.receipt_printer = SimpleNamespace(fitted=False)
    house.timekeeper = SimpleNamespace(wrong=False)
    assert gate.tile(house, service).refused is None
    house.back_office_reachable = False
    refused = gate.tile(house, service).refused
    assert (refused is None) is service.offline
    assert refused is None or refused.args["reason"] == text("unready.back-office")
    assert not (service.offline and {TAKE_MONEY, SUBMIT_ENDORSEMENT, PICK_DOCUMENT} & {*service.effects})


@pytest.mark.parametrize("without", ["office", "room"])
def test_who_chose_it_all_the_same_is_told_where_it_can_be_had(house: Any, without: str) -> None:
    """Between the page and the touch it went: the last word is the reception's, with why and where else."""
    house.back_office_reachable = without != "office"
    house.journal.has_room = lambda: without != "room"
    shown: list[Any] = []

    async def answered() -> None: ...

    house.stage = SimpleNamespace(show=lambda prompt, _: shown.append(prompt), next_answer=answered)
    house.times = SimpleNamespace(closing_s=40.0)
    house.one_at_a_time = asyncio.Lock()

    async def script(_: object) -> None:
        raise AssertionError("it was begun")

    service = Service("endorsement", NEEDED, EITHER, (), (), 3, script)
    assert asyncio.run(Reception(house, {}, lambda _: None).serve(service)) is None
    (notice,) = shown
    key = {"office": "unready.back-office", "room": "unready.disk-low"}[without]
    assert notice.question == text("home.not-now", reason=text(key))
    assert notice.paragraphs == (text("out-of-service.elsewhere", place=text("site.elsewhere")),)
    assert notice.case is None


def test_without_room_for_the_journal_nothing_is_begun(house: Any) -> None:
    house.journal.has_room = lambda: False
    assert reason(house) == "unready.disk-low"
