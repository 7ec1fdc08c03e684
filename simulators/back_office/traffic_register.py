"""The traffic police's registers (机动车、驾驶证、违法记录), and the people of the bench in them.

Seeded from the section ``traffic`` of a person's file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from sqlalchemy import Connection, Index, RowMapping, Table, delete, insert, or_, select

from simulators.back_office.contract import Part
from simulators.back_office.desk import BEIJING, Office, Persona
from simulators.back_office.store import find, key, metadata, serial, text, values, whole

AREA: Final = "3302"
"""How the numbers of this authority begin (行政区划, its first four digits)."""
AUTHORITY: Final = {"zh": "宁波市公安局交通警察支队（模拟）", "en": "Ningbo Traffic Police (simulated)"}

State = Literal["open", "decided", "paid", "objected", "handled"]

licences: Final = Table(
    "driving_licences",
    metadata,
    key("id_number"),
    text("name"),
    text("state"),
    whole("points"),
    text("cycle_until"),
    values("other_vehicles"),
)

vehicles: Final = Table(
    "vehicles_of_drivers",
    metadata,
    serial(),
    text("id_number"),
    text("plate"),
    text("kind"),
    whole("owned"),
    whole("other_licences"),
    Index("vehicles_of_driver", "id_number"),
)

violations: Final = Table(
    "traffic_violations",
    metadata,
    key("violation_no"),
    text("plate"),
    text("act_code"),
    text("at"),
    text("place"),
    text("place_en"),
    whole("fine_fen"),
    whole("points"),
    text("state"),
    text("driver"),
    text("case_no"),
    text("decision_no"),
    text("received_on"),
    whole("suspended_days"),
    text("objection_no"),
    text("receipt_no"),
    whole("paid_fen"),
    text("paid_case"),
    Index("violations_of_plate", "plate"),
    Index("violations_of_case", "case_no"),
    Index("violations_paid_in_case", "paid_case"),
)


class Licence(Part):
    """A driving licence of a person's file."""

    state: Literal["normal", "withheld", "suspended", "revoked", "cancelled", "overdue", "expired"] = "normal"
    points: Annotated[int, Field(ge=0)] = 0
    cycle_until: date
    other_vehicles: list[str] = Field(default_factory=list)


class Vehicle(Part):
    """A vehicle that somebody owns, or that its owner lets them handle violations of (``owned`` false)."""

    plate: str
    kind: str = "02"
    owned: bool = True
    other_licences: int = 0


class Recorded(Part):
    """A violation of a person's file; ``decided_on`` is when the decision was received that nobody paid."""

    plate: str
    act: str
    at: datetime
    place: str
    place_en: str = ""
    fine_fen: int | None = None
    decided_on: date | None = None
    suspended_days: int = 0


class Driving(Part):
    """The section of a person's file."""

    licence: Licence | None = None
    vehicles: list[Vehicle] = Field(default_factory=list)
    violations: list[Recorded] = Field(default_factory=list)


def seed(db: Connection, office: Office, personas: Iterable[Persona]) -> None:
    """Make the registers say what ``personas`` say, and nothing else."""
    for table in (violations, vehicles, licences):
        db.execute(delete(table))
    numbers = _numbers(office.today())
    for persona in personas:
        if "traffic" in persona:
            _enter(db, persona["id_card"], Driving.model_validate(persona["traffic"]), numbers)


def _numbers(today: date) -> Iterator[str]:
    """Yield numbers of violations: authority, day, and a count."""
    return (f"{AREA}{today:%y%m%d}{count:06d}" for count in range(1, 1_000_000))


def _enter(db: Connection, card: Persona, driving: Driving, numbers: Iterator[str]) -> None:
    owner = str(card["number"])
    if driving.licence is not None:
        licence = driving.licence.model_dump(mode="json")
        db.execute(insert(licences).values(id_number=owner, name=str(card["name"]), **licence))
    for vehicle in driving.vehicles:
        db.execute(insert(vehicles).values(id_number=owner, **vehicle.model_dump()))
    rows = [_row(owner, recorded, next(numbers)) for recorded in driving.violations]
    if rows:
        db.execute(insert(violations), rows)


def _row(owner: str, recorded: Recorded, number: str) -> dict[str, Any]:
    act = acts()[recorded.act]
    decided = recorded.decided_on is not None
    return {
        "violation_no": number,
        "plate": recorded.plate,
        "act_code": recorded.act,
        "at": recorded.at.astimezone(BEIJING).isoformat(),
        "place": recorded.place,
        "place_en": recorded.place_en,
        "fine_fen": act["fine_fen"] if recorded.fine_fen is None else recorded.fine_fen,
        "points": act["points"],
        "state": "decided" if decided else "open",
        "driver": owner if decided else "",
        "case_no": "",
        "decision_no": f"{number[:4]}9{number[4:]}" if decided else "",
        "received_on": recorded.decided_on.isoformat() if recorded.decided_on else "",
        "suspended_days": recorded.suspended_days,
        "objection_no": "",
        "receipt_no": "",
        "paid_fen": 0,
        "paid_case": "",
    }


@cache
def acts() -> dict[str, Any]:
    """Return the table of acts by code."""
    with Path(__file__).with_name("traffic_acts.toml").open("rb") as file:
        table: dict[str, Any] = tomllib.load(file)["acts"]
    return table


def licence_of(db: Connection, id_number: str, name: str, *, lock: bool = False) -> RowMapping | None:
    """Return the licence of the person of this number and name."""
    row = find(db, licences.c.id_number, id_number, lock=lock)
    return row if row is not None and row["name"] == name else None


def vehicles_of(db: Connection, id_number: str) -> dict[str, RowMapping]:
    """Return a person's own and entrusted vehicles by plate."""
    rows = db.execute(select(vehicles).where(vehicles.c.id_number == id_number)).mappings()
    return {row["plate"]: row for row in rows}


def violations_of(db: Connection, id_number: str) -> list[RowMapping]:
    """Return what is open for a person's vehicles, and their fines that are not paid; newest first."""
    plates = list(vehicles_of(db, id_number))
    rows = db.execute(
        select(violations)
        .where(
            or_(
                (violations.c.state == "open") & violations.c.plate.in_(plates),
                (violations.c.state == "decided") & (violations.c.driver == id_number),
            )
        )
        .order_by(violations.c.at.desc(), violations.c.violation_no)
    ).mappings()
    return list(rows)


def violation_of(db: Connection, violation_no: str, *, lock: bool = False) -> RowMapping | None:
    """Return a violation's row."""
    return find(db, violations.c.violation_no, violation_no, lock=lock)
