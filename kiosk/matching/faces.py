"""1:1 face comparison: the card's photo against frames of the camera.

YuNet finds, SFace (OpenCV) compares. A cosine that is clear either way decides alone. In between dlib's
face network, the engine of ``face_recognition``, gives a second opinion, and the sum of both distances, each
divided by its usual limit, decides. One frame is compared: the sharpest of those within the gates.

No presentation attack detection: a good print or screen passes (see docs/biometrics.md).
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.matching.config import MatchingConfig
from kiosk.matching.decisions import FaceDecision, FaceOutcome, Framing, Guidance
from kiosk.matching.detection import Detector, Face
from kiosk.matching.memory import wipe
from kiosk.matching.quality import judge, judge_empty, measure
from kiosk.matching.weights import WeightFiles, verify_first_engine, verify_second_engine
from kiosk.matching.wire import Pixels

# A chip photo is 102x126; the detector wants a face of a hundred pixels and more.
_SMALL_PHOTO_PX = 200
_ENLARGE = 3

Features = NDArray[np.float32]


class FaceMatcher:
    """Both engines. Single-threaded, and not for the kiosk's own process.

    The second engine is loaded by ``warm`` or by the first decision that needs it. Both that and the
    constructor raise ``MatcherMisconfigured`` when something is missing or is not the measured file.
    """

    def __init__(self, config: MatchingConfig, files: WeightFiles) -> None:
        yunet, sface = verify_first_engine(files, config.weights)
        cv2.setNumThreads(1)
        self._config = config
        self._files = files
        self._detector = Detector(yunet, config.detector.score_min)
        self._sface = cv2.FaceRecognizerSF.create(sface, "")
        self._second: _SecondEngine | None = None
        self._used: set[str] = set()

    @property
    def warm(self) -> bool:
        """Tell whether the second engine is loaded."""
        return self._second is not None

    def warm_up(self) -> None:
        """Load the second engine and run each network once, so that no person waits for it."""
        blank: Pixels = np.zeros((112, 112, 3), np.uint8)
        self._sface.feature(blank)
        self._second_engine().run_blank()

    def guide(self, frame: Pixels) -> Framing:
        """Say what is wrong with ``frame`` (rows, columns, 3; blue, green, red)."""
        framing, _ = self._look(frame)
        return framing

    def compare(self, photo: Pixels, frames: Sequence[Pixels]) -> FaceDecision:
        """Decide whether ``photo`` (grey or colour) and the best of ``frames`` show the same person."""
        looks = [self._look(frame) for frame in frames]
        usable = [(i, *look) for i, look in enumerate(looks) if look[0].ok]
        if not usable:
            guidance = looks[-1][0].guidance if looks else Guidance.NO_FACE
            return FaceDecision(FaceOutcome.UNCLEAR, guidance)
        index, _, found = max(usable, key=lambda look: look[1].quality.sharpness if look[1].quality else 0.0)
        assert found is not None
        frame = frames[index]
        card = _card_photo(photo)
        faces = self._detector.find(card)
        if not faces:
            wipe(card)
            return FaceDecision(FaceOutcome.UNCLEAR, photo_unusable=True)
        decision = self._decide(card, faces[0], frame, found, index)
        wipe(card)
        return decision

    def wash(self) -> None:
        """Overwrite what the networks still hold of the last person, by running them on nothing."""
        if "yunet" in self._used:
            width = self._config.detector.guide_width_px
            for size in ((width * 3 // 4, width), (378, 306)):
                self._detector.find(np.zeros((*size, 3), np.uint8))
        if "sface" in self._used:
            self._sface.feature(np.zeros((112, 112, 3), np.uint8))
        if "dlib" in self._used and self._second is not None:
            self._second.run_blank()
        self._used.clear()

    def _look(self, frame: Pixels) -> tuple[Framing, Face | None]:
        gates = self._config.gates
        height, width = frame.shape[:2]
        scale = min(1.0, self._config.detector.guide_width_px / width)
        small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(
            np.uint8, copy=False
        )
        self._used.add("yunet")
        faces = self._detector.find(small)
        if not faces:
            framing = Framing(judge_empty(gates, small))
            wipe(small)
            return framing, None
        # The reduced copy shows where the face is, not how it is held: tilt is not seen there.
        face = self._detector.refine(frame, faces[0].moved(1.0 / scale, 0.0, 0.0))
        left, top, box_width, box_height = face.box
        box = (left / width, top / height, box_width / width, box_height / height)
        quality = measure(frame, small, face)
        off_centre = max(abs(box[0] + box[2] / 2 - 0.5), abs(box[1] + box[3] / 2 - 0.5))
        guidance = judge(gates, quality, off_centre)
        if len(faces) > 1 and faces[1].row[2] >= gates.second_face_min * faces[0].row[2]:
            guidance = Guidance.ONE_PERSON
        wipe(small)
        return Framing(guidance, len(faces), box, quality), face

    def _decide(self, card: Pixels, card_face: Face, frame: Pixels, face: Face, index: int) -> FaceDecision:
        limits = self._config.thresholds
        own, other = self._features(card, card_face), self._features(frame, face)
        cosine = float((own * other).sum() / (np.linalg.norm(own) * np.linalg.norm(other) + 1e-12))
        wipe(own, other)
        if cosine >= limits.sface_match:
            return FaceDecision(FaceOutcome.MATCH, engines=("sface",), frame=index, sface=cosine)
        if cosine < limits.sface_no_match:
            return FaceDecision(FaceOutcome.NO_MATCH, engines=("sface",), frame=index, sface=cosine)
        self._used.add("dlib")
        distance = self._second_engine().distance(card, card_face, frame, face)
        fused = distance / limits.dlib_scale + (1.0 - cosine) / limits.sface_scale
        return FaceDecision(
            FaceOutcome.MATCH if fused <= limits.fused_match else FaceOutcome.NO_MATCH,
            engines=("sface", "dlib"),
            frame=index,
            sface=cosine,
            dlib=distance,
            fused=fused,
        )

    def _features(self, picture: Pixels, face: Face) -> Features:
        self._used.add("sface")
        crop = self._sface.alignCrop(picture, face.row)
        features: Features = np.array(self._sface.feature(crop), dtype=np.float32)
        wipe(crop)
        return features

    def _second_engine(self) -> _SecondEngine:
        if self._second is None:
            self._second = _SecondEngine(*verify_second_engine(self._files, self._config.weights))
        return self._second


class _SecondEngine:
    """dlib: five-point predictor and face network, as ``face_recognition.face_encodings(model="small")``.

    Called without that package, whose import also loads a detector, the 68-point predictor (100 MB, and
    trained on data that excludes commercial use) and quits the process when its models are missing.
    """

    def __init__(self, points: str, face: str) -> None:
        self._dlib: Any = importlib.import_module("dlib")
        self._points = self._dlib.shape_predictor(points)
        self._face = self._dlib.face_recognition_model_v1(face)

    def distance(self, card: Pixels, card_face: Face, frame: Pixels, face: Face) -> float:
        """Return the Euclidean distance between both faces' 128 numbers."""
        own, other = self.features(card, card_face), self.features(frame, face)
        distance = float(np.linalg.norm(own - other))
        wipe(own, other)
        return distance

    def features(self, picture: Pixels, face: Face) -> NDArray[np.float64]:
        left, top, width, height = face.box
        box = self._dlib.rectangle(round(left), round(top), round(left + width), round(top + height))
        rgb = np.ascontiguousarray(picture[:, :, ::-1])
        features = np.array(self._face.compute_face_descriptor(rgb, self._points(rgb, box)))
        wipe(rgb)
        return features

    def run_blank(self) -> None:
        """Run the networks on a black picture."""
        blank = np.zeros((150, 150, 3), np.uint8)
        self._face.compute_face_descriptor(blank, self._points(blank, self._dlib.rectangle(25, 25, 125, 125)))


def _card_photo(photo: Pixels) -> Pixels:
    """Return a colour copy of ``photo``, a chip's small one enlarged."""
    colour = cv2.cvtColor(photo, cv2.COLOR_GRAY2BGR) if photo.ndim == 2 else photo.copy()
    if colour.shape[1] >= _SMALL_PHOTO_PX:
        return np.asarray(colour, dtype=np.uint8)
    large = cv2.resize(colour, None, fx=_ENLARGE, fy=_ENLARGE, interpolation=cv2.INTER_CUBIC)
    wipe(colour)
    return np.asarray(large, dtype=np.uint8)
