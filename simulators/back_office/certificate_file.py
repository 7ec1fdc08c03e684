"""The file of certificates (证明档案): how each stands, its document, and what became of its paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import StringConstraints
from sqlalchemy import Column, Connection, Index, LargeBinary, RowMapping, Table, select, update

from simulators.back_office.acceptance import note, require_case
from simulators.back_office.contract import CaseNo, Part
from simulators.back_office.desk import Office, Refused
from simulators.back_office.operation import get, post
from simulators.back_office.pdf import PdfDocument, pdf_document
from simulators.back_office.store import find, key, metadata, of, text, whole

CODE_CHARACTERS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Of codes for verification: none of them is taken for another."""
CODE_LENGTH: Final = 16

Serial = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z-]{8,40}$")]
State = Literal["issued", "printed", "void"]
Decision = Literal["issued", "review", "no-data"]

applications: Final = Table(
    "certificate_applications",
    metadata,
    key("case_no"),
    text("kind"),
    text("purpose"),
    whole("copies"),
    text("id_number"),
    text("state"),
)

certificates: Final = Table(
    "certificates",
    metadata,
    key("serial"),
    text("code"),
    of("case_no", "cases.case_no"),
    whole("copy"),
    text("kind"),
    text("id_number"),
    text("name"),
    text("purpose"),
    text("issued"),
    text("valid_until"),
    text("state"),
    text("reason"),
    Column("document", LargeBinary, nullable=False),
    Index("certificates_by_code", "code", unique=True),
    Index("certificates_of_case", "case_no"),
)


class CertificateState(Part):
    serial: str
    case_no: str
    kind: str
    state: State


class CertificatesOfCase(Part):
    """``state`` is what was decided, None while nobody has applied."""

    state: Decision | None
    certificates: list[CertificateState]


class CertificateOutcome(Part):
    """``reason`` is the kiosk's word for why it was not printed, "" when it was."""

    outcome: Literal["printed", "void"]
    reason: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z:_-]{0,64}$")] = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A certificate as an officer sees it."""

    serial: str
    code: str
    case_no: str
    kind: str
    title: str
    name: str
    id_number: str
    purpose: str
    issued: date
    valid_until: date
    state: str
    reason: str


def show_document(db: Connection, office: Office, serial: Serial) -> PdfDocument:
    """Return the signed PDF; raises ``Refused`` 404, 409 ``void``."""
    row = _of_serial(db, serial)
    if row["state"] == "void":
        raise Refused(409, "void")
    return pdf_document(serial, bytes(row["document"]))


def show_state(db: Connection, office: Office, serial: Serial) -> CertificateState:
    """Return how a certificate stands; raises ``Refused`` 404."""
    return _state(_of_serial(db, serial))


def show_certificates(db: Connection, office: Office, case_no: CaseNo) -> CertificatesOfCase:
    """Return how a case's certificates stand, none where none were made; raises ``Refused`` 404."""
    require_case(db, case_no)
    applied = find(db, applications.c.case_no, case_no)
    return CertificatesOfCase(
        state=applied["state"] if applied is not None else None,
        certificates=[_state(row) for row in rows_of(db, case_no)],
    )


def take_certificate_outcome(
    db: Connection, office: Office, serial: Serial, outcome: CertificateOutcome
) -> CertificateState:
    """Register what became of the paper. The same again changes nothing; another is refused (409)."""
    row = _of_serial(db, serial)
    if row["state"] == "issued":
        change = update(certificates).where(certificates.c.serial == serial)
        db.execute(change.values(state=outcome.outcome, reason=outcome.reason))
        becomes = "delivered" if outcome.outcome == "printed" else None
        note(db, office, row["case_no"], f"certificate-{outcome.outcome}", serial, becomes=becomes)
    elif row["state"] != outcome.outcome:
        raise Refused(409, "outcome-differs")
    return _state(_of_serial(db, serial))


def look_up(db: Connection, office: Office, number: str) -> Known | None:
    """Return a certificate by its number or its code, for an officer's eyes; None when there is none."""
    wanted = "".join(number.upper().split())
    row = find(db, certificates.c.serial, wanted) or find(db, certificates.c.code, wanted)
    return _known(office, row) if row is not None else None


def of_case(db: Connection, office: Office, case_no: str) -> list[Known]:
    """Return the certificates of a case in the order of their copies, for an officer's eyes."""
    return [_known(office, row) for row in rows_of(db, case_no)]


def rows_of(db: Connection, case_no: str) -> Sequence[RowMapping]:
    """Return a case's certificates in the order of their copies."""
    query = select(certificates).where(certificates.c.case_no == case_no).order_by(certificates.c.copy)
    return db.execute(query).mappings().all()


def _state(row: RowMapping) -> CertificateState:
    return CertificateState(**{name: row[name] for name in ("serial", "case_no", "kind", "state")})


def _known(office: Office, row: RowMapping) -> Known:
    return Known(
        serial=row["serial"],
        code=row["code"],
        case_no=row["case_no"],
        kind=row["kind"],
        title=office.papers.kinds[row["kind"]].title,
        name=row["name"],
        id_number=row["id_number"],
        purpose=office.papers.kinds[row["kind"]].purposes.get(row["purpose"], row["purpose"]),
        issued=date.fromisoformat(row["issued"]),
        valid_until=date.fromisoformat(row["valid_until"]),
        state=row["state"],
        reason=row["reason"],
    )


def _of_serial(db: Connection, serial: str) -> RowMapping:
    row = find(db, certificates.c.serial, serial, lock=True)
    if row is None:
        raise Refused(404, "not-found", serial)
    return row


OPERATIONS: Final = (
    get("/v1/cases/{case_no}/certificates", show_certificates, "How a case's certificates stand"),
    get("/v1/certificates/{serial}", show_state, "How a certificate stands"),
    get("/v1/certificates/{serial}/document", show_document, "The signed PDF of a certificate"),
    post(
        "/v1/certificates/{serial}/outcome",
        take_certificate_outcome,
        "Tell whether a certificate was printed; one that was not is void",
    ),
)
