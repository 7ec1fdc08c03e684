"""Every kind of bad frame gets the word that mends it; a good one is ok."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from kiosk.matching import Guidance, Matcher


@pytest.mark.parametrize(
    ("pose", "word"),
    [
        ("neutral", Guidance.OK),
        ("close", Guidance.OK),
        ("dark", Guidance.MORE_LIGHT),
        ("bright", Guidance.LESS_LIGHT),
        ("blur", Guidance.HOLD_STILL),
        ("far", Guidance.CLOSER),
        ("left", Guidance.LOOK_STRAIGHT),
    ],
)
def test_every_person_gets_the_same_word_for_the_same_pose(
    run: Any, matcher: Matcher, people: Any, pose: str, word: Guidance
) -> None:
    words = {name: run(matcher.guide(people.frame(name, pose))).guidance for name in people.names}
    assert words == dict.fromkeys(people.names, word)


def test_a_head_turned_the_other_way_is_never_sent_away_for_anything_but_its_pose(
    run: Any, matcher: Matcher, people: Any
) -> None:
    words = {run(matcher.guide(people.frame(name, "right"))).guidance for name in people.names}
    assert words <= {Guidance.LOOK_STRAIGHT, Guidance.OK}
    assert Guidance.LOOK_STRAIGHT in words


def test_two_people(run: Any, matcher: Matcher, people: Any) -> None:
    frames = people.others("two")
    assert frames
    for name, frame in frames.items():
        framing = run(matcher.guide(frame))
        assert (framing.guidance, framing.faces) == (Guidance.ONE_PERSON, 2), name


def test_empty_rooms_and_a_covered_face(run: Any, matcher: Matcher, people: Any) -> None:
    frames = people.others("none")
    assert "covered" in frames
    for name, frame in frames.items():
        framing = run(matcher.guide(frame))
        assert (framing.guidance, framing.faces, framing.box) == (Guidance.NO_FACE, 0, None), name


def test_a_frame_without_light_asks_for_light_and_a_white_one_for_less(run: Any, matcher: Matcher) -> None:
    black = np.zeros((480, 640, 3), np.uint8)
    assert run(matcher.guide(black)).guidance is Guidance.MORE_LIGHT
    assert run(matcher.guide(np.full_like(black, 255))).guidance is Guidance.LESS_LIGHT


def test_the_box_follows_the_face_and_a_face_at_the_edge_is_sent_to_the_centre(
    run: Any, matcher: Matcher, people: Any
) -> None:
    frame = people.frame("p02", "neutral")
    middle = run(matcher.guide(frame))
    move = np.array([[1.0, 0.0, 170.0], [0.0, 1.0, 0.0]])
    shifted = cv2.warpAffine(frame, move, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    moved = run(matcher.guide(np.asarray(shifted, np.uint8)))
    assert moved.guidance is Guidance.CENTRE
    assert moved.box[0] - middle.box[0] == pytest.approx(170 / 640, abs=0.03)


def test_a_face_that_fills_the_frame_is_sent_back(run: Any, matcher: Matcher, people: Any) -> None:
    part = people.frame("p02", "close")[100:400, 120:520]
    large = cv2.resize(part, (640, 480), interpolation=cv2.INTER_CUBIC)
    assert run(matcher.guide(np.asarray(large, np.uint8))).guidance is Guidance.FARTHER


def test_a_tilted_head_is_asked_to_look_straight(run: Any, matcher: Matcher, people: Any) -> None:
    frame = people.frame("p02", "neutral")
    turn = cv2.getRotationMatrix2D((320, 230), 15, 1.0)
    tilted = cv2.warpAffine(frame, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    framing = run(matcher.guide(np.asarray(tilted, np.uint8)))
    assert framing.guidance is Guidance.LOOK_STRAIGHT
    assert abs(framing.quality.roll_deg) == pytest.approx(15, abs=4)


def test_larger_frames_are_judged_alike(run: Any, matcher: Matcher, people: Any) -> None:
    frame = cv2.resize(people.frame("p11", "neutral"), (1280, 960), interpolation=cv2.INTER_CUBIC)
    wide = run(matcher.guide(np.asarray(frame[120:840], np.uint8)))
    assert wide.faces == 1
    assert wide.quality.eyes_px > 130
