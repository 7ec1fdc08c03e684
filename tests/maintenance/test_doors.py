"""What the key and the doors do, on readings of the board; and the log-out of who walks away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from devices.interfaces import Auxiliaries, Door, OperatorSwitch
from kiosk.maintenance.console import Console, LoggedOut
from kiosk.maintenance.doors import Doors
from kiosk.maintenance.vendor_mode import Mode, VendorMode
from kiosk.prompts import Answer, Notice
from kiosk.stage import Stage
from kiosk.texts import text

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Cabinet:
    """The doors of a machine, and whether somebody is logged in."""

    def __init__(self) -> None:
        self.mode, self.alarms, self.session = VendorMode(), list[str](), False
        board: Any = None
        self.doors = Doors(board, self.mode, lambda: self.session, self._alarm)

    async def _alarm(self, door: str) -> None:
        self.alarms.append(door)

    async def see(self, front: Door = Door.LOCKED, key: OperatorSwitch | None = OperatorSwitch.RUN) -> None:
        await self.doors.heed(Auxiliaries({"cabinetFront": front, "safe": Door.CLOSED}, {}, key))


@pytest.fixture
def cabinet() -> Cabinet:
    return Cabinet()


async def test_the_key_calls_and_turned_back_calls_off(cabinet: Cabinet) -> None:
    await cabinet.see(key=OperatorSwitch.MAINTENANCE)
    assert cabinet.mode.mode == "enterPending"
    assert cabinet.mode.called.is_set()
    assert not cabinet.mode.at_once.is_set()
    await cabinet.see()
    assert not cabinet.mode.called.is_set()
    assert cabinet.alarms == []


@pytest.mark.parametrize("door", [Door.OPEN, Door.TAMPERED])
async def test_a_door_is_an_alarm_once_and_again_when_it_was_shut(cabinet: Cabinet, door: Door) -> None:
    for _ in range(3):
        await cabinet.see(door, OperatorSwitch.MAINTENANCE)
    assert cabinet.alarms == ["cabinetFront"]
    assert cabinet.mode.at_once.is_set()
    await cabinet.see()
    await cabinet.see(door)
    assert cabinet.alarms == ["cabinetFront"] * 2


async def test_a_door_left_open_after_the_log_out_is_an_alarm(cabinet: Cabinet) -> None:
    cabinet.session = True
    await cabinet.see(Door.OPEN, OperatorSwitch.MAINTENANCE)
    assert cabinet.alarms == []
    cabinet.session = False
    await cabinet.see(Door.OPEN, OperatorSwitch.RUN)
    assert cabinet.alarms == ["cabinetFront"]
    assert cabinet.doors.wanted


async def test_a_board_without_a_key_has_its_doors(cabinet: Cabinet) -> None:
    await cabinet.see(key=None)
    assert not cabinet.doors.wanted


def modes(mode: VendorMode, *steps: Callable[[], None]) -> list[Mode]:
    """Return where the handshake stands after each step."""
    stands = []
    for step in steps:
        step()
        stands.append(mode.mode)
    return stands


async def test_the_handshake_goes_through_its_states() -> None:
    mode = VendorMode()
    steps = (mode.call, mode.entered, mode.leaving, mode.left, mode.withdraw)
    assert modes(mode, *steps) == [
        Mode.ENTER_PENDING,
        Mode.ACTIVE,
        Mode.EXIT_PENDING,
        Mode.ENTER_PENDING,  # the key is still turned
        Mode.INACTIVE,
    ]


class Time:
    """Monotonic seconds that a test sets."""

    now = 0.0


async def test_who_walks_away_is_logged_out_and_who_touches_is_not() -> None:
    stage = Stage(site=text("site.name"), simulated=True, now_s=lambda: Time.now)
    console = Console(stage)
    console.session = True
    asking = asyncio.ensure_future(console.ask(Notice("page", text("maintenance.ok"))))
    await asyncio.sleep(0)
    Time.now = 119.0
    stage.touched()
    Time.now = 200.0
    await asyncio.sleep(1.1)
    assert not asking.done()
    Time.now = 240.0
    with pytest.raises(LoggedOut) as out:
        await asking
    assert out.value.reason == "idle"


async def test_the_log_out_is_announced_and_a_touch_puts_it_off() -> None:
    stage = Stage(site=text("site.name"), simulated=True, now_s=lambda: Time.now)
    console = Console(stage)
    Time.now = 0.0
    stage.touched()
    asking = asyncio.ensure_future(console.ask(Notice("page", text("maintenance.ok"))))

    async def shown(name: str) -> None:
        async with asyncio.timeout(40):
            while stage.page is None or stage.page.prompt.name != name:
                await asyncio.sleep(0.01)

    await shown("page")
    Time.now = 105.0
    await shown("log-out-soon")
    assert stage.page is not None
    assert stage.page.prompt.body == text("maintenance.log-out-soon.body", seconds=15)
    stage.touched()
    await shown("page")
    Time.now = 206.0
    await shown("log-out-soon")
    stage.answer(Answer(stage.page.number, "more-time"))
    await shown("page")
    assert not asking.done()
    Time.now = 400.0
    with pytest.raises(LoggedOut) as out:
        await asking
    assert out.value.reason == "idle"


async def test_the_log_out_button_logs_out() -> None:
    stage = Stage(site=text("site.name"), simulated=True, now_s=lambda: 0.0)
    console = Console(stage)
    asking = asyncio.ensure_future(console.ask(Notice("page", text("maintenance.ok"))))
    await asyncio.sleep(0)
    assert stage.page is not None
    stage.answer(Answer(stage.page.number, "cancel"))
    with pytest.raises(LoggedOut):
        await asking
