"""``config/matching.toml`` as frozen data. An unknown, missing or wrong key names its file and line."""

from __future__ import annotations

import dataclasses
import math
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, get_type_hints

from kiosk.matching.decisions import MatcherMisconfigured

DEFAULT_PATH: Final = Path(__file__).parents[2] / "config" / "matching.toml"

Table = TypeVar("Table")


@dataclass(frozen=True, slots=True)
class Detector:
    """``[face.detector]``"""

    score_min: float
    guide_width_px: int


@dataclass(frozen=True, slots=True)
class Gates:
    """``[face.gates]``: limits on ``decisions.Quality``."""

    detector_min: float
    eyes_px_min: float
    eyes_px_max: float
    roll_deg_max: float
    yaw_max: float
    pitch_min: float
    pitch_max: float
    highlight_min: float
    luma_max: float
    clipped_max: float
    frame_clipped_max: float
    sharpness_min: float
    centre_max: float
    second_face_min: float


@dataclass(frozen=True, slots=True)
class Thresholds:
    """``[face.decision]``"""

    sface_match: float
    sface_no_match: float
    fused_match: float
    dlib_scale: float
    sface_scale: float


@dataclass(frozen=True, slots=True)
class Finger:
    """``[finger]``"""

    score_match: int
    quality_min: int
    minutiae_min: int
    side_px_min: int
    side_px_max: int
    resolution_dpi: float


@dataclass(frozen=True, slots=True)
class Worker:
    """``[worker]``: the longest that each call may take, and the pauses between restarts."""

    start_s: float
    guide_s: float
    face_s: float
    finger_s: float
    backoff_first_s: float
    backoff_most_s: float


@dataclass(frozen=True, slots=True)
class Weights:
    """``[weights]``: SHA-256 of each file, in hex."""

    yunet: str
    sface: str
    dlib_points: str
    dlib_face: str


@dataclass(frozen=True, slots=True)
class MatchingConfig:
    """The whole file, and where it was read."""

    path: Path
    detector: Detector
    gates: Gates
    thresholds: Thresholds
    finger: Finger
    worker: Worker
    weights: Weights

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> MatchingConfig:
        """Read ``path``; raises ``MatcherMisconfigured`` naming file and line."""
        try:
            source = path.read_text(encoding="utf-8")
            tables = tomllib.loads(source)
        except (OSError, ValueError) as error:
            raise MatcherMisconfigured(f"{path}: {error}") from error
        read = _Reader(path, source)
        read.only(tables, ("face", "finger", "worker", "weights"))
        face = read.table(tables, "face")
        read.only(face, ("detector", "gates", "decision"))
        config = cls(
            path=path,
            detector=read.fill(Detector, face, "detector"),
            gates=read.fill(Gates, face, "gates"),
            thresholds=read.fill(Thresholds, face, "decision"),
            finger=read.fill(Finger, tables, "finger"),
            worker=read.fill(Worker, tables, "worker"),
            weights=read.fill(Weights, tables, "weights"),
        )
        if config.thresholds.sface_no_match > config.thresholds.sface_match:
            raise read.error("sface_no_match", "must not exceed sface_match")
        return config


class _Reader:
    def __init__(self, path: Path, source: str) -> None:
        self._path = path
        self._lines = source.splitlines()

    def error(self, key: str, what: str) -> MatcherMisconfigured:
        pattern = re.compile(rf"\s*\[?(?:[\w.]+\.)?{re.escape(key)}\s*[\]=]")
        for number, line in enumerate(self._lines, 1):
            if pattern.match(line):
                return MatcherMisconfigured(f"{self._path}:{number}: {key} {what}")
        return MatcherMisconfigured(f"{self._path}: {key} {what}")

    def only(self, table: dict[str, Any], known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                raise self.error(key, "is unknown")

    def table(self, parent: dict[str, Any], name: str) -> dict[str, Any]:
        table = parent.get(name)
        if not isinstance(table, dict):
            raise self.error(name, "is missing")
        return table

    def fill(self, kind: type[Table], parent: dict[str, Any], name: str) -> Table:
        table = self.table(parent, name)
        types = get_type_hints(kind)
        names = tuple(field.name for field in dataclasses.fields(kind))  # type: ignore[arg-type]
        self.only(table, names)
        values = {}
        for key in names:
            if key not in table:
                raise self.error(name, f"lacks {key}")
            values[key] = self._value(key, table[key], types[key])
        return kind(**values)

    def _value(self, key: str, value: object, kind: type) -> object:
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise self.error(key, f"must be {kind.__name__}")
        if isinstance(value, float) and not math.isfinite(value):
            raise self.error(key, "must be finite")
        return value
