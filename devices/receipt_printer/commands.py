"""A receipt as ESC/POS bytes: GB 18030 text, QR codes, raster lines, cut.

Commands as in Epson's public ESC/POS reference. Text is what a line of the receipt says and nothing
else: control characters in it are printed as spaces, so that no name can steer the printer.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from devices.interfaces import ReceiptLine
from devices.receipt_printer.raster import draw_line

INITIALISE: Final = b"\x1b@"
_NO_AUTOMATIC_STATUS: Final = b"\x1da\x00"
_PLAIN_ASCII: Final = b"\x1bR\x00"  # ESC R 15 (China) would turn $ into a yen sign
_CHINESE: Final = b"\x1c&"
_LINE_END: Final = b"\n"
_FEED_AND_CUT: Final = b"\x1dVB\x00"
TELL_WHEN_DONE: Final = b"\x1dr\x01"
RECOVER_AND_CLEAR: Final = b"\x10\x05\x02"
CLEAR_BUFFERS: Final = bytes.fromhex("10 14 08 01 03 14 01 06 02 08")

FONT_CHARSET: Final = "gbk"
"""What the font of a Chinese printer is sure to have, in the one- and two-byte codes of GB 18030."""

_HALF_WIDTH_YEN: Final = str.maketrans("¥", "￥")  # the first has four bytes in GB 18030, and no glyph
_CONTROLS: Final = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")
_REAL_TIME: Final = (b"\x10\x04", b"\x10\x05", b"\x10\x14")
_QR_LARGE: Final = 6
_QR_SMALL: Final = 3
_QR_LARGE_BYTES: Final = 624  # version 19 at level M: 93 modules of 6 dots in 576
_QR_BYTES: Final = 2331  # version 40 at level M


def status_request(number: int) -> bytes:
    """Return ``DLE EOT n``."""
    return bytes([0x10, 0x04, number])


def identity_request(number: int) -> bytes:
    """Return ``GS I n``: 65 firmware, 66 maker, 67 model, 68 serial number."""
    return bytes([0x1D, 0x49, number])


def counter_request(number: int) -> bytes:
    """Return ``GS g 2``: 50 is the number of cuts since the counter was reset."""
    return b"\x1dg2\x00" + struct.pack("<H", number)


def receipt(lines: Sequence[ReceiptLine], font: Path) -> bytes:
    """Return the whole job: set up, lines, cut, and the question whether it is done.

    Raises ``ValueError`` for a QR code that is too long, ``MissingGlyphError`` when ``font`` lacks a
    character that the printer lacks as well.
    """
    begin = INITIALISE + _NO_AUTOMATIC_STATUS + _PLAIN_ASCII + _CHINESE
    return begin + b"".join(_line(line, font) for line in lines) + _FEED_AND_CUT + TELL_WHEN_DONE


def _line(line: ReceiptLine, font: Path) -> bytes:
    align = b"\x1ba\x01" if line.centred else b"\x1ba\x00"
    if line.code is not None:
        return align + _qr_code(line.code)
    text = line.text.translate(_CONTROLS).translate(_HALF_WIDTH_YEN)
    style = b"\x1bE" + bytes([line.bold]) + b"\x1d!" + (b"\x11" if line.large else b"\x00")
    try:
        return align + style + text.encode(FONT_CHARSET) + _LINE_END
    except UnicodeEncodeError:
        # The picture is as wide as the paper and centred within itself.
        return b"\x1ba\x00" + _raster(draw_line(text, font, line.large, line.bold, line.centred))


def _raster(dots: NDArray[np.bool_]) -> bytes:
    """Return ``GS v 0`` for (rows, columns) dots.

    A printer obeys real-time commands even within a picture's data, so a byte that would begin one gets
    one dot more.
    """
    packed = np.packbits(dots, axis=1)
    data = packed.tobytes()
    for command in _REAL_TIME:
        data = data.replace(command, b"\x11" + command[1:])
    return b"\x1dv0\x00" + struct.pack("<HH", packed.shape[1], packed.shape[0]) + data


def _qr_code(content: str) -> bytes:
    data = content.encode()
    if len(data) > _QR_BYTES:
        raise ValueError(f"{len(data)} bytes are too many for a QR code")
    module = _QR_LARGE if len(data) <= _QR_LARGE_BYTES else _QR_SMALL
    return b"".join(
        [
            _symbol(b"A2\x00"),  # model 2
            _symbol(b"C" + bytes([module])),
            _symbol(b"E1"),  # error correction M
            _symbol(b"P0" + data),
            _symbol(b"Q0"),
        ]
    )


def _symbol(function: bytes) -> bytes:
    """Return ``GS ( k`` for the QR code (31h) with a function and its parameters."""
    return b"\x1d(k" + struct.pack("<H", len(function) + 1) + b"1" + function
