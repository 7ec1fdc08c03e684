"""ID-card reader with SAM_V module (居民身份证阅读器): answers SDT frames as a reader does.

Frames as public drivers and the module's document agree:
``AA AA AA 96 69 | length | CMD PARA data | xor`` and ``AA AA AA 96 69 | length | SW1 SW2 SW3 data | xor``.
A card that was read, or failed to be read, is not found again until it is lifted.
"""

from __future__ import annotations

import random
import struct
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Final

from simulators.devices.id_card_layouts import SPOILT, fingerprint_blocks, photo_block, spoil, text_block
from simulators.faults import Faults
from simulators.level import Level
from simulators.people import Persona
from simulators.recorder import TO_DEVICE
from simulators.wire import Wire, WireClosed

NAME: Final = "id_card_reader"
PREAMBLE: Final = bytes.fromhex("AAAAAA9669")
LONGEST_REQUEST: Final = 64
HALF_FRAME_S: Final = 0.2  # a request that stops in its middle is forgotten after this time

OK, FOUND, BAD_CHECKSUM, BAD_LENGTH, BAD_COMMAND = 0x90, 0x9F, 0x10, 0x11, 0x21
READ_FAILED, NOT_FOUND, NOT_SELECTED, NO_ITEM = 0x41, 0x80, 0x81, 0x91

COMMANDS: Final[Mapping[tuple[int, int], str]] = {
    (0x10, 0xFF): "reset",
    (0x11, 0xFF): "status",
    (0x12, 0xFF): "sam_id",
    (0x20, 0x01): "find",
    (0x20, 0x02): "select",
    (0x30, 0x01): "read",
    (0x30, 0x10): "read_fingerprints",
    (0x30, 0x03): "new_address",
    **{(0x60, n): "baud" for n in range(5)},
}
BAUDS: Final = (115200, 57600, 38400, 19200, 9600)
OPERATIONS: Final = tuple(dict.fromkeys(COMMANDS.values()))
SECONDS: Final[Mapping[str, float]] = {
    "find": 0.06, "select": 0.08, "read": 0.35, "read_fingerprints": 0.6, "new_address": 0.15,
}  # fmt: skip

MIDWAY: Final = tuple(SECONDS)
"""The operations that a fault can strike half-way."""

_CODES: Final[Mapping[str, int]] = {
    "authFailed": 0x31,
    "verifyFailed": 0x33,
    "wrongCard": 0x40,
    "readFailed": READ_FAILED,
    "unknownCommand": BAD_COMMAND,
    "randomFailed": 0x47,
    "selfTestFailed": 0x60,
    "notAuthorised": 0x66,
    "selectFailed": NOT_SELECTED,
}
FAULTS: Final[Mapping[str, str]] = {
    **{name: f"answers {code:02X}" for name, code in _CODES.items()},
    "cardRemoved": "the person lifts the card during the operation",
    "noAnswer": "takes the command and says nothing",
}
_WORDS: Final[Mapping[int, str]] = {
    OK: "ok",
    FOUND: "card found",
    BAD_CHECKSUM: "request checksum bad",
    BAD_LENGTH: "request length bad",
    BAD_COMMAND: "command unknown",
    NOT_FOUND: "no card",
    NO_ITEM: "no such item",
    **{code: name for name, code in _CODES.items()},
}
SAM_ID: Final = struct.pack("<HHIII", 5, 3, 20260101, 9900001, 1)


@dataclass(slots=True)
class _Lying:
    """A card on the reader and how far the reader got with it."""

    persona: Persona
    spoilt: str = ""
    found: bool = False
    selected: bool = False
    done: bool = False


