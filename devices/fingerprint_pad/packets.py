"""Packets of the ZFM/R30x fingerprint modules.

``EF 01 | address (4) | kind | length (2) | payload | sum (2)``, big-endian; ``length`` counts payload and
sum, the sum is that of kind, length and payload modulo 65536. Sources: the Grow R305/R307 and ZhianTec ZFM-20
manuals, with which two independent public clients (pyfingerprint, Adafruit's) agree.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from devices.frames import Cut, DamagedError, Splitter
from devices.interfaces import GrayImage

ROWS: Final = 288
COLUMNS: Final = 256
IMAGE_BYTES: Final = ROWS * COLUMNS // 2

_START: Final = b"\xef\x01"
_HEADER: Final = struct.Struct(">2sIBH")
_EVERY_ADDRESS: Final = 0xFFFFFFFF
_LONGEST: Final = 256 + 2


class Kind(IntEnum):
    """What a packet is."""

    COMMAND = 0x01
    DATA = 0x02
    ACK = 0x07
    LAST_DATA = 0x08


@dataclass(frozen=True, slots=True, repr=False)
class Packet:
    """A packet whose sum was right. ``kind`` may be a byte that no manual names."""

    kind: int
    payload: bytes


def encode(kind: Kind, payload: bytes) -> bytes:
    """Return the packet's bytes."""
    length = len(payload) + 2
    counted = struct.pack(">BH", kind, length) + payload
    return _START + struct.pack(">I", _EVERY_ADDRESS) + counted + struct.pack(">H", sum(counted) & 0xFFFF)


class PacketReader:
    """Finds packets in what the module sends, in whatever pieces it comes."""

    def __init__(self) -> None:
        self._splitter: Splitter[Packet] = Splitter(_START, _cut)

    @property
    def damaged(self) -> int:
        """How many broken packets have been met since the start."""
        return self._splitter.damaged

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Yield each packet that is complete with ``data``."""
        return self._splitter.feed(data)

    def clear(self) -> None:
        self._splitter.clear()


def _cut(buffer: bytes) -> Cut[Packet] | None:
    if len(buffer) < _HEADER.size:
        return None
    _, _, kind, length = _HEADER.unpack_from(buffer)
    if not 2 <= length <= _LONGEST:
        raise DamagedError(f"length {length}")
    end = _HEADER.size + length
    if len(buffer) < end:
        return None
    counted = buffer[6 : end - 2]
    if sum(counted) & 0xFFFF != int.from_bytes(buffer[end - 2 : end], "big"):
        raise DamagedError("sum")
    return Cut(Packet(kind, counted[3:]), end)


def picture(data: bytes) -> GrayImage:
    """Return the (288, 256) picture of 36,864 bytes: two dots a byte, the left one in the upper four bits.

    Only the upper four bits of a dot are sent (manuals, "ImageBuffer"); 0..15 become 0..255.
    """
    packed = np.frombuffer(data, np.uint8)
    dots = np.empty(packed.size * 2, np.uint8)
    dots[0::2] = packed >> 4
    dots[1::2] = packed & 0x0F
    return (dots * 17).astype(np.uint8).reshape(ROWS, COLUMNS)
