"""Certificates (证明): decided by the registers, made and signed here, good once the kiosk has printed them.

Each copy is a certificate of its own, with its own number and code, so that one which jammed half way can
be voided while the others hold. A certificate begins as ``issued``, is good as soon as the kiosk tells that
it was ``printed``, and never again once it is ``void``. Whatever stands against a certificate of no
criminal record, the answer is ``review`` and nothing else: a hit, a case that somebody still looks into, a
person whom the registers do not know.
"""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from typing import Annotated, Any, Final

from pydantic import Field
from sqlalchemy import Connection, RowMapping, insert
from sqlalchemy.exc import IntegrityError

from simulators.back_office.acceptance import change_case, note, require_case
from simulators.back_office.certificate_file import (
    CODE_CHARACTERS,
    CODE_LENGTH,
    Decision,
    applications,
    certificates,
    rows_of,
)
from simulators.back_office.certificate_register import someone_else, subject_of
from simulators.back_office.contract import CaseNo, Line, Number, Part
from simulators.back_office.desk import Office, Refused
from simulators.back_office.operation import post
from simulators.back_office.papers import Kind
from simulators.back_office.seals import SealMissing
from simulators.back_office.store import find, next_number

AREA: Final = "330212"
"""How the numbers of this office begin (行政区划)."""
MIXES_UP: Final = "mixes_up"
"""The bench's fault in which another person's data get onto the paper."""


class CertificateAsked(Part):
    """``kind`` and ``purpose`` are names of ``kinds.toml``; the person as their ID card says."""

    case_no: CaseNo
    kiosk: Number
    kind: Number
    purpose: Number
    copies: Annotated[int, Field(ge=1, le=10)]
    id_number: Number
    name: Line


class CertificateMade(Part):
    serial: str
    valid_until: date


class CertificatesAnswered(Part):
    """``review``: people have to look at it, whatever the reason. ``no-data``: the register of this kind
    has nothing about the person. Then there are no certificates."""

    state: Decision
    certificates: list[CertificateMade]


def issue(office: Office, asked: CertificateAsked) -> CertificatesAnswered:
    """Decide, make and sign. One answer for one case, however often it is asked for.

    Raises ``Refused`` 409 ``not-offered``, ``case-differs``; 503 ``seal-missing``.
    """
    kind = office.papers.kinds.get(asked.kind)
    if kind is None or asked.purpose not in kind.purposes or asked.copies > kind.most_copies:
        raise Refused(409, "not-offered")
    with office.store.begin() as db:
        require_case(db, asked.case_no)
        if (before := find(db, applications.c.case_no, asked.case_no)) is not None:
            return _repeated(db, before, asked)
        subject = subject_of(db, asked.id_number, asked.name)
        decision = _decide(kind, subject)
        copies = asked.copies if decision == "issued" else 0
        serials = [_next_serial(db, office.today()) for _ in range(copies)]
        if subject is not None and office.faults.standing("back_office").get(MIXES_UP) is not None:
            subject = someone_else(db, asked.id_number) or subject
    # Making papers holds nobody up: the transaction is over.
    rows = [_make(office, asked, kind, subject, serial, n) for n, serial in enumerate(serials, 1) if subject]
    try:
        with office.store.begin() as db:
            _enter(db, office, asked, decision, rows)
    except IntegrityError:
        # The same case was asked for twice at the same moment; the other was faster.
        with office.store.begin() as db:
            before = find(db, applications.c.case_no, asked.case_no)
            if before is None:
                raise
            return _repeated(db, before, asked)
    return CertificatesAnswered(state=decision, certificates=[_made(row) for row in rows])


def _decide(kind: Kind, subject: RowMapping | None) -> Decision:
    if kind.name == "no-criminal-record":
        return "issued" if subject is not None and subject["criminal_record"] == "none" else "review"
    return "issued" if subject is not None and kind.name in subject["registers"] else "no-data"


def _make(
    office: Office, asked: CertificateAsked, kind: Kind, subject: RowMapping, serial: str, copy: int
) -> dict[str, Any]:
    """Return the row of a certificate with its signed document."""
    code = "".join(secrets.choice(CODE_CHARACTERS) for _ in range(CODE_LENGTH))
    today = office.today()
    valid_until = today + timedelta(days=kind.valid_days)
    number = str(subject["id_number"])
    data = {
        "serial": serial,
        "code": code,
        "spoken_code": " ".join(code[n : n + 4] for n in range(0, CODE_LENGTH, 4)),
        "authority": kind.authority,
        "name": subject["name"],
        "number": number if kind.number == "full" else number[:6] + "*" * 8 + number[-4:],
        "sex": subject["sex"],
        "nation": subject["nation"],
        "birth": subject["birth"],
        "purpose": kind.purposes[asked.purpose],
        "issued": today.isoformat(),
        "valid_days": kind.valid_days,
        "valid_until": valid_until.isoformat(),
        "kiosk": asked.kiosk,
        "case_no": asked.case_no,
        "register": subject["registers"].get(kind.name, {}),
        "sample": True,
    }
    try:
        document = office.papers.make(kind.name, data, f"{office.verify_url}{code}")
    except SealMissing as error:
        raise Refused(503, "seal-missing") from error
    return {
        "serial": serial,
        "code": code,
        "case_no": asked.case_no,
        "copy": copy,
        "kind": kind.name,
        "id_number": asked.id_number,
        "name": asked.name,
        "purpose": asked.purpose,
        "issued": data["issued"],
        "valid_until": data["valid_until"],
        "state": "issued",
        "reason": "",
        "document": document,
    }


def _enter(
    db: Connection, office: Office, asked: CertificateAsked, decision: Decision, rows: list[dict[str, Any]]
) -> None:
    kept = asked.model_dump(include={"case_no", "kind", "purpose", "copies", "id_number"})
    db.execute(insert(applications).values(**kept, state=decision))
    for row in rows:
        db.execute(insert(certificates).values(**row))
        note(db, office, asked.case_no, "certificate-issued", row["serial"])
    note(db, office, asked.case_no, decision, asked.kind, becomes=decision)
    if decision == "review":
        # It stays open, and its applicant may ask how it stands.
        change_case(db, asked.case_no, id_number=asked.id_number, name=asked.name)


def _repeated(db: Connection, before: RowMapping, asked: CertificateAsked) -> CertificatesAnswered:
    if any(before[name] != getattr(asked, name) for name in ("kind", "purpose", "copies", "id_number")):
        raise Refused(409, "case-differs")
    made = [_made(row) for row in rows_of(db, asked.case_no)]
    return CertificatesAnswered(state=before["state"], certificates=made)


def _made(row: RowMapping | dict[str, Any]) -> CertificateMade:
    return CertificateMade(serial=row["serial"], valid_until=date.fromisoformat(row["valid_until"]))


def _next_serial(db: Connection, today: date) -> str:
    """Return ``330212-20261122-000001-K``: area, day, count, ISO 7064 MOD 37,36 check character."""
    body = f"{AREA}-{today:%Y%m%d}-{next_number(db, f'certificates.{today:%Y%m%d}'):06d}"
    return f"{body}-{check_character(body)}"


def check_character(body: str) -> str:
    """Return the check character of the letters and digits in ``body`` (ISO 7064, MOD 37,36)."""
    rest = 36
    for character in body:
        if character.isalnum():
            rest = ((rest + int(character, 36)) % 36 or 36) * 2 % 37
    value = (37 - rest) % 36
    return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[value]


OPERATIONS: Final = (post("/v1/certificates", issue, "Decide on certificates, and make them", status=201),)
