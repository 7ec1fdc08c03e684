"""Card dispenser: one or more CREATOR CRT-571/591 units on one wire, told apart by their address.

From the public "CRT-591-M001 communication protocol" v1.0 and the frames that public drivers print: a move
to hold (``32 30``) or RF position (``32 32``) fetches a card from the stacker when none is in the path; an
empty stacker answers ``A0``. What a unit does when the gate is asked for without a card in its path is not
published; this one does the worst: it gives out the next card. The bin is refused with ``02``. st1 is the
stacker (``0`` empty, ``1`` few, ``2`` enough).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import reduce
from operator import xor
from typing import Any, Final

from simulators.devices.card_store import FEW, NAME, CardStore, Place
from simulators.faults import Faults, Order
from simulators.level import Level
from simulators.permit import words as permit_words
from simulators.permit.chip import ChipSilent
from simulators.permit.transport import (
    ACK,
    ACTIVATION,
    ATS,
    BIN_FULL,
    BY_HAND,
    CHIP_TIMEOUT,
    DATA,
    END,
    EOT,
    FRAGMENT_LOOK_S,
    FRAGMENT_TIMEOUT_S,
    JAM,
    MAX_TEXT,
    NAK,
    NOT_ACTIVE,
    NOT_INITIALISED,
    PARAMETER,
    RF_ACTIVATE_S,
    RF_EXCHANGE_S,
    SEQUENCE,
    START,
    UID,
    UNDEFINED,
    CommandFailed,
    frame,
)
from simulators.wire import Wire

__all__ = ["FAULTS", "MIDWAY", "NAME", "OPERATIONS", "CardDispenser", "words"]

OPERATIONS: Final = ("feed", "to_rf", "to_gate", "to_bin", "to_hold", "chip_select", "chip_read")
MIDWAY: Final = ("feed", "to_rf", "to_gate", "to_bin", "to_hold")
"""The operations that a fault can strike half-way."""
FAULTS: Final[Mapping[str, str]] = {
    "jam": "the card is stuck on its way (feed, to_*)",
    "moved_by_hand": "the person pulls the card out while it moves (to_*)",
    "power_lost": "the unit loses power and forgets that it was initialised (feed, to_*)",
    "no_answer": "the chip falls silent (chip_select, chip_read)",
    "error": "the unit answers an error of its table until it is initialised (args code: 51, unit)",
    "empty": "state: the stacker delivers nothing (args unit)",
    "bin_full": "state: the error bin is full (args unit)",
    "chip_dead": "state: no chip answers (args unit)",
}
FIRMWARE: Final = b"CRT-571-M001 V1.0 SIM"
STACKER_EMPTY: Final = b"A0"
_ST0: Final = {Place.GATE: b"1", Place.RF: b"2", Place.HELD: b"2", Place.JAMMED: b"2"}


class CardDispenser:
    """The units on one wire; unit 1 has address 0. ``serve`` runs in the wire's thread."""

    def __init__(self, level: Level, faults: Faults, units: int = 2) -> None:
        self.stores = [CardStore(number, level, faults) for number in range(1, units + 1)]
        self._units = [_Unit(store) for store in self.stores]
        self._buffer = bytearray()
        self._last_reply = b""

    def store(self, number: int) -> CardStore:
        """Return unit ``number``, from 1; raises ``ValueError``."""
        if not 1 <= number <= len(self.stores):
            raise ValueError(f"units are 1 to {len(self.stores)}")
        return self.stores[number - 1]

    def world(self) -> list[Mapping[str, Any]]:
        """Return what is where in each unit, as JSON values."""
        return [store.world() for store in self.stores]

    def reset(self) -> None:
        """Empty every unit."""
        for store in self.stores:
            store.empty()

    def serve(self, wire: Wire) -> None:
        """Serve until ``WireClosed`` comes out of the wire."""
        fragment_since: float | None = None
        while True:
            data = wire.read(FRAGMENT_LOOK_S if self._buffer else None)
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
        if asked[1] >= len(self._units):
            return True  # nobody has this address: nobody answers
        if asked[-2] != END or reduce(xor, asked) != 0 or length < 3 or asked[4] != ord("C"):
            wire.write(NAK)
            return True
        wire.write(ACK)
        self._last_reply = frame(asked[1], self._units[asked[1]].answer(asked[5:7], asked[7:-2]))
        wire.write(self._last_reply)
        return True


