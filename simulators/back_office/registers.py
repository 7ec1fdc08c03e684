"""The registers (人员、证件): who people are, which permits they hold, what stands in their way."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final, Literal

from sqlalchemy import Connection, Index, RowMapping, Table, delete, select

from simulators.back_office.contract import Destination, EndorsementType, Line, Number, Part, PermitNo
from simulators.back_office.desk import Office, Persona
from simulators.back_office.operation import post
from simulators.back_office.store import (
    add,
    find,
    flag,
    key,
    metadata,
    of,
    serial,
    text,
    text_or_none,
    whole,
)

people: Final = Table(
    "people",
    metadata,
    key("id_number"),
    text("name"),
    text("household"),
    flag("individual_travel"),
    flag("first_time"),
    text_or_none("last_issued"),
    flag("exit_ban"),
    flag("state_employee"),
    flag("soldier"),
)

permits: Final = Table(
    "permits",
    metadata,
    key("permit_number"),
    of("id_number", "people.id_number", dies_with=True),
    text("status"),
    text("expires"),
    whole("strip_rewrites"),
)

held: Final = Table(
    "held_endorsements",
    metadata,
    serial(),
    of("permit_number", "permits.permit_number", dies_with=True),
    text("number"),
    text("destination"),
    text("type"),
    text("valid_from"),
    text("valid_until"),
    whole("entries"),
    whole("entries_left"),
    whole("stay_days"),
    Index("held_by_permit", "permit_number"),
)


class PermitQuestion(Part):
    kiosk: Number
    id_number: Number
    name: Line
    permit_number: PermitNo
    permit_expires: date


class HeldEndorsement(Part):
    destination: Destination
    type: EndorsementType
    valid_until: date
    entries_left: int


class PermitAnswer(Part):
    """``refusal`` never says why: any reason is told at a window, in person."""

    permit_status: Literal["valid", "lost", "cancelled", "expired", "unknown"]
    held_by_applicant: bool
    refusal: Literal["see-window"] | None
    first_time: bool
    household: str
    individual_travel: bool
    last_issued: date | None
    endorsements: list[HeldEndorsement]
    strip_rewrites: int


def seed(db: Connection, office: Office, personas: Iterable[Persona]) -> None:
    """Make the registers say what ``personas`` say, and nothing else."""
    for table in (held, permits, people):
        db.execute(delete(table))
    for persona in personas:
        if "id_card" in persona:
            _enter_person(db, persona)
        if "id_card" in persona and "permit" in persona:
            _enter_permit(db, persona)


def _owner(persona: Persona) -> str:
    return str(persona.get("register", {}).get("permit_holder", persona["id_card"]["number"]))


def _enter_person(db: Connection, persona: Persona) -> None:
    register = persona.get("register", {})
    if find(db, people.c.id_number, _owner(persona)) is not None:
        return
    add(
        db,
        people,
        id_number=_owner(persona),
        name=str(persona["id_card"]["name"]),
        household=str(register.get("household", "330212")),
        individual_travel=bool(register.get("individual_travel", True)),
        first_time=bool(register.get("first_time", False)),
        last_issued=_iso(register.get("last_issued")),
        exit_ban=bool(register.get("exit_ban", False)),
        state_employee=bool(register.get("state_employee", False)),
        soldier=bool(register.get("soldier", False)),
    )


def _enter_permit(db: Connection, persona: Persona) -> None:
    permit, register = persona["permit"], persona.get("register", {})
    number = str(permit["number"])
    if permit_of(db, number) is not None:
        return
    add(
        db,
        permits,
        permit_number=number,
        id_number=_owner(persona),
        status=str(register.get("permit_status", "valid")),
        expires=_iso(permit["expires"]),
        strip_rewrites=int(register.get("strip_rewrites", 0)),
    )
    for number_in_list, entry in enumerate(register.get("endorsements", ()), start=1):
        entries = int(entry.get("entries", entry.get("entries_left", 1)))
        add(
            db,
            held,
            permit_number=number,
            number=str(entry.get("number", f"{number}-{number_in_list}")),
            destination=str(entry["destination"]),
            type=str(entry.get("type", "G")),
            valid_from=_iso(entry.get("valid_from", entry["valid_until"])),
            valid_until=_iso(entry["valid_until"]),
            entries=entries,
            entries_left=int(entry.get("entries_left", entries)),
            stay_days=int(entry.get("stay_days", 7)),
        )


def check_permit(db: Connection, office: Office, question: PermitQuestion) -> PermitAnswer:
    """Answer what the registers know of a permit and the person who brings it."""
    permit = permit_of(db, question.permit_number)
    person = person_of(db, question.id_number)
    endorsements = _valid(db, question.permit_number, office.today()) if permit is not None else []
    same_person = person is not None and person["name"] == question.name
    owned = permit is not None and same_person and permit["id_number"] == question.id_number
    banned = person is not None and stands_back(person)
    return PermitAnswer(
        permit_status=_status(permit, question.permit_expires, office.today()),
        held_by_applicant=owned,
        refusal="see-window" if banned else None,
        first_time=bool(person["first_time"]) if person is not None else True,
        household=str(person["household"]) if person is not None else "",
        individual_travel=bool(person["individual_travel"]) if person is not None else False,
        last_issued=_date(person["last_issued"]) if person is not None else None,
        # What another person's permit holds is none of the applicant's business.
        endorsements=endorsements if owned else [],
        strip_rewrites=int(permit["strip_rewrites"]) if permit is not None and owned else 0,
    )


def stands_back(person: RowMapping) -> bool:
    """Tell whether this person is to be sent to a window (which of the reasons is never told)."""
    return bool(person["exit_ban"] or person["state_employee"] or person["soldier"])


def permit_of(db: Connection, number: str) -> RowMapping | None:
    """Return the permit's row of the register."""
    return find(db, permits.c.permit_number, number)


def person_of(db: Connection, id_number: str) -> RowMapping | None:
    """Return the person's row of the register."""
    return find(db, people.c.id_number, id_number)


def holder_of(db: Connection, permit: RowMapping) -> RowMapping:
    """Return the row of the person whom ``permit`` belongs to."""
    return db.execute(select(people).where(people.c.id_number == permit["id_number"])).mappings().one()


def _valid(db: Connection, permit_number: str, today: date) -> list[HeldEndorsement]:
    rows = db.execute(
        select(held)
        .where(held.c.permit_number == permit_number, held.c.valid_until >= today.isoformat())
        .order_by(held.c.valid_until)
    ).mappings()
    return [
        HeldEndorsement(
            destination=row["destination"],
            type=row["type"],
            valid_until=date.fromisoformat(row["valid_until"]),
            entries_left=row["entries_left"],
        )
        for row in rows
    ]


def _status(
    permit: RowMapping | None, shown_expiry: date, today: date
) -> Literal["valid", "lost", "cancelled", "expired", "unknown"]:
    if permit is None:
        return "unknown"
    status = str(permit["status"])
    if status == "lost":
        return "lost"
    if status == "cancelled":
        return "cancelled"
    # A card that shows another date than the register is not the card of the register.
    if permit["expires"] != shown_expiry.isoformat():
        return "unknown"
    return "expired" if shown_expiry < today else "valid"


def _iso(value: object) -> str | None:
    """Return a date of a persona (TOML date or ISO text) as ISO text."""
    if value in (None, ""):
        return None
    return value.isoformat() if isinstance(value, date) else date.fromisoformat(str(value)).isoformat()


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


OPERATIONS: Final = (
    post(
        "/v1/permits/check",
        check_permit,
        "What the registers know of a permit and who brings it",
        keyed=False,
    ),
)
