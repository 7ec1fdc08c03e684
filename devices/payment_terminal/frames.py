"""Frames between a register and a CodePay/PayCloud payment terminal, serial 115200 8N1.

::

    55 AA | type | ack | id | length (2, big-endian) | data | check | CC 33

``check`` is the exclusive or of all bytes from the type to the last of the data. A whole frame has at most
1,024 bytes. ``id`` numbers frames with data 1..255 and round again, and is 0 without data; ``ack``
is the id of the last good frame that carried data, or 0. Source:
developer.codepay.us/docs/SerialCommunicationProtocol and the maker's public Java SDK
(codepay-us/codepay-register-sdk-java), which agree.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from devices.frames import Cut, DamagedError, Splitter, xor

_START: Final = b"\x55\xaa"
_END: Final = b"\xcc\x33"
_HEADER_SIZE: Final = len(_START) + 5
_FRAME_SIZE: Final = 1024
MAX_DATA: Final = _FRAME_SIZE - _HEADER_SIZE - 1 - len(_END)
LAST_ID: Final = 255


class Type(IntEnum):
    NORMAL = 0
    HANDSHAKE = 1
    HANDSHAKE_CONFIRMED = 2


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. Without data, id and ack it is a heartbeat; with an ack alone an acknowledgement."""

    type: int = Type.NORMAL
    ack: int = 0
    id: int = 0
    data: bytes = b""

    def encode(self) -> bytes:
        """Return the frame's bytes; raises ``ValueError`` when it has more data than a frame can hold."""
        if len(self.data) > MAX_DATA:
            raise ValueError(f"{len(self.data)} bytes of data, a frame holds {MAX_DATA}")
        counted = struct.pack(">BBBH", self.type, self.ack, self.id, len(self.data)) + self.data
        return _START + counted + bytes([xor(counted)]) + _END


HANDSHAKE: Final = Frame(Type.HANDSHAKE)
HEARTBEAT: Final = Frame()


def frame_reader() -> Splitter[Frame]:
    """Return a splitter of the terminal's stream."""
    return Splitter(_START, _cut)


def _cut(buffer: bytes) -> Cut[Frame] | None:
    if len(buffer) < _HEADER_SIZE:
        return None
    kind, ack, number, length = struct.unpack_from(">BBBH", buffer, len(_START))
    if kind not in set(Type) or length > MAX_DATA:
        raise DamagedError(f"type {kind}, length {length}")
    check_at = _HEADER_SIZE + length
    if len(buffer) < check_at + 1 + len(_END):
        return None
    if buffer[check_at] != xor(buffer[len(_START) : check_at]):
        raise DamagedError("check byte")
    if buffer[check_at + 1 : check_at + 1 + len(_END)] != _END:
        raise DamagedError("end")
    frame = Frame(kind, ack, number, buffer[_HEADER_SIZE:check_at])
    return Cut(frame, check_at + 1 + len(_END))
