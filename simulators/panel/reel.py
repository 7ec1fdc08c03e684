"""The window's picture at one size, and which of its tiles changed with which frame."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

TILE_PX: Final = 32
QUALITY: Final = 80


@dataclass(frozen=True, slots=True)
class Part:
    """A rectangle of the picture as JPEG, ``left`` and ``top`` in pixels."""

    left: int
    top: int
    jpeg: bytes

    def packed(self) -> bytes:
        """Return it as bytes: left, top (16 bit each), length (32 bit), all big-endian, and the JPEG."""
        return struct.pack(">HHI", self.left, self.top, len(self.jpeg)) + self.jpeg


class Reel:
    """Pictures of one window, their sides the ``share``-th part of the window's."""

    def __init__(self, share: int) -> None:
        self._share = share
        self._picture: NDArray[np.uint8] | None = None
        self._changed = np.zeros((0, 0), np.int64)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        if self._picture is None:
            return 0, 0
        height, width = self._picture.shape[:2]
        return width, height

    def add(self, pixels: NDArray[np.uint8], number: int) -> None:
        """Take in frame ``number``: (height, width, 4) blue, green, red, unused; always of one size."""
        height, width = pixels.shape[:2]
        size = (width // self._share, height // self._share)
        small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        before, self._picture = self._picture, small
        if before is None:
            self._changed = np.full(_tiles(small[:, :, 0]).shape, number, np.int64)
        else:
            self._changed[_tiles((before != small).any(axis=2)) > 0] = number

    def since(self, number: int) -> tuple[Part, ...]:
        """Return what changed after frame ``number``, rectangles that touch as one."""
        if self._picture is None:
            return ()
        mask = (self._changed > number).astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        parts = []
        for left, top, across, down, _ in stats[1:count]:
            part = self._picture[
                top * TILE_PX : (top + down) * TILE_PX, left * TILE_PX : (left + across) * TILE_PX, :3
            ]
            _, jpeg = cv2.imencode(".jpg", part, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            parts.append(Part(int(left) * TILE_PX, int(top) * TILE_PX, bytes(jpeg)))
        return tuple(parts)


def _tiles(changed: NDArray[np.uint8] | NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return for each tile whether anything in it is not zero."""
    rows = np.maximum.reduceat(changed, np.arange(0, changed.shape[0], TILE_PX), axis=0)
    return np.asarray(np.maximum.reduceat(rows, np.arange(0, changed.shape[1], TILE_PX), axis=1), np.uint8)
