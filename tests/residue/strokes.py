"""A signature, and the shapes in which its strokes could stay behind."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

Point = tuple[int, int, int]

SIGNATURE: Final[Mapping[str, Any]] = {
    "width": 2000,
    "height": 1000,
    "strokes": [
        [[307, 251, 1_618_033], [503, 211, 1_618_117], [709, 181, 1_618_199]],
        [[499, 127, 1_618_403], [491, 401, 1_618_529], [457, 701, 1_618_643], [383, 809, 1_618_727]],
        [[907, 307, 2_718_281], [1103, 283, 2_718_367], [1301, 317, 2_718_449]],
    ],
}
"""Its times are such as no program counts by chance: as numbers in memory they can only be these."""
LISTS: Final = (", ", ": "), (",", ":")
"""How JSON is written: by Python's default and by its compact form."""


def marks() -> frozenset[bytes]:
    """Return the pieces of every stroke: on the wire, packed, and as the numbers that Python keeps."""
    return frozenset(piece for stroke in SIGNATURE["strokes"] for piece in _pieces(stroke))


def _pieces(stroke: Sequence[Point]) -> Iterator[bytes]:
    for first, second in pairwise(stroke):
        named = [dict(zip(("x", "y", "t_ms"), point, strict=True)) for point in (first, second)]
        for separators in LISTS:
            for pair in ([first, second], named):
                yield json.dumps(pair, separators=separators)[1:-1].encode()
        yield repr((tuple(first), tuple(second)))[1:-1].encode()
        for kind in "hiqfd":
            yield struct.pack(f"<4{kind}", *first[:2], *second[:2])
        for kind in "iqfd":
            yield struct.pack(f"<6{kind}", *first, *second)
    for _, _, t_ms in stroke:
        yield struct.pack("<qI", 1, t_ms)  # an int of CPython 3.11: how many digits, and the one of 30 bits
