"""Signatures made with a finger at a kiosk: which papers were signed for, and how a signature is drawn.

A paper that was received without a signature is kept as that: it is as good, and says so. Officers see
which papers a case has; the signature itself only when they ask for it, which is recorded.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field
from sqlalchemy import Connection, RowMapping, Table, select

from simulators.back_office.acceptance import require_case
from simulators.back_office.audit import record
from simulators.back_office.contract import CaseNo, Number, Part
from simulators.back_office.desk import Office, Refused
from simulators.back_office.operation import get
from simulators.back_office.roles import Officer
from simulators.back_office.store import add, find, flag, key, metadata, moment, of, stamp, text, values

PEN: Final = 12
"""How thick a line is drawn, in tenths of a millimetre of the field it was written on."""

Kind = Literal["notice", "decision"]

signed_papers: Final = Table(
    "signed_papers",
    metadata,
    key("number"),
    of("case_no", "cases.case_no"),
    text("kind"),
    text("at"),
    flag("signed"),
    values("signature"),
)

Tenths = Annotated[int, Field(ge=0, le=10_000)]


class Point(Part):
    """Where the finger was: tenths of a millimetre from the upper left, milliseconds from the first point."""

    x: Tenths
    y: Tenths
    t_ms: Annotated[int, Field(ge=0, le=3_600_000)]


class Signature(Part):
    """A field of ``width`` by ``height`` tenths of a millimetre, and what a finger wrote on it."""

    width: Annotated[int, Field(ge=1, le=10_000)]
    height: Annotated[int, Field(ge=1, le=10_000)]
    strokes: Annotated[
        list[Annotated[list[Point], Field(min_length=1, max_length=500)]],
        Field(min_length=1, max_length=60),
    ]


class SignedPaper(Part):
    """A paper that somebody received; ``signed`` is false when it was received without a signature."""

    number: str
    kind: Kind
    at: datetime
    signed: bool


class SignedPapers(Part):
    papers: list[SignedPaper]


class SignatureShown(Part):
    number: str
    signature: Signature | None


def keep_signature(
    db: Connection, office: Office, case_no: str, kind: Kind, number: str, signature: Signature | None
) -> None:
    """Keep how a paper was received, in the transaction that makes it."""
    add(
        db,
        signed_papers,
        number=number,
        case_no=case_no,
        kind=kind,
        at=stamp(office.now()),
        signed=signature is not None,
        signature=None if signature is None else signature.model_dump(),
    )


def signature_of(db: Connection, number: str) -> Signature | None:
    """Return the signature for a paper, None when there is none."""
    row = find(db, signed_papers.c.number, number)
    return None if row is None else _signature(row)


def list_signed_papers(db: Connection, office: Office, officer: Officer, case_no: CaseNo) -> SignedPapers:
    """Return which papers of a case were received, oldest first; raises ``Refused`` 404."""
    require_case(db, case_no)
    query = select(signed_papers).where(signed_papers.c.case_no == case_no)
    rows = db.execute(query.order_by(signed_papers.c.at, signed_papers.c.number)).mappings()
    return SignedPapers(
        papers=[
            SignedPaper(number=row["number"], kind=row["kind"], at=moment(row["at"]), signed=row["signed"])
            for row in rows
        ]
    )


def look_at_signature(
    db: Connection, office: Office, officer: Officer, case_no: CaseNo, number: Number
) -> SignatureShown:
    """Return the signature for a paper of a case; raises ``Refused`` 404."""
    row = find(db, signed_papers.c.number, number)
    if row is None or row["case_no"] != case_no:
        raise Refused(404, "not-found", number)
    record(db, office, officer, "look-at-signature", case_no=case_no, detail=number)
    return SignatureShown(number=number, signature=_signature(row))


def drawn(signature: Signature) -> str:
    """Return a signature as an SVG picture of its field: a path for each stroke, a dot for a point."""
    paths = "".join(f'<path d="{_path(stroke)}"/>' for stroke in signature.strokes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {signature.width} {signature.height}">'
        f'<g fill="none" stroke="black" stroke-width="{PEN}" stroke-linecap="round" stroke-linejoin="round">'
        f"{paths}</g></svg>"
    )


def _path(stroke: list[Point]) -> str:
    first, *rest = stroke
    return f"M{first.x} {first.y}" + "".join(f"L{point.x} {point.y}" for point in rest or [first])


def _signature(row: RowMapping) -> Signature | None:
    return None if row["signature"] is None else Signature.model_validate(row["signature"])


OPERATIONS: Final = (
    get("/v1/office/cases/{case_no}/signed-papers", list_signed_papers, "Which papers were signed for"),
    get(
        "/v1/office/cases/{case_no}/signed-papers/{number}",
        look_at_signature,
        "The signature for a paper of a case",
    ),
)
