"""The fingerprint pad."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import cv2
import nbis
import numpy as np
import pytest

from devices.base import Fault, Retry
from devices.fingerprint_pad import ZfmFingerprintPad
from devices.interfaces import GrayImage
from tests.conformance import acts
from tests.conformance.figures import Figures
from tests.conformance.units import Unit

DEVICE = "fingerprint_pad"
TRIES = 3
LIMITS = tomllib.loads((Path(__file__).parents[2] / "config" / "matching.toml").read_text())["finger"]

Pad = Unit[ZfmFingerprintPad]


def pressed(unit: Pad) -> GrayImage:
    """Return the picture of a pressed finger; the module may refuse some before."""
    for _ in range(TRIES):
        unit.person.do(acts.PRESS_FINGER, until=unit.device.finger_present)
        try:
            return unit.device.image()
        except Retry:
            continue
    raise AssertionError(f"the module refused {TRIES} pictures")


def lifted(unit: Pad) -> None:
    unit.person.do(acts.LIFT_FINGER, until=lambda: not unit.device.finger_present())


def points_of(picture: GrayImage) -> Any:
    """Return the minutiae that NBIS finds in ``picture``, with its NFIQ 2 quality."""
    extractor = nbis.new_nbis_extractor(
        nbis.NbisExtractorSettings(
            min_quality=0.0, get_center=False, check_fingerprint=True, compute_nfiq2=True, ppi=500.0
        )
    )
    _, file = cv2.imencode(".png", picture)
    return extractor.extract_minutiae(file.tobytes())


@pytest.mark.criterion("FPP-01", "Common.Capabilities")
def test_what_the_module_says_of_itself(unit: Pad) -> None:
    """The module tells its system, packet size and speed."""
    told = unit.device.capabilities()
    assert told.model
    assert "500 dpi" in told.more["image"]
    assert int(told.more["baud"]) >= 9600


@pytest.mark.criterion("FPP-02", "Common.Status")
def test_it_is_online(unit: Pad, figures: Figures) -> None:
    """The pad is online."""
    with figures.seconds("status", 1.0):
        status = unit.device.status()
    assert status.usable, status


@pytest.mark.criterion("FPP-03", "Biometric.Status subject notPresent")
def test_no_finger(unit: Pad, figures: Figures) -> None:
    """Without a finger none is seen, and there is no picture of the one before."""
    unit.person.do(acts.LIFT_FINGER)
    with figures.seconds("capture", 1.0):
        assert not unit.device.finger_present()


@pytest.mark.criterion("FPP-04", "Biometric.Read")
def test_a_finger_is_seen(unit: Pad) -> None:
    """A finger that is laid down is seen, and no longer when it is lifted."""
    unit.person.do(acts.PRESS_FINGER, until=unit.device.finger_present)
    lifted(unit)


@pytest.mark.criterion("FPP-05", "Biometric.Read image")
def test_the_picture_comes_in_its_size_and_time(unit: Pad, figures: Figures) -> None:
    """The picture comes whole, 256x288 dots, with the greys of ridges and valleys."""
    unit.person.do(acts.PRESS_FINGER, until=unit.device.finger_present)
    with figures.seconds("fetch the picture", 15.0):
        picture = pressed(unit)
    assert picture.shape == (288, 256)
    figures.at_least("contrast", float(np.ptp(picture)), 100, "of 255")
    figures.at_least("greys", len(np.unique(picture)), 8)


@pytest.mark.criterion("FPP-06", "Biometric.Read quality (NFIQ 2)")
def test_the_picture_is_good_enough(unit: Pad, figures: Figures) -> None:
    """The picture of a clean finger has the quality and the minutiae that a comparison needs."""
    points = points_of(pressed(unit))
    figures.at_least("minutiae (细节点)", len(points.get()), LIMITS["minutiae_min"])
    figures.at_least("NFIQ 2", int(points.quality().score), LIMITS["quality_min"], "of 100")


@pytest.mark.criterion("FPP-07", "Biometric.Match")
def test_the_same_finger_twice_is_the_same_finger(unit: Pad, figures: Figures) -> None:
    """Two pictures of one finger, which was lifted in between, match each other."""
    first = points_of(pressed(unit))
    lifted(unit)
    figures.at_least(
        "likeness (bozorth3)", int(first.compare(points_of(pressed(unit)))), LIMITS["score_match"]
    )


@pytest.mark.criterion("FPP-08", "Biometric.Read tooDry")
def test_too_little_of_a_finger(unit: Pad) -> None:
    """Too little of a finger is refused by the module, before its picture is fetched."""
    unit.person.do(acts.PRESS_TIP, until=unit.device.finger_present)
    with pytest.raises(Retry) as told:
        unit.device.image()
    assert told.value.code in ("tooDry", "badImage")


@pytest.mark.criterion("FPP-09", "Common.Capabilities speed")
def test_the_module_is_left_as_it_was(unit: Pad) -> None:
    """Closed and opened again, the module speaks as it did, and works."""
    before = unit.device.capabilities()
    unit.device.close()
    unit.device.open()
    assert unit.device.capabilities() == before
    assert pressed(unit).size == 288 * 256


@pytest.mark.criterion("FPP-10", "Common.Status noDevice")
def test_the_cable_out_and_in(unit: Pad) -> None:
    """Without its cable the pad is told as gone, and works again when it is back."""
    unit.person.do(acts.unplug(DEVICE), until=lambda: not unit.device.status().usable)
    with pytest.raises(Fault):
        unit.device.finger_present()
    unit.person.do(acts.plug_in(DEVICE), until=lambda: unit.device.status().usable)
    assert pressed(unit).size == 288 * 256
