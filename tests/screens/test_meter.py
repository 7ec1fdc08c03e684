"""What the meter makes of turns, touches and flips, on clocks of its own."""

from __future__ import annotations

from screens.meter import FrameMeter


class Clocks:
    """Two clocks in seconds: the wall's, and the thread's own work."""

    def __init__(self) -> None:
        self.wall_s = self.work_s = 0.0

    def meter(self) -> FrameMeter:
        return FrameMeter(lambda: self.wall_s, lambda: self.work_s)

    def go(self, wall_ms: float, work_ms: float = 0.0) -> None:
        self.wall_s += wall_ms / 1000
        self.work_s += work_ms / 1000


def test_a_touch_lasts_until_the_flip_that_answers_it() -> None:
    clocks = Clocks()
    meter = clocks.meter()
    meter.drawn()
    meter.touched()
    clocks.go(5)
    meter.touched()  # before the frame: one frame answers both
    clocks.go(15)
    meter.drawn()
    assert [round(ms) for ms in meter.taps_ms] == [20]


def test_turns_are_told_by_the_wall_and_by_the_work_in_them() -> None:
    clocks = Clocks()
    meter = clocks.meter()
    meter.ticked()
    for wall_ms, work_ms in ((16, 3), (90, 4), (20, 12)):
        clocks.go(wall_ms, work_ms)
        meter.ticked()
    assert meter.frames == 4
    assert round(meter.longest_frame_ms) == 90
    assert round(meter.most_work_ms) == 12
    assert round(meter.frame_ms(99.0) or 0) == 90
    assert round(meter.frame_ms(50.0) or 0) == 20


def test_a_reset_begins_anew() -> None:
    clocks = Clocks()
    meter = clocks.meter()
    meter.ticked()
    meter.touched()
    clocks.go(500, 300)
    meter.reset()
    meter.drawn()
    meter.ticked()
    clocks.go(16, 2)
    meter.ticked()
    assert meter.tap_to_frame_ms() is None
    assert (round(meter.longest_frame_ms), round(meter.most_work_ms)) == (16, 2)
