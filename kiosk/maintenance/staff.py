"""Who may enter: the staff file of a site, outside the project's folder and readable by its owner only.

Two factors each: a PIN, kept as its argon2id hash, and the secret of a code generator (TOTP, RFC 6238:
SHA-1, six digits, thirty seconds, as every authenticator has it). Numbers name people, never names.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

STAFF_FILE: Final = "staff.json"
"""In the site's state folder."""
STAFF_NO: Final = re.compile(r"[0-9]{4,8}")
"""A staff number (工号): it is typed on a number pad."""
PIN: Final = re.compile(r"[0-9]{6,12}")


class Role(StrEnum):
    """What somebody may do: an operator refills, an engineer mends too, an auditor only looks."""

    OPERATOR = "operator"
    ENGINEER = "engineer"
    AUDITOR = "auditor"


class Right(StrEnum):
    """What roles differ in."""

    LOOK = "look"
    SUPPLIES = "supplies"
    DEVICES = "devices"
    REPORT = "report"


RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.OPERATOR: frozenset({Right.LOOK, Right.SUPPLIES}),
    Role.ENGINEER: frozenset(Right),
    Role.AUDITOR: frozenset({Right.LOOK, Right.REPORT}),
}


class StaffError(Exception):
    """The staff file cannot be used, or the change makes no sense; the message says why."""


@dataclass(frozen=True, slots=True, repr=False)
class Member:
    """One of the staff. ``pin_hash`` is argon2id's own text, ``secret`` the generator's in base32."""

    number: str
    role: Role
    pin_hash: str
    secret: str

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self.role]

    def pin_is(self, pin: str) -> bool:
        """Tell whether ``pin`` is this member's; takes some 50 ms and 64 MB, as it should."""
        try:
            return _HASHER.verify(self.pin_hash, pin)
        except (Argon2Error, InvalidHashError):
            return False


_HASHER: Final = PasswordHasher()


@cache
def nobody() -> Member:
    """Return who is asked in the place of a number that nobody has, so that both take the same time."""
    return Member("", Role.AUDITOR, _HASHER.hash("nobody"), pyotp.random_base32())


def new_member(number: str, role: Role, pin: str) -> Member:
    """Return a member with a new secret; raises ``StaffError`` for a number or PIN that is none."""
    if not STAFF_NO.fullmatch(number):
        raise StaffError("a staff number has 4 to 8 digits")
    if not PIN.fullmatch(pin):
        raise StaffError("a PIN has 6 to 12 digits")
    if len(set(pin)) < 3 or pin in "01234567890123" or pin in "98765432109876" or number in pin:
        raise StaffError("this PIN is too easy to guess")
    return Member(number, role, _HASHER.hash(pin), pyotp.random_base32())


def address(member: Member, site: str) -> str:
    """Return the ``otpauth:`` address that an authenticator scans."""
    return pyotp.TOTP(member.secret).provisioning_uri(name=member.number, issuer_name=f"kiosk {site}")


class StaffFile:
    """The file. It is read at every question, so that who was removed is out at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def members(self) -> dict[str, Member]:
        """Return the staff by number, nobody when there is no file; raises ``StaffError``."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StaffError(f"{self.path.name} cannot be read: {error.strerror}") from error
        with os.fdopen(descriptor, encoding="utf-8") as file:
            info = os.fstat(descriptor)
            if stat.S_IMODE(info.st_mode) & 0o077 or info.st_uid != os.geteuid():
                raise StaffError(f"{self.path.name} must be its owner's alone (0600)")
            try:
                entries = json.load(file)
                listed = [_member(entry) for entry in (entries if isinstance(entries, list) else [entries])]
            except (ValueError, KeyError, TypeError) as error:
                raise StaffError(f"{self.path.name} is no staff file") from error
        return {member.number: member for member in listed}

    def add(self, member: Member) -> None:
        """Write ``member`` in, in the place of one with the same number."""
        self._write({**self.members(), member.number: member}.values())

    def remove(self, number: str) -> None:
        """Strike somebody out; raises ``StaffError`` when nobody has the number."""
        members = self.members()
        if members.pop(number, None) is None:
            raise StaffError(f"nobody has the number {number}")
        self._write(members.values())

    def _write(self, members: Iterable[Member]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_privately(self.path, json.dumps([asdict(member) for member in members], indent=1))


def write_privately(path: Path, text: str) -> None:
    """Replace ``path`` in one step by a file of mode 0600 that is on the disk when this returns."""
    beside = path.with_name(f".{path.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o600)
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _member(entry: Any) -> Member:
    member = Member(**entry)
    return replace(member, role=Role(member.role))
