"""A loop that asks the back office ends when it is cancelled, whenever that comes."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from kiosk.clock import SystemClock
from kiosk.platform import Platform

pytestmark = pytest.mark.anyio
ROUNDS = 400


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_cancelling_in_the_moment_of_an_answer_is_not_swallowed() -> None:
    platform = Platform("http://127.0.0.1:9", "token", "330212K01", SystemClock(), random.Random(1))
    answers: Any = platform._http
    answers.exchange = lambda *_: {"ready": True, "now": "2026-03-01T08:30:00+08:00"}
    chance = random.Random(2)

    async def ask_for_ever() -> None:
        while True:
            await platform.health()

    for _ in range(ROUNDS):
        asking = asyncio.create_task(ask_for_ever())
        for _ in range(chance.randrange(1, 12)):
            await asyncio.sleep(0)
        asking.cancel()
        async with asyncio.timeout(10):
            await asyncio.gather(asking, return_exceptions=True)
    platform.close()
