"""Driver and simulator of the camera, written apart."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

import pytest

from devices.camera import OpenCvCamera
from simulators.devices.camera import Camera, Scene
from simulators.faults import Faults, Order


@pytest.fixture
def pair() -> Iterator[tuple[OpenCvCamera, Camera, Faults]]:
    faults = Faults()
    lens = Camera(faults, random.Random(1))
    lens.start()
    lens.show(Scene("p02"))
    camera = OpenCvCamera(lens.url, open_timeout_s=1.0, read_timeout_s=0.5)
    yield camera, lens, faults
    camera.close()
    lens.close()


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_the_lens_is_seen_in_its_size(pair: tuple[OpenCvCamera, Camera, Faults]) -> None:
    camera, _, _ = pair
    camera.open()
    camera.start()
    wait_for(lambda: camera.latest() is not None)
    frame = camera.latest()
    assert frame is not None
    assert frame.image.shape == (480, 640, 3)
    assert camera.status().usable


@pytest.mark.parametrize("fault", ["disconnect", "garbage"])
def test_a_stream_that_breaks_comes_back(pair: tuple[OpenCvCamera, Camera, Faults], fault: str) -> None:
    camera, _, faults = pair
    camera.start()
    wait_for(lambda: camera.latest() is not None)
    faults.arm(Order("camera", fault))
    wait_for(lambda: camera.latest() is None)
    faults.clear()
    wait_for(lambda: camera.latest() is not None and camera.status().usable)
