"""Messages between kiosk and child: a length, a JSON header, raw bytes; nothing that could run code.

A request is ``u32 length | header | pixels…`` (big-endian length); the header is
``{"id", "op", "shapes"}`` and each shape says how many raw bytes follow (8-bit arrays in C order).
A reply is ``u32 length | header`` with ``{"id", "warm", "result"}`` or ``{"id", "error", "detail"}``;
``warm`` tells whether every engine is loaded.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

LENGTH: Final = struct.Struct(">I")
HEADER_LIMIT: Final = 16 * 1024
ARRAY_LIMIT: Final = 1920 * 1080 * 3
ARRAYS_LIMIT: Final = 16

CONFIGURATION: Final = "configuration"
REFUSED: Final = "refused"
FAILED: Final = "failed"


class WireError(Exception):
    """The other side sent what is no message."""


def pack(header: dict[str, Any]) -> bytes:
    """Return a header with its length in front."""
    body = json.dumps(header, allow_nan=False).encode()
    if len(body) > HEADER_LIMIT:
        raise ValueError("header too long")
    return LENGTH.pack(len(body)) + body


def header_length(prefix: bytes) -> int:
    """Return the length of the header that follows; raises ``WireError`` when it cannot be one."""
    length: int = LENGTH.unpack(prefix)[0]
    if not 2 <= length <= HEADER_LIMIT:
        raise WireError(f"header of {length} bytes")
    return length


def unpack(body: bytes) -> dict[str, Any]:
    """Return the header in ``body``; raises ``WireError``."""
    try:
        header = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise WireError("header is no JSON") from error
    if not isinstance(header, dict):
        raise WireError("header is no object")
    return header


def request(number: int, op: str, arrays: Sequence[Pixels]) -> bytes:
    """Return the header of a request; the arrays' bytes follow it on the wire."""
    return pack({"id": number, "op": op, "shapes": [list(array.shape) for array in arrays]})


def shapes_of(header: dict[str, Any]) -> list[tuple[int, ...]]:
    """Return the shapes that a request announces; raises ``WireError`` beyond the limits."""
    shapes = header.get("shapes")
    if not isinstance(shapes, list) or len(shapes) > ARRAYS_LIMIT:
        raise WireError("shapes")
    return [_shape(shape) for shape in shapes]


def check(array: Pixels) -> None:
    """Raise ``ValueError`` for an array that may not go over the wire."""
    if array.dtype != np.uint8:
        raise ValueError(f"8-bit pixels are needed, not {array.dtype}")
    try:
        _shape(list(array.shape))
    except WireError as error:
        raise ValueError(f"an array of shape {array.shape} may not be compared") from error


def _shape(shape: object) -> tuple[int, ...]:
    if not isinstance(shape, list) or not 1 <= len(shape) <= 3:
        raise WireError("shape")
    if not all(type(side) is int and 1 <= side <= ARRAY_LIMIT for side in shape):
        raise WireError("shape")
    if math.prod(shape) > ARRAY_LIMIT:
        raise WireError("array too large")
    return tuple(shape)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")
