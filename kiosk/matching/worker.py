"""The child's loop: one request at a time, warm up when idle, wash when idle after a person."""

from __future__ import annotations

import dataclasses
import math
import select
import socket
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from kiosk.matching import wire
from kiosk.matching.config import MatchingConfig
from kiosk.matching.decisions import MatcherMisconfigured
from kiosk.matching.faces import FaceMatcher
from kiosk.matching.fingers import FingerMatcher
from kiosk.matching.memory import give_back, wipe
from kiosk.matching.weights import locate
from kiosk.matching.wire import Pixels

_WARM_UP_AFTER_S: Final = 0.05
_WASH_AFTER_S: Final = 0.3


class Refused(Exception):
    """The request makes no sense; the engines were not asked."""


class Worker:
    """Answers requests from ``connection`` until the other side closes it."""

    def __init__(self, connection: socket.socket, config: MatchingConfig) -> None:
        self._connection = connection
        self._faces = FaceMatcher(config, locate())
        self._fingers = FingerMatcher(config.finger)
        self._used = False
        self._worked_at_s = time.monotonic()
        self._trouble: MatcherMisconfigured | None = None
        self._operations: dict[str, Callable[[list[Pixels]], object]] = {
            "ping": self._ping,
            "guide": self._guide,
            "compare-face": self._compare_face,
            "compare-finger": self._compare_finger,
        }

    def run(self) -> None:
        """Serve; returns when the connection is closed, raises ``wire.WireError`` when it is garbled."""
        send(self._connection, {"id": 0, "result": {}})
        while True:
            self._spend_idle_time()
            prefix = _receive(self._connection, wire.LENGTH.size, at_end=True)
            if not prefix:
                return
            header = wire.unpack(_receive(self._connection, wire.header_length(prefix)))
            self._serve(header)

    def _spend_idle_time(self) -> None:
        if self._used:
            if self._idle(_WASH_AFTER_S):
                self._faces.wash()
                give_back()
                self._used = False
        elif not self._faces.warm and self._trouble is None and self._idle(_WARM_UP_AFTER_S):
            self._warm_up()

    def _warm_up(self) -> None:
        try:
            self._faces.warm_up()
            self._fingers.warm_up()
            give_back()
        except MatcherMisconfigured as error:
            self._trouble = error
        except (ImportError, OSError, RuntimeError) as error:
            # A library that is installed and does not load.
            self._trouble = MatcherMisconfigured(f"{type(error).__name__}: {error}")

    def _idle(self, since_work_s: float) -> bool:
        """Wait until ``since_work_s`` after the last work, or for a request: then it is not idle."""
        left_s = max(0.0, self._worked_at_s + since_work_s - time.monotonic())
        return not select.select([self._connection], [], [], left_s)[0]

    def _serve(self, header: dict[str, Any]) -> None:
        arrays = [_receive_array(self._connection, shape) for shape in wire.shapes_of(header)]
        reply: dict[str, Any] = {"id": header.get("id"), "warm": self._faces.warm}
        try:
            operation = self._operations.get(str(header.get("op")))
            if operation is None:
                raise Refused("operation")
            if self._trouble is not None:
                raise self._trouble
            reply["result"] = operation(arrays)
        except MatcherMisconfigured as error:
            reply |= {"error": wire.CONFIGURATION, "detail": str(error)}
        except (Refused, ValueError) as error:
            reply |= {"error": wire.REFUSED, "detail": str(error)[:200]}
        except Exception as error:
            # An engine's own error says nothing of the person; its text might, and stays here.
            reply |= {"error": wire.FAILED, "detail": type(error).__name__}
        finally:
            wipe(*arrays)
        if arrays:
            self._worked_at_s = time.monotonic()
        send(self._connection, reply)

    def _ping(self, arrays: list[Pixels]) -> object:
        return {}

    def _guide(self, arrays: list[Pixels]) -> object:
        if len(arrays) != 1:
            raise Refused("one frame")
        self._used = True
        return dataclasses.asdict(self._faces.guide(_colour(arrays[0])))

    def _compare_face(self, arrays: list[Pixels]) -> object:
        if len(arrays) < 2 or arrays[0].ndim == 1:
            raise Refused("a photo and at least one frame")
        self._used = True
        photo = arrays[0] if arrays[0].ndim == 2 else _colour(arrays[0])
        return dataclasses.asdict(self._faces.compare(photo, [_colour(frame) for frame in arrays[1:]]))

    def _compare_finger(self, arrays: list[Pixels]) -> object:
        if len(arrays) < 2 or any(reference.ndim != 1 for reference in arrays[1:]):
            raise Refused("an image and at least one reference")
        references = [reference.tobytes() for reference in arrays[1:]]
        return dataclasses.asdict(self._fingers.compare(references, arrays[0]))


def send(connection: socket.socket, header: dict[str, Any]) -> None:
    """Send a reply."""
    connection.sendall(wire.pack(header))


def _colour(array: Pixels) -> Pixels:
    if array.ndim != 3 or array.shape[2] != 3 or min(array.shape[:2]) < 64:
        raise Refused("a colour picture of at least 64x64")
    return array


def _receive(connection: socket.socket, size: int, at_end: bool = False) -> bytes:
    data = bytearray()
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            if at_end and not data:
                return b""
            raise wire.WireError("cut off")
        data += more
    return bytes(data)


def _receive_array(connection: socket.socket, shape: tuple[int, ...]) -> Pixels:
    buffer: Pixels = np.empty(math.prod(shape), np.uint8)
    view = buffer.data
    filled = 0
    while filled < len(view):
        count = connection.recv_into(view[filled:])
        if count == 0:
            raise wire.WireError("cut off")
        filled += count
    return buffer.reshape(shape)
