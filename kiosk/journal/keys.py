"""The journal's key: 32 random bytes in a file that only its owner can read, outside the database."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from kiosk.journal.records import JournalRefused

KEY_BYTES: Final = 32


def read_key(path: Path, *, make: bool = False) -> bytes:
    """Return the key in ``path``; with ``make`` a missing file is made (mode 0600) first.

    Raises ``JournalRefused``: ``key-missing``; ``key-mode`` when anyone but the owner may read or
    write it, or it belongs to another user; ``key-length`` when it isn't 32 bytes.
    """
    if make and not path.exists():
        _make_key(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise JournalRefused("key-missing", path.name) from None
    with os.fdopen(descriptor, "rb") as file:
        info = os.fstat(descriptor)
        if stat.S_IMODE(info.st_mode) & 0o077 or info.st_uid != os.geteuid():
            raise JournalRefused("key-mode", f"{path.name} must be its owner's alone (0600)")
        key = file.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        raise JournalRefused("key-length", f"{path.name} must hold {KEY_BYTES} bytes")
    return key


def token(key: bytes, what: str, value: str) -> str:
    """Return 64 hex digits that stand for ``value`` (an ID or permit number) in this journal only.

    HMAC-SHA-256 under a key derived from the journal's: without the key nobody can try numbers.
    """
    derived = hmac.digest(key, f"kiosk journal token v1: {what}".encode(), hashlib.sha256)
    return hmac.new(derived, value.strip().upper().encode(), hashlib.sha256).hexdigest()


def salt(key: bytes) -> bytes:
    """Return the 16 bytes at the beginning of the database, from which the pages' authentication key is made.

    They need not be random, only other ones for another key: the key itself is 32 random bytes.
    """
    return hmac.digest(key, b"kiosk journal salt v1", hashlib.sha256)[:16]


def _make_key(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(descriptor)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
