"""The permit's contactless chip: an eMRTD (ICAO 9303-10, -11) with one writable file of our own.

EF.COM and DG1 as ICAO has them; DG1 holds the 90 characters of the card's three lines. EF 01 20
"endorsements" is **our stand-in** for the issuer's closed file: two bytes of length, then up to 255
bytes, read and updated under secure messaging.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from simulators.faults import Order
from simulators.permit import bac

APPLICATION: Final = bytes.fromhex("A0000002471001")
EF_COM: Final = 0x011E
DG1: Final = 0x0101
ENDORSEMENTS: Final = 0x0120
CAPACITY: Final = 255
MOST_AT_ONCE: Final = 0xE7  # what fits one protected short response

OK: Final = b"\x90\x00"
SHORT: Final = b"\x62\x82"
NOT_ACCEPTED: Final = b"\x63\x00"
MEMORY_FAILURE: Final = b"\x65\x81"
WRONG_LENGTH: Final = b"\x67\x00"
NO_SECURITY: Final = b"\x69\x82"
CONDITIONS: Final = b"\x69\x85"
NO_FILE_CHOSEN: Final = b"\x69\x86"
SM_MISSING: Final = b"\x69\x87"
SM_WRONG: Final = b"\x69\x88"
NOT_FOUND: Final = b"\x6a\x82"
NO_ROOM: Final = b"\x6a\x84"
WRONG_PARAMETER: Final = b"\x6b\x00"
NO_INSTRUCTION: Final = b"\x6d\x00"
NO_CLASS: Final = b"\x6e\x00"

Begin = Callable[[str], Order | None]
"""Tells the bench that ``chip_select``, ``chip_read`` or ``chip_write`` begins; returns its fault."""


class ChipSilent(Exception):
    """The chip gives no answer: out of the field, broken."""


@dataclass(slots=True)
class Chip:
    """A chip with its files. ``mrz`` is DG1's 90 characters; without ``application`` it is any other chip."""

    mrz: str
    endorsements: bytes = b""
    application: bool = True
    _files: dict[int, bytearray] = field(init=False, repr=False)
    _chosen: int | None = field(init=False, default=None, repr=False)
    _in_application: bool = field(init=False, default=False, repr=False)
    _challenge: bytes | None = field(init=False, default=None, repr=False)
    _session: bac.Session | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        if len(self.mrz) != 90 or len(self.endorsements) > CAPACITY:
            raise ValueError("a chip holds 90 characters and at most 255 bytes of endorsements")
        content = len(self.endorsements).to_bytes(2, "big") + self.endorsements
        self._files = {
            EF_COM: bytearray(bytes.fromhex("60135F0104303130375F36063034303030305C0161")),
            DG1: bytearray(bytes.fromhex("615D5F1F5A") + self.mrz.encode("ascii")),
            ENDORSEMENTS: bytearray(content.ljust(2 + CAPACITY, b"\x00")),
        }

    def written(self) -> bytes:
        """Return what the endorsement file now says: its length's worth of bytes."""
        file = self._files[ENDORSEMENTS]
        return bytes(file[2 : 2 + int.from_bytes(file[:2], "big")])

    def power(self) -> None:
        """The field comes on, or goes: whatever was chosen and opened is forgotten."""
        self._chosen = self._challenge = self._session = None
        self._in_application = False

    def exchange(self, apdu: bytes, begin: Begin) -> bytes:
        """Answer a command APDU with data and status word; raises ``ChipSilent``."""
        if len(apdu) < 4:
            return WRONG_LENGTH
        if apdu[0] & 0x0C != 0x0C:
            # A plain command ends a session (ICAO 9303-11, 9.8.8).
            self._session = None
            return self._plain(apdu, begin)
        if self._session is None:
            return NO_SECURITY
        try:
            command = self._session.unwrap(apdu)
        except bac.NotAuthentic as error:
            self._session = None
            return SM_MISSING if "no MAC" in str(error) else SM_WRONG
        return self._session.wrap(self._protected(command, begin))

    def _plain(self, apdu: bytes, begin: Begin) -> bytes:
        if apdu[0] != 0x00:
            return NO_CLASS
        instruction = apdu[1]
        if instruction == 0xA4 and apdu[2] == 0x04:
            _raise_if_silent(begin("chip_select"))
            name = apdu[5 : 5 + apdu[4]] if len(apdu) > 5 else b""
            self._in_application = self.application and name == APPLICATION
            return OK if self._in_application else NOT_FOUND
        if not self._in_application:
            return NO_INSTRUCTION if instruction != 0xA4 else NOT_FOUND
        if instruction == 0x84:
            self._challenge = secrets.token_bytes(8)
            return self._challenge + OK
        if instruction == 0x82:
            return self._authenticate(apdu)
        return NO_SECURITY if instruction in {0xA4, 0xB0, 0xD6} else NO_INSTRUCTION

    def _authenticate(self, apdu: bytes) -> bytes:
        challenge, self._challenge = self._challenge, None
        if challenge is None:
            return CONDITIONS
        command = apdu[5 : 5 + apdu[4]] if len(apdu) > 5 else b""
        if len(command) != 40:
            return WRONG_LENGTH
        half = secrets.token_bytes(16)
        keys = bac.Keys.of_document(self.mrz[2:12], self.mrz[21:28], self.mrz[13:20])
        try:
            answer = bac.authenticate(keys, challenge, command, half)
        except bac.NotAuthentic:
            return NOT_ACCEPTED
        self._session = bac.session_of(keys, challenge, command, half)
        return answer + OK

    def _protected(self, command: bytes, begin: Begin) -> bytes:
        instruction, first, second = command[1], command[2], command[3]
        if instruction == 0xA4:
            return self._choose(command)
        if instruction not in {0xB0, 0xD6}:
            return NO_INSTRUCTION
        if first & 0x80:
            return WRONG_PARAMETER
        if self._chosen is None:
            return NO_FILE_CHOSEN
        offset = first << 8 | second
        if instruction == 0xB0:
            _raise_if_silent(begin("chip_read"))
            return self._read(offset, command[4] if len(command) > 4 else 0)
        order = begin("chip_write")
        _raise_if_silent(order)
        if order is not None and order.fault == "refused":
            return MEMORY_FAILURE
        return self._update(offset, command[5 : 5 + command[4]] if len(command) > 5 else b"")

    def _choose(self, command: bytes) -> bytes:
        number = int.from_bytes(command[5:7], "big") if len(command) >= 7 and command[4] == 2 else -1
        if number not in self._files:
            return NOT_FOUND
        self._chosen = number
        return OK

    def _read(self, offset: int, expected: int) -> bytes:
        file = self._files[self._chosen or 0]
        if offset >= len(file):
            return WRONG_PARAMETER
        if expected > MOST_AT_ONCE:
            return WRONG_LENGTH
        wanted = expected or MOST_AT_ONCE
        data = bytes(file[offset : offset + wanted])
        return data + (OK if len(data) == wanted or expected == 0 else SHORT)

    def _update(self, offset: int, data: bytes) -> bytes:
        if self._chosen != ENDORSEMENTS:
            return NO_SECURITY
        file = self._files[ENDORSEMENTS]
        if not data or offset + len(data) > len(file):
            return NO_ROOM
        file[offset : offset + len(data)] = data
        return OK


def _raise_if_silent(order: Order | None) -> None:
    if order is not None and order.fault == "no_answer":
        raise ChipSilent
