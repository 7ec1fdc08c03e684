"""The write-ahead log beside the journal, byte for byte: what SQLite passes over without a word.

SQLite reads the log up to the first frame that does not fit, and takes the rest for what a power cut left.
That is right for a start, but it would hide a changed byte: so a verification looks itself. The format is
"The WAL Format" in https://sqlite.org/fileformat2.html#walformat.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HEADER_BYTES: Final = 32
FRAME_HEADER_BYTES: Final = 24
_MAGIC: Final = 0x377F0682
"""Checksums over little-endian words; the same with 1 added: over big-endian words."""


@dataclass(frozen=True, slots=True)
class Log:
    """What lies in the log: the pages of whole commits, and what is wrong behind them."""

    pages: frozenset[int]
    faults: tuple[str, ...]


def read_log(database: Path) -> Log:
    """Read the log of ``database``; a missing or empty one is whole."""
    try:
        data = database.with_name(database.name + "-wal").read_bytes()
    except FileNotFoundError:
        data = b""
    if not data:
        return Log(frozenset(), ())
    header = _header(data)
    if header is None:
        return Log(frozenset(), ("log: its header is not whole",))
    return _frames(data, *header)


def _header(data: bytes) -> tuple[int, bytes, str, tuple[int, int]] | None:
    """Return page size in bytes, salts, byte order and checksum of the log's header, None when not whole."""
    if len(data) < HEADER_BYTES:
        return None
    magic, version, page_bytes, _ = struct.unpack(">4I", data[:16])
    order = {_MAGIC: "<", _MAGIC + 1: ">"}.get(magic)
    if order is None or version != 3007000 or page_bytes < 512:
        return None
    checksum = _checksum(order, data[:24], (0, 0))
    if checksum != struct.unpack(">2I", data[24:32]):
        return None
    return page_bytes, data[16:24], order, checksum


def _frames(data: bytes, page_bytes: int, salts: bytes, order: str, checksum: tuple[int, int]) -> Log:
    committed: set[int] = set()
    pages: set[int] = set()
    offset, frame_bytes, whole = HEADER_BYTES, FRAME_HEADER_BYTES + page_bytes, True
    while whole and offset + frame_bytes <= len(data):
        frame = data[offset : offset + frame_bytes]
        page, size_after = struct.unpack(">2I", frame[:8])
        checksum = _checksum(order, frame[:8] + frame[FRAME_HEADER_BYTES:], checksum)
        whole = frame[8:16] == salts and struct.unpack(">2I", frame[16:24]) == checksum
        if whole:
            pages.add(page)
            offset += frame_bytes
            if size_after:
                committed |= pages
                pages.clear()
    # Frames of the log's earlier round may follow: they have other salts, both of them.
    of_this_round = [
        (at - HEADER_BYTES) // frame_bytes + 1
        for at in range(offset, len(data), frame_bytes)
        if data[at + 8 : at + 12] == salts[:4] or data[at + 12 : at + 16] == salts[4:] or at + 16 > len(data)
    ]
    if not of_this_round and not pages:
        return Log(frozenset(committed), ())
    first = of_this_round[0] if of_this_round else (offset - HEADER_BYTES) // frame_bytes
    return Log(frozenset(committed), (f"log: frame {first} is not whole, or of no whole commit",))


def _checksum(order: str, data: bytes, start: tuple[int, int]) -> tuple[int, int]:
    first, second = start
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
