"""Same finger, other finger, dry, empty, noise, unreadable record, impossible size."""

from __future__ import annotations

import dataclasses
from typing import Any

import cv2
import numpy as np
import pytest

from kiosk.matching import FingerOutcome, Matcher, MatcherFailed, MatchingConfig
from kiosk.matching.fingers import FingerMatcher

FINGERS = [f"f{number:02d}" for number in range(1, 15)]


def test_every_finger_is_known_by_another_impression(run: Any, matcher: Matcher, fingers: Any) -> None:
    for finger in FINGERS:
        decision = run(matcher.compare_finger([fingers.record(finger)], fingers.image(finger, 2)))
        assert decision.outcome is FingerOutcome.MATCH, (finger, decision)


def test_no_finger_is_taken_for_the_next(run: Any, matcher: Matcher, fingers: Any) -> None:
    for finger, other in zip(FINGERS, FINGERS[1:] + FINGERS[:1], strict=True):
        decision = run(matcher.compare_finger([fingers.record(finger)], fingers.image(other, 1)))
        assert decision.outcome is FingerOutcome.NO_MATCH, (finger, other, decision)


def test_either_of_two_references_may_match(run: Any, matcher: Matcher, fingers: Any) -> None:
    references = [fingers.record("f05"), fingers.record("f01")]
    decision = run(matcher.compare_finger(references, fingers.image("f01", 3)))
    assert (decision.outcome, decision.reference) == (FingerOutcome.MATCH, 1)


def test_a_print_with_hardly_a_ridge_is_too_dry(run: Any, matcher: Matcher, fingers: Any) -> None:
    faded = cv2.dilate(fingers.image("f01", 1), np.ones((5, 5), np.uint8))
    decision = run(matcher.compare_finger([fingers.record("f01")], np.asarray(faded, np.uint8)))
    assert decision.outcome is FingerOutcome.TOO_DRY
    assert decision.score is None


def test_low_quality_is_too_dry_even_if_it_would_match(fingers: Any) -> None:
    strict = FingerMatcher(_finger_config(quality_min=99))
    decision = strict.compare([fingers.record("f01")], fingers.image("f01", 1))
    assert decision.outcome is FingerOutcome.TOO_DRY
    assert decision.quality is not None
    assert 0 < decision.quality < 99


@pytest.mark.parametrize("kind", ["white", "black", "gradient"])
def test_what_has_no_ridges_is_no_finger(run: Any, matcher: Matcher, fingers: Any, kind: str) -> None:
    images = {
        "white": np.full((288, 256), 255, np.uint8),
        "black": np.zeros((288, 256), np.uint8),
        "gradient": np.tile(np.arange(256, dtype=np.uint8), (288, 1)),
    }
    decision = run(matcher.compare_finger([fingers.record("f01")], images[kind]))
    assert decision.outcome is FingerOutcome.NOT_A_FINGER


def test_noise_never_matches(run: Any, matcher: Matcher, fingers: Any) -> None:
    """The spectrum check lets some noise pass as a poor print; the score does not."""
    for seed in range(10):
        noise = np.random.default_rng(seed).integers(0, 256, (288, 256), dtype=np.uint8)
        decision = run(matcher.compare_finger([fingers.record("f01")], noise))
        assert decision.outcome is not FingerOutcome.MATCH
        assert decision.score is None or decision.score < 20


@pytest.mark.parametrize("shape", [(8, 8), (64, 64), (288, 2000), (288, 256, 3), (73728,)])
def test_impossible_sizes_never_reach_the_library(
    run: Any, matcher: Matcher, fingers: Any, shape: tuple[int, ...]
) -> None:
    image = np.zeros(shape, np.uint8)
    with pytest.raises(ValueError):
        run(matcher.compare_finger([fingers.record("f01")], image))
    with pytest.raises(ValueError):
        FingerMatcher(_finger_config()).compare([fingers.record("f01")], image)


def test_what_is_no_record_is_refused(run: Any, matcher: Matcher, fingers: Any) -> None:
    image = fingers.image("f01", 1)
    for references in ([], [b""], [b"C\x00\x00"], [b"FMR\x00" + bytes(5000)]):
        with pytest.raises(ValueError):
            run(matcher.compare_finger(references, image))


def test_a_broken_record_fails_the_call_and_not_the_child(run: Any, matcher: Matcher, fingers: Any) -> None:
    pid, image = matcher.pid, fingers.image("f01", 1)
    with pytest.raises(MatcherFailed, match="no reference"):
        run(matcher.compare_finger([fingers.record("f01")[:20]], image))
    both = [fingers.record("f01")[:20], fingers.record("f01")]
    assert run(matcher.compare_finger(both, image)).reference == 1
    assert matcher.pid == pid


def test_mutilated_records_do_no_harm(run: Any, matcher: Matcher, fingers: Any) -> None:
    """The format has no integrity check: a changed record may be read, and must not match more."""
    rng, pid = np.random.default_rng(7), matcher.pid
    for _ in range(15):
        record = bytearray(fingers.record("f01"))
        for place in rng.integers(4, len(record), 40):
            record[place] = int(rng.integers(0, 256))
        try:
            decision = run(matcher.compare_finger([bytes(record)], fingers.image("f03", 1)))
        except MatcherFailed:
            continue
        assert decision.outcome is FingerOutcome.NO_MATCH
    assert matcher.pid == pid


def _finger_config(**changes: Any) -> Any:
    return dataclasses.replace(MatchingConfig.load().finger, **changes)
