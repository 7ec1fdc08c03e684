"""Frames of the SAM_V module in a resident ID-card reader (居民身份证阅读器), GA/T 467.

::

    request  AA AA AA 96 69 | length (2, big-endian) | command parameter [data] | check
    reply    AA AA AA 96 69 | length (2, big-endian) | SW1 SW2 SW3 [data]       | check

``length`` counts from the command (SW1) to the check byte; ``check`` is the exclusive or of all
bytes from the length to the last of the data. Serial 115200 8N1. Layout, commands and status words
as in the public documents of the SAM module (e-com-net.com article 1743571842846703616, eastcoms.com
service 508) and public drivers, which agree. A receiver accepts a frame whose first AA got lost, as
the shipped Android drivers do.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from devices.frames import Cut, DamagedError, Splitter, xor

PREAMBLE: Final = bytes.fromhex("AA AA AA 96 69")
HEADER_SIZE: Final = len(PREAMBLE) + 2
_START: Final = PREAMBLE[1:]
_LONGEST: Final = 4096  # the receive buffer of the shipped drivers
_SHORTEST: Final = 4  # SW1 SW2 SW3 check: an echoed request is shorter and thus no reply


class Command(Enum):
    """Command and parameter."""

    RESET = (0x10, 0xFF)
    STATUS = (0x11, 0xFF)
    SAM_ID = (0x12, 0xFF)
    FIND = (0x20, 0x01)
    SELECT = (0x20, 0x02)
    READ = (0x30, 0x01)
    NEW_ADDRESS = (0x30, 0x03)
    READ_WITH_FINGERPRINTS = (0x30, 0x10)
    BAUD_115200 = (0x60, 0x00)
    BAUD_57600 = (0x60, 0x01)
    BAUD_38400 = (0x60, 0x02)
    BAUD_19200 = (0x60, 0x03)
    BAUD_9600 = (0x60, 0x04)


class Sw3(IntEnum):
    """Third status byte: the module's own outcome (SW1 and SW2 are the card's)."""

    OK = 0x90
    CARD_FOUND = 0x9F
    REQUEST_CHECK_BAD = 0x10
    REQUEST_LENGTH_BAD = 0x11
    COMMAND_INVALID = 0x21
    UNKNOWN_ERROR = 0x24
    CARD_REJECTED_READER = 0x31
    READER_REJECTED_CARD = 0x32
    VERIFY_FAILED = 0x33
    WRONG_CARD = 0x40
    READ_FAILED = 0x41
    RANDOM_FAILED = 0x47
    SELF_TEST_FAILED = 0x60
    NOT_AUTHORISED = 0x66
    NO_CARD = 0x80
    SELECT_FAILED = 0x81
    NO_SUCH_ITEM = 0x91


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """A reply whose check byte was right. ``sw3`` may be a byte that no document names."""

    sw1: int
    sw2: int
    sw3: int
    data: bytes


def request(command: Command, data: bytes = b"") -> bytes:
    """Return the frame that asks for ``command``."""
    body = bytes(command.value) + data
    counted = struct.pack(">H", len(body) + 1) + body
    return PREAMBLE + counted + bytes([xor(counted)])


class ReplyReader:
    """Finds replies in what the reader sends, in whatever pieces it comes."""

    def __init__(self) -> None:
        self._splitter: Splitter[Reply] = Splitter(_START, _cut)

    @property
    def damaged(self) -> int:
        """How many broken frames have been met since the start."""
        return self._splitter.damaged

    def feed(self, data: bytes) -> Iterator[Reply]:
        """Yield each reply that is complete with ``data``."""
        return self._splitter.feed(data)

    def clear(self) -> None:
        """Forget half a frame that will not be finished."""
        self._splitter.clear()


def _cut(buffer: bytes) -> Cut[Reply] | None:
    body = len(_START) + 2
    if len(buffer) < body:
        return None
    (length,) = struct.unpack_from(">H", buffer, len(_START))
    if not _SHORTEST <= length <= _LONGEST:
        raise DamagedError(f"length {length}")
    if len(buffer) < body + length:
        return None
    counted = buffer[len(_START) : body + length - 1]
    if xor(counted) != buffer[body + length - 1]:
        raise DamagedError("check byte")
    sw1, sw2, sw3 = counted[2:5]
    return Cut(Reply(sw1, sw2, sw3, counted[5:]), body + length)


def wire_s(baud: int, fingerprints: bool = False) -> float:
    """Return the seconds that finding, selecting and reading a card take on the wire itself (8N1).

    A bench takes this off the time it measured; what is left is the card's, the reader's and the
    driver's own. Two 512-byte fingerprint blocks are counted with ``fingerprints``.
    """
    requests = 3 * len(request(Command.FIND))
    found, selected = 15, 19
    read = 2321 if fingerprints else 1295
    return (requests + found + selected + read) * 10 / baud
