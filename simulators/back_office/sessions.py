"""Log-in of officers: a session in a cookie that scripts cannot read, and a token against forged requests.

The cookie's value is kept as a digest only. A session ends after a quarter of an hour without use, and
after a working day in any case. Every act besides needs the session's CSRF token in a header, which
another site's page cannot send.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Annotated, Final

from pydantic import PrivateAttr, StringConstraints
from sqlalchemy import Connection, Table, delete, or_, update

from simulators.back_office.audit import record
from simulators.back_office.contract import Part
from simulators.back_office.desk import Office, Refused
from simulators.back_office.officers import authenticate, find_officer
from simulators.back_office.operation import Operation, get, post
from simulators.back_office.roles import Officer
from simulators.back_office.store import add, find, key, metadata, moment, of, stamp, text

COOKIE: Final = "office_session"
CSRF_HEADER: Final = "x-csrf-token"
IDLE: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(hours=8)

sessions: Final = Table(
    "sessions",
    metadata,
    key("digest"),
    of("login", "officers.login"),
    text("csrf"),
    text("begun_at"),
    text("seen_at"),
)


class Credentials(Part):
    login: Annotated[str, StringConstraints(pattern=r"^[0-9a-z-]{1,32}$")]
    password: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,200}$")]


class Session(Part):
    """Who is logged in. ``csrf`` goes into the header ``X-CSRF-Token`` of every POST."""

    login: str
    name: str
    station: str
    roles: list[str]
    csrf: str
    _cookie: str | None = PrivateAttr(default=None)


def log_in(office: Office, credentials: Credentials) -> Session:
    """Begin a session. Raises ``Refused`` 401 ``wrong-password``, 409 ``locked``."""
    token = secrets.token_urlsafe(32)
    with office.store.begin() as db:
        found = authenticate(db, office, credentials.login, credentials.password)
        if isinstance(found, Officer):
            now = stamp(office.now())
            csrf = secrets.token_urlsafe(24)
            _forget_old(db, office)
            add(db, sessions, digest=_digest(token), login=found.login, csrf=csrf, begun_at=now, seen_at=now)
            record(db, office, found, "log-in")
    if isinstance(found, Refused):
        # Raised outside of the transaction: that the password was wrong stays counted.
        raise found
    session = _session(found, csrf)
    session._cookie = token
    return session


def show_session(db: Connection, office: Office, officer: Officer) -> Session:
    """Return who is logged in."""
    row = find(db, sessions.c.digest, officer.session)
    return _session(officer, "" if row is None else row["csrf"])


def log_out(db: Connection, office: Office, officer: Officer) -> Session:
    """End the session."""
    db.execute(delete(sessions).where(sessions.c.digest == officer.session))
    record(db, office, officer, "log-out")
    session = _session(officer, "")
    session._cookie = ""
    return session


def admit(db: Connection, office: Office, operation: Operation, cookie: str, csrf: str) -> Officer:
    """Return the officer of a session. Raises ``Refused`` 401, 403 (``csrf``, ``not-your-role``)."""
    digest = _digest(cookie)
    row = find(db, sessions.c.digest, digest)
    now = office.now()
    if (
        row is None
        or now - moment(row["seen_at"]) > IDLE
        or now - moment(row["begun_at"]) > LONGEST
        or (officer := find_officer(db, row["login"])) is None
    ):
        raise Refused(401, "unauthorised")
    if operation.method != "GET" and not hmac.compare_digest(csrf.encode(), row["csrf"].encode()):
        raise Refused(403, "csrf")
    if not officer.roles & operation.roles:
        raise Refused(403, "not-your-role")
    db.execute(update(sessions).where(sessions.c.digest == digest).values(seen_at=stamp(now)))
    return Officer(officer.login, officer.name, officer.station, officer.roles, digest)


def _forget_old(db: Connection, office: Office) -> None:
    now = office.now()
    over = or_(sessions.c.seen_at < stamp(now - IDLE), sessions.c.begun_at < stamp(now - LONGEST))
    db.execute(delete(sessions).where(over))


def _session(officer: Officer, csrf: str) -> Session:
    return Session(
        login=officer.login,
        name=officer.name,
        station=officer.station,
        roles=sorted(officer.roles),
        csrf=csrf,
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


OPERATIONS: Final = (
    post("/v1/office/login", log_in, "Log an officer in", keyed=False, open_to_all=True),
    get("/v1/office/session", show_session, "Who is logged in"),
    post("/v1/office/logout", log_out, "End the session", keyed=False),
)
