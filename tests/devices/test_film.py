"""A camera is filmed, and the film is that camera again."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from devices.base import Fault, State
from devices.camera import OpenCvCamera
from devices.film import Film, Projector
from devices.trace import Event, Sign, TraceError, read_trace
from tests.devices.test_camera import MjpegServer, wait_for


def shade(camera: OpenCvCamera) -> int:
    """Wait for a picture; returns how red it is."""
    wait_for(lambda: camera.latest() is not None)
    frame = camera.latest()
    assert frame is not None
    return int(frame.image[:, :, 2].mean())


def watch(camera: OpenCvCamera, met: Callable[[], bool]) -> None:
    camera.start()
    wait_for(met)
    camera.stop()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A film of two takes: light red at first, then dark, and the stream lost at its end."""
    file, server = tmp_path / "camera.trace", MjpegServer()
    camera = OpenCvCamera(f"{server.url}&record={file}", open_timeout_s=1.0, read_timeout_s=0.3)
    try:
        watch(camera, lambda: shade(camera) > 150)
        server.shade = 80
        camera.start()
        assert shade(camera) < 120
        server.stalled.set()
        wait_for(lambda: read_trace(file)[-1].sign is Sign.LOST)
        camera.stop()
    finally:
        server.close()
    return file


def test_a_film_says_what_the_camera_did_and_when(film: Path) -> None:
    events = read_trace(film)
    signs = "".join(event.sign for event in events)
    assert signs.startswith("><<")
    assert "<>" in signs or "x>" in signs
    assert "x" in signs
    pictures = [event for event in events if event.sign is Sign.FROM_DEVICE]
    assert {event.words for event in pictures} == {"a picture of 64 × 48"}
    at_s = [event.at_s or 0.0 for event in events]
    assert at_s == sorted(at_s)
    assert stat.S_IMODE(film.stat().st_mode) == 0o600, "it shows people"


def test_the_film_is_the_camera_again_and_begins_again(film: Path) -> None:
    takes = sum(event.sign is Sign.TO_DEVICE for event in read_trace(film))
    camera = OpenCvCamera(f"replay://{film}")
    assert camera.capabilities().more["reader"].endswith("film")
    shades = []
    for _ in range(takes + 1):
        camera.start()
        shades.append(shade(camera))
        assert camera.status().state is State.ONLINE
        camera.stop()
    assert shades[0] > 150 > 120 > min(shades[1:takes])
    assert shades[-1] in shades[:2], "after the last take comes the first one"


def test_a_camera_that_could_not_be_opened_cannot_be_on_its_film(tmp_path: Path) -> None:
    file = tmp_path / "camera.trace"
    camera = OpenCvCamera(f"http://127.0.0.1:9/video?record={file}", open_timeout_s=0.3, read_timeout_s=0.3)
    with pytest.raises(Fault, match="cameraInoperable"):
        camera.open()
    assert [event.sign for event in read_trace(file)] == [Sign.TO_DEVICE, Sign.REFUSED]
    with pytest.raises(Fault, match="cameraInoperable"):
        OpenCvCamera(f"replay://{file}").open()


def test_pictures_come_in_the_order_and_as_they_were(tmp_path: Path) -> None:
    taken = [np.full((48, 64, 3), (10 * n, 100, 200 - 10 * n), np.uint8) for n in range(8)]
    rest = iter(taken)

    class Showing:
        def read(self) -> tuple[bool, object]:
            picture = next(rest, None)
            return picture is not None, picture

        def release(self) -> None: ...

    file = tmp_path / "camera.trace"
    filming = Film(file).filmed(Showing)()
    assert filming is not None
    while filming.read()[0]:
        pass
    shown = Projector(f"replay://{file}")()
    assert shown is not None
    for picture in taken:
        arrived, again = shown.read()
        assert arrived
        assert float(cv2.absdiff(picture, again).max()) <= 6, "but for what JPEG takes away"
    assert shown.read() == (False, None)


@pytest.mark.parametrize(
    ("events", "complaint"),
    [
        ([], "nothing on this film"),
        ([Event(Sign.FROM_DEVICE, b"\xff\xd8")], "begins with an opening"),
        ([Event(Sign.TO_DEVICE, b"open"), Event(Sign.FROM_DEVICE, b"\xff\xd8")], "is no picture"),
    ],
)
def test_what_is_no_film_is_told(tmp_path: Path, events: list[Event], complaint: str) -> None:
    file = tmp_path / "camera.trace"
    file.write_text("".join(event.text() for event in events), "utf-8")
    with pytest.raises(TraceError, match=complaint):
        OpenCvCamera(f"replay://{file}")
