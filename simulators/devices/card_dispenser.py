"""Card dispenser: one or more CREATOR CRT-571/591 units on one wire, told apart by their address.

From the public "CRT-591-M001 communication protocol" v1.0 and the frames that public drivers print: a move
to hold (``32 30``) or RF position (``32 32``) fetches a card from the stacker when none is in the path; an
empty stacker answers ``A0``. What a unit does when the gate is asked for without a card in its path is not
published; this one does the worst: it gives out the next card. The bin is refused with ``02``. st1 is the
stacker (``0`` empty, ``1`` few, ``2`` enough).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from simulators.crt571 import (
    BIN_FULL,
    BY_HAND,
    JAM,
    NOT_INITIALISED,
    SEQUENCE,
    STACKER_EMPTY,
    START,
    ChipField,
    CommandFailed,
    Conversation,
    done,
)
from simulators.devices.card_store import FEW, NAME, CardStore, Place
from simulators.faults import Faults
from simulators.level import Level
from simulators.permit import words as permit_words
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
_ST0: Final = {Place.GATE: b"1", Place.RF: b"2", Place.HELD: b"2", Place.JAMMED: b"2"}


class CardDispenser:
    """The units on one wire; unit 1 has address 0. ``serve`` runs in the wire's thread."""

    def __init__(self, level: Level, faults: Faults, units: int = 2) -> None:
        self.stores = [CardStore(number, level, faults) for number in range(1, units + 1)]
        self._units = [_Unit(store) for store in self.stores]
        self._conversation = Conversation(
            lambda address, command, data: self._units[address].answer(command, data),
            has=lambda address: address < len(self._units),
        )

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
        self._conversation.serve(wire)


class _Unit:
    """One unit's commands."""

    def __init__(self, store: CardStore) -> None:
        self._store = store
        self._chip = ChipField(
            card=lambda: store.card,
            dead=lambda: store.chip_dead,
            wait=store.wait,
            strike=store.strike,
            require_at_rf=self._require_at_rf,
        )
        self._commands: dict[bytes, Callable[[bytes], bytes]] = {
            b"00": lambda data: self._initialise(Place.HELD),
            b"01": lambda data: self._initialise(None),
            b"03": lambda data: self._initialise(Place.NONE),
            b"10": self._status,
            b"20": lambda data: self._fetch("to_hold", Place.HELD),
            b"22": lambda data: self._fetch("to_rf", Place.RF),
            b"23": self._to_bin,
            b"29": self._to_gate,
            **self._chip.commands,
            b"\xa20": lambda data: bytes([10]) + f"SIM{store.number:07d}".encode("ascii"),
            b"\xa40": lambda data: FIRMWARE,
            b"\xa50": lambda data: f"{store.retained % 1000:03d}".encode("ascii"),
        }

    def answer(self, command: bytes, data: bytes) -> bytes:
        """Return the text of the reply to a command."""
        try:
            said = done(
                self._commands, command, data, initialised=self._store.initialised, error=self._store.error
            )
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
        self._chip.power(False)
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
        self._chip.power(False)
        return self._fetch("to_gate", Place.GATE)

    def _to_bin(self, data: bytes) -> bytes:
        store = self._store
        self._require_card()
        if store.bin_full:
            raise CommandFailed(BIN_FULL)
        self._chip.power(False)
        if not store.retain():
            raise CommandFailed(JAM if store.place is Place.JAMMED else BY_HAND)
        self._require_power()
        return b""

    def _move(self, operation: str, to: Place) -> None:
        if not self._store.move(operation, to):
            raise CommandFailed(JAM if self._store.place is Place.JAMMED else BY_HAND)
        self._require_power()

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
