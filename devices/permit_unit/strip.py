"""The rewritable strip as dots: a grey picture packed into the printer's image commands.

The command number 7B ("print image") is public, the layout of its data is not. This is our reading, made
like that of the public text command 7C (mode, buffer control, line) and unchecked against a real unit:
``mode | control | first row (2, big-endian) | bytes a row | rows | rows packed``, one bit a dot, black 1,
leftmost dot in the most significant bit. Mode '0' keeps the rows in the unit's buffer, '1' prints the
buffer; control '0' first clears it to white, '1' keeps it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from devices.interfaces import GrayImage
from devices.permit_unit.printer_frames import MAX_DATA

ROWS: Final = 200
COLUMNS: Final = 640
"""80 x 25 mm at 8 dots/mm: what fits beside the edges of an ID-1 card; unchecked."""

_WIDTH: Final = COLUMNS // 8
_HEADER: Final = 6
_ROWS_A_FRAME: Final = (MAX_DATA - _HEADER) // _WIDTH
_KEEP, _PRINT = 0x30, 0x31
_CLEAR_FIRST, _ADD = 0x30, 0x31


def image_commands(strip: GrayImage) -> list[bytes]:
    """Return the data of the 7B commands that print ``strip``, the last of which prints.

    ``strip`` is (200, 640), 0 black to 255 white; under 128 is black. Rows that are white all over are not
    sent, as the buffer is cleared first. Raises ``ValueError`` for another shape.
    """
    if strip.shape != (ROWS, COLUMNS):
        raise ValueError(f"the strip is {ROWS} x {COLUMNS} dots, not {strip.shape}")
    packed = np.packbits(strip < 128, axis=1)
    inked = np.flatnonzero(packed.any(axis=1)).tolist()
    commands: list[bytes] = []
    for first, last in _runs(inked):
        control = _ADD if commands else _CLEAR_FIRST
        rows = packed[first : last + 1]
        commands.append(_command(_KEEP, control, first, len(rows)) + rows.tobytes())
    if not commands:
        return [_command(_PRINT, _CLEAR_FIRST, 0, 0)]
    commands[-1] = bytes([_PRINT]) + commands[-1][1:]
    return commands


def _command(mode: int, control: int, first: int, rows: int) -> bytes:
    return bytes([mode, control]) + first.to_bytes(2, "big") + bytes([_WIDTH, rows])


def _runs(rows: list[int]) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of runs of neighbouring rows, none longer than a frame carries."""
    start = 0
    for i, row in enumerate(rows):
        ends = i + 1 == len(rows) or rows[i + 1] != row + 1
        if ends or i + 1 - start == _ROWS_A_FRAME:
            yield rows[start], row
            start = i + 1
