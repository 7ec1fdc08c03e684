"""A card unit: stacker, positions, gate, error bin, and the chip's air interface.

Commands: CREATOR "CRT-591-M001 communication protocol" 1.0, sections 3.1 (movement, entry), 3.6.1-3.6.5
(contactless chip), 3.6.7-3.6.9 (serial number, version, bin counter).

A reading of ours, unchecked against a real unit: a card moved to the gate (32 39) stays within reach of the
rollers, so that it can still be drawn into the bin. One public driver swaps 30 and 39.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Final

from devices.base import DeviceError, Fault, Retry, StaffAction
from devices.crt571 import frames
from devices.crt571.errors import BIN_FULL, JAM, NOT_POSSIBLE_NOW, exception
from devices.crt571.frames import Done, Refused, Sign
from devices.hearing import Ear, Wire

_ACK_S: Final = 0.3  # published: the host sends again after 300 ms
_ANSWER_S: Final = 1.0
_MOVE_S: Final = 8.0
_CHIP_S: Final = 3.0
_TRIES: Final = 3
_STRANGE: Final = 256  # bytes that mean nothing, after which listening ends


class Position(Enum):
    """st0: where the transport's own sensors see a card."""

    NONE = b"0"
    GATE = b"1"
    INSIDE = b"2"


class Move(IntEnum):
    """Where to move the card: the parameter of command 32."""

    HOLD = 0x30
    CHIP = 0x32
    BIN = 0x33
    GATE = 0x39


class Stacker(Enum):
    """st1: how many cards the stacker's sensors see; a transport without one says ``EMPTY``."""

    EMPTY = b"0"
    FEW = b"1"
    ENOUGH = b"2"


