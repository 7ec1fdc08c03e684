"""The terminal's link: handshake, heartbeats, acknowledgements, sending again, each message once."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from devices.link import Link
from devices.payment_terminal.frames import (
    HANDSHAKE,
    HEARTBEAT,
    LAST_ID,
    Frame,
    Type,
    frame_reader,
)

_READ_SIZE: Final = 4096
_HANDSHAKE_S: Final = 0.4
_HANDSHAKES: Final = 3
_ACK_S: Final = 0.3
_SENDINGS: Final = 4
_HEARTBEAT_S: Final = 2.0
_SILENT_AFTER_S: Final = 3 * _HEARTBEAT_S  # three of the terminal's heartbeats are missing

Clock = Callable[[], float]


class NotConfirmedError(Exception):
    """The terminal did not confirm: what was sent may or may not have reached it."""


class Session:
    """Messages over frames, on an open link. ``LinkLost`` passes through every method."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock: Final = clock
        self._frames: Final = frame_reader()
        self._received: Final[deque[bytes]] = deque()
        self._last_id = 0
        self._acked_id = 0
        self._last_received: tuple[int, bytes] | None = None
        self._confirmed = False
        self._heard_s = self._looked_s = self._sent_s = clock()

    def connect(self, link: Link) -> None:
        """Shake hands, which also proves that the terminal lives; raises ``NotConfirmedError``."""
        link.discard_input()
        self._frames.clear()
        self._last_id = self._acked_id = 0
        self._last_received = None
        self._confirmed = False
        for _ in range(_HANDSHAKES):
            self._write(link, HANDSHAKE)
            self._pump(link, _HANDSHAKE_S, until=lambda: self._confirmed)
            if self._confirmed:
                return
        raise NotConfirmedError("no answer to the handshake")

    def send(self, link: Link, message: bytes) -> None:
        """Send and wait for the acknowledgement, a few times over; raises ``NotConfirmedError``."""
        self._last_id = self._last_id % LAST_ID + 1
        number = self._last_id
        self._acked_id = 0
        for _ in range(_SENDINGS):
            self._write(link, Frame(id=number, data=message))
            self._pump(link, _ACK_S, until=lambda: self._acked_id == number)
            if self._acked_id == number:
                return
        raise NotConfirmedError(f"no acknowledgement of frame {number}")

    def receive(self, link: Link, timeout_s: float) -> bytes | None:
        """Return the next message that came, or None when none came within ``timeout_s``."""
        if self._clock() - self._sent_s >= _HEARTBEAT_S:
            self._write(link, HEARTBEAT)
        self._pump(link, timeout_s, until=lambda: bool(self._received))
        return self._received.popleft() if self._received else None

    @property
    def silent(self) -> bool:
        """Whether the terminal's heartbeats have stopped, as far as anybody has been listening."""
        return self._clock() - self._heard_s > _SILENT_AFTER_S

    def _pump(self, link: Link, timeout_s: float, until: Callable[[], bool]) -> None:
        now = self._clock()
        if now - self._looked_s > _HEARTBEAT_S:
            self._heard_s = now  # nobody listened for a while, so the silence begins to count now
        deadline = now + timeout_s
        while not until():
            data = link.read(_READ_SIZE, max(0.0, deadline - self._clock()))
            self._looked_s = self._clock()
            for frame in self._frames.feed(data):
                self._take(link, frame)
            if not data or self._clock() >= deadline:
                return

    def _take(self, link: Link, frame: Frame) -> None:
        self._heard_s = self._clock()
        if frame.type == Type.HANDSHAKE_CONFIRMED:
            self._confirmed = True
        if frame.type != Type.NORMAL:
            return
        if frame.ack:
            self._acked_id = frame.ack
        if frame.id:
            self._write(link, Frame(ack=frame.id))
            if (frame.id, frame.data) != self._last_received:
                self._last_received = (frame.id, frame.data)
                self._received.append(frame.data)

    def _write(self, link: Link, frame: Frame) -> None:
        link.write(frame.encode())
        self._sent_s = self._clock()
