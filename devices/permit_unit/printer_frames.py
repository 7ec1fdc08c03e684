"""Frames of the Sanwa CRP-1231 family of thermal-rewrite card printers.

Host: ``02 | count | command, three status bytes of the master (00), data | 03 | XOR``; count runs from
itself to 03, the XOR from count to 03. The unit answers 06, and gives the reply only when asked with 05:
``02 | count | command R P S data | 03 | XOR``. No maker's manual is public; these facts are those on which
the public emulators of the unit agree (YACardEmu, Dolphin's and Flycast's card readers).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from devices.frames import xor
from devices.hearing import Grammar

STX: Final = 0x02
ETX: Final = 0x03
ENQ: Final = b"\x05"
_SHORTEST: Final = 6  # count, command, three status bytes, 03
MAX_DATA: Final = 255 - _SHORTEST
"""Bytes of data that fit a frame, whose count is one byte."""


class Sign(Enum):
    """What can arrive besides a reply."""

    ACKNOWLEDGED = "06"
    SEND_AGAIN = "15"
    DAMAGED = "a frame whose end, check or size is wrong"
    UNKNOWN = "a byte that begins nothing"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the unit says of its last command: position R, error P, job S, and data."""

    command: int
    position: int
    error: int
    job: int
    data: bytes = b""


Event = Sign | Reply


def encode(command: int, data: bytes = b"") -> bytes:
    """Return the frame of a command; raises ``ValueError`` for more than 249 bytes of data."""
    if len(data) > MAX_DATA:
        raise ValueError(f"a command carries at most {MAX_DATA} bytes")
    body = bytes([len(data) + _SHORTEST, command, 0, 0, 0]) + data + bytes([ETX])
    return bytes([STX]) + body + bytes([xor(body)])


def _cut(buffer: bytes) -> tuple[Event, int] | None:
    if len(buffer) < 2:
        return None
    count = buffer[1]
    if count < _SHORTEST:
        return Sign.DAMAGED, 2
    end = count + 2
    if len(buffer) < end:
        return None
    if buffer[end - 2] != ETX or xor(buffer[1:end]) != 0:
        return Sign.DAMAGED, end
    return Reply(buffer[2], buffer[3], buffer[4], buffer[5], buffer[6 : end - 2]), end


GRAMMAR: Final[Grammar[Event]] = Grammar(
    start=STX,
    signs={0x06: Sign.ACKNOWLEDGED, 0x15: Sign.SEND_AGAIN},
    unknown=Sign.UNKNOWN,
    damaged=Sign.DAMAGED,
    cut=_cut,
)