class Transport:
    """Speaks with the unit at ``address`` of its wire.

    Every method raises ``Fault`` when it is silent or its wire is gone. ``bin_full`` and ``stacker`` are
    what its last answer said.
    """

    def __init__(self, wire: Wire, address: int = 0) -> None:
        self._wire = wire
        self._address = address
        self._ear = Ear(wire, frames.GRAMMAR)
        self.bin_full = False
        self.stacker = Stacker.EMPTY

    def initialise(self) -> str:
        """Clear errors, close the entry, leave a card where it is; return the firmware's name."""
        self._wire.send(frames.EOT)
        return self._ask(0x30, 0x33, "initialise", within_s=_MOVE_S).data.decode("ascii", "replace")

    def position(self) -> Position:
        """Ask where the card is. Raises ``Fault`` mediaJam while a jam stands."""
        return self._position(self._ask(0x31, 0x30, "status"))

    def allow_entry(self) -> None:
        """Let a card in: one pushed in is drawn to the chip position."""
        self._ask(0x33, 0x30, "allow entry")

    def forbid_entry(self) -> None:
        self._ask(0x33, 0x31, "forbid entry")

    def move(self, target: Move) -> Position:
        """Move the card (≤ 8 s) and return where it is then.

        Without a card in its path a unit fetches the next one from its stacker. So a move is sent again after
        a lost answer only to where the card then is already; never to the gate, from which the person may
        have taken it (``present`` asks the sensors), nor into the bin (``retain`` asks the counter).
        """
        return self._position(
            self._ask(
                0x32,
                target,
                f"move to {target.name.lower()}",
                within_s=_MOVE_S,
                repeatable=target in (Move.HOLD, Move.CHIP),
            )
        )

    def present(self) -> None:
        """Move the card to the gate (≤ 8 s); no fault when the person takes it while it still comes out."""
        try:
            position = self.move(Move.GATE)
        except DeviceError as error:
            # The person may pull it out while it still moves; or only the answer is missing.
            if error.code not in ("mediaRemoved", NOT_POSSIBLE_NOW, "timeOut"):
                raise
            position = self.position()
        if position is Position.INSIDE:
            raise Fault(self._wire.name, JAM, StaffAction.CLEAR, "the card does not come out")

    def retain(self) -> int:
        """Move the card that is inside or at the gate into the bin; return the bin's new count.

        The count must have grown by one, else ``Fault`` storageUnitError; ``Retry`` noMedia when the person
        took the card before it could be retained. A card for which a full bin has no room is drawn in.
        """
        before = self.bin_count()
        try:
            self.move(Move.BIN)
        except Fault as fault:
            if fault.code == NOT_POSSIBLE_NOW and self.position() is Position.NONE:
                raise Retry(self._wire.name, "noMedia", "taken before it could be retained") from fault
            if fault.code == BIN_FULL and self.position() is Position.GATE:
                self.move(Move.CHIP)  # whoever comes next would find it
            if fault.code != "timeOut":
                raise
            # The answer is missing, not necessarily the deed: the counter tells.
        after = self.bin_count()
        if after != before + 1:
            why = f"bin counter {before}, then {after}"
            raise Fault(self._wire.name, "storageUnitError", StaffAction.CLEAR, why)
        return after

    def bin_count(self) -> int:
        """Return the non-volatile number of cards in the retain bin, 0..999."""
        digits = self._ask(0xA5, 0x30, "bin counter").data
        if len(digits) != 3 or not digits.isdigit():
            raise self._wire.garbled(f"bin counter {digits.hex()}")
        return int(digits)

    def version(self) -> str:
        return self._ask(0xA4, 0x30, "version").data.decode("ascii", "replace").strip()

    def serial_number(self) -> str:
        """Return the serial number: one byte of length, then up to 18 characters."""
        data = self._ask(0xA2, 0x30, "serial number").data
        if not data or len(data) != data[0] + 1:
            raise self._wire.garbled(f"serial number {data.hex()}")
        return data[1:].decode("ascii", "replace").strip()

    def activate_chip(self) -> bytes:
        """Switch the field on, wake a type A processor chip and return its ATS.

        Raises ``Retry`` invalidMedia when nothing answers, or only a memory card.
        """
        data = self._ask(0x60, 0x30, "activate chip", b"A0", within_s=_CHIP_S).data
        # protocol letter, ATQA (2), length of the UID, UID, SAK, ATS
        if data[:1] != b"A":
            raise Retry(self._wire.name, "invalidMedia", f"not a processor chip: {data[:1]!r}")
        if len(data) < 4 or len(data) < 5 + data[3]:
            raise self._wire.garbled(f"activation answer {data.hex()}")
        return data[5 + data[3] :]

    def deactivate_chip(self) -> None:
        self._ask(0x60, 0x31, "deactivate chip")

    def exchange(self, apdu: bytes) -> bytes:
        """Send a command APDU (≤ 261 bytes) to the chip and return its response, SW1 SW2 last.

        Never repeated by itself once the transport took it: under secure messaging the chip counts.
        """
        data = self._ask(0x60, 0x34, "chip exchange", apdu, within_s=_CHIP_S, repeatable=False).data
        if len(data) < 2:
            raise self._wire.garbled(f"response of the chip {data.hex()}")
        return data

    def _note(self, status: bytes) -> None:
        self.bin_full = status[2:3] == b"1"
        try:
            self.stacker = Stacker(status[1:2])
        except ValueError:
            raise self._wire.garbled(f"stacker {status.hex()}") from None

    def _position(self, reply: Done) -> Position:
        try:
            return Position(reply.status[:1])
        except ValueError:
            raise self._wire.garbled(f"position {reply.status.hex()}") from None

    def _ask(
        self,
        command: int,
        parameter: int,
        doing: str,
        data: bytes = b"",
        *,
        within_s: float = _ANSWER_S,
        repeatable: bool = True,
    ) -> Done:
        self._ear.forget()
        frame = frames.encode(command, parameter, data, self._address)
        for attempt in range(_TRIES):
            self._wire.send(frame)
            reply = self._answer(command, parameter, doing, within_s, repeatable and attempt == 0)
            if reply is None:
                continue
            self._wire.send(frames.ACK)
            if isinstance(reply, Refused):
                raise exception(self._wire.name, reply.error, doing)
            self._note(reply.status)
            return reply
        raise self._wire.silent(doing)

    def _answer(
        self, command: int, parameter: int, doing: str, within_s: float, repeatable: bool
    ) -> Done | Refused | None:
        """Return the reply, or None when the command should be sent again.

        A command that was taken and then met with silence is sent again only when ``repeatable``.
        """
        acknowledged = False
        damaged = strange = 0
        while True:
            event = self._ear.next(within_s if acknowledged else _ACK_S)
            match event:
                case Done() | Refused():
                    if (event.address, event.command, event.parameter) == (
                        self._address,
                        command,
                        parameter,
                    ):
                        return event
                    self._wire.send(frames.ACK)  # a late answer to a command given up before
                case Sign.ACKNOWLEDGED:
                    acknowledged = True
                case Sign.SEND_AGAIN if not acknowledged:
                    return None
                case Sign.DAMAGED:
                    damaged += 1
                    if damaged == _TRIES:
                        raise self._wire.garbled(doing)
                    acknowledged = True  # it answers, so it had taken the command
                    self._ear.drain()
                    self._wire.send(frames.NAK)
                case None if acknowledged and not repeatable:
                    raise self._wire.silent(doing)
                case None:
                    return None
                case _:
                    strange += 1
                    if strange == _STRANGE:
                        raise self._wire.garbled(doing)
