"""The journal's key: 32 random bytes outside the database, in a file that only its owner can read.

That file is either one of the machine's (mode 0600), or a credential that systemd has decrypted for this unit
(``LoadCredentialEncrypted=``: by the TPM where there is one, by the host's own key else). Credentials lie in
memory, in a folder that only this unit can look into: see systemd.exec(5), "Credentials".
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from kiosk.journal.records import JournalFailed, JournalRefused

KEY_BYTES: Final = 32


def read_key(path: Path, *, make: bool = False) -> bytes:
    """Return the key in ``path``; with ``make`` a missing file is made (mode 0600) first.

    Raises ``JournalRefused``: ``key-missing``; ``key-mode`` when anyone but the owner may read or
    write it, or it belongs to another user; ``key-length`` when it isn't 32 bytes. ``JournalFailed`` when
    a key that is to be made cannot be written; then none is left behind.
    """
    if make and not path.exists():
        _make_key(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise JournalRefused("key-missing", path.name) from None
    with os.fdopen(descriptor, "rb") as file:
        info = os.fstat(descriptor)
        if not (_is_ours_alone(info) or (path.parent == credentials() and _is_for_this_unit(info))):
            raise JournalRefused("key-mode", f"{path.name} must be its owner's alone (0600)")
        key = file.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        raise JournalRefused("key-length", f"{path.name} must hold {KEY_BYTES} bytes")
    return key


def credentials() -> Path | None:
    """Return the folder with this unit's credentials, None for a process that systemd gave none."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(folder) if folder else None


def _is_ours_alone(info: os.stat_result) -> bool:
    return not stat.S_IMODE(info.st_mode) & 0o077 and info.st_uid == os.geteuid()


def _is_for_this_unit(info: os.stat_result) -> bool:
    """A unit that isn't root's gets root's file with an access list, which shows as the group's rights."""
    mode = stat.S_IMODE(info.st_mode)
    return info.st_uid == info.st_gid == 0 and not mode & 0o227


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
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        path.unlink()  # half a key would be refused by every start from now on
        raise JournalFailed(f"{path.name}: {os.strerror(error.errno or 0)}") from error
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
