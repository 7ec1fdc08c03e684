"""Camera: an endless MJPEG stream over HTTP of whoever stands before the machine.

640x480, about 15 frames a second. Two frames are never the same: people sway and sensors are noisy. At
the levels that misread, a frame is now and then smeared by a movement.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.faults import Faults
from simulators.level import IDEAL, Level
from simulators.people import FOLDER

NAME: Final = "camera"
FRAMES_PER_S: Final = 15.0
IDEAL_FRAMES_PER_S: Final = 60.0
"""Without mechanical time: a shutter that nobody waits for."""
IDEAL_FRAMES: Final = 16
"""So many different frames of a scene are made for that, then they come again."""
WIDTH, HEIGHT = 640, 480
SWAY_PX: Final = 2.0
NOISE: Final = 3.0
SMEAR_PX: Final = 31
BOUNDARY: Final = "frame"
FACES: Final = FOLDER / "faces"
POSES: Final = ("neutral", "left", "right", "far", "close", "dark", "bright", "blur", "closed")
ATTACKS: Final = ("print", "replay")
OPERATIONS: Final = ("connect", "frame")
FAULTS: Final[Mapping[str, str]] = {
    "stalled": "the stream stays open and no frame comes",
    "black": "the frames are black",
    "covered": "something hangs before the lens",
    "notFound": "the camera answers 404",
    "disconnect": "the camera is off the network: open streams end, no new one is taken",
    "half": "the stream ends in the middle of a frame",
    "garbage": "a frame that is no picture",
}

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Scene:
    """What is before the lens: a face in a pose, maybe a second one, an attack, or nobody."""

    face: str | None = None
    pose: str = "neutral"
    second: str | None = None
    attack: str | None = None

    def __post_init__(self) -> None:
        if self.pose not in POSES:
            raise ValueError(f"pose: one of {', '.join(POSES)}")
        if self.attack is not None and self.attack not in ATTACKS:
            raise ValueError(f"attack: one of {', '.join(ATTACKS)}")


@lru_cache(maxsize=16)
def picture(scene: Scene) -> Picture:
    """Return the scene as (480, 640, 3) BGR, still."""
    if scene.face is None:
        return _load(FACES / "none" / "empty1.jpg")
    if scene.attack is not None:
        return _load(FACES / scene.face / "attack" / f"{scene.attack}.jpg")
    first = _load(FACES / scene.face / "live" / f"{scene.pose}.jpg")
    if scene.second is None:
        return first
    both = {scene.face, scene.second}
    for path in (FACES / "two").glob("*.jpg"):
        if both <= set(path.stem.split("_")):
            return _load(path)
    second = _load(FACES / scene.second / "live" / "far.jpg")
    size = (WIDTH // 2, HEIGHT * 3 // 4)
    room = _load(FACES / "none" / "empty1.jpg").copy()
    room[HEIGHT // 4 :] = np.hstack([cv2.resize(p[:, 80:560], size) for p in (first, second)])
    return room


class Camera:
    """The camera's web server; every client has a thread of its own."""

    def __init__(self, faults: Faults, chance: random.Random, level: Level = IDEAL, port: int = 0) -> None:
        self._faults = faults
        self._level = level
        self._chance = chance
        self._noise = np.random.default_rng(chance.randrange(2**32))
        self._scene = Scene()
        self._made: deque[tuple[Picture, bytes]] = deque(maxlen=IDEAL_FRAMES)
        self._making = threading.Lock()
        self._ending = threading.Event()
        self._changed = threading.Condition()
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name=NAME, daemon=True
        )
        faults.watch(self._wake)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/video.mjpg"

    @property
    def scene(self) -> Scene:
        return self._scene

    def show(self, scene: Scene) -> None:
        """Put ``scene`` before the lens; raises ``LookupError`` when there is no such picture."""
        try:
            picture(scene)
        except FileNotFoundError as error:
            raise LookupError(f"no picture of {scene}") from error
        self._scene = scene

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ending.set()
        self._wake()
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    def frame(self) -> bytes:
        """Return the next frame as JPEG: the scene, a little moved, with fresh noise.

        At the ideal level the noise is fresh for the first frames of a scene only.
        """
        with self._making:
            return self._make()

    def _make(self) -> bytes:
        standing = self._faults.standing(NAME)
        if "black" in standing:
            still: Picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        elif "covered" in standing:
            still = _load(FACES / "none" / "covered.jpg")
        else:
            still = picture(self._scene)
        if self._ideal and len(self._made) == IDEAL_FRAMES and all(still is of for of, _ in self._made):
            self._made.rotate(-1)
            return self._made[-1][1]
        dx, dy = self._noise.uniform(-SWAY_PX, SWAY_PX, 2)
        moved = cv2.warpAffine(
            still, np.array([[1, 0, dx], [0, 1, dy]]), (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE
        )
        if self._level.misreads(self._chance):
            moved = cv2.blur(moved, (SMEAR_PX, 1))  # the person moved while the shutter was open
        grain = self._grain()
        _, data = cv2.imencode(".jpg", cv2.add(moved, grain, dtype=cv2.CV_8U), [cv2.IMWRITE_JPEG_QUALITY, 85])
        self._made.append((still, data.tobytes()))
        return self._made[-1][1]

    def stream(self, out: BufferedIOBase) -> None:
        """Write frames to ``out`` until the client is gone or the camera ends."""
        due = time.monotonic()
        while not self._ending.is_set():
            standing = self._faults.standing(NAME)
            struck = self._faults.take(NAME, "frame")
            fault = struck.fault if struck else next((f for f in standing if f in FAULTS), None)
            if fault == "disconnect":
                return
            if fault == "stalled":
                self._stall(float(struck.args.get("seconds", 3.0)) if struck else None)
                continue
            data = self.frame() if fault != "garbage" else b"\xff\xd8" + self._noise.bytes(2000)
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            if fault == "half":
                out.write(head.encode() + data[: len(data) // 2])
                return
            out.write(head.encode() + data + b"\r\n")
            interval_s = 1 / (IDEAL_FRAMES_PER_S if self._ideal else FRAMES_PER_S)
            due = max(due + interval_s, time.monotonic())
            if self._ending.wait(due - time.monotonic()):
                return

    @property
    def _ideal(self) -> bool:
        return self._level.mechanics == 0.0

    def refuses(self) -> str | None:
        """Return the fault that keeps a new client out, if any."""
        struck = self._faults.take(NAME, "connect")
        if struck is not None:
            return struck.fault
        standing = self._faults.standing(NAME)
        return next((f for f in ("disconnect", "notFound") if f in standing), None)

    def _stall(self, seconds: float | None) -> None:
        """Hold the stream for ``seconds``, or (None) while the fault stands."""
        if seconds is not None:
            self._ending.wait(seconds)
            return
        with self._changed:
            self._changed.wait_for(
                lambda: self._ending.is_set() or "stalled" not in self._faults.standing(NAME)
            )

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _grain(self) -> NDArray[np.int16]:
        coarse = self._noise.normal(0, NOISE, (HEIGHT // 4, WIDTH // 4, 1)).astype(np.float32)
        return np.repeat(
            cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)[:, :, None], 3, axis=2
        ).astype(np.int16)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], camera: Camera) -> None:
        self.camera = camera
        super().__init__(address, _Client)


class _Client(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5

    def do_GET(self) -> None:
        camera = self.server.camera
        fault = camera.refuses()
        if fault == "disconnect":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if fault == "notFound" or self.path.partition("?")[0] != "/video.mjpg":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        try:
            camera.stream(self.wfile)
        except OSError:
            return  # the client hung up

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the bench's output is one line of JSON."""


def _load(path: Path) -> Picture:
    image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise FileNotFoundError(path)
    return image.astype(np.uint8)
