"""The camera, seen through OpenCV as a client would."""

from __future__ import annotations

import random
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from simulators.devices.camera import Camera, Scene
from simulators.faults import Faults, Order

TIMES = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 3000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 1000]


class Booth:
    def __init__(self, camera: Camera, faults: Faults) -> None:
        self.camera, self.faults = camera, faults

    def stream(self) -> cv2.VideoCapture:
        return cv2.VideoCapture(self.camera.url, cv2.CAP_FFMPEG, TIMES)


@pytest.fixture
def booth() -> Iterator[Booth]:
    faults = Faults()
    camera = Camera(faults, random.Random(3))
    camera.start()
    yield Booth(camera, faults)
    camera.close()


def frames(stream: cv2.VideoCapture, count: int) -> list[Any]:
    read = [stream.read() for _ in range(count)]
    assert all(ok for ok, _ in read)
    return [frame for _, frame in read]


def test_a_stream_of_frames_that_differ_a_little(booth: Booth) -> None:
    booth.camera.show(Scene("p02"))
    one, two, three = frames(booth.stream(), 3)
    assert one.shape == (480, 640, 3)
    for other in (two, three):
        difference = np.abs(one.astype(int) - other).mean()
        assert 0 < difference < 12


def test_scenes_differ_and_an_open_stream_follows(booth: Booth) -> None:
    stream = booth.stream()
    empty = frames(stream, 2)[-1]
    booth.camera.show(Scene("p11", "left"))
    for frame in frames(stream, 10):
        if np.abs(frame.astype(int) - empty).mean() > 20:
            return
    pytest.fail("the person never came into the picture")


@pytest.mark.parametrize("scene", [
    Scene("p02", second="p11"), Scene("p12", second="p05"), Scene("p02", attack="print"), Scene("p03", "far"),
])  # fmt: skip
def test_every_scene_is_a_picture(booth: Booth, scene: Scene) -> None:
    booth.camera.show(scene)
    picture = cv2.imdecode(np.frombuffer(booth.camera.frame(), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (480, 640, 3)


def test_poses_and_faces_that_do_not_exist_are_refused(booth: Booth) -> None:
    with pytest.raises(ValueError, match="pose"):
        Scene("p02", "upside-down")
    with pytest.raises(LookupError):
        booth.camera.show(Scene("p99"))


def test_black_and_covered(booth: Booth) -> None:
    booth.camera.show(Scene("p02"))
    booth.faults.arm(Order("camera", "black"))
    assert frames(booth.stream(), 1)[0].mean() < 12
    booth.faults.clear()
    booth.faults.arm(Order("camera", "covered"))
    seen = frames(booth.stream(), 1)[0]
    booth.faults.clear()
    assert np.abs(seen.astype(int) - frames(booth.stream(), 1)[0]).mean() > 20


def test_a_stalled_stream_goes_on_when_the_fault_is_gone(booth: Booth) -> None:
    with urllib.request.urlopen(booth.camera.url, timeout=5) as stream:
        assert stream.readline() == b"--frame\r\n"
        booth.faults.arm(Order("camera", "stalled"))
        fast = booth.stream()
        assert not fast.read()[0], "nothing comes within the client's time"
        booth.faults.clear()
        while stream.readline() != b"--frame\r\n":
            pass


def test_disconnected_streams_end_and_no_new_one_is_taken(booth: Booth) -> None:
    with urllib.request.urlopen(booth.camera.url, timeout=5) as stream:
        booth.faults.arm(Order("camera", "disconnect"))
        while stream.readline():
            pass
    with pytest.raises(OSError):
        urllib.request.urlopen(booth.camera.url, timeout=5)


def test_not_found(booth: Booth) -> None:
    booth.faults.arm(Order("camera", "notFound", "connect"))
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(booth.camera.url, timeout=5)
