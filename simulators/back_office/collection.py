"""Finished documents in the kiosks' stores (自助发证): whose lies where, and what became of each.

A document is its holder's alone: the receipt code only helps to find it, and a code of somebody else says no
more than one that does not exist. What has lain too long is in the vault of the station. When a document
has been taken, the one that it replaces is cancelled. A kiosk asks what should lie in its units and compares.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints
from sqlalchemy import Connection, RowMapping, Table, delete, insert, select, update

from simulators.back_office.acceptance import note, require_case
from simulators.back_office.contract import CaseNo, Line, Number, OptionalLine, Part
from simulators.back_office.desk import Office, Persona, Refused
from simulators.back_office.operation import get, post
from simulators.back_office.store import find, key, metadata, text, whole

Standing = Literal["ready", "overdue", "issued", "retained", "missing", "wrong"]
Outcome = Literal["issued", "retained", "missing", "wrong"]
VAULT: Final = ""
"""Where a document lies that lies in no kiosk."""
FILE: Final = Path(__file__).with_name("collection.toml")

documents: Final = Table(
    "documents_in_stores",
    metadata,
    key("document_no"),
    text("kiosk"),
    text("id_number"),
    text("name"),
    text("kind"),
    text("number"),
    whole("unit"),
    whole("place"),
    text("line"),
    text("replaces"),
    text("ready_on"),
    text("state"),
    text("case_no"),
)


class Unit(Part):
    """What should lie in a unit: the codes of the slips, in the order in which the documents come out."""

    unit: Annotated[int, Field(ge=1)]
    documents: list[str]


class Store(Part):
    """The units of a kiosk in which something should lie. One that is not named should be empty."""

    units: list[Unit]


class Search(Part):
    """Who stands there, as their ID card says; ``receipt`` is a code that they showed, "" for none."""

    kiosk: Number
    id_number: Number
    name: Line
    receipt: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{0,40}$")] = ""


class Stored(Part):
    """``document_no`` is the code on its slip, ``number`` its own. ``line`` is what stands on the document's
    face, the key to its chip. ``replaces`` is the number of the old document that has to be handed in
    first, "" for none. Documents of one unit come out by ``place``."""

    document_no: str
    kind: str
    number: str
    unit: Annotated[int, Field(ge=0)]
    place: Annotated[int, Field(ge=0)]
    line: str
    replaces: str
    standing: Standing


class Found(Part):
    """``receipt_known`` false: the code is not of one of this person's documents."""

    receipt_known: bool
    documents: list[Stored]


class Told(Part):
    """What became of a document at the kiosk, in which case."""

    case_no: CaseNo
    outcome: Outcome
    detail: OptionalLine = ""


class DocumentState(Part):
    document_no: str
    standing: Standing
    case_no: str


def store(db: Connection, office: Office, kiosk: Number) -> Store:
    """Return what should lie in each unit of a kiosk, also what lies there too long and nobody has moved."""
    rows = db.execute(
        select(documents.c.unit, documents.c.document_no)
        .where(documents.c.kiosk == kiosk, documents.c.state == "ready", documents.c.unit > 0)
        .order_by(documents.c.unit, documents.c.place)
    )
    units: dict[int, list[str]] = {}
    for unit, document_no in rows:
        units.setdefault(unit, []).append(document_no)
    return Store(units=[Unit(unit=unit, documents=codes) for unit, codes in units.items()])


def search(db: Connection, office: Office, asked: Search) -> Found:
    """Return this person's documents that are still to be taken, in the order in which they come out.

    Those of another kiosk's store are none of this one's.
    """
    rows = db.execute(
        select(documents)
        .where(
            documents.c.id_number == asked.id_number,
            documents.c.name == asked.name,
            documents.c.kiosk.in_((asked.kiosk, VAULT)),
        )
        .order_by(documents.c.unit, documents.c.place)
    ).mappings()
    own = list(rows)
    known = not asked.receipt or any(row["document_no"] == asked.receipt for row in own)
    if not known:
        return Found(receipt_known=False, documents=[])
    waiting = [row for row in own if row["state"] == "ready"]
    return Found(receipt_known=True, documents=[_stored(row, office.today()) for row in waiting])


def tell(db: Connection, office: Office, document_no: Number, told: Told) -> DocumentState:
    """Take down what became of a document; the same again changes nothing.

    Raises ``Refused`` 404, 409 ``outcome-differs`` for a document that is no longer in store otherwise.
    """
    row = _require(db, document_no, lock=True)
    require_case(db, told.case_no)
    if row["state"] == "ready":
        values = {"state": told.outcome, "case_no": told.case_no}
        db.execute(update(documents).where(documents.c.document_no == document_no).values(**values))
        note(db, office, told.case_no, f"document-{told.outcome}", document_no)
        if told.outcome == "issued" and row["replaces"]:
            note(db, office, told.case_no, "old-document-cancelled", row["replaces"])
    elif (row["state"], row["case_no"]) != (told.outcome, told.case_no):
        raise Refused(409, "outcome-differs")
    return DocumentState(document_no=document_no, standing=told.outcome, case_no=told.case_no)


def show(db: Connection, office: Office, document_no: Number) -> DocumentState:
    """Return how a document stands."""
    row = _require(db, document_no)
    return DocumentState(
        document_no=document_no, standing=_standing(row, office.today()), case_no=row["case_no"]
    )


def seed(db: Connection, office: Office, personas: Iterable[Persona]) -> None:
    """Make the store's register say what ``personas`` say, and nothing else."""
    db.execute(delete(documents))
    for persona in personas:
        for place, document in enumerate(persona.get("collection", {}).get("documents", [])):
            db.execute(
                insert(documents).values(
                    document_no=document["receipt"],
                    kiosk=document.get("kiosk", VAULT),
                    id_number=persona["id_card"]["number"],
                    name=persona["id_card"]["name"],
                    kind="permit",
                    number=document["number"],
                    unit=document["unit"],
                    place=place,
                    line=document["mrz"],
                    replaces=document.get("replaces", ""),
                    ready_on=document["ready"].isoformat(),
                    state="ready",
                    case_no="",
                )
            )


def _require(db: Connection, document_no: str, *, lock: bool = False) -> RowMapping:
    row = find(db, documents.c.document_no, document_no, lock=lock)
    if row is None:
        raise Refused(404, "not-found", document_no)
    return row


def _stored(row: RowMapping, today: date) -> Stored:
    return Stored(
        document_no=row["document_no"],
        kind=row["kind"],
        number=row["number"],
        unit=row["unit"],
        place=row["place"],
        line=row["line"],
        replaces=row["replaces"],
        standing=_standing(row, today),
    )


def _standing(row: RowMapping, today: date) -> Standing:
    state: Standing = row["state"]
    late = today - date.fromisoformat(row["ready_on"]) > timedelta(days=_days_in_store())
    return "overdue" if state == "ready" and late else state


@cache
def _days_in_store() -> int:
    with FILE.open("rb") as file:
        return int(tomllib.load(file)["store"]["days"])


OPERATIONS: Final = (
    get("/v1/kiosks/{kiosk}/store", store, "What should lie in each unit of a kiosk"),
    post("/v1/documents/search", search, "The finished documents of who stands there", keyed=False),
    post("/v1/documents/{document_no}/outcome", tell, "What became of a document at the kiosk"),
    get("/v1/documents/{document_no}", show, "How a document stands"),
)
