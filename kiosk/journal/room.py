"""Room on the journal's disk: the floors below which nothing begins, and ballast for what has begun.

New visits are refused long before the disk is full. But another program may fill it in a moment, and what is
open then must still be written down: when a write fails there, the ballast goes and the write is tried again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Final

NEW_VISIT_FLOOR_BYTES: Final = 200 * 1024 * 1024
"""Below this much free disk no visit may begin; open ones can still end."""
OPEN_FLOOR_BYTES: Final = 16 * 1024 * 1024
"""Below this much free disk the journal isn't opened: not even recovery could be written."""
BALLAST_BYTES: Final = 8 * 1024 * 1024
"""Enough for several hundred commits beside a whole write-ahead log."""


def free_bytes(path: Path) -> int:
    """Return the free bytes of the disk that holds ``path``."""
    return shutil.disk_usage(path.parent).free


class Ballast:
    """The file ``<journal>.ballast``. Whatever goes wrong with it is no fault of the journal."""

    def __init__(self, journal: Path, size_bytes: int = BALLAST_BYTES) -> None:
        self._journal = journal
        self._path = journal.with_name(journal.name + ".ballast")
        self._size_bytes = size_bytes

    def take(self) -> None:
        """Put the ballast on board if it isn't, where the disk has room for it."""
        if self._path.exists():
            return
        with contextlib.suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, self._size_bytes)
            except OSError:
                self._path.unlink(missing_ok=True)
            finally:
                os.close(descriptor)

    def drop(self) -> bool:
        """Give the room free when the disk is full; false when it isn't, or nothing was left to give."""
        if free_bytes(self._journal) >= OPEN_FLOOR_BYTES:
            return False
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
