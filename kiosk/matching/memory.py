"""Overwriting what must not stay in memory, and giving back what is not needed."""

from __future__ import annotations

import ctypes
from typing import Any

from numpy.typing import NDArray


def wipe(*arrays: NDArray[Any] | None) -> None:
    """Overwrite each array with zeros in place; read-only arrays and None are passed over."""
    for array in arrays:
        if array is not None and array.flags.writeable:
            array.fill(0)


def give_back() -> None:
    """Hand the C library's free memory back to the system, which clears it before anybody gets it."""
    ctypes.CDLL(None).malloc_trim(0)
