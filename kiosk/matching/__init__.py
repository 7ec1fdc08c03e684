"""Face and finger comparison, in a child process that can be slow, crash or hang at no cost to the screen.

The kiosk uses ``Matcher`` and the decisions below. This side imports no engine: OpenCV, dlib and
NBIS live in the child (``python -m kiosk.matching``) only.
"""

from kiosk.matching.client import Matcher
from kiosk.matching.config import MatchingConfig
from kiosk.matching.decisions import (
    FaceDecision,
    FaceOutcome,
    FingerDecision,
    FingerOutcome,
    Framing,
    Guidance,
    MatcherFailed,
    MatcherMisconfigured,
    Quality,
)
from kiosk.matching.memory import wipe

__all__ = [
    "FaceDecision",
    "FaceOutcome",
    "FingerDecision",
    "FingerOutcome",
    "Framing",
    "Guidance",
    "Matcher",
    "MatcherFailed",
    "MatcherMisconfigured",
    "MatchingConfig",
    "Quality",
    "wipe",
]
