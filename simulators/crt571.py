"""CREATOR CRT-571/591 card units from their side of the wire: frames, who speaks when, and the chip's field.

From the public "CRT-591-M001 communication protocol" v1.0 and two public drivers that agree::

    host  F2 addr LenHi LenLo 'C' CM PM data 03 BCC      unit  06 | 15, then
    unit  F2 addr LenHi LenLo 'P' CM PM st0 st1 st2 data 03 BCC   or   'N' CM PM e1 e0
    host  06 (taken) | 15 (say it again) | 04 (drop it; the unit answers 04)

Len counts from 'C' to the last byte of data, BCC is the XOR of F2 to 03.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Final

from simulators.faults import Order
from simulators.permit.card import PermitCard
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
RF_EXCHANGE_S: Final = 0.06
RF_ACTIVATE_S: Final = 0.25
UID: Final = bytes.fromhex("08A1B2C3")
ATS: Final = bytes.fromhex("0578807002")

UNDEFINED, PARAMETER, SEQUENCE, DATA = b"00", b"01", b"02", b"04"
JAM, BY_HAND, ACTIVATION, NOT_ACTIVE, COMMUNICATION, CHIP_TIMEOUT = b"10", b"45", b"61", b"65", b"67", b"68"
BIN_FULL, STACKER_EMPTY, NOT_INITIALISED = b"A1", b"A0", b"B0"

Commands = Mapping[bytes, Callable[[bytes], bytes]]
"""By CM and PM: what takes the command's data and returns the answer's; raises ``CommandFailed``."""


class CommandFailed(Exception):
    """A command that ends in an 'N' reply with a two-character code."""

    def __init__(self, code: bytes) -> None:
        super().__init__(code.decode("ascii"))
        self.code = code


def frame(address: int, text: bytes) -> bytes:
    """Return ``text`` (from 'C', 'P' or 'N' on) as a frame."""
    body = bytes([START, address]) + len(text).to_bytes(2, "big") + text + bytes([END])
    return body + bytes([reduce(xor, body)])


def done(commands: Commands, command: bytes, data: bytes, *, initialised: bool, error: Order | None) -> bytes:
    """Do a command and return the answer's data; raises ``CommandFailed``.

    With a standing ``error`` all but an initialisation fails with the code that it names.
    """
    act = commands.get(command)
    starts = command[:1] == b"0"
    if not (initialised or starts):
        raise CommandFailed(NOT_INITIALISED)
    if act is None:
        raise CommandFailed(PARAMETER if command[:1] in {key[:1] for key in commands} else UNDEFINED)
    if error is not None and not starts:
        raise CommandFailed(str(error.args.get("code", "51")).zfill(2).encode("ascii", "replace"))
    return act(data)


class Conversation:
    """Hears commands and sends replies.

    ``answer`` (of address, command, data) returns a reply's text, b"" for none. Only those addresses that
    it ``has`` are answered at all, and nothing while there is no power.
    """

    def __init__(
        self,
        answer: Callable[[int, bytes, bytes], bytes],
        has: Callable[[int], bool] = lambda address: True,
        powered: Callable[[], bool] = lambda: True,
    ) -> None:
        self._answer = answer
        self._has = has
        self._powered = powered
        self._buffer = bytearray()
        self._last_reply = b""

    def forget(self) -> None:
        """Forget the last reply: the unit was restarted."""
        self._last_reply = b""

    def serve(self, wire: Wire) -> None:
        """Serve until ``WireClosed`` comes out of the wire."""
        fragment_since: float | None = None
        while True:
            data = wire.read(FRAGMENT_LOOK_S if self._buffer else None)
            if not self._powered():
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
        if length > MAX_TEXT:
            buffer.clear()
            wire.write(NAK)
            return True
        size = 4 + length + 2
        if len(buffer) < size:
            return False
        asked = bytes(buffer[:size])
        del buffer[:size]
        if not self._has(asked[1]):
            return True
        if asked[-2] != END or reduce(xor, asked) != 0 or length < 3 or asked[4] != ord("C"):
            wire.write(NAK)
            return True
        wire.write(ACK)
        text = self._answer(asked[1], asked[5:7], asked[7:-2])
        if text and not self._given_up(wire):
            self._last_reply = frame(asked[1], text)
            wire.write(self._last_reply)
        return True

    def _given_up(self, wire: Wire) -> bool:
        """Tell whether the host sent EOT while the command ran (then there is nothing to say)."""
        self._buffer += wire.read(0)
        if self._buffer[:1] == EOT:
            del self._buffer[:1]
            wire.write(EOT)
            return True
        return False


@dataclass(slots=True)
class ChipField:
    """The air interface under a card: what it needs to know of the unit, and whether the field is on.

    ``require_at_rf`` raises ``CommandFailed`` unless a card lies where it can be reached.
    """

    card: Callable[[], PermitCard | None]
    dead: Callable[[], bool]
    wait: Callable[[float], None]
    strike: Callable[[str], Order | None]
    require_at_rf: Callable[[], None]
    on: bool = False

    @property
    def commands(self) -> Commands:
        return {
            b"`0": self.activate,
            b"`1": self._deactivate,
            b"`2": lambda data: b"20" if self.on else b"00",
            b"`4": self.exchange,
        }

    def power(self, on: bool) -> None:
        """Switch the field; the chip begins anew either way."""
        self.on = on
        card = self.card()
        if card is not None and card.chip is not None:
            card.chip.power()

    def activate(self, data: bytes) -> bytes:
        """Wake the chip; return its UID and ATS."""
        if data != b"A0":
            raise CommandFailed(DATA)
        self.require_at_rf()
        self.wait(RF_ACTIVATE_S)
        card = self.card()
        if card is None or card.chip is None or card.wrong_way_round or self.dead():
            raise CommandFailed(ACTIVATION)
        self.power(True)
        return b"A\x04\x00" + bytes([len(UID)]) + UID + b"\x20" + ATS

    def exchange(self, data: bytes) -> bytes:
        """Pass a command to the chip; return its response."""
        self.require_at_rf()
        card = self.card()
        if not self.on or card is None or card.chip is None:
            raise CommandFailed(NOT_ACTIVE)
        self.wait(RF_EXCHANGE_S)
        try:
            return card.chip.exchange(data, self.strike)
        except ChipSilent:
            self.power(False)
            raise CommandFailed(CHIP_TIMEOUT) from None

    def _deactivate(self, data: bytes) -> bytes:
        self.power(False)
        return b""
