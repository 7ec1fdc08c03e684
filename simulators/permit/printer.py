"""The print station's wire: frames of the Sanwa CRP-1231 family of rewrite printers.

What public hosts and emulators of the family agree on::

    host  02 count cmd m1 m2 m3 data 03 xor        unit  06 (or 15), then nothing until
    host  05                                       unit  02 count cmd R P S data 03 xor

count is from itself to 03, xor over the same bytes. R says where the card is, P how the last
command ended, S whether one runs. The image's layout in ``7B`` and what ``C1`` carries are not
public; they are our own choice:

    7B mode control row(2) width rows packed    mode 30 keep, 31 print; control 30 clear first, 31 keep
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import reduce
from operator import xor
from typing import Final

import numpy as np

from simulators.faults import Order
from simulators.permit.card import BLACK, COLUMNS, ROWS, WHITE, PermitCard, blank_strip
from simulators.permit.carriage import RESTART_S, Carriage, Position
from simulators.wire import Wire

STX: Final = 0x02
ETX: Final = 0x03
ENQ: Final = 0x05
ACK: Final = b"\x06"
NAK: Final = b"\x15"
ROW_BYTES: Final = COLUMNS // 8
DRAW_S: Final = 1.5
ERASE_S: Final = 8.0
PRINT_S: Final = 12.0
HAND_BACK_S: Final = 1.5
FRAGMENT_TIMEOUT_S: Final = 0.5
FRAGMENT_LOOK_S: Final = 0.1
VERSION: Final = b"AP:S1231-0001,OS:S1231-0002,0000"

INIT, STATUS, READ, CANCEL, IMAGE, ERASE, EJECT, RETRY, VERSIONS = (
    0x10, 0x20, 0x33, 0x40, 0x7B, 0x7D, 0x80, 0xC1, 0xF0,
)  # fmt: skip
R_NONE, R_HELD, R_HEAD, R_RETURNING = 0x30, 0x31, 0x33, 0x34
P_OK, P_JAM, P_MOTOR, P_PRINT, P_ILLEGAL, P_BATTERY = 0x30, 0x33, 0x34, 0x35, 0x38, 0x40
S_IDLE, S_ILLEGAL, S_RUNNING, S_WAITING = 0x30, 0x32, 0x33, 0x34

_P_OF_FAULT: Final = {"print_fault": P_PRINT, "motor_fault": P_MOTOR, "battery": P_BATTERY, "jam": P_JAM}


class Printer:
    """The print module: serves its wire over the shared carriage.

    ``printed`` is called with the card after each printing, whole or broken off.
    """

    def __init__(self, carriage: Carriage, printed: Callable[[PermitCard], None]) -> None:
        self._carriage = carriage
        self._printed = printed
        self._buffer = bytearray()
        self._forget()

    def _forget(self) -> None:
        self._last: int | None = None
        self._data = b""
        self._ended = P_OK
        self._illegal = False
        self._waiting = False
        self._image = blank_strip()
        self._restarts = self._carriage.restarts

    def serve(self, wire: Wire) -> None:
        """Serve until ``WireClosed`` comes out of the wire."""
        fragment_since: float | None = None
        while True:
            data = wire.read(FRAGMENT_LOOK_S if self._buffer else None)
            if not self._carriage.powered():
                self._buffer.clear()
                continue
            if self._restarts != self._carriage.restarts:
                self._forget()
            self._buffer += data
            while self._take(wire):
                pass
            if data or not self._buffer:
                fragment_since = time.monotonic() if self._buffer else None
            elif fragment_since is not None and time.monotonic() - fragment_since > FRAGMENT_TIMEOUT_S:
                self._buffer.clear()
                wire.write(NAK)

    def _take(self, wire: Wire) -> bool:
        """Take one ENQ or frame off the buffer; False when nothing whole is there."""
        buffer = self._buffer
        if not buffer:
            return False
        if buffer[0] == ENQ:
            del buffer[0]
            reply = self._reply()
            if reply:
                wire.write(reply)
            return True
        if buffer[0] != STX:
            del buffer[0]
            return True
        if len(buffer) < 2:
            return False
        count = buffer[1]
        if len(buffer) < count + 2:
            return False
        frame = bytes(buffer[: count + 2])
        del buffer[: count + 2]
        if count < 6 or frame[-2] != ETX or reduce(xor, frame[1:-1]) != frame[-1]:
            wire.write(NAK)
            return True
        wire.write(ACK)
        self._command(frame[2], frame[6:-2])
        return True

    def _reply(self) -> bytes:
        self._look()
        if not self._carriage.powered():
            return b""
        carriage = self._carriage
        if self._illegal:
            state = S_ILLEGAL
        elif self._waiting:
            state = S_WAITING
        else:
            state = S_RUNNING if self._runs() else S_IDLE
        command = self._last if self._last is not None else STATUS
        inside = carriage.position is Position.PRINTER
        where = R_HELD if inside else R_NONE
        if self._runs() and carriage.task is not None:
            where = {"print": R_HEAD, "erase": R_HEAD, "hand_back": R_RETURNING}.get(
                carriage.task.name, where
            )
        return frame(command, bytes([where, self._ended, state]), self._data)

    def _look(self) -> None:
        """Draw in the card that lies in the mouth, when one is waited for."""
        carriage = self._carriage
        carriage.settle()
        with carriage.lock:
            if not (self._waiting and carriage.position is Position.HELD and carriage.task is None):
                return
            order = carriage.strike("draw_in")
            if order is not None and order.fault == "not_taken":
                return
            self._waiting = False
            code = _P_OF_FAULT.get(order.fault) if order is not None else None
            carriage.begin("draw_in", DRAW_S, lambda share: self._drawn(code), _share_of(order, 1.0))

    def _drawn(self, fault: int | None) -> None:
        self._ended = P_OK if fault is None else fault
        carriage = self._carriage
        carriage.position = Position.PRINTER if fault is None else Position.JAMMED

    def _runs(self) -> bool:
        task = self._carriage.task
        return task is not None and task.name in {"draw_in", "erase", "print", "hand_back"}

    def _command(self, command: int, data: bytes) -> None:
        carriage = self._carriage
        carriage.settle()
        with carriage.lock:
            if command == CANCEL:
                self._waiting = False
                if self._runs():
                    carriage.stop_task()
            elif self._runs() and command != STATUS:
                self._last, self._data, self._ended, self._illegal = command, b"", P_ILLEGAL, True
                return
            self._last, self._data, self._illegal = command, b"", False
            act = {
                INIT: self._initialise,
                STATUS: self._nothing,
                CANCEL: self._nothing,
                RETRY: self._nothing,
                READ: self._wait_for_card,
                ERASE: self._erase,
                IMAGE: self._take_image,
                EJECT: self._hand_back,
                VERSIONS: self._tell_version,
            }.get(command, self._refuse)
            act(data)

    def _refuse(self, data: bytes) -> None:
        self._ended, self._illegal = P_ILLEGAL, True

    def _nothing(self, data: bytes) -> None:
        """Take note; status and cancel keep what the last command ended with."""

    def _initialise(self, data: bytes) -> None:
        self._ended = P_OK
        self._waiting = False
        self._image = blank_strip()

    def _tell_version(self, data: bytes) -> None:
        self._data = VERSION

    def _wait_for_card(self, data: bytes) -> None:
        if data[:1] != b"2" or self._carriage.position is Position.PRINTER:
            self._refuse(data)
            return
        self._ended, self._waiting = P_OK, True

    def _hand_back(self, data: bytes) -> None:
        carriage = self._carriage
        if carriage.position is not Position.PRINTER:
            self._refuse(data)
            return
        order = carriage.strike("hand_back")
        to = Position.JAMMED if order is not None and order.fault == "jam" else Position.RF

        def arrive(share: float) -> None:
            carriage.position = to
            self._ended = P_JAM if to is Position.JAMMED else P_OK

        carriage.begin("hand_back", HAND_BACK_S, arrive, _share_of(order, 1.0))

    def _erase(self, data: bytes) -> None:
        card = self._card_inside()
        if card is None:
            return
        order = self._carriage.strike("erase")

        def erase(share: float) -> None:
            card.strip[: round(ROWS * share)] = WHITE
            card.rewrites += share > 0
            self._end(order)

        self._carriage.begin("erase", ERASE_S, erase, _share_of(order, 0.0))

    def _take_image(self, data: bytes) -> None:
        if len(data) < 6 or data[4] != ROW_BYTES or len(data) != 6 + data[4] * data[5]:
            self._refuse(data)
            return
        mode, control, row, rows = data[0], data[1], int.from_bytes(data[2:4], "big"), data[5]
        if mode not in {0x30, 0x31} or control not in {0x30, 0x31}:
            self._refuse(data)
            return
        if row + rows > ROWS:
            self._ended = P_PRINT
            return
        if control == 0x30:
            self._image = blank_strip()
        dots = np.unpackbits(np.frombuffer(data[6:], np.uint8)).reshape(rows, COLUMNS)
        self._image[row : row + rows] = np.where(dots == 1, BLACK, WHITE)
        self._ended = P_OK
        if mode == 0x31:
            self._print()

    def _print(self) -> None:
        card = self._card_inside()
        if card is None:
            return
        image = self._image.copy()
        order = self._carriage.strike("print")

        def burn(share: float) -> None:
            rows = round(ROWS * share)
            # The head only blackens: what was not erased before shows through.
            card.strip[:rows] = np.minimum(card.strip[:rows], image[:rows])
            self._printed(card)
            self._end(order)

        self._carriage.begin("print", PRINT_S, burn, _share_of(order, 0.0))

    def _end(self, order: Order | None) -> None:
        self._ended = P_OK
        if order is None:
            return
        if order.fault == "power_lost":
            self._carriage.lose_power(float(order.args.get("seconds", RESTART_S)))
        else:
            self._ended = _P_OF_FAULT.get(order.fault, P_PRINT)
            if order.fault == "jam":
                self._carriage.position = Position.JAMMED

    def _card_inside(self) -> PermitCard | None:
        carriage = self._carriage
        if carriage.position is not Position.PRINTER or carriage.card is None:
            self._ended = P_PRINT
            return None
        self._ended = P_OK
        return carriage.card


def _share_of(order: Order | None, usual: float) -> float:
    """Return how much of the work is done before ``order`` strikes: all without one."""
    if order is None:
        return 1.0
    return order.share(0.5 if order.fault == "power_lost" else usual)


def frame(command: int, status: bytes, data: bytes = b"") -> bytes:
    """Return a frame; ``status`` is m1 m2 m3 of a command or R P S of a reply."""
    body = bytes([len(data) + 6, command]) + status + data + bytes([ETX])
    return bytes([STX]) + body + bytes([reduce(xor, body)])
