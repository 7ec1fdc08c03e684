"""A page slides in where frames are quick, and stands at once where they are not."""

from __future__ import annotations

from screens.slide import LASTS_S, Slide


def _offsets(slide: Slide, frames: int) -> list[float]:
    """Return the offsets of ``frames`` frames over one slide, and of the one after it."""
    slide.begin(100.0, 0.0)
    offsets = [slide.offset_px(LASTS_S * number / frames) for number in range(frames)]
    return [*offsets, slide.offset_px(LASTS_S)]


def test_a_page_comes_ever_closer_and_stands() -> None:
    offsets = _offsets(Slide(), 11)
    assert offsets[0] == 100.0
    assert offsets == sorted(offsets, reverse=True)
    assert offsets[-1] == 0.0


def test_smooth_slides_go_on() -> None:
    slide = Slide()
    assert _offsets(slide, 11)[0] == _offsets(slide, 11)[0] == 100.0


def test_after_a_jerky_slide_pages_stand_at_once_until_tried_again() -> None:
    slide = Slide()
    _offsets(slide, 4)
    assert set(_offsets(slide, 11)) == {0.0}
    slide.try_again()
    assert _offsets(slide, 11)[0] == 100.0


def test_a_slide_cut_short_by_the_next_page_is_no_verdict() -> None:
    slide = Slide()
    slide.begin(100.0, 10.0)
    slide.offset_px(10.01)
    slide.begin(-100.0, 10.02)
    assert slide.offset_px(10.02) == -100.0


def test_nothing_slides_on_a_first_page() -> None:
    slide = Slide()
    slide.begin(0.0, 10.0)
    assert slide.offset_px(10.0) == 0.0
    assert _offsets(slide, 11)[0] == 100.0
