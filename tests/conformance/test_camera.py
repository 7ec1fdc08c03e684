"""The camera that looks at the person."""

from __future__ import annotations

import threading
import time

import cv2
import numpy as np
import pytest

from devices.base import Fault
from devices.camera import OpenCvCamera
from devices.interfaces import Frame
from tests.conformance import acts
from tests.conformance.figures import Figures
from tests.conformance.units import Unit

DEVICE = "camera"
WATCHED_S = 2.0

Watcher = Unit[OpenCvCamera]


@pytest.fixture(autouse=True)
def stopped(unit: Watcher, tidy: None) -> None:
    """Begin with a camera that rests."""
    unit.device.stop()


def first_frame(unit: Watcher) -> Frame:
    """Return the first frame after the start."""
    unit.device.start()
    deadline_s = time.monotonic() + 10
    while (frame := unit.device.latest()) is None:
        assert time.monotonic() < deadline_s, "no frame came within 10 s"
        time.sleep(0.005)
    return frame


def watched(unit: Watcher) -> list[Frame]:
    """Return the frames of a while, each once."""
    frames = [first_frame(unit)]
    until_s = time.monotonic() + WATCHED_S
    while time.monotonic() < until_s:
        frame = unit.device.latest()
        if frame is not None and frame.number != frames[-1].number:
            frames.append(frame)
        time.sleep(0.005)
    return frames


@pytest.mark.criterion("CAM-01", "Common.Capabilities")
def test_what_reads_the_camera(unit: Watcher) -> None:
    """The driver tells what reads the camera."""
    assert unit.device.capabilities().more["reader"].startswith("OpenCV")


@pytest.mark.criterion("CAM-02", "Common.Status")
def test_it_is_online(unit: Watcher, figures: Figures) -> None:
    """The resting camera is online."""
    with figures.seconds("status", 4.0):
        status = unit.device.status()
    assert status.usable, status


@pytest.mark.criterion("CAM-03", "Camera.TakePicture")
def test_the_first_frame(unit: Watcher, figures: Figures) -> None:
    """The first frame comes soon after the start, 640x480 or larger."""
    with figures.seconds("first frame", 2.0):
        rows, columns, colours = first_frame(unit).image.shape
    figures.at_least("columns", columns, 640)
    figures.at_least("rows", rows, 480)
    assert colours == 3


@pytest.mark.criterion("CAM-04", "Camera frame rate")
def test_the_frame_rate(unit: Watcher, figures: Figures) -> None:
    """Frames follow each other fast enough to follow a person, and no two are the same."""
    frames = watched(unit)
    span_s = frames[-1].at_s - frames[0].at_s
    rate = (frames[-1].number - frames[0].number) / span_s
    if unit.real:
        figures.at_least("frames a second", rate, 10)
    else:
        figures.note("frames a second", rate)
    numbers = [frame.number for frame in frames]
    assert numbers == sorted(set(numbers))
    pictures = {frame.image.tobytes() for frame in frames[:10]}
    assert len(pictures) == len(frames[:10])


@pytest.mark.criterion("CAM-05", "Camera picture")
def test_a_person_can_be_seen(unit: Watcher, figures: Figures) -> None:
    """A person before the camera is lit and sharp: neither dark, nor burnt out, nor blurred."""
    unit.person.do(acts.STAND)
    grey = cv2.cvtColor(watched(unit)[-1].image, cv2.COLOR_BGR2GRAY)
    figures.at_least("mean brightness", float(grey.mean()), 40, "of 255")
    figures.at_least("not burnt out", float((grey < 250).mean()), 0.8)
    figures.at_least(
        "sharpness (variance of the Laplacian)", float(cv2.Laplacian(grey, cv2.CV_64F).var()), 20
    )


@pytest.mark.criterion("CAM-06", "Camera stop")
def test_stopping_leaves_nothing(unit: Watcher, figures: Figures) -> None:
    """After the stop no frame is left, none comes, and no thread goes on."""
    before = {thread for thread in threading.enumerate() if thread.name == "camera"}
    first_frame(unit)
    begun = {thread for thread in threading.enumerate() if thread.name == "camera"} - before
    assert begun
    with figures.seconds("stop", 4.0):
        unit.device.stop()
    assert unit.device.latest() is None
    assert not any(thread.is_alive() for thread in begun)


@pytest.mark.criterion("CAM-07", "Camera start again")
def test_it_starts_again(unit: Watcher) -> None:
    """A camera that was stopped starts again, with frames that were taken since."""
    old = first_frame(unit)
    unit.device.stop()
    again_s = time.monotonic()
    new = first_frame(unit)
    assert new.at_s >= again_s
    assert not np.array_equal(new.image, old.image)


@pytest.mark.criterion("CAM-08", "Common.Status offline")
def test_the_cable_out_and_in(unit: Watcher) -> None:
    """Without its cable the stream is told as lost, and comes back by itself."""
    first_frame(unit)
    unit.person.do(acts.unplug(DEVICE), until=lambda: unit.device.latest() is None)
    unit.device.stop()
    with pytest.raises(Fault):
        unit.device.open()
    unit.device.start()
    unit.person.do(acts.plug_in(DEVICE), until=lambda: unit.device.latest() is not None)
    assert unit.device.status().usable
