"""The camera: a stream read by a thread of its own, of which only the newest frame is kept.

OpenCV reads a UVC camera (``device:0`` or ``device:/dev/video0``) or MJPEG over HTTP (``http://…``); what it
shows is filmed and a film is shown in its place as ``devices.film`` says. A
stream that stalls blocks OpenCV's read, so both its timeouts are always passed, and nobody but the thread
ever waits for it. OpenCV has these two timeouts for its FFmpeg reader alone; under V4L2 a stalled device is
given up after ``OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT`` seconds, which the environment sets before the process
starts. A UVC camera was not at hand: ``device:`` is unchecked.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import cv2
import numpy as np

from devices.base import Capabilities, Fault, StaffAction, State, Status
from devices.film import Capture, Film, Opener, Projector
from devices.interfaces import Frame
from devices.recording import taken_apart

NAME: Final = "camera"

_FRESH_S: Final = 1.0
_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 5.0
_ENDS_LATEST_S: Final = 0.5


# A stream that is not there is a fault with a word; OpenCV would tell it on standard error as well, and so
# would FFmpeg, which OpenCV asks for its level (AV_LOG_QUIET) when it opens the first stream.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


class OpenCvCamera:
    """``interfaces.Camera`` over OpenCV.

    Raises ``ValueError`` for a URL of another kind and for a film that is none, ``OSError`` for a film that
    can't be read or written. Times are seconds: how long a connection, and how long a
    frame may take before the stream counts as lost and is opened again.
    """

    name: str = NAME

    def __init__(self, url: str, open_timeout_s: float = 2.0, read_timeout_s: float = 1.5) -> None:
        self._source = _Source(url, open_timeout_s, read_timeout_s)
        self._stream: _Stream | None = None
        self._answered = False  # at the last probe, or at the end of the last stream

    def open(self) -> None:
        """Take one frame and throw it away; raises ``Fault`` cameraInoperable when none comes."""
        if self._stream is None and not self._probe():
            raise Fault(NAME, "cameraInoperable", StaffAction.MAINTENANCE, "no picture")

    def close(self) -> None:
        self.stop()

    def reset(self) -> None:
        """Open the stream again; a camera that was not streaming is asked for one frame."""
        streaming = self._stream is not None
        self.stop()
        if streaming:
            self.start()
        else:
            self.open()

    def start(self) -> None:
        """Begin the stream, which is opened again by itself whenever it is lost. Does not wait."""
        if self._stream is None:
            self._stream = _Stream(self._source)

    def stop(self) -> None:
        """End the stream, wait for its thread (≤ the two timeouts) and drop the last frame."""
        if self._stream is not None:
            self._answered = self._stream.recent() > 0
            self._stream.end()
            self._stream = None

    def latest(self) -> Frame | None:
        """Return the newest frame, None when none came within the last second. Never waits."""
        return self._stream.latest() if self._stream is not None else None

    def status(self) -> Status:
        """Tell whether pictures come; ``pictures`` is how many came in the last second.

        While the stream rests, the camera is asked for a frame only when it did not answer the last time.
        """
        if self._stream is not None:
            recent = self._stream.recent()
            works = recent > 0 or self._stream.starting
        else:
            recent = 0
            works = self._answered or self._probe()
        parts = {"camera": "ok" if works else "inop", "pictures": str(recent)}
        if works:
            return Status(State.ONLINE, parts)
        return Status(State.OFFLINE, parts, "cameraInoperable", StaffAction.MAINTENANCE)

    def capabilities(self) -> Capabilities:
        """Return what reads the camera; a stream does not tell its maker."""
        return Capabilities(
            more={"type": "person", "reader": f"OpenCV {cv2.__version__}, {self._source.kind}"}
        )

    def counters(self) -> Mapping[str, int]:
        """Return nothing: a camera has no effects to prove."""
        return {}

    def _probe(self) -> bool:
        capture = self._source.open()
        self._answered = capture is not None and capture.read()[0]
        if capture is not None:
            capture.release()
        return self._answered


class _Source:
    """Where the pictures come from, and how long to wait for them."""

    def __init__(self, url: str, open_timeout_s: float, read_timeout_s: float) -> None:
        url, film = taken_apart(url)
        parts = urlsplit(url)
        self.patience_s: Final = open_timeout_s + read_timeout_s
        self.open: Opener = self._open
        self._where: int | str
        if parts.scheme == "device" and parts.path:
            self.kind = "V4L2"
            self._where = int(parts.path) if parts.path.isdigit() else parts.path
            self._reader = cv2.CAP_V4L2
            self._options: list[int] = []
        elif parts.scheme in {"http", "https"} and parts.netloc:
            self.kind = "MJPEG"
            self._where = url
            self._reader = cv2.CAP_FFMPEG
            self._options = [
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
                round(open_timeout_s * 1000),
                cv2.CAP_PROP_READ_TIMEOUT_MSEC,
                round(read_timeout_s * 1000),
            ]
        elif parts.scheme == "replay":
            self.kind = "film"
            self.open = Projector(url)
        else:
            raise ValueError(f"no camera at {url!r}")
        if film is not None:
            self.open = Film(film).filmed(self.open)

    def _open(self) -> Capture | None:
        """Return the opened stream, None when it can't be opened."""
        capture = cv2.VideoCapture(self._where, self._reader, self._options)
        if capture.isOpened():
            return capture
        capture.release()
        return None


class _Stream:
    """One stream from start to end; after ``end`` it holds nothing and takes nothing more."""

    def __init__(self, source: _Source) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._frame: Frame | None = None
        self._arrivals: deque[float] = deque()
        self._number = 0
        self._began_s = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)
        self._thread.start()

    @property
    def starting(self) -> bool:
        """Tell whether the first frame may still be on its way."""
        with self._lock:
            return self._number == 0 and time.monotonic() - self._began_s < self._source.patience_s

    def latest(self) -> Frame | None:
        with self._lock:
            frame = self._frame
        return frame if frame is not None and time.monotonic() - frame.at_s <= _FRESH_S else None

    def recent(self) -> int:
        """Return how many frames came in the last second."""
        with self._lock:
            self._forget_old(time.monotonic())
            return len(self._arrivals)

    def end(self) -> None:
        self._ended.set()
        with self._lock:
            self._frame = None
            self._arrivals.clear()
        self._thread.join(self._source.patience_s + _ENDS_LATEST_S)

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._ended.is_set():
            before = self._number
            self._read_until_lost()
            pause_s = _FIRST_PAUSE_S if self._number > before else min(pause_s * 2, _LONGEST_PAUSE_S)
            self._ended.wait(pause_s)

    def _read_until_lost(self) -> None:
        capture = self._source.open()
        if capture is None:
            return
        try:
            while not self._ended.is_set():
                arrived, image = capture.read()
                if not arrived:
                    return
                self._keep(np.asarray(image, np.uint8))
        finally:
            capture.release()

    def _keep(self, image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
        now_s = time.monotonic()
        with self._lock:
            if self._ended.is_set():
                return
            self._number += 1
            self._frame = Frame(image, self._number, now_s)
            self._arrivals.append(now_s)
            self._forget_old(now_s)

    def _forget_old(self, now_s: float) -> None:
        while self._arrivals and now_s - self._arrivals[0] > _FRESH_S:
            self._arrivals.popleft()
