"""Circulation (内部流转): who holds a case, going up, down and sideways between stations.

The electronic file is wherever it was sent, at once. The physical original travels by itself: it is
on the way until somebody at the other end says that it has arrived.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Connection, Index, RowMapping, Table, select, update

from simulators.back_office.acceptance import note, require_case
from simulators.back_office.audit import record
from simulators.back_office.contract import CaseNo, Line, Number, Part
from simulators.back_office.desk import Office, Refused
from simulators.back_office.operation import post
from simulators.back_office.roles import CASEWORK, Officer
from simulators.back_office.stations import Direction, direction
from simulators.back_office.store import add, find, metadata, moment, of, serial, stamp, text

IN_WORK: Final = ("accepted", "waiting-documents", "reviewed")
"""States of a case that officers work on."""

whereabouts: Final = Table(
    "whereabouts",
    metadata,
    of("case_no", "cases.case_no", key=True),
    text("file_at"),
    text("original_at"),
    text("original_to"),
    Index("files_at", "file_at"),
)

moves: Final = Table(
    "moves",
    metadata,
    serial(),
    of("case_no", "cases.case_no"),
    text("at"),
    text("what"),
    text("origin"),
    text("destination"),
    text("direction"),
    text("officer"),
    text("reason"),
    Index("moves_of_case", "case_no"),
)


class Whereabouts(Part):
    """Codes of stations. Without an original ``original_at`` is ""; ``original_to`` is, unless it travels."""

    file_at: str
    original_at: str
    original_to: str


class Move(Part):
    at: datetime
    what: Literal["file", "original", "original-received"]
    origin: str
    destination: str
    direction: Direction
    officer: str
    reason: str


class MoveAsked(Part):
    """Send the file, the original, or both to another station."""

    what: Literal["file", "original", "both"]
    to: Number
    reason: Line


def place(db: Connection, case_no: str, station: str, *, original: bool) -> None:
    """The case begins its way at the station that accepted it."""
    add(
        db,
        whereabouts,
        case_no=case_no,
        file_at=station,
        original_at=station if original else "",
        original_to="",
    )


def add_original(db: Connection, case_no: str, station: str) -> None:
    """An original has been handed in at a station; one that is there already stays where it is."""
    db.execute(
        update(whereabouts)
        .where(whereabouts.c.case_no == case_no, whereabouts.c.original_at == "")
        .values(original_at=station)
    )


def whereabouts_of(db: Connection, case_no: str) -> Whereabouts | None:
    """Return where a case is; None for one that officers have nothing to do with."""
    row = find(db, whereabouts.c.case_no, case_no)
    if row is None:
        return None
    return Whereabouts(file_at=row["file_at"], original_at=row["original_at"], original_to=row["original_to"])


def moves_of(db: Connection, case_no: str) -> list[Move]:
    """Return the way of a case, oldest first."""
    rows = db.execute(select(moves).where(moves.c.case_no == case_no).order_by(moves.c.id)).mappings()
    return [Move(at=moment(row["at"]), **{k: row[k] for k in Move.model_fields if k != "at"}) for row in rows]


def held_case(db: Connection, officer: Officer, case_no: str, *states: str) -> RowMapping:
    """Return a case that this officer may work on, locked.

    Raises ``Refused`` 404; 409 ``not-your-station``, ``wrong-state``.
    """
    case = require_case(db, case_no, lock=True)
    place_of = whereabouts_of(db, case_no)
    if case["state"] not in states or place_of is None:
        raise Refused(409, "wrong-state", case["state"])
    if place_of.file_at != officer.station:
        raise Refused(409, "not-your-station", place_of.file_at)
    return case


def move(db: Connection, office: Office, officer: Officer, case_no: CaseNo, asked: MoveAsked) -> Whereabouts:
    """Send a case on. Raises ``Refused`` 409 ``nowhere-to-go``, ``no-original``, as ``held_case``."""
    way = direction(officer.station, asked.to)
    if asked.to == officer.station:
        raise Refused(409, "nowhere-to-go")
    if asked.what == "original":
        require_case(db, case_no, lock=True)
    else:
        held_case(db, officer, case_no, *IN_WORK)
        _set(db, case_no, file_at=asked.to)
        _enter(db, office, officer, case_no, "file", officer.station, asked.to, asked.reason)
    if asked.what != "file":
        here = whereabouts_of(db, case_no)
        if here is None or here.original_at != officer.station or here.original_to:
            raise Refused(409, "no-original")
        _set(db, case_no, original_to=asked.to)
        _enter(db, office, officer, case_no, "original", officer.station, asked.to, asked.reason)
    note(db, office, case_no, "moved", f"{asked.what} {officer.station} {asked.to} {way}")
    record(db, office, officer, "move", case_no, f"{asked.what} {asked.to}")
    return _found(db, case_no)


def receive_original(db: Connection, office: Office, officer: Officer, case_no: CaseNo) -> Whereabouts:
    """The original has arrived here. Raises ``Refused`` 409 ``no-original``."""
    require_case(db, case_no, lock=True)
    here = whereabouts_of(db, case_no)
    if here is None or here.original_to != officer.station:
        raise Refused(409, "no-original")
    _set(db, case_no, original_at=officer.station, original_to="")
    _enter(db, office, officer, case_no, "original-received", here.original_at, officer.station, "")
    note(db, office, case_no, "original-received", officer.station)
    record(db, office, officer, "receive-original", case_no)
    return _found(db, case_no)


def _enter(
    db: Connection,
    office: Office,
    officer: Officer,
    case_no: str,
    what: str,
    origin: str,
    destination: str,
    reason: str,
) -> None:
    add(
        db,
        moves,
        case_no=case_no,
        at=stamp(office.now()),
        what=what,
        origin=origin,
        destination=destination,
        direction=direction(origin, destination),
        officer=officer.login,
        reason=reason,
    )


def _set(db: Connection, case_no: str, **columns: str) -> None:
    db.execute(update(whereabouts).where(whereabouts.c.case_no == case_no).values(**columns))


def _found(db: Connection, case_no: str) -> Whereabouts:
    found = whereabouts_of(db, case_no)
    if found is None:
        raise Refused(404, "not-found", case_no)
    return found


OPERATIONS: Final = (
    post("/v1/office/cases/{case_no}/moves", move, "Send a case to another station", roles=CASEWORK),
    post(
        "/v1/office/cases/{case_no}/original/received",
        receive_original,
        "The original has arrived here",
        roles=CASEWORK,
    ),
)
