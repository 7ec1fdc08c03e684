"""Own face: match. Another's: no match, for every pair. Nothing usable: unclear, with the reason."""

from __future__ import annotations

import dataclasses
import importlib
from typing import Any

import cv2
import numpy as np
import pytest

from kiosk.matching import FaceOutcome, Guidance, Matcher, MatchingConfig
from kiosk.matching.detection import Face
from kiosk.matching.faces import FaceMatcher
from kiosk.matching.weights import locate


@pytest.fixture(scope="module")
def engines() -> FaceMatcher:
    return FaceMatcher(MatchingConfig.load(), locate())


@pytest.mark.parametrize("pose", ["neutral", "close"])
def test_everyone_is_taken_for_the_person_of_the_card(
    run: Any, matcher: Matcher, people: Any, pose: str
) -> None:
    for name in people.names:
        decision = run(matcher.compare_face(people.chip(name), [people.frame(name, pose)]))
        assert decision.outcome is FaceOutcome.MATCH, (name, decision)


def test_nobody_is_taken_for_another(run: Any, matcher: Matcher, people: Any) -> None:
    assert len(people.names) >= 10
    wrong = []
    for card in people.names:
        chip = people.chip(card)
        for name in people.names:
            if name != card:
                decision = run(matcher.compare_face(chip, [people.frame(name, "neutral")]))
                if decision.outcome is not FaceOutcome.NO_MATCH:
                    wrong.append((card, name, decision))
    assert wrong == []


def test_the_good_one_of_several_frames_is_compared(run: Any, matcher: Matcher, people: Any) -> None:
    frames = [people.frame("p11", pose) for pose in ("blur", "dark", "neutral", "far")]
    decision = run(matcher.compare_face(people.chip("p11"), frames))
    assert (decision.outcome, decision.frame) == (FaceOutcome.MATCH, 2)


def test_frames_outside_of_the_gates_are_never_compared(run: Any, matcher: Matcher, people: Any) -> None:
    frames = [people.frame("p02", "blur"), people.frame("p02", "far")]
    decision = run(matcher.compare_face(people.chip("p02"), frames))
    assert decision.outcome is FaceOutcome.UNCLEAR
    assert decision.guidance is Guidance.CLOSER
    assert decision.engines == ()
    assert decision.sface is None


def test_two_people_are_not_compared_even_when_one_is_the_right_one(
    run: Any, matcher: Matcher, people: Any
) -> None:
    decision = run(matcher.compare_face(people.chip("p01"), [people.others("two")["two1_p01_p08"]]))
    assert (decision.outcome, decision.guidance) == (FaceOutcome.UNCLEAR, Guidance.ONE_PERSON)


def test_a_photo_without_a_face_is_told_apart_from_a_bad_frame(
    run: Any, matcher: Matcher, people: Any
) -> None:
    grey = np.full((126, 102), 128, np.uint8)
    decision = run(matcher.compare_face(grey, [people.frame("p02", "neutral")]))
    assert decision.outcome is FaceOutcome.UNCLEAR
    assert decision.photo_unusable


def test_a_grey_photo_counts_as_a_colour_one(run: Any, matcher: Matcher, people: Any) -> None:
    chip, frame = people.chip("p03"), people.frame("p03", "neutral")
    grey = cv2.cvtColor(chip, cv2.COLOR_BGR2GRAY)
    one, other = run(matcher.compare_face(chip, [frame])), run(matcher.compare_face(grey, [frame]))
    assert one.sface == pytest.approx(other.sface, abs=0.02)


def test_near_the_threshold_the_second_engine_is_heard_and_the_sum_decides(people: Any) -> None:
    """With the clear zones moved away, both outcomes come from the fused distance alone."""
    config = MatchingConfig.load()
    wide = dataclasses.replace(config.thresholds, sface_match=0.99, sface_no_match=-0.99)
    engines = FaceMatcher(dataclasses.replace(config, thresholds=wide), locate())
    for card, name, outcome in (("p02", "p02", FaceOutcome.MATCH), ("p02", "p05", FaceOutcome.NO_MATCH)):
        decision = engines.compare(people.chip(card), [people.frame(name, "neutral")])
        assert decision.outcome is outcome
        assert decision.engines == ("sface", "dlib")
        assert decision.dlib is not None
        assert decision.sface is not None
        fused = decision.dlib / 0.60 + (1 - decision.sface) / 0.64
        assert decision.fused == pytest.approx(fused)
        assert (fused <= config.thresholds.fused_match) == (outcome is FaceOutcome.MATCH)


def test_clear_cases_leave_the_second_engine_alone(engines: FaceMatcher, people: Any) -> None:
    decision = engines.compare(people.chip("p02"), [people.frame("p02", "neutral")])
    assert decision.engines == ("sface",)
    assert not engines.warm


def test_the_second_opinion_is_the_one_of_face_recognition(engines: FaceMatcher, people: Any) -> None:
    """Number for number what ``face_recognition.face_encodings(model="small")`` gives for the same box."""
    library: Any = importlib.import_module("face_recognition")
    frame = people.frame("p11", "neutral")
    face = engines._detector.find(frame)[0]
    left, top, width, height = face.box
    box = (round(top), round(left + width), round(top + height), round(left))
    theirs = library.face_encodings(np.ascontiguousarray(frame[:, :, ::-1]), [box], model="small")[0]
    ours = engines._second_engine().features(frame, face)
    assert ours == pytest.approx(theirs, abs=1e-6)


def test_refining_finds_the_same_face_as_the_whole_picture(engines: FaceMatcher, people: Any) -> None:
    frame = people.frame("p05", "neutral")
    whole = engines._detector.find(frame)[0]
    small = engines._detector.find(cv2.resize(frame, (320, 240), interpolation=cv2.INTER_AREA))[0]
    refined = engines._detector.refine(frame, small.moved(2.0, 0.0, 0.0))
    assert isinstance(refined, Face)
    # The quantised detector's points move by some pixels with where its grid lies.
    assert np.abs(refined.row[4:14] - whole.row[4:14]).max() < 0.2 * whole.eyes_px
