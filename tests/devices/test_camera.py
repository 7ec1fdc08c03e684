"""The camera against a small MJPEG server that refuses, stalls, hangs up and comes back."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from devices.base import Fault, StaffAction, State
from devices.camera import OpenCvCamera
from devices.interfaces import Camera, Frame

HEAD = (
    b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\nConnection: close\r\n\r\n"
)


def jpeg(shade: int) -> bytes:
    picture = np.full((48, 64, 3), (0, 0, shade), np.uint8)
    return bytes(cv2.imencode(".jpg", picture)[1].tobytes())


class MjpegServer:
    """Serves pictures of one shade of red, forty a second, to whoever connects."""

    def __init__(self, port: int = 0) -> None:
        self.shade = 200
        self.stalled = threading.Event()
        self.connections = 0
        self._ended = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", port))
        self._socket.settimeout(0.05)
        self.port: int = self._socket.getsockname()[1]
        self._clients: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/video.mjpg?simulated=1"

    def hang_up(self) -> None:
        for client in self._clients:
            client.close()

    def close(self) -> None:
        self._ended.set()
        for thread in list(self._threads):
            thread.join()
        self._socket.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._socket.accept()
            except TimeoutError:
                continue
            self.connections += 1
            self._clients.append(client)
            thread = threading.Thread(target=self._serve, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        try:
            client.recv(4096)
            client.sendall(HEAD)
            while not self._ended.wait(0.025):
                if not self.stalled.is_set():
                    data = jpeg(self.shade)
                    client.sendall(
                        b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n"
                        % (len(data), data)
                    )
        except OSError:
            pass
        finally:
            client.close()


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    running = MjpegServer()
    yield running
    running.close()


@pytest.fixture
def camera(server: MjpegServer) -> Iterator[OpenCvCamera]:
    unit = OpenCvCamera(server.url, open_timeout_s=1.0, read_timeout_s=0.5)
    yield unit
    unit.close()


def camera_threads() -> set[threading.Thread]:
    """Return the cameras' threads of this process: other tests of it may have left some."""
    return {thread for thread in threading.enumerate() if thread.name == "camera"}


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until ``happened``; a stream that never gets there fails the test after 20 s."""
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def frame_of(camera: Camera) -> Frame:
    wait_for(lambda: camera.latest() is not None)
    frame = camera.latest()
    assert frame is not None
    return frame


def test_frames_come_in_colour_and_are_counted(camera: OpenCvCamera) -> None:
    camera.open()
    camera.start()
    first = frame_of(camera)
    assert first.image.shape == (48, 64, 3)
    blue, green, red = first.image[24, 32].tolist()
    assert red > 180
    assert max(blue, green) < 30
    wait_for(lambda: frame_of(camera).number > first.number + 3)
    assert frame_of(camera).at_s > first.at_s
    status = camera.status()
    assert status.usable
    assert status.parts["camera"] == "ok"
    assert int(status.parts["pictures"]) >= 3


def test_only_the_newest_frame_is_shown(server: MjpegServer, camera: OpenCvCamera) -> None:
    camera.start()
    frame_of(camera)
    server.shade = 60
    wait_for(lambda: 40 < frame_of(camera).image[24, 32, 2] < 80)


def test_nothing_is_left_after_stop(server: MjpegServer, camera: OpenCvCamera) -> None:
    others = camera_threads()
    camera.start()
    frame_of(camera)
    camera.stop()
    assert camera.latest() is None
    assert not camera_threads() - others
    assert camera.status().parts == {"camera": "ok", "pictures": "0"}
    camera.start()
    assert frame_of(camera).number >= 1
    assert server.connections == 2


def test_starting_twice_is_one_stream(server: MjpegServer, camera: OpenCvCamera) -> None:
    camera.start()
    camera.start()
    frame_of(camera)
    assert server.connections == 1


def test_a_stalled_stream_shows_nothing_old_and_is_opened_again(
    server: MjpegServer, camera: OpenCvCamera
) -> None:
    camera.start()
    before = frame_of(camera).number
    server.stalled.set()
    wait_for(lambda: camera.latest() is None)
    wait_for(lambda: server.connections > 1)
    assert camera.status().state is State.OFFLINE
    server.stalled.clear()
    assert frame_of(camera).number > before
    assert camera.status().usable


def test_a_stream_that_hangs_up_is_opened_again(server: MjpegServer, camera: OpenCvCamera) -> None:
    camera.start()
    before = frame_of(camera).number
    server.hang_up()
    wait_for(lambda: server.connections > 1)
    wait_for(lambda: frame_of(camera).number > before)


def test_a_camera_that_stops_while_it_stalls_stops_all_the_same(
    server: MjpegServer, camera: OpenCvCamera
) -> None:
    others = camera_threads()
    camera.start()
    frame_of(camera)
    server.stalled.set()
    camera.stop()
    assert not camera_threads() - others


def test_a_refused_connection_is_told_and_the_camera_comes_back(server: MjpegServer) -> None:
    port = server.port
    server.close()
    camera = OpenCvCamera(f"http://127.0.0.1:{port}/video.mjpg", open_timeout_s=1.0, read_timeout_s=0.5)
    with pytest.raises(Fault) as absent:
        camera.open()
    assert (absent.value.code, absent.value.action) == ("cameraInoperable", StaffAction.MAINTENANCE)
    assert camera.status().fault == "cameraInoperable"
    camera.start()
    assert camera.latest() is None
    again = MjpegServer(port)
    try:
        frame_of(camera)
        assert camera.status().usable
    finally:
        camera.close()
        again.close()


def test_a_camera_that_is_not_there_is_told_once(
    server: MjpegServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """By the fault: OpenCV and FFmpeg write nothing of it to standard error."""
    server.close()
    with pytest.raises(Fault):
        OpenCvCamera(server.url, open_timeout_s=1.0, read_timeout_s=0.5).open()
    assert capfd.readouterr().err == ""


def test_while_it_rests_a_working_camera_is_left_in_peace(server: MjpegServer, camera: OpenCvCamera) -> None:
    camera.open()
    assert server.connections == 1
    assert camera.status().usable
    assert server.connections == 1


def test_reset_opens_the_stream_again(server: MjpegServer, camera: OpenCvCamera) -> None:
    camera.start()
    frame_of(camera)
    camera.reset()
    frame_of(camera)
    assert server.connections == 2


@pytest.mark.parametrize("url", ["", "ftp://127.0.0.1/x", "device:", "http:///video"])
def test_a_url_of_another_kind_is_a_mistake_of_the_site(url: str) -> None:
    with pytest.raises(ValueError, match="no camera"):
        OpenCvCamera(url)


def test_a_device_that_is_not_there_is_inoperable() -> None:
    camera = OpenCvCamera("device:/dev/video97")
    with pytest.raises(Fault) as absent:
        camera.open()
    assert absent.value.code == "cameraInoperable"
    assert "V4L2" in camera.capabilities().more["reader"]
