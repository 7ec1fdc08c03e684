"""Headers from anywhere, and a configuration that says where it is wrong."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.matching import (
    FaceDecision,
    FaceOutcome,
    Framing,
    Guidance,
    MatcherMisconfigured,
    MatchingConfig,
    Quality,
    wire,
)
from kiosk.matching.decisions import face_decision_from, finger_decision_from, framing_from

SHIPPED = MatchingConfig.load().path.read_text()


@given(st.binary(max_size=300))
def test_bytes_are_a_header_or_a_wire_error(body: bytes) -> None:
    try:
        header = wire.unpack(body)
    except wire.WireError:
        return
    assert header == json.loads(body)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), st.lists, max_leaves=9))
def test_shapes_stay_within_the_limits(shapes: object) -> None:
    try:
        accepted = wire.shapes_of({"shapes": shapes})
    except wire.WireError:
        return
    assert len(accepted) <= wire.ARRAYS_LIMIT
    assert all(min(shape) >= 1 for shape in accepted)


@pytest.mark.parametrize("shape", [[1 << 40], [5000, 5000, 3], [-1, -1], [True, 4], [0, 9], [], [1, 1, 1, 1]])
def test_sizes_that_would_eat_the_memory_are_refused(shape: list[int]) -> None:
    with pytest.raises(wire.WireError):
        wire.shapes_of({"shapes": [shape]})


def test_a_header_too_long_is_refused_by_its_length() -> None:
    with pytest.raises(wire.WireError):
        wire.header_length(b"\x7f\xff\xff\xff")


def test_decisions_survive_the_wire() -> None:
    quality = Quality(0.9, 80.0, 1.0, 0.0, 0.6, 120.0, 200.0, 0.0, 0.0, 99.0)
    framing = Framing(Guidance.OK, 1, (0.1, 0.2, 0.3, 0.4), quality)
    assert framing_from(json.loads(json.dumps(dataclasses.asdict(framing)))) == framing
    decision = FaceDecision(
        FaceOutcome.MATCH, engines=("sface", "dlib"), frame=0, sface=0.4, dlib=0.4, fused=1.6
    )
    assert face_decision_from(json.loads(json.dumps(dataclasses.asdict(decision)))) == decision


def test_a_verdict_without_a_score_is_no_verdict() -> None:
    with pytest.raises(ValueError):
        face_decision_from(json.loads(json.dumps(dataclasses.asdict(FaceDecision(FaceOutcome.MATCH)))))
    with pytest.raises(ValueError):
        finger_decision_from({"outcome": "match", "score": None, "quality": 50, "reference": None})


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("yaw_max = 0.12", "yaw_maximum = 0.12", "yaw_maximum is unknown"),
        ("sface_match = 0.50", "sface_match = '0.50'", "sface_match must be float"),
        ("score_match = 40", "score_match = true", "score_match must be int"),
        ("fused_match = 1.885", "fused_match = inf", "fused_match must be finite"),
        ("sface_no_match = 0.25", "sface_no_match = 0.75", "sface_no_match must not exceed"),
        ("[finger]", "[fingers]", "fingers is unknown"),
    ],
)
def test_a_wrong_key_is_told_with_file_and_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in SHIPPED
    path = tmp_path / "matching.toml"
    path.write_text(SHIPPED.replace(old, new))
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if text.startswith(new))
    with pytest.raises(MatcherMisconfigured, match=re.escape(f"matching.toml:{line}: {told}")):
        MatchingConfig.load(path)


def test_a_missing_key_and_a_missing_file_are_told(tmp_path: Path) -> None:
    path = tmp_path / "matching.toml"
    with pytest.raises(MatcherMisconfigured, match=r"matching\.toml"):
        MatchingConfig.load(path)
    path.write_text(SHIPPED.replace("fused_match = 1.885", ""))
    with pytest.raises(MatcherMisconfigured, match="decision lacks fused_match"):
        MatchingConfig.load(path)


def test_the_kiosks_side_imports_no_engine() -> None:
    """What the kiosk imports must not load OpenCV, dlib or NBIS into its own process."""
    source = "import sys, kiosk.matching; print([m for m in ('cv2', 'dlib', 'nbis') if m in sys.modules])"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
