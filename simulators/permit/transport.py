"""The card transport's wire: CREATOR CRT-571/591 frames.

From the public "CRT-591-M001 communication protocol" v1.0 and two public drivers that agree::

    host  F2 addr LenHi LenLo 'C' CM PM data 03 BCC      unit  06 | 15, then
    unit  F2 addr LenHi LenLo 'P' CM PM st0 st1 st2 data 03 BCC   or   'N' CM PM e1 e0
    host  06 (taken) | 15 (say it again) | 04 (drop it; the unit answers 04)

Len counts from 'C' to the last byte of data, BCC is the XOR of F2 to 03. Where the published text
leaves a choice (what "inside" means for st0, the hand-over to the print station by ``32 30``) this
is our own cabinet's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import reduce
from operator import xor
from typing import Final

from simulators.faults import Order
from simulators.permit.carriage import DEVICE, Carriage, Position
from simulators.permit.chip import ChipSilent
from simulators.wire import Wire

START: Final = 0xF2
END: Final = 0x03
ACK: Final = b"\x06"
NAK: Final = b"\x15"
EOT: Final = b"\x04"
MAX_TEXT: Final = 1024
FRAGMENT_TIMEOUT_S: Final = 0.5
FRAGMENT_LOOK_S: Final = 0.1
FIRMWARE: Final = b"CRT-591-M001 V1.0 SIM"
SERIAL: Final = b"SIM0000001"
RF_EXCHANGE_S: Final = 0.06
RF_ACTIVATE_S: Final = 0.25
UID: Final = bytes.fromhex("08A1B2C3")
ATS: Final = bytes.fromhex("0578807002")

UNDEFINED, PARAMETER, SEQUENCE, DATA = b"00", b"01", b"02", b"04"
JAM, BY_HAND, ACTIVATION, NOT_ACTIVE, COMMUNICATION, CHIP_TIMEOUT = b"10", b"45", b"61", b"65", b"67", b"68"
BIN_FULL, NOT_INITIALISED = b"A1", b"B0"


class CommandFailed(Exception):
    """A command that ends in an 'N' reply with a two-character code."""

    def __init__(self, code: bytes) -> None:
        super().__init__(code.decode("ascii"))
        self.code = code


class Transport:
    """The transport module: serves its wire over the shared carriage."""

    def __init__(self, carriage: Carriage) -> None:
        self._carriage = carriage
        self._buffer = bytearray()
        self._last_reply = b""
        self._field_on = False
        self._restarts = 0
        self._commands: dict[bytes, Callable[[bytes], bytes]] = {
            b"03": lambda data: self._initialise(None),
            b"00": lambda data: self._initialise(Position.RF),
            b"01": lambda data: self._initialise(Position.BIN),
            b"10": self._status,
            b"22": self._to_rf,
            b"20": self._to_printer,
            b"23": self._to_bin,
            b"29": self._to_gate,
            b"30": self._allow,
            b"31": self._forbid,
            b"`0": self._activate,
            b"`1": self._deactivate,
            b"`2": self._rf_status,
            b"`4": self._exchange,
            b"\xa20": lambda data: bytes([len(SERIAL)]) + SERIAL,
            b"\xa40": lambda data: FIRMWARE,
            b"\xa50": lambda data: f"{self._carriage.binned % 1000:03d}".encode("ascii"),
        }

    def serve(self, wire: Wire) -> None:
        """Serve until ``WireClosed`` comes out of the wire."""
        fragment_since: float | None = None
        while True:
            data = wire.read(FRAGMENT_LOOK_S if self._buffer else None)
            if not self._carriage.powered():
                self._buffer.clear()
                continue
            self._buffer += data
            if data:
                fragment_since = None
            while self._take(wire):
                pass
            if not self._buffer:
                fragment_since = None
            elif fragment_since is None:
                fragment_since = time.monotonic()
            elif time.monotonic() - fragment_since > FRAGMENT_TIMEOUT_S:
                self._buffer.clear()
                wire.write(NAK)

    def _take(self, wire: Wire) -> bool:
        """Take one control byte or frame off the buffer; False when nothing whole is there."""
        buffer = self._buffer
        if not buffer:
            return False
        if buffer[0] != START:
            control = bytes([buffer.pop(0)])
            if control == NAK and self._last_reply:
                wire.write(self._last_reply)
            elif control == EOT:
                wire.write(EOT)
            return True
        if len(buffer) < 4:
            return False
        length = int.from_bytes(buffer[2:4], "big")
        size = 4 + length + 2
        if length > MAX_TEXT:
            buffer.clear()
            wire.write(NAK)
            return True
        if len(buffer) < size:
            return False
        frame = bytes(buffer[:size])
        del buffer[:size]
        if frame[-2] != END or reduce(xor, frame[:-1]) != frame[-1] or length < 3 or frame[4] != 0x43:
            wire.write(NAK)
            return True
        wire.write(ACK)
        reply = self._answer(frame[1], frame[5:7], frame[7:-2])
        if reply and not self._given_up(wire):
            self._last_reply = reply
            wire.write(reply)
        return True

    def _given_up(self, wire: Wire) -> bool:
        """Tell whether the host sent EOT while the command ran (then there is nothing to say)."""
        self._buffer += wire.read(0)
        if self._buffer[:1] == EOT:
            del self._buffer[:1]
            wire.write(EOT)
            return True
        return False

    def _answer(self, address: int, command: bytes, data: bytes) -> bytes:
        carriage = self._carriage
        self._notice_restart()
        try:
            act = self._commands.get(command)
            if not carriage.initialised and command[:1] != b"0":
                raise CommandFailed(NOT_INITIALISED)
            if act is None:
                known = {key[:1] for key in self._commands}
                raise CommandFailed(PARAMETER if command[:1] in known else UNDEFINED)
            error = carriage.faults.standing(DEVICE).get("error")
            if error is not None and command[:1] != b"0":
                raise CommandFailed(str(error.args.get("code", "51")).zfill(2).encode("ascii", "replace"))
            answer = act(data)
        except CommandFailed as failed:
            return frame(address, b"N" + command + failed.code)
        if not carriage.powered():
            return b""
        return frame(address, b"P" + command + self._sensors() + answer)

    def _notice_restart(self) -> None:
        if self._restarts != self._carriage.restarts:
            self._restarts = self._carriage.restarts
            self._field_on = False
            self._last_reply = b""

    def _sensors(self) -> bytes:
        carriage = self._carriage
        position = carriage.position
        at = {Position.GATE: b"1", Position.RF: b"2", Position.HELD: b"2", Position.JAMMED: b"2"}
        full = b"1" if "bin_full" in carriage.faults.standing(DEVICE) else b"0"
        return at.get(position, b"0") + b"0" + full

    def _initialise(self, to: Position | None) -> bytes:
        carriage = self._carriage
        carriage.settle()
        carriage.initialised = True
        carriage.entry_open = carriage.pulled = False
        self._power_chip(False)
        if carriage.position is Position.JAMMED:
            raise CommandFailed(JAM)
        if to is Position.RF and carriage.position in {Position.GATE, Position.HELD}:
            self._move("to_rf", Position.RF)
        elif to is Position.BIN and carriage.position in {Position.GATE, Position.HELD, Position.RF}:
            self._to_bin(b"")
        return FIRMWARE

    def _status(self, data: bytes) -> bytes:
        self._carriage.settle()
        self._carriage.pulled = False
        if self._carriage.position is Position.JAMMED:
            raise CommandFailed(JAM)
        return b""

    def _allow(self, data: bytes) -> bytes:
        carriage = self._carriage
        self._require_no_jam()
        with carriage.lock:
            carriage.entry_open = True
            carriage.pulled = False
            if carriage.position is Position.GATE and carriage.offered and carriage.task is None:
                carriage.draw_in()
        return b""

    def _forbid(self, data: bytes) -> bytes:
        self._carriage.entry_open = False
        return b""

    def _to_rf(self, data: bytes) -> bytes:
        self._require_in_reach()
        if self._carriage.position is not Position.RF:
            self._move("to_rf", Position.RF)
        return b""

    def _to_gate(self, data: bytes) -> bytes:
        self._require_in_reach()
        self._power_chip(False)
        if self._carriage.position is not Position.GATE:
            self._move("to_gate", Position.GATE)
        return b""

    def _to_printer(self, data: bytes) -> bytes:
        self._require_in_reach()
        self._power_chip(False)
        self._move("to_printer", Position.HELD)
        return b""

    def _to_bin(self, data: bytes) -> bytes:
        self._require_in_reach()
        if "bin_full" in self._carriage.faults.standing(DEVICE):
            raise CommandFailed(BIN_FULL)
        self._power_chip(False)
        self._move("to_bin", Position.BIN)
        return b""

    def _move(self, operation: str, to: Position) -> None:
        carriage = self._carriage
        if not carriage.move(operation, to):
            raise CommandFailed(JAM if carriage.position is Position.JAMMED else BY_HAND)

    def _require_in_reach(self) -> None:
        carriage = self._carriage
        carriage.settle()
        self._require_no_jam()
        if carriage.pulled:
            carriage.pulled = False
            raise CommandFailed(BY_HAND)
        if carriage.position not in {Position.GATE, Position.RF, Position.HELD} or carriage.task is not None:
            raise CommandFailed(SEQUENCE)

    def _require_no_jam(self) -> None:
        self._carriage.settle()
        if self._carriage.position is Position.JAMMED:
            raise CommandFailed(JAM)

    def _power_chip(self, on: bool) -> None:
        self._field_on = on
        card = self._carriage.card
        if card is not None and card.chip is not None:
            card.chip.power()

    def _activate(self, data: bytes) -> bytes:
        carriage = self._carriage
        if data != b"A0":
            raise CommandFailed(DATA)
        self._require_at_rf()
        carriage.wait(RF_ACTIVATE_S)
        card = carriage.card
        dead = "chip_dead" in carriage.faults.standing(DEVICE)
        if card is None or card.chip is None or card.wrong_way_round or dead:
            raise CommandFailed(ACTIVATION)
        self._power_chip(True)
        return b"A\x04\x00" + bytes([len(UID)]) + UID + b"\x20" + ATS

    def _deactivate(self, data: bytes) -> bytes:
        self._power_chip(False)
        return b""

    def _rf_status(self, data: bytes) -> bytes:
        return b"20" if self._field_on else b"00"

    def _exchange(self, data: bytes) -> bytes:
        carriage = self._carriage
        self._require_at_rf()
        card = carriage.card
        if not self._field_on or card is None or card.chip is None:
            raise CommandFailed(NOT_ACTIVE)
        carriage.wait(RF_EXCHANGE_S)
        try:
            return card.chip.exchange(data, self._strike)
        except ChipSilent:
            self._power_chip(False)
            raise CommandFailed(CHIP_TIMEOUT) from None

    def _strike(self, operation: str) -> Order | None:
        order = self._carriage.strike(operation)
        if order is None and operation == "chip_select" and self._carriage.misreads():
            return Order(DEVICE, "no_answer", operation)  # the chip lost the field; opened again it answers
        return order

    def _require_at_rf(self) -> None:
        self._require_no_jam()
        if self._carriage.position is not Position.RF:
            raise CommandFailed(SEQUENCE)


def frame(address: int, text: bytes) -> bytes:
    """Return ``text`` (from 'C', 'P' or 'N' on) as a frame."""
    body = bytes([START, address]) + len(text).to_bytes(2, "big") + text + bytes([END])
    return body + bytes([reduce(xor, body)])
