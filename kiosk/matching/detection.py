"""Faces found in a picture: YuNet's box and five points, in the picture's own pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.matching.memory import wipe
from kiosk.matching.wire import Pixels

Row = NDArray[np.float32]
"""15 numbers: left, top, width, height; x, y of right eye, left eye, nose, mouth corners; score."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One found face."""

    row: Row

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, width, height in pixels."""
        return float(self.row[0]), float(self.row[1]), float(self.row[2]), float(self.row[3])

    @property
    def score(self) -> float:
        return float(self.row[14])

    @property
    def eyes(self) -> tuple[float, float]:
        """The middle between the eyes."""
        return float(self.row[4] + self.row[6]) / 2, float(self.row[5] + self.row[7]) / 2

    @property
    def eyes_px(self) -> float:
        """Distance between the eyes; never 0."""
        return max(1.0, math.hypot(float(self.row[6] - self.row[4]), float(self.row[7] - self.row[5])))

    @property
    def roll_deg(self) -> float:
        return math.degrees(math.atan2(float(self.row[7] - self.row[5]), float(self.row[6] - self.row[4])))

    @property
    def yaw(self) -> float:
        """How far the nose stands beside the middle of the eyes, per eye distance; 0 is straight."""
        return (float(self.row[8]) - self.eyes[0]) / self.eyes_px

    @property
    def pitch(self) -> float:
        """How far down from eyes (0) to mouth (1) the nose is; about 0.6 is straight."""
        mouth = float(self.row[11] + self.row[13]) / 2
        return (float(self.row[9]) - self.eyes[1]) / max(1.0, mouth - self.eyes[1])

    def moved(self, scale: float, left: float, top: float) -> Face:
        """Return the face in a picture that is ``scale`` times as large and begins at ``-left, -top``."""
        row = self.row.copy()
        row[:14] *= scale
        row[[0, 4, 6, 8, 10, 12]] += left
        row[[1, 5, 7, 9, 11, 13]] += top
        return Face(row)


class Detector:
    """YuNet (OpenCV ``FaceDetectorYN``)."""

    def __init__(self, model: str, score_min: float) -> None:
        self._net = cv2.FaceDetectorYN.create(model, "", (320, 320), score_min, 0.3, 50)

    def find(self, picture: Pixels) -> list[Face]:
        """Return the faces in a colour picture, the widest first."""
        height, width = picture.shape[:2]
        self._net.setInputSize((width, height))
        # OpenCV's own types leave out that there are no rows without a face.
        rows: Any = self._net.detect(picture)[1]
        if rows is None:
            return []
        return sorted(
            (Face(np.asarray(row, dtype=np.float32)) for row in rows), key=lambda face: -float(face.row[2])
        )

    def refine(self, picture: Pixels, face: Face) -> Face:
        """Return ``face``, found on a reduced copy, with its points as seen at full size.

        Only the face's surroundings are searched. A face not found again is returned as it was.
        """
        left, top, width, height = face.box
        x0, y0 = max(0, int(left - 0.3 * width)), max(0, int(top - 0.3 * height))
        x1 = min(picture.shape[1], int(left + 1.3 * width))
        y1 = min(picture.shape[0], int(top + 1.3 * height))
        if x1 - x0 < 32 or y1 - y0 < 32:
            return face
        part = np.ascontiguousarray(picture[y0:y1, x0:x1])
        found = self.find(part)
        wipe(part)
        return found[0].moved(1.0, x0, y0) if found else face
