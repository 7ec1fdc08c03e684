"""What fails at the very end of a visit is told to the person, and ends the process without their data."""

from __future__ import annotations

import asyncio
import traceback
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from kiosk import gate, visit_end
from kiosk.journal import JournalFailed
from kiosk.prompts import Page
from kiosk.reception import Reception
from kiosk.stage import Stage
from kiosk.texts import text
from kiosk.visit import Visit

pytestmark = pytest.mark.anyio
NAME = "李文静"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Said:
    """Events, and pages, as they come."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.pages: list[Page] = []

    def event(self, name: str, **_: object) -> None:
        self.events.append(name)

    def unexpected(self, error: BaseException, _: str) -> None:
        self.events.append(type(error).__name__)

    def show(self, page: Page) -> None:
        self.pages.append(page)


async def _case_no() -> str:
    return "C-1"


async def _begin(*_: object) -> None: ...


async def test_an_end_that_fails_unforeseen_says_so_and_names_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Said()
    stage = Stage(site=text("help.question"), simulated=True, now_s=lambda: 0.0)
    stage.attach(said)
    house: Any = SimpleNamespace(
        one_at_a_time=asyncio.Lock(),
        stage=stage,
        events=said,
        numbers=SimpleNamespace(case_no=_case_no),
        journal=SimpleNamespace(begin=_begin),
        clock=SimpleNamespace(wall=lambda: datetime.now(UTC)),
        now_s=lambda: 0.0,
        times=SimpleNamespace(closing_s=0.0),
        site=SimpleNamespace(hotline="0574-00000000"),
    )
    service: Any = SimpleNamespace(name="test", title=text("home.question"))

    async def fails(_: Visit) -> None:
        raise KeyError(NAME)

    monkeypatch.setattr(visit_end, "go_through", fails)
    monkeypatch.setattr(gate, "not_now", lambda *_: None)
    reception = Reception(house, {}, lambda _: None)
    with pytest.raises(JournalFailed) as ended:
        await reception.serve(service)
    assert [page.prompt.name for page in said.pages] == ["starting-again"]
    assert said.events == ["visit-begun", "KeyError", "visit-wiped"]
    assert NAME not in "".join(traceback.format_exception(ended.value))
    assert reception.visiting is None
