"""The cases in which somebody asked for their traffic records: who that was."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, RowMapping, Table

from simulators.back_office.desk import Office, Refused
from simulators.back_office.store import find, metadata, of, text

listed: Final = Table(
    "traffic_cases", metadata, of("case_no", "cases.case_no"), text("id_number"), text("name")
)


def person_of(db: Connection, case_no: str) -> RowMapping:
    """Return who may handle their violations in a case; raises ``Refused`` 404."""
    row = find(db, listed.c.case_no, case_no)
    if row is None:
        raise Refused(404, "not-found", case_no)
    return row


def ordered(office: Office, fault: str) -> bool:
    """Tell whether the bench wants the back office to have ``fault`` now."""
    return fault in office.faults.standing("back_office")
