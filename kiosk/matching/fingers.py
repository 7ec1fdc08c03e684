"""1:1 finger comparison: records of the card against one image of the pad.

NIST's NBIS through ``nbis-py``: minutiae by mindtct, likeness by bozorth3, quality by NFIQ 2, and a check by
spectrum (SIVV) that the image shows ridges at all. References are ISO/IEC 19794-2:2005 records; the format
has no integrity check, so a mutilated record may be read as a poor one. On a very small image the
library aborts its process: sizes are limited, and this belongs into the child.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from kiosk.matching.config import Finger
from kiosk.matching.decisions import FingerDecision, FingerOutcome
from kiosk.matching.wire import Pixels


class BadReference(ValueError):
    """None of the references is a record that can be read."""


class FingerMatcher:
    """One extractor, made when first needed."""

    def __init__(self, config: Finger) -> None:
        self._config = config
        self._nbis: Any = None
        self._extractor: Any = None

    def warm_up(self) -> None:
        """Load the library."""
        if self._extractor is None:
            self._nbis = importlib.import_module("nbis")
            self._extractor = self._nbis.new_nbis_extractor(
                self._nbis.NbisExtractorSettings(
                    min_quality=0.0,
                    get_center=False,
                    check_fingerprint=True,
                    compute_nfiq2=True,
                    ppi=self._config.resolution_dpi,
                )
            )

    def compare(self, references: Sequence[bytes], image: Pixels) -> FingerDecision:
        """Compare ``image`` (rows, columns; 8-bit grey) with every reference; the best one counts.

        Raises ``ValueError`` for an image outside of the size limits and ``BadReference``.
        """
        limits = self._config
        sides = range(limits.side_px_min, limits.side_px_max + 1)
        if image.ndim != 2 or image.shape[0] not in sides or image.shape[1] not in sides:
            raise ValueError(f"a finger image of shape {image.shape}")
        self.warm_up()
        records = self._records(references)
        try:
            print_ = self._extractor.extract_minutiae(_as_file(image))
        except self._nbis.NbisError.Nfiq2ComputeFailed:
            # Ridges were seen by the spectrum check, yet too few of them to grade.
            return FingerDecision(FingerOutcome.TOO_DRY)
        quality = int(print_.quality().score)
        minutiae = len(print_.get())
        if minutiae == 0 and quality == 0:
            return FingerDecision(FingerOutcome.NOT_A_FINGER)
        if quality < limits.quality_min or minutiae < limits.minutiae_min:
            return FingerDecision(FingerOutcome.TOO_DRY, quality=quality)
        scores = [(int(record.compare(print_)), -index) for index, record in records]
        score, index = max(scores)
        outcome = FingerOutcome.MATCH if score >= limits.score_match else FingerOutcome.NO_MATCH
        return FingerDecision(outcome, score=score, quality=quality, reference=-index)

    def _records(self, references: Sequence[bytes]) -> list[tuple[int, Any]]:
        records = []
        for index, reference in enumerate(references):
            try:
                records.append((index, self._extractor.load_iso_19794_2_2005(reference)))
            except self._nbis.NbisError:
                continue
        if not records:
            raise BadReference("no reference can be read")
        return records


def _as_file(image: Pixels) -> bytes:
    """Return ``image`` as a binary PGM, which the library reads, without a compressor's time."""
    ok, data = cv2.imencode(".pgm", np.ascontiguousarray(image))
    if not ok:
        raise ValueError("image cannot be encoded")
    return data.tobytes()
