"""Frames of the CREATOR CRT-571/591 card units.

``F2 | address | length (2, big-endian) | text | 03 | BCC``, where ``length`` counts the text and BCC is
the XOR of F2 to 03. A command's text is ``'C' CM PM data``; the unit acknowledges with 06 (or 15, "send
again") and later answers ``'P' CM PM st0 st1 st2 data`` or ``'N' CM PM e1 e0 data``. 04 clears the line.
Source: CREATOR "CRT-591-M001 communication protocol" 1.0 (2013) sections 1.2-1.4; two independent public
drivers agree. That document prints the failure head as "'N', 45H", so both 4E and 45 are taken.

03 and F2 may occur in the text: a frame ends where its length says, never at the first 03.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from devices.frames import xor
from devices.hearing import Grammar

STX: Final = 0xF2
ETX: Final = 0x03
ACK: Final = b"\x06"
NAK: Final = b"\x15"
EOT: Final = b"\x04"

_MAX_TEXT: Final = 1024
_HEADER: Final = 4  # F2, address, two of length


class Sign(Enum):
    """What can arrive besides a reply."""

    ACKNOWLEDGED = "06"
    SEND_AGAIN = "15"
    CLEARED = "04"
    DAMAGED = "a frame whose end, check or head is wrong"
    UNKNOWN = "a byte that begins nothing"


@dataclass(frozen=True, slots=True)
class Done:
    """A 'P' reply: the command it answers, the three status characters, its data, who says it."""

    command: int
    parameter: int
    status: bytes
    data: bytes
    address: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """An 'N' reply: the command it answers, the two characters of the error, who says it."""

    command: int
    parameter: int
    error: str
    data: bytes
    address: int = 0


Event = Sign | Done | Refused


def encode(command: int, parameter: int, data: bytes = b"", address: int = 0) -> bytes:
    """Return the frame of a command; raises ``ValueError`` for more than 512 bytes of data."""
    if len(data) > 512:
        raise ValueError("a command carries at most 512 bytes")
    text = bytes([0x43, command, parameter]) + data
    frame = bytes([STX, address]) + len(text).to_bytes(2, "big") + text + bytes([ETX])
    return frame + bytes([xor(frame)])


def _cut(buffer: bytes) -> tuple[Event, int] | None:
    if len(buffer) < _HEADER:
        return None
    size = int.from_bytes(buffer[2:_HEADER], "big")
    if size > _MAX_TEXT:
        return Sign.DAMAGED, _HEADER
    end = _HEADER + size + 2
    if len(buffer) < end:
        return None
    if buffer[end - 2] != ETX or xor(buffer[:end]) != 0:
        return Sign.DAMAGED, end
    return _decode(buffer[1], buffer[_HEADER : end - 2]), end


def _decode(address: int, text: bytes) -> Event:
    head = text[:1]
    if head == b"P" and len(text) >= 6:
        return Done(text[1], text[2], text[3:6], text[6:], address)
    if head in (b"N", b"E") and len(text) >= 5:
        return Refused(text[1], text[2], text[3:5].decode("ascii", "replace"), text[5:], address)
    return Sign.DAMAGED


GRAMMAR: Final[Grammar[Event]] = Grammar(
    start=STX,
    signs={ACK[0]: Sign.ACKNOWLEDGED, NAK[0]: Sign.SEND_AGAIN, EOT[0]: Sign.CLEARED},
    unknown=Sign.UNKNOWN,
    damaged=Sign.DAMAGED,
    cut=_cut,
)
