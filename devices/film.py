"""A camera's stream kept as a film, and a film shown as a camera.

``http://…/video?record=FILE`` and ``device:0?record=FILE`` keep what the camera showed; ``replay:///FILE`` is
that camera again. A film is a trace (see ``devices.trace``): ``>`` is an opening of the stream, ``<`` a
picture as JPEG at the time at which it came, ``x`` the stream lost, ``o`` a stream that could not be opened.
Pictures pass through JPEG once, so they are near to what came and not the same to the last bit.

A picture's time is part of what a camera says, so a film is shown at the pace at which it was taken; when it
is over it begins again. A film of a person is personal data: a production site refuses both.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.trace import Event, Sign, TraceError, read_trace

JPEG_QUALITY: Final = 92
_OPENING: Final = b"open"

Picture = NDArray[np.uint8]


class Capture(Protocol):
    """A stream that was opened: as much of ``cv2.VideoCapture`` as a camera needs."""

    def read(self) -> tuple[bool, Any]:
        """Wait for the next picture (rows, columns, 3; 8-bit blue, green, red); false when it is lost."""
        ...

    def release(self) -> None: ...


Opener = Callable[[], Capture | None]
"""Opens the stream; None when it can't be opened."""


class Film:
    """Writes a film: the file is made anew, for this user only, and each event is in it at once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._began_s: float | None = None
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))

    def filmed(self, opener: Opener) -> Opener:
        """Return ``opener`` with everything that its streams show kept on this film."""

        def open_and_note() -> Capture | None:
            self.note(Sign.TO_DEVICE, _OPENING, "the stream is opened")
            capture = opener()
            if capture is None:
                self.note(Sign.REFUSED)
                return None
            return _Filmed(capture, self)

        return open_and_note

    def note(self, sign: Sign, data: bytes = b"", words: str = "") -> None:
        now_s = time.monotonic()
        if self._began_s is None:
            self._began_s = now_s
        with self._file.open("a", encoding="utf-8") as film:
            film.write(Event(sign, data, at_s=now_s - self._began_s, words=words).text())


class _Filmed:
    def __init__(self, capture: Capture, film: Film) -> None:
        self._capture, self._film = capture, film

    def read(self) -> tuple[bool, Any]:
        arrived, picture = self._capture.read()
        if not arrived:
            self._film.note(Sign.LOST)
            return False, None
        height, width = picture.shape[:2]
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        self._film.note(Sign.FROM_DEVICE, data.tobytes(), f"a picture of {width} × {height}")
        return True, picture

    def release(self) -> None:
        self._capture.release()


class Projector:
    """Shows a film: each opening of the stream is the next one on the film.

    Raises ``TraceError`` for a file that is no film, and ``OSError``.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._takes = _takes(read_trace(Path(unquote(parts.netloc + parts.path))))
        self._next = 0

    def __call__(self) -> Capture | None:
        """Open the stream as it was opened next, None when it could not be."""
        take = self._takes[self._next % len(self._takes)]
        self._next += 1
        return None if any(event.sign is Sign.REFUSED for event in take) else _Shown(take)


class _Shown:
    def __init__(self, take: Sequence[Event]) -> None:
        self._opened_s = time.monotonic()
        self._began_s = take[0].at_s or 0.0
        self._pictures = [event for event in take if event.sign is Sign.FROM_DEVICE]
        self._at = 0

    def read(self) -> tuple[bool, Any]:
        if self._at == len(self._pictures):
            return False, None
        event = self._pictures[self._at]
        self._at += 1
        due_s = self._opened_s + (event.at_s or 0.0) - self._began_s
        time.sleep(max(0.0, due_s - time.monotonic()))
        return True, _picture(event)

    def release(self) -> None:
        self._pictures = []
        self._at = 0


def _takes(events: Sequence[Event]) -> list[list[Event]]:
    """Return the film cut at each opening of the stream."""
    takes: list[list[Event]] = []
    for event in events:
        if event.sign is Sign.TO_DEVICE:
            takes.append([event])
        elif not takes:
            raise TraceError("a film begins with an opening of the stream")
        else:
            if event.sign is Sign.FROM_DEVICE:
                _picture(event)
            takes[-1].append(event)
    if not takes:
        raise TraceError("there is nothing on this film")
    return takes


def _picture(event: Event) -> Picture:
    picture = cv2.imdecode(np.frombuffer(event.data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise TraceError(f"what came at {event.at_s} s is no picture")
    return np.asarray(picture, np.uint8)
