"""A long list: a finger drags it, a flick lets it run on, its rows are laid out only where they are seen."""

from __future__ import annotations

from datetime import datetime
from functools import cache

import pytest

from kiosk.prompts import ChooseRecords, Page
from screens.compose import compose
from screens.panel import Panel
from screens.scene import Press, Scene
from screens.scroll import Scroll
from screens.touch import Touch
from screens.view import Showing
from tests.screens import harness, samples


class Seconds:
    """A clock that the test moves."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def scroll(seconds: Seconds) -> Scroll:
    scroll = Scroll(seconds, slack_px=16.0)
    scroll.fit(10_000.0, 800.0)
    return scroll


@cache
def scene(count: int, marked: frozenset[str] = frozenset(), points: int = 3) -> Scene:
    prompt = ChooseRecords(
        "list", samples.SERVICE, options=samples.records(count), points=points, most_points=11
    )
    page = Page(1, prompt, can_cancel=True, cancel_returns=samples.RETURNS)
    showing = Showing(datetime(2026, 11, 22), marked=marked)
    return compose(page, Panel(), harness.fonts(), samples.catalogue(harness.STRINGS), showing)


def test_a_little_trembling_is_no_drag(scroll: Scroll) -> None:
    scroll.down(500.0)
    assert not scroll.move(490.0)
    assert scroll.offset_px == 0.0
    assert scroll.move(460.0)
    assert scroll.offset_px == 40.0


def test_it_follows_the_finger_and_stays_within_the_list(scroll: Scroll) -> None:
    scroll.down(500.0)
    scroll.move(900.0)
    assert scroll.offset_px == 0.0
    scroll.move(-30_000.0)
    assert scroll.offset_px == 9_200.0


def test_a_flick_runs_on_and_comes_to_rest(scroll: Scroll, seconds: Seconds) -> None:
    scroll.down(700.0)
    for _ in range(5):
        seconds.now_s += 0.016
        scroll.move(700.0 - 2000.0 * seconds.now_s)
    scroll.up()
    let_go_px = scroll.offset_px
    moved = 0
    for _ in range(600):
        seconds.now_s += 0.016
        moved += scroll.tick()
    assert scroll.offset_px > let_go_px + 300.0
    assert moved < 400
    resting_px = scroll.offset_px
    seconds.now_s += 1.0
    assert not scroll.tick()
    assert scroll.offset_px == resting_px


def test_a_finger_that_rested_throws_nothing(scroll: Scroll, seconds: Seconds) -> None:
    scroll.down(700.0)
    seconds.now_s += 0.016
    scroll.move(600.0)
    seconds.now_s += 0.5
    scroll.up()
    seconds.now_s += 0.016
    assert not scroll.tick()


def test_a_list_that_became_shorter_is_not_scrolled_beyond_its_end(scroll: Scroll) -> None:
    scroll.turn(9_000.0)
    scroll.fit(1_000.0, 800.0)
    assert scroll.offset_px == 200.0


def test_only_rows_that_are_seen_can_be_touched() -> None:
    page = scene(500)
    assert page.roll is not None
    page.roll.offset_px = 0.0
    names = [t.name for t in page.touchable() if t.press is Press.MARK]
    assert "choose:R0" in names
    assert "choose:R3" not in names, "refused"
    assert len(names) < 20
    page.roll.offset_px = page.roll.length_px - page.roll.window.h
    names = [t.name for t in page.touchable() if t.press is Press.MARK]
    assert "choose:R499" in names
    assert "choose:R0" not in names
    page.roll.offset_px = 0.0


def test_a_row_is_found_under_the_finger_wherever_the_list_is() -> None:
    page = scene(500)
    roll = page.roll
    assert roll is not None
    for index in (0, 7, 450):
        roll.offset_px = min(index * roll.row_h, roll.length_px - roll.window.h)
        target = page.target_at(roll.window.x + 50, roll.top_of(index) + 20)
        assert target is not None
        assert target.value == f"R{index}"
    roll.offset_px = 0.0
    assert page.target_at(roll.window.x + 50, roll.window.bottom + 5) is None


def test_a_mark_that_would_make_too_many_points_cannot_be_set() -> None:
    free = {t.value for t in scene(12, points=9).touchable() if t.press is Press.MARK}
    full = {t.value for t in scene(12, frozenset({"R2"}), points=9).touchable() if t.press is Press.MARK}
    assert {"R1", "R2"} <= free
    assert "R2" in full, "it can be unmarked"
    assert "R1" not in full
    assert "R0" in full, "it has no points"


def test_the_buttons_that_turn_it_are_large_and_count_each_time() -> None:
    page = scene(500)
    down = next(t for t in page.targets if t.name == "down")
    assert min(down.rect.w, down.rect.h) >= 28 * Panel().px_per_mm - 0.5
    seconds = Seconds()
    touch = Touch(seconds, near_px=30.0)
    touch.page(1)
    for _ in range(3):
        seconds.now_s += 0.15
        touch.down("finger", *down.rect.middle, page)
        assert touch.up("finger", *down.rect.middle) is not None
    assert not any(t.name in ("up", "down") for t in scene(3).targets)


def test_a_drag_presses_nothing() -> None:
    page = scene(500)
    assert page.roll is not None
    touch = Touch(lambda: 0.0, near_px=30.0)
    touch.page(1)
    x, y = page.roll.window.x + 50, page.roll.window.y + 20
    assert touch.down("finger", x, y, page) is not None
    touch.let_go("finger")
    assert touch.up("finger", x, y) is None
