"""Devices are asked about old visits only between visits: else who stands here would lose the permit."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import pytest

from kiosk import gate
from kiosk.background import repair
from kiosk.reception import Reception
from kiosk.report import Report
from kiosk.services import Service

pytestmark = pytest.mark.anyio
ROUNDS = 20


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Served(Reception):
    """A reception whose visits last until the test lets them end."""

    def __init__(self, house: Any) -> None:
        super().__init__(house, {}, lambda _: None)
        self.inside, self.leaves = asyncio.Event(), asyncio.Event()

    async def _serve(self, service: Service) -> Report | None:
        self.inside.set()
        await self.leaves.wait()
        self.inside.clear()
        return None


class Asking:
    """Recovery, as far as the repair uses it: what is asked while somebody is served is remembered."""

    def __init__(self, reception: Served) -> None:
        self._reception = reception
        self.money = self.devices = self.devices_during_a_visit = 0

    async def ask_money_again(self) -> None:
        self.money += 1

    async def ask_devices_again(self) -> frozenset[str]:
        self.devices += 1
        for _ in range(3):  # an answer takes its time, and the next person may come meanwhile
            self.devices_during_a_visit += self._reception.inside.is_set()
            await asyncio.sleep(0)
        return frozenset()


async def test_repair_asks_money_at_any_time_and_devices_only_between_visits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gate, "not_now", lambda house, service: None)
    journal = SimpleNamespace(unresolved=AsyncMock(return_value=()), newest_note=AsyncMock(return_value=None))
    cabinet = SimpleNamespace(quarantine=lambda names: None)
    house: Any = SimpleNamespace(one_at_a_time=asyncio.Lock(), journal=journal, cabinet=cabinet)
    reception = Served(house)
    asking = Asking(reception)
    service: Any = SimpleNamespace()
    recovery: Any = asking
    repairing = asyncio.create_task(repair(house, recovery, every_s=0.001))
    for visits in range(1, ROUNDS + 1):
        serving = asyncio.create_task(reception.serve(service))
        async with asyncio.timeout(10):
            await reception.inside.wait()
            asked = asking.money
            while asking.money == asked and visits == 1:
                await asyncio.sleep(0.001)  # the repair's turn comes while somebody is served
            reception.leaves.set()
            await serving
            asked = asking.devices
            while asking.devices == asked:
                await asyncio.sleep(0.001)
        reception.leaves.clear()
    repairing.cancel()
    assert asking.devices >= ROUNDS
    assert asking.devices_during_a_visit == 0
