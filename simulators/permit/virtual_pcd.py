"""Chips in a virtual PC/SC reader: the card's side of vsmartcard's ``vpcd`` driver for pcscd.

``vpcd`` has two slots and here calls the cards (its configuration names their host and port, the second slot
takes the next port). Each message is a length of two bytes, big-endian, and that many bytes. One byte is
control: 00 power off, 01 power on, 02 reset, 04 asks for the answer to reset; all else is a command APDU,
answered by data and status word. As public in vsmartcard's documentation. A card can't be silent there: the
daemon would wait for ever, so that a chip's silence is told as status word 6F00.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Final

from simulators.faults import Faults
from simulators.permit.carriage import DEVICE
from simulators.permit.chip import Chip, ChipSilent

SLOTS: Final = 2
ATR: Final = bytes.fromhex("3B88800100000000338181003A")
"""Of a contactless type B chip, as PC/SC part 3 builds it; check byte last."""
DRIVER: Final = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
NO_DIAGNOSIS: Final = b"\x6f\x00"
POWER_OFF, POWER_ON, RESET, GET_ATR = b"\x00", b"\x01", b"\x02", b"\x04"


class VirtualPcd:
    """Two chips, each waiting for its slot to call; use as a context."""

    def __init__(self, chips: Sequence[Chip], faults: Faults | None = None) -> None:
        if len(chips) != SLOTS:
            raise ValueError(f"vpcd has {SLOTS} slots, and fails when one of them is empty")
        self._chips = chips
        self._faults = faults or Faults()
        self._listeners = _neighbours()
        self._lines: list[socket.socket] = []
        self._closing = False
        self._threads = [
            threading.Thread(target=self._serve, args=(listener, chip), name="vpcd", daemon=True)
            for listener, chip in zip(self._listeners, chips, strict=True)
        ]

    @property
    def configuration(self) -> str:
        """What a file in pcscd's reader.conf.d has to say."""
        port = self._listeners[0].getsockname()[1]
        return (
            f'FRIENDLYNAME "Simulated reader"\nDEVICENAME 127.0.0.1:{port}\n'
            f"LIBPATH {DRIVER}\nCHANNELID {port}\n"
        )

    def __enter__(self) -> VirtualPcd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        for waiting in (*self._listeners, *self._lines):
            with contextlib.suppress(OSError):  # the daemon may have hung up already
                waiting.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for waiting in (*self._listeners, *self._lines):
            waiting.close()

    def _serve(self, listener: socket.socket, chip: Chip) -> None:
        while not self._closing:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            self._lines.append(line)
            while message := _message(line):
                answer = self._answer(chip, message)
                if answer is not None:
                    line.sendall(len(answer).to_bytes(2, "big") + answer)

    def _answer(self, chip: Chip, message: bytes) -> bytes | None:
        if message == GET_ATR:
            return ATR
        if message in (POWER_OFF, POWER_ON, RESET):
            chip.power()
            return None
        try:
            return chip.exchange(message, lambda operation: self._faults.take(DEVICE, operation))
        except ChipSilent:
            return NO_DIAGNOSIS


def _message(line: socket.socket) -> bytes:
    """Return the next message, ``b""`` when the line has ended."""
    head = _exactly(line, 2)
    return _exactly(line, int.from_bytes(head, "big")) if head else b""


def _exactly(line: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        try:
            piece = line.recv(size - len(data))
        except OSError:
            return b""
        if not piece:
            return b""
        data += piece
    return data


def _neighbours() -> tuple[socket.socket, socket.socket]:
    """Return listeners on two neighbouring free ports of loopback."""
    while True:
        first = socket.create_server(("127.0.0.1", 0))
        try:
            return first, socket.create_server(("127.0.0.1", first.getsockname()[1] + 1))
        except OSError:
            first.close()
