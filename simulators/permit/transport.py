"""The card transport of the permit unit: the commands of CREATOR CRT-571/591 over the shared carriage.

Frames and conversation: ``simulators.crt571``. Where the published text leaves a choice (what "inside" means
for st0, the hand-over to the print station by ``32 30``) this is our own cabinet's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from simulators.crt571 import (
    BIN_FULL,
    BY_HAND,
    JAM,
    SEQUENCE,
    ChipField,
    CommandFailed,
    Conversation,
    done,
)
from simulators.faults import Order
from simulators.permit.carriage import DEVICE, Carriage, Position
from simulators.wire import Wire

FIRMWARE: Final = b"CRT-591-M001 V1.0 SIM"
SERIAL: Final = b"SIM0000001"


class Transport:
    """The transport module: serves its wire over the shared carriage."""

    def __init__(self, carriage: Carriage) -> None:
        self._carriage = carriage
        self._conversation = Conversation(self._answer, powered=carriage.powered)
        self._restarts = 0
        self.chip = ChipField(
            card=lambda: carriage.card,
            dead=lambda: "chip_dead" in carriage.faults.standing(DEVICE),
            wait=carriage.wait,
            strike=self._strike,
            require_at_rf=self._require_at_rf,
        )
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
            **self.chip.commands,
            b"\xa20": lambda data: bytes([len(SERIAL)]) + SERIAL,
            b"\xa40": lambda data: FIRMWARE,
            b"\xa50": lambda data: f"{self._carriage.binned % 1000:03d}".encode("ascii"),
        }

    def serve(self, wire: Wire) -> None:
        """Serve until ``WireClosed`` comes out of the wire."""
        self._conversation.serve(wire)

    def _answer(self, address: int, command: bytes, data: bytes) -> bytes:
        carriage = self._carriage
        self._notice_restart()
        try:
            error = carriage.faults.standing(DEVICE).get("error")
            said = done(self._commands, command, data, initialised=carriage.initialised, error=error)
        except CommandFailed as failed:
            return b"N" + command + failed.code
        return b"P" + command + self._sensors() + said if carriage.powered() else b""

    def _notice_restart(self) -> None:
        if self._restarts != self._carriage.restarts:
            self._restarts = self._carriage.restarts
            self.chip.on = False
            self._conversation.forget()

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
        self.chip.power(False)
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
        self.chip.power(False)
        if self._carriage.position is not Position.GATE:
            self._move("to_gate", Position.GATE)
        return b""

    def _to_printer(self, data: bytes) -> bytes:
        self._require_in_reach()
        self.chip.power(False)
        self._move("to_printer", Position.HELD)
        return b""

    def _to_bin(self, data: bytes) -> bytes:
        self._require_in_reach()
        if "bin_full" in self._carriage.faults.standing(DEVICE):
            raise CommandFailed(BIN_FULL)
        self.chip.power(False)
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

    def _strike(self, operation: str) -> Order | None:
        order = self._carriage.strike(operation)
        if order is None and operation == "chip_select" and self._carriage.misreads():
            return Order(DEVICE, "no_answer", operation)  # the chip lost the field; opened again it answers
        return order

    def _require_at_rf(self) -> None:
        self._require_no_jam()
        if self._carriage.position is not Position.RF:
            raise CommandFailed(SEQUENCE)
