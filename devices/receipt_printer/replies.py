"""What an ESC/POS printer sends back, told apart by the bits that each kind keeps fixed.

=============  ========================  ==========================================================
real-time      ``b & 93h == 12h``        one byte, the answer to ``DLE EOT n``
automatic      ``b & 93h == 10h``        four bytes (ASB); in the other three bits 4 and 7 are 0
transmitted    ``b & 90h == 00h``        one byte, the answer to ``GS r n``
block          ``5F … 00``               text, the answer to ``GS I n`` and ``GS g 2``
cleared        ``37 25 00``              the answer to ``DLE DC4`` function 8
=============  ========================  ==========================================================

Sources: Epson TM series manuals (download4.epson.biz/sec_pubs/pos/reference_en/escpos), Bixolon
SRP-350, Citizen CT-S300, which agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

_BLOCK_START: Final = 0x5F
_CLEARED_START: Final = 0x37
_ASB_SIZE: Final = 4


class Kind(Enum):
    REAL_TIME = auto()
    AUTOMATIC = auto()
    TRANSMITTED = auto()
    BLOCK = auto()
    CLEARED = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. ``data`` is its bytes; of a block, the text between header and NUL."""

    kind: Kind
    data: bytes


class ReplyReader:
    """Cuts the printer's bytes into replies, in whatever pieces they come."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Reply]:
        """Yield each reply that is complete with ``data``."""
        self._buffer += data
        while self._buffer:
            reply, used = self._first()
            if reply is None:
                return
            del self._buffer[:used]
            yield reply

    def clear(self) -> None:
        """Forget half a reply that will not be finished."""
        self._buffer.clear()

    def _first(self) -> tuple[Reply | None, int]:
        """Return the reply at the front, or None when it isn't whole yet, and its length."""
        byte = self._buffer[0]
        if byte & 0x93 == 0x12:
            return Reply(Kind.REAL_TIME, bytes([byte])), 1
        if byte & 0x93 == 0x10:
            return self._automatic()
        if byte & 0x90 == 0:
            return Reply(Kind.TRANSMITTED, bytes([byte])), 1
        if byte in {_BLOCK_START, _CLEARED_START}:
            end = self._buffer.find(0)
            kind = Kind.BLOCK if byte == _BLOCK_START else Kind.CLEARED
            return (None, 0) if end < 0 else (Reply(kind, bytes(self._buffer[1:end])), end + 1)
        return Reply(Kind.UNKNOWN, bytes([byte])), 1

    def _automatic(self) -> tuple[Reply | None, int]:
        head = bytes(self._buffer[:_ASB_SIZE])
        if any(byte & 0x90 for byte in head[1:]):
            return Reply(Kind.UNKNOWN, head[:1]), 1
        return (Reply(Kind.AUTOMATIC, head), _ASB_SIZE) if len(head) == _ASB_SIZE else (None, 0)
