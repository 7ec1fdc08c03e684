"""The minutiae in a card's 512-byte fingerprint block: a port, because their real format is closed.

Real cards hold templates that only the library of the national standard (GA/T 1012) compares.
Simulated cards hold, from byte 8 of the same block, a two-byte big-endian length and an ISO/IEC
19794-2 record, which any open matcher reads.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Final, Protocol

_LENGTH_AT: Final = 8
_RECORD_AT: Final = 10
_RECORD_END: Final = 511  # the block's last byte is its CRC-8
_ISO_MAGIC: Final = b"FMR\0"


class TemplateError(ValueError):
    """The block holds no template of this form; says why."""


class TemplateDecoder(Protocol):
    """Takes an open template out of a block."""

    name: str

    def template(self, block: bytes) -> bytes:
        """Return the ISO/IEC 19794-2 record; raises ``TemplateError``."""
        ...


class OpenTemplateDecoder:
    """The form of simulated cards."""

    name: str = "open format (ISO/IEC 19794-2)"

    def template(self, block: bytes) -> bytes:
        """Return the ISO/IEC 19794-2 record; raises ``TemplateError``."""
        length = int.from_bytes(block[_LENGTH_AT:_RECORD_AT], "big")
        record = block[_RECORD_AT : _RECORD_AT + length]
        if not record.startswith(_ISO_MAGIC) or len(record) != length or _RECORD_AT + length > _RECORD_END:
            raise TemplateError("no ISO/IEC 19794-2 record at byte 8")
        return record


class GaFingerprintLibrary:
    """Compares blocks of real cards with a live finger, for sites that have the closed library of GA/T 1012.

    It is called by ``FP_Begin``, ``FP_FeatureExtract``, ``FP_FeatureMatch``, ``FP_End``.

    Names, arguments and error codes (-1 parameter, -2 memory, -3 buffer, -9 other) as in public
    headers of bank-kiosk drivers (thinkForImprove/sp_linux, ID_Fpr.h).

    Unchecked here: no such library was at hand.
    """

    name: str = "vendor GA/T 1012 library"

    _DONE: Final = 1
    _BLOCK_SIZE: Final = 512
    _IMAGE_SIZE: Final = 256 * 360
    _OPTICAL: Final = 1

    def __init__(self, library: Path) -> None:
        try:
            self._library = ctypes.CDLL(str(library))
            begun = int(self._library.FP_Begin())
        except (OSError, AttributeError) as error:
            raise TemplateError(f"{library}: {error}") from error
        if begun != self._DONE:
            raise TemplateError(f"FP_Begin returned {begun}")

    def close(self) -> None:
        """Release what the library holds."""
        self._library.FP_End()

    def block(self, finger: int, image: bytes) -> bytes:
        """Return the 512-byte block of a live image (256 x 360, 8-bit grey, 500 dpi).

        Raises ``TemplateError``.
        """
        if len(image) != self._IMAGE_SIZE:
            raise TemplateError(f"{len(image)} bytes of image, not {self._IMAGE_SIZE}")
        features = ctypes.create_string_buffer(self._BLOCK_SIZE)
        outcome = int(
            self._library.FP_FeatureExtract(
                ctypes.c_ubyte(self._OPTICAL), ctypes.c_ubyte(finger), image, features
            )
        )
        if outcome != self._DONE:
            raise TemplateError(f"FP_FeatureExtract returned {outcome}")
        return features.raw

    def similarity(self, first: bytes, second: bytes) -> float:
        """Return how alike two 512-byte blocks are, 0..1; raises ``TemplateError``."""
        if len(first) != self._BLOCK_SIZE or len(second) != self._BLOCK_SIZE:
            raise TemplateError("a block has 512 bytes")
        alike = ctypes.c_float()
        outcome = int(self._library.FP_FeatureMatch(first, second, ctypes.byref(alike)))
        if outcome != self._DONE:
            raise TemplateError(f"FP_FeatureMatch returned {outcome}")
        return alike.value
