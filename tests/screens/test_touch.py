"""Fingers: one at a time, each action once, no double taps."""

from __future__ import annotations

import pytest

from screens.scene import Press, Rect, Scene, Target
from screens.touch import Touch, answer_value


class Hand:
    """Presses targets of a scene at a time of its own making."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.touch = Touch(lambda: self.now_s, near_px=50.0)
        self.scene = Scene(Rect(0, 0, 1000, 1000), (0, 0, 0, 1))
        self.scene.targets += [
            Target("begin", Rect(0, 0, 1000, 1000), "begin"),
            Target("go", Rect(100, 900, 400, 80), "go"),
            Target("back", Rect(600, 900, 300, 80), "back"),
            Target("language", Rect(800, 10, 100, 60), "language", "en", Press.SETTING),
            Target("choose:a", Rect(100, 400, 400, 80), "choose", "a", Press.MARK),
            Target("type:7", Rect(100, 600, 80, 80), "type:7", "7", Press.TYPE),
        ]
        self.touch.page(1)

    def press(self, x: float, y: float, finger: int = 1) -> str | None:
        self.touch.down(finger, x, y, self.scene)
        pressed = self.touch.up(finger, x, y)
        return pressed.target.name if pressed else None


GO, BACK, LANGUAGE, MARK, NOWHERE = (200, 950), (700, 950), (850, 40), (200, 440), (300, 750)
KEY = (140, 640)


@pytest.fixture
def hand() -> Hand:
    return Hand()


def test_a_press_counts_and_the_uppermost_target_gets_it(hand: Hand) -> None:
    assert hand.press(*GO) == "go"


def test_what_lies_behind_all_is_touched_anywhere_else(hand: Hand) -> None:
    assert hand.press(*NOWHERE) == "begin"


def test_an_action_counts_once_a_page(hand: Hand) -> None:
    assert hand.press(*GO) == "go"
    hand.now_s += 30
    assert hand.press(*GO) is None
    hand.touch.page(2)
    assert hand.press(*GO) == "go"


def test_after_an_answer_other_actions_of_the_page_wait(hand: Hand) -> None:
    assert hand.press(*GO) == "go"
    hand.now_s += 0.59
    assert hand.press(*BACK) is None
    hand.now_s += 0.02
    assert hand.press(*BACK) == "back"


def test_the_second_half_of_a_double_tap_does_not_reach_the_next_page(hand: Hand) -> None:
    assert hand.press(*GO) == "go"
    hand.touch.page(2)
    hand.now_s += 0.3
    assert hand.press(GO[0] + 20, GO[1] + 5) is None
    hand.now_s += 0.31
    assert hand.press(*GO) == "go"


def test_a_touch_elsewhere_on_the_next_page_counts_at_once(hand: Hand) -> None:
    assert hand.press(*GO) == "go"
    hand.touch.page(2)
    assert hand.press(*BACK) == "back"


def test_a_second_finger_is_nothing(hand: Hand) -> None:
    assert hand.touch.down(1, *GO, hand.scene) is not None
    assert hand.touch.down(2, *BACK, hand.scene) is None
    assert hand.touch.up(2, *BACK) is None
    pressed = hand.touch.up(1, *GO)
    assert pressed is not None
    assert pressed.target.name == "go"


def test_two_fingers_on_one_button_are_one_press(hand: Hand) -> None:
    hand.touch.down(1, *GO, hand.scene)
    hand.touch.down(2, GO[0] + 5, GO[1], hand.scene)
    assert [bool(hand.touch.up(finger, *GO)) for finger in (1, 2)] == [True, False]


def test_a_resting_hand_does_not_block_the_panel(hand: Hand) -> None:
    hand.touch.down(1, *NOWHERE, hand.scene)
    hand.now_s += 2.9
    assert hand.press(*GO, finger=2) is None
    hand.now_s += 0.1
    assert hand.press(*GO, finger=2) == "go"


def test_leaving_the_target_takes_the_press_back(hand: Hand) -> None:
    hand.touch.down(1, *GO, hand.scene)
    assert hand.touch.up(1, *BACK) is None
    assert hand.press(*GO) == "go"


def test_a_press_that_began_on_the_page_before_is_nothing(hand: Hand) -> None:
    hand.touch.down(1, *GO, hand.scene)
    hand.touch.page(2)
    assert hand.touch.up(1, *GO) is None


def test_settings_count_again_and_do_not_hold_up_answers(hand: Hand) -> None:
    assert hand.press(*LANGUAGE) == "language"
    assert hand.press(*LANGUAGE) is None
    assert hand.press(*GO) == "go"
    hand.now_s += 0.61
    assert hand.press(*LANGUAGE) == "language"


def test_a_double_tap_on_a_mark_marks_once(hand: Hand) -> None:
    assert hand.press(*MARK) == "choose:a"
    hand.now_s += 0.2
    assert hand.press(*MARK) is None
    hand.now_s += 0.5
    assert hand.press(*MARK) == "choose:a"


def test_a_key_types_as_fast_as_a_finger_but_does_not_bounce(hand: Hand) -> None:
    assert hand.press(*KEY) == "type:7"
    hand.now_s += 0.02
    assert hand.press(*KEY) is None
    hand.now_s += 0.1
    assert hand.press(*KEY) == "type:7"
    assert hand.press(*GO) == "go"


def test_the_value_of_an_answer() -> None:
    one = Target("choose:a", Rect(0, 0, 1, 1), "choose", "a")
    many = Target("choose", Rect(0, 0, 1, 1), "choose")
    other = Target("confirm", Rect(0, 0, 1, 1), "confirm")
    marked = frozenset({"b", "a"})
    assert answer_value(one, marked) == "a"
    assert answer_value(many, marked) == ["a", "b"]
    assert answer_value(other, marked) is None
    field = Target("enter", Rect(0, 0, 1, 1), "enter")
    assert answer_value(field, frozenset(), "0042") == "0042"