class IdCardReader:
    """The reader; ``serve`` runs in the wire's thread, the rest is what a person does."""

    def __init__(self, level: Level, faults: Faults, chance: random.Random) -> None:
        self._level = level
        self._faults = faults
        self._chance = chance
        self._card: _Lying | None = None
        self._moved = threading.Condition()

    # --- what a person does ---

    @property
    def card(self) -> Persona | None:
        """Return whose card lies on the reader."""
        lying = self._card
        return lying.persona if lying else None

    def place(self, persona: Persona, spoilt: str = "") -> None:
        """Lay a card down; ``spoilt`` is one of ``id_card_layouts.SPOILT``, or "" for a good one.

        Laying down the card that lies there already changes nothing.
        """
        if spoilt and spoilt not in SPOILT:
            raise ValueError(f"spoilt: one of {', '.join(SPOILT)}")
        with self._moved:
            lying = self._card
            if lying is not None and (lying.persona, lying.spoilt) == (persona, spoilt):
                return
            self._card = _Lying(persona, spoilt)
            self._moved.notify_all()

    def lift(self) -> None:
        with self._moved:
            self._card = None
            self._moved.notify_all()

    # --- the wire ---

    def serve(self, wire: Wire) -> None:
        """Answer requests until the wire is closed."""
        heard = b""
        try:
            while True:
                more = wire.read(HALF_FRAME_S if heard else None)
                heard = heard + more if more else b""
                while (cut := _cut(heard)) is not None:
                    request, heard = cut
                    for answer, baud in self._answer(request):
                        wire.write(answer)
                        if baud:
                            wire.set_baud(baud)
        except WireClosed:
            return

    def _answer(self, request: bytes) -> Iterator[tuple[bytes, int]]:
        """Yield the answer to a whole frame, and the baud rate that holds after it (0: as before)."""
        body = request[7:-1]
        if len(body) < 2 or len(request) - 7 > LONGEST_REQUEST:
            yield frame(BAD_LENGTH), 0
            return
        if checksum(request[5:-1]) != request[-1]:
            yield frame(BAD_CHECKSUM), 0
            return
        operation = COMMANDS.get((body[0], body[1]))
        if operation is None:
            yield frame(BAD_COMMAND), 0
            return
        fault, share = self._fault(operation)
        if fault == "noAnswer":
            return
        present = self._work(operation, share)
        if fault == "cardRemoved":
            self.lift()
            present = None
        if fault is not None and fault in _CODES:
            self._spoil(operation)
            yield frame(_CODES[fault]), 0
        elif operation == "baud":
            yield frame(OK), BAUDS[body[1]]
        else:
            yield self._do(operation, present), 0

    def _do(self, operation: str, card: _Lying | None) -> bytes:
        match operation:
            case "reset" | "status":
                return frame(OK)
            case "sam_id":
                return frame(OK, SAM_ID)
            case "find":
                if card is None or card.done:
                    return frame(NOT_FOUND)
                card.found, card.selected = True, False
                return frame(FOUND, bytes(4))
            case "select":
                if card is None or card.done or not card.found:
                    return frame(NOT_SELECTED)
                card.selected = True
                return frame(OK, bytes(8))
            case "new_address":
                return frame(READ_FAILED if card is None or not card.selected else NO_ITEM)
        if card is None or not card.selected or card.done or self._level.misreads(self._chance):
            self._spoil(operation)
            return frame(READ_FAILED)
        card.done = True
        face = card.persona.id_card
        text, photo = text_block(face), photo_block(face)
        if card.spoilt:
            text = spoil(text, card.spoilt)
        sizes = struct.pack(">HH", len(text), len(photo))
        if operation == "read":
            return frame(OK, sizes + text + photo)
        prints = fingerprint_blocks(face, card.persona.templates)
        return frame(OK, sizes + struct.pack(">H", len(prints)) + text + photo + prints)

    def _work(self, operation: str, share: float) -> _Lying | None:
        """Take that share of the operation's time; return the card if it lay there all the while."""
        with self._moved:
            card = self._card
            seconds = self._level.seconds(SECONDS.get(operation, 0.0)) * share
            if seconds:
                self._moved.wait_for(lambda: self._card is not card, seconds)
            return card if self._card is card else None

    def _spoil(self, operation: str) -> None:
        """After a failed reading the card has to be lifted first."""
        card = self._card
        if card is not None and operation in {"read", "read_fingerprints"}:
            card.done = True

    def _fault(self, operation: str) -> tuple[str | None, float]:
        """Return the fault that strikes, and how much of the operation is done before."""
        order = self._faults.take(NAME, operation)
        if order is None:
            order = next((o for name, o in self._faults.standing(NAME).items() if name in FAULTS), None)
        if order is None:
            return None, 1.0
        return order.fault, order.share(0.0 if order.fault == "cardRemoved" else 1.0)


def checksum(data: bytes) -> int:
    """Return the XOR of ``data`` (length to the last data byte)."""
    return reduce(xor, data, 0)


def frame(sw3: int, data: bytes = b"") -> bytes:
    """Return an answer with ``00 00 sw3`` and ``data``."""
    body = struct.pack(">H", len(data) + 4) + bytes([0, 0, sw3]) + data
    return PREAMBLE + body + bytes([checksum(body)])


def _cut(heard: bytes) -> tuple[bytes, bytes] | None:
    """Return the first whole frame of ``heard`` and what follows it."""
    at = heard.find(PREAMBLE)
    if at < 0 or len(heard) < at + 7:
        return None
    size = int.from_bytes(heard[at + 5 : at + 7], "big")
    end = at + 7 + min(max(size, 1), LONGEST_REQUEST + 1)
    return (heard[at:end], heard[end:]) if len(heard) >= end else None


def words(direction: str, data: bytes) -> str:
    """Put a frame into words for the line tap; never says what a card holds."""
    if not data.startswith(PREAMBLE) or len(data) < 10:
        return f"{len(data)} bytes"
    if direction == TO_DEVICE:
        return COMMANDS.get((data[7], data[8]), f"unknown command {data[7]:02X} {data[8]:02X}")
    said = _WORDS.get(data[9], f"SW3 {data[9]:02X}")
    return f"{said}, {len(data)} bytes" if len(data) > 11 else said