class _Unit:
    """One unit's commands."""

    def __init__(self, store: CardStore) -> None:
        self._store = store
        self._field_on = False
        self._commands: dict[bytes, Callable[[bytes], bytes]] = {
            b"00": lambda data: self._initialise(Place.HELD),
            b"01": lambda data: self._initialise(None),
            b"03": lambda data: self._initialise(Place.NONE),
            b"10": self._status,
            b"20": lambda data: self._fetch("to_hold", Place.HELD),
            b"22": lambda data: self._fetch("to_rf", Place.RF),
            b"23": self._to_bin,
            b"29": self._to_gate,
            b"`0": self._activate,
            b"`1": self._deactivate,
            b"`2": lambda data: b"20" if self._field_on else b"00",
            b"`4": self._exchange,
            b"\xa20": lambda data: bytes([10]) + f"SIM{store.number:07d}".encode("ascii"),
            b"\xa40": lambda data: FIRMWARE,
            b"\xa50": lambda data: f"{store.retained % 1000:03d}".encode("ascii"),
        }

    def answer(self, command: bytes, data: bytes) -> bytes:
        """Return the text of the reply to a command."""
        try:
            act = self._commands.get(command)
            if not self._store.initialised and command[:1] != b"0":
                raise CommandFailed(NOT_INITIALISED)
            if act is None:
                known = {key[:1] for key in self._commands}
                raise CommandFailed(PARAMETER if command[:1] in known else UNDEFINED)
            if (error := self._store.error) and command[:1] != b"0":
                raise CommandFailed(error)
            said = act(data)
        except CommandFailed as failed:
            return b"N" + command + failed.code
        return b"P" + command + self._sensors() + said

    def _sensors(self) -> bytes:
        store = self._store
        stacked = store.stacked()
        stacker = b"0" if not stacked else b"1" if stacked <= FEW else b"2"
        return _ST0.get(store.place, b"0") + stacker + (b"1" if store.bin_full else b"0")

    def _initialise(self, to: Place | None) -> bytes:
        """Begin anew; the card goes to hold, into the bin (None), or stays (``NONE``)."""
        store = self._store
        store.initialised, store.by_hand = True, False
        self._power_chip(False)
        self._require_no_jam()
        if store.card is not None and to is None:
            self._to_bin(b"")
        elif store.card is not None and to is Place.HELD:
            self._move("to_hold", Place.HELD)
        return FIRMWARE

    def _status(self, data: bytes) -> bytes:
        self._store.by_hand = False
        self._require_no_jam()
        return b""

    def _fetch(self, operation: str, to: Place) -> bytes:
        store = self._store
        self._require_no_jam()
        self._require_untouched()
        if store.card is not None:
            if store.place is not to:
                self._move(operation, to)
            return b""
        if not store.stacked():
            raise CommandFailed(STACKER_EMPTY)
        if not store.feed(to):
            raise CommandFailed(JAM)
        self._require_power()
        return b""

    def _to_gate(self, data: bytes) -> bytes:
        self._power_chip(False)
        return self._fetch("to_gate", Place.GATE)

    def _to_bin(self, data: bytes) -> bytes:
        store = self._store
        self._require_card()
        if store.bin_full:
            raise CommandFailed(BIN_FULL)
        self._power_chip(False)
        if not store.retain():
            raise CommandFailed(JAM if store.place is Place.JAMMED else BY_HAND)
        self._require_power()
        return b""

    def _move(self, operation: str, to: Place) -> None:
        if not self._store.move(operation, to):
            raise CommandFailed(JAM if self._store.place is Place.JAMMED else BY_HAND)
        self._require_power()

    def _activate(self, data: bytes) -> bytes:
        store = self._store
        if data != b"A0":
            raise CommandFailed(DATA)
        self._require_at_rf()
        store.wait(RF_ACTIVATE_S)
        if store.card is None or store.card.chip is None or store.card.wrong_way_round or store.chip_dead:
            raise CommandFailed(ACTIVATION)
        self._power_chip(True)
        return b"A\x04\x00" + bytes([len(UID)]) + UID + b"\x20" + ATS

    def _deactivate(self, data: bytes) -> bytes:
        self._power_chip(False)
        return b""

    def _exchange(self, data: bytes) -> bytes:
        card = self._store.card
        self._require_at_rf()
        if not self._field_on or card is None or card.chip is None:
            raise CommandFailed(NOT_ACTIVE)
        self._store.wait(RF_EXCHANGE_S)
        try:
            return card.chip.exchange(data, self._strike)
        except ChipSilent:
            self._power_chip(False)
            raise CommandFailed(CHIP_TIMEOUT) from None

    def _strike(self, operation: str) -> Order | None:
        return self._store.strike(operation)

    def _power_chip(self, on: bool) -> None:
        self._field_on = on
        card = self._store.card
        if card is not None and card.chip is not None:
            card.chip.power()

    def _require_card(self) -> None:
        self._require_no_jam()
        self._require_untouched()
        if self._store.card is None:
            raise CommandFailed(SEQUENCE)

    def _require_untouched(self) -> None:
        if self._store.by_hand:
            self._store.by_hand = False
            raise CommandFailed(BY_HAND)

    def _require_at_rf(self) -> None:
        self._require_no_jam()
        if self._store.place is not Place.RF:
            raise CommandFailed(SEQUENCE)

    def _require_no_jam(self) -> None:
        if self._store.place is Place.JAMMED:
            raise CommandFailed(JAM)

    def _require_power(self) -> None:
        if not self._store.initialised:
            raise CommandFailed(NOT_INITIALISED)


def words(direction: str, data: bytes) -> str:
    """Say what passes between host and dispenser; ``direction`` is ``to_device`` or ``from_device``."""
    said: list[str] = []
    while data:
        size = 4 + int.from_bytes(data[2:4], "big") + 2 if data[0] == START and len(data) >= 4 else 1
        piece, data = data[:size], data[size:]
        told = permit_words.of_transport(direction, piece)
        said.append(f"unit {piece[1] + 1}: {told}" if size > 1 else told)
    return ", ".join(said)
