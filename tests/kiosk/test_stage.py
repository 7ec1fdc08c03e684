"""One page at a time: late answers are dropped, settings keep the page, idle time is counted."""

from __future__ import annotations

import asyncio

import pytest

from kiosk.prompts import Answer, Notice, Page
from kiosk.stage import Stage, Surroundings
from kiosk.texts import text

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Views:
    def __init__(self) -> None:
        self.pages: list[Page] = []

    def show(self, page: Page) -> None:
        self.pages.append(page)


class Seconds:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


PLAIN = Surroundings()


def notice(name: str) -> Notice:
    return Notice(name, text("help.question"))


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def view() -> Views:
    return Views()


@pytest.fixture
def stage(seconds: Seconds, view: Views) -> Stage:
    stage = Stage(site=text("help.question"), simulated=True, now_s=seconds)
    stage.attach(view)
    return stage


async def arrives(stage: Stage) -> Answer | None:
    try:
        return await asyncio.wait_for(stage.next_answer(), 0.01)
    except TimeoutError:
        return None


async def test_an_answer_reaches_the_page_it_is_for(stage: Stage) -> None:
    page = stage.show(notice("a"), PLAIN)
    stage.answer(Answer(page.number, "ok"))
    assert await arrives(stage) == Answer(page.number, "ok")


async def test_a_late_answer_is_dropped(stage: Stage) -> None:
    old = stage.show(notice("a"), PLAIN)
    stage.answer(Answer(old.number, "ok"))
    stage.show(notice("b"), PLAIN)
    stage.answer(Answer(old.number, "ok"))
    assert await arrives(stage) is None


async def test_settings_show_the_same_prompt_anew(stage: Stage, view: Views) -> None:
    page = stage.show(notice("a"), PLAIN)
    stage.answer(Answer(page.number, "language", "en"))
    assert stage.page is not None
    assert stage.page.language == "en"
    assert stage.page.prompt == page.prompt
    assert stage.page.number > page.number
    assert await arrives(stage) is None
    stage.answer(Answer(stage.page.number, "large-text", True))
    assert view.pages[-1].large_text


async def test_nonsense_settings_change_nothing(stage: Stage) -> None:
    page = stage.show(notice("a"), PLAIN)
    stage.answer(Answer(page.number, "language", "klingon"))
    assert stage.page is not None
    assert stage.page.language == "zh-CN"


def test_settings_go_with_the_person(stage: Stage) -> None:
    page = stage.show(notice("a"), PLAIN)
    stage.answer(Answer(page.number, "high-contrast", True))
    stage.reset()
    assert not stage.show(notice("b"), PLAIN).high_contrast


def test_an_update_keeps_the_number_and_only_a_change_is_shown(stage: Stage, view: Views) -> None:
    page = stage.show(notice("a"), PLAIN)
    assert stage.update(notice("a")).number == page.number
    assert len(view.pages) == 1
    stage.update(Notice("a", text("help.close")))
    assert [p.number for p in view.pages] == [page.number, page.number]


def test_touches_and_answers_end_idleness(stage: Stage, seconds: Seconds) -> None:
    page = stage.show(notice("a"), PLAIN)
    seconds.now_s = 30
    assert stage.idle_s() == 30
    stage.touched()
    assert stage.idle_s() == 0
    seconds.now_s = 40
    stage.answer(Answer(page.number, "ok"))
    assert stage.idle_s() == 0


def test_a_late_view_sees_the_current_page(stage: Stage) -> None:
    stage.show(notice("a"), PLAIN)
    late = Views()
    stage.attach(late)
    assert [page.prompt.name for page in late.pages] == ["a"]
