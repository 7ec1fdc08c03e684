"""Work beside the visits: what fails goes on again, and is told where nobody foresaw it."""

from __future__ import annotations

import asyncio

import pytest

from kiosk.background import Background
from kiosk.journal import JournalFailed

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(
    ("failure", "told"), [(KeyError("nobody foresaw it"), ["KeyError"]), (JournalFailed("disk"), [])]
)
async def test_work_that_failed_is_begun_again(failure: Exception, told: list[str]) -> None:
    heard: list[str] = []
    failures, going_on = [failure], asyncio.Event()

    async def work() -> None:
        if failures:
            raise failures.pop()
        going_on.set()
        await asyncio.Event().wait()

    background = Background(lambda error: heard.append(type(error).__name__), again_s=0)
    background.begin(work, "work")
    async with asyncio.timeout(40):
        await going_on.wait()
        await background.end()
    assert heard == told


async def test_work_that_fails_while_it_clears_up_holds_up_no_end() -> None:
    heard: list[str] = []
    begun = asyncio.Event()

    async def work() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("the device is closed already")

    background = Background(lambda error: heard.append(type(error).__name__), again_s=3600)
    background.begin(work, "work")
    async with asyncio.timeout(40):
        await begun.wait()
        await background.end()
    assert heard == ["RuntimeError"]
