"""What comes out of a comparison: outcomes, scores and guidance words, as frozen data."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class MatcherFailed(Exception):
    """The comparison did not take place (child dead, hung or garbling). Try again or go another way."""


class MatcherMisconfigured(Exception):
    """An engine, its weights or the configuration is missing or wrong: staff must mend it."""


class Guidance(StrEnum):
    """What the person before the camera should do, one word at a time."""

    OK = "ok"
    NO_FACE = "no-face"
    ONE_PERSON = "one-person"
    MORE_LIGHT = "more-light"
    LESS_LIGHT = "less-light"
    CLOSER = "closer"
    FARTHER = "farther"
    CENTRE = "centre"
    LOOK_STRAIGHT = "look-straight"
    HOLD_STILL = "hold-still"


class FaceOutcome(StrEnum):
    """``unclear`` is no verdict on the person: nothing usable was there to compare."""

    MATCH = "match"
    NO_MATCH = "no-match"
    UNCLEAR = "unclear"


class FingerOutcome(StrEnum):
    """``too-dry`` stands for every print too poor to compare (dry, worn, wet, partial)."""

    MATCH = "match"
    NO_MATCH = "no-match"
    TOO_DRY = "too-dry"
    NOT_A_FINGER = "not-a-finger"


@dataclass(frozen=True, slots=True)
class Quality:
    """Measures of one face in one frame.

    ``detector`` 0..1; ``eyes_px`` distance between the eyes; ``roll_deg`` tilt; ``yaw`` and ``pitch``
    proxies from five points (nose beside the middle of the eyes per eye distance; nose height
    between eyes and mouth); ``luma`` mean and ``highlight`` 95th percentile of the face, 0..255;
    ``clipped`` and ``frame_clipped`` shares of burnt-out pixels in face and frame; ``sharpness``
    variance of the Laplacian on a crop of fixed eye distance.
    """

    detector: float
    eyes_px: float
    roll_deg: float
    yaw: float
    pitch: float
    luma: float
    highlight: float
    clipped: float
    frame_clipped: float
    sharpness: float


@dataclass(frozen=True, slots=True)
class Framing:
    """Guidance for one frame. ``box`` is left, top, width, height of the face as shares of the frame."""

    guidance: Guidance
    faces: int = 0
    box: tuple[float, float, float, float] | None = None
    quality: Quality | None = None

    @property
    def ok(self) -> bool:
        """Tell whether the frame is good enough to be compared."""
        return self.guidance is Guidance.OK


@dataclass(frozen=True, slots=True)
class FaceDecision:
    """The verdict on one try.

    ``sface`` is a cosine (higher is more alike), ``dlib`` a Euclidean distance (lower is), ``fused``
    the fused distance; the latter two are None when the first engine decided alone. ``frame`` is the
    index of the frame that was compared. When ``unclear``: ``guidance`` says what was wrong with the
    last frame, or ``photo_unusable`` that the card's photo shows no face (no try can mend that).
    """

    outcome: FaceOutcome
    guidance: Guidance = Guidance.OK
    engines: tuple[str, ...] = ()
    frame: int | None = None
    sface: float | None = None
    dlib: float | None = None
    fused: float | None = None
    photo_unusable: bool = False


@dataclass(frozen=True, slots=True)
class FingerDecision:
    """The verdict on one print: best bozorth3 ``score`` over the references, NFIQ 2 ``quality`` 0..100.

    ``score`` is None when nothing was compared; ``reference`` is the index of the best reference.
    """

    outcome: FingerOutcome
    score: int | None = None
    quality: int | None = None
    reference: int | None = None


def framing_from(data: object) -> Framing:
    """Read a ``Framing`` that came over the wire; raises ``ValueError``."""
    fields = _fields(data, Framing)
    box = fields["box"]
    if box is not None and (not isinstance(box, list) or len(box) != 4):
        raise ValueError("box")
    quality = fields["quality"]
    return Framing(
        guidance=Guidance(fields["guidance"]),
        faces=_integer(fields["faces"]),
        box=None if box is None else (_real(box[0]), _real(box[1]), _real(box[2]), _real(box[3])),
        quality=None
        if quality is None
        else Quality(**{name: _real(value) for name, value in _fields(quality, Quality).items()}),
    )


def face_decision_from(data: object) -> FaceDecision:
    """Read a ``FaceDecision`` that came over the wire; raises ``ValueError``."""
    fields = _fields(data, FaceDecision)
    engines = fields["engines"]
    if not isinstance(engines, list) or not set(engines) <= {"sface", "dlib"}:
        raise ValueError("engines")
    if not isinstance(fields["photo_unusable"], bool):
        raise ValueError("photo_unusable")
    decision = FaceDecision(
        outcome=FaceOutcome(fields["outcome"]),
        guidance=Guidance(fields["guidance"]),
        engines=tuple(engines),
        frame=None if fields["frame"] is None else _integer(fields["frame"]),
        sface=_optional_real(fields["sface"]),
        dlib=_optional_real(fields["dlib"]),
        fused=_optional_real(fields["fused"]),
        photo_unusable=fields["photo_unusable"],
    )
    if decision.outcome is not FaceOutcome.UNCLEAR and decision.sface is None:
        raise ValueError("a verdict without a score")
    return decision


def finger_decision_from(data: object) -> FingerDecision:
    """Read a ``FingerDecision`` that came over the wire; raises ``ValueError``."""
    fields = _fields(data, FingerDecision)
    decision = FingerDecision(
        outcome=FingerOutcome(fields["outcome"]),
        score=None if fields["score"] is None else _integer(fields["score"]),
        quality=None if fields["quality"] is None else _integer(fields["quality"]),
        reference=None if fields["reference"] is None else _integer(fields["reference"]),
    )
    if decision.outcome in (FingerOutcome.MATCH, FingerOutcome.NO_MATCH) and decision.score is None:
        raise ValueError("a verdict without a score")
    return decision


def _fields(data: object, kind: type) -> Mapping[str, Any]:
    if not isinstance(data, dict) or set(data) != {f.name for f in dataclasses.fields(kind)}:
        raise ValueError(f"not a {kind.__name__}")
    return data


def _real(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError("not a number")
    return float(value)


def _optional_real(value: object) -> float | None:
    return None if value is None else _real(value)


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("not an integer")
    return value
