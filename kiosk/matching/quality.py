"""Is a frame fit to be compared, and if not, what should the person do?

The measures follow ISO/IEC 29794-5 in kind (pose, illumination, sharpness, inter-eye distance), not in
their exact formulas; they have not been compared with the standard's reference software (OFIQ).
"""

from __future__ import annotations

import cv2
import numpy as np

from kiosk.matching.config import Gates
from kiosk.matching.decisions import Guidance, Quality
from kiosk.matching.detection import Face
from kiosk.matching.memory import wipe
from kiosk.matching.wire import Pixels

# The crop on which light and sharpness are measured: eyes 70 px apart, whatever the distance.
_CROP_PX = 224
_EYES_PX = 70.0
_EYES_X = 112.0
_EYES_Y = 90.0
_SKIN = (slice(40, 200), slice(40, 184))
_BURNT = 250


def measure(frame: Pixels, small: Pixels, face: Face) -> Quality:
    """Measure ``face`` in ``frame``; ``small`` is the reduced copy, for the exposure of the whole."""
    scale = _EYES_PX / face.eyes_px
    move = np.array(
        [[scale, 0.0, _EYES_X - scale * face.eyes[0]], [0.0, scale, _EYES_Y - scale * face.eyes[1]]]
    )
    crop = cv2.warpAffine(frame, move, (_CROP_PX, _CROP_PX), flags=cv2.INTER_LINEAR)
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    skin = grey[_SKIN]
    edges = cv2.Laplacian(skin, cv2.CV_32F)
    quality = Quality(
        detector=face.score,
        eyes_px=face.eyes_px,
        roll_deg=face.roll_deg,
        yaw=face.yaw,
        pitch=face.pitch,
        luma=float(skin.mean()),
        highlight=float(np.percentile(skin, 95)),
        clipped=float((skin >= _BURNT).mean()),
        frame_clipped=burnt_share(small),
        sharpness=float(edges.var()),
    )
    wipe(crop, grey, edges)
    return quality


def burnt_share(small: Pixels) -> float:
    """Return the share of burnt-out pixels of a colour picture (green stands for all)."""
    return float((small[:, :, 1] >= _BURNT).mean())


def judge(gates: Gates, quality: Quality, off_centre: float) -> Guidance:
    """Return the first thing to mend, light before distance before pose, or ``ok``."""
    if quality.highlight < gates.highlight_min:
        return Guidance.MORE_LIGHT
    if (
        quality.luma > gates.luma_max
        or quality.clipped > gates.clipped_max
        or quality.frame_clipped > gates.frame_clipped_max
    ):
        return Guidance.LESS_LIGHT
    if quality.eyes_px < gates.eyes_px_min:
        return Guidance.CLOSER
    if quality.eyes_px > gates.eyes_px_max:
        return Guidance.FARTHER
    if off_centre > gates.centre_max:
        return Guidance.CENTRE
    # Before the pose: a blurred face's points, and so its pose, are not to be believed.
    if quality.sharpness < gates.sharpness_min or quality.detector < gates.detector_min:
        return Guidance.HOLD_STILL
    if (
        abs(quality.yaw) > gates.yaw_max
        or abs(quality.roll_deg) > gates.roll_deg_max
        or not gates.pitch_min <= quality.pitch <= gates.pitch_max
    ):
        return Guidance.LOOK_STRAIGHT
    return Guidance.OK


def judge_empty(gates: Gates, small: Pixels) -> Guidance:
    """Return what to say of a frame without a face: the light when that is the likely cause."""
    if float(np.percentile(small[:, :, 1], 95)) < gates.highlight_min:
        return Guidance.MORE_LIGHT
    if burnt_share(small) > gates.frame_clipped_max:
        return Guidance.LESS_LIGHT
    return Guidance.NO_FACE
