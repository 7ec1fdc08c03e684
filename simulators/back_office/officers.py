"""Officers (民警): their accounts, roles and stations; passwords kept as Argon2id, wrong ones counted.

An account that was tried with wrong passwords is locked for a while, twice as long each time. The
lock is kept in the database: a restart does not lift it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import Connection, Table, update

from simulators.back_office.desk import Office, Refused
from simulators.back_office.roles import ROLES, Officer
from simulators.back_office.stations import require_station
from simulators.back_office.store import (
    add,
    find,
    key,
    metadata,
    moment,
    stamp,
    text,
    text_or_none,
    values,
    whole,
)

TRIES: Final = 5
FIRST_LOCK: Final = timedelta(minutes=15)
LONGEST_LOCK: Final = timedelta(hours=8)

officers: Final = Table(
    "officers",
    metadata,
    key("login"),
    text("name"),
    text("station"),
    values("roles"),
    text("password_hash"),
    whole("failures"),
    text_or_none("locked_until"),
)

Account = Mapping[str, Any]
"""``login``, ``name``, ``station``, ``roles`` and ``password``, as a file has them."""

_hasher: Final = PasswordHasher()


def enter(db: Connection, accounts: Iterable[Account]) -> None:
    """Make or change accounts."""
    for account in accounts:
        unknown = set(account["roles"]) - set(ROLES)
        if unknown:
            raise ValueError(f"{account['login']}: no role {', '.join(sorted(unknown))}")
        kept = {
            "name": str(account["name"]),
            "station": require_station(str(account["station"])).code,
            "roles": sorted(account["roles"]),
            "password_hash": _hasher.hash(str(account["password"])),
            "failures": 0,
            "locked_until": None,
        }
        login = str(account["login"])
        if find(db, officers.c.login, login) is None:
            add(db, officers, login=login, **kept)
        else:
            db.execute(update(officers).where(officers.c.login == login).values(**kept))


def find_officer(db: Connection, login: str) -> Officer | None:
    """Return the officer with this login."""
    row = find(db, officers.c.login, login)
    return None if row is None else Officer(login, row["name"], row["station"], frozenset(row["roles"]))


def authenticate(db: Connection, office: Office, login: str, password: str) -> Officer | Refused:
    """Return the officer whose password this is, else the refusal: what was counted has to be kept.

    An unknown login costs the same time and gets the same answer as a wrong password.
    """
    row = find(db, officers.c.login, login, lock=True)
    if row is not None and row["locked_until"] is not None and moment(row["locked_until"]) > office.now():
        return Refused(409, "locked")
    if not _fits(_nobody() if row is None else str(row["password_hash"]), password) or row is None:
        if row is not None:
            _count_failure(db, office, login, int(row["failures"]) + 1)
        return Refused(401, "wrong-password")
    db.execute(update(officers).where(officers.c.login == login).values(failures=0, locked_until=None))
    return Officer(login, row["name"], row["station"], frozenset(row["roles"]))


def _count_failure(db: Connection, office: Office, login: str, failures: int) -> None:
    until = None
    if failures % TRIES == 0:
        lock = min(FIRST_LOCK * 2 ** (failures // TRIES - 1), LONGEST_LOCK)
        until = stamp(office.now() + lock)
    db.execute(
        update(officers).where(officers.c.login == login).values(failures=failures, locked_until=until)
    )


def _fits(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except VerificationError:
        return False


@cache
def _nobody() -> str:
    return _hasher.hash("nobody has this password")
