"""Certificates looked up by officers (证明核验): what anybody is told, but recorded who asked."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import StringConstraints
from sqlalchemy import Connection

from simulators.back_office.audit import record
from simulators.back_office.desk import Office
from simulators.back_office.operation import get
from simulators.back_office.roles import Officer
from simulators.back_office.verification import Verified, verified

Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,40}$")]


def look_up(db: Connection, office: Office, officer: Officer, code: Code) -> Verified:
    """Return match or no match, as anybody would get it."""
    found = verified(db, office, code)
    record(db, office, officer, "look-up-certificate", detail="match" if found.match else "no match")
    return found


OPERATIONS: Final = (
    get("/v1/office/certificates/{code}", look_up, "Whether a certificate is ours, by its code"),
)
