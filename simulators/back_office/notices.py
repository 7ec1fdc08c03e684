"""Personal notices (一次性告知单): what somebody still has to bring for an item, told at once and signed for.

The kiosk asks what is needed, shows it, and files what was shown together with the signature: strokes of a
finger, as points. A notice without a signature says so. What is filed must be what the registers say today.
"""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from sqlalchemy import Connection, Table

from simulators.back_office.acceptance import change_case, note, require_case
from simulators.back_office.audit import record
from simulators.back_office.catalogue import Item, Material, require_item
from simulators.back_office.certificate_register import subject_of
from simulators.back_office.contract import CaseNo, Line, Number, Part
from simulators.back_office.desk import Office, Refused
from simulators.back_office.notice_paper import notice_paper
from simulators.back_office.operation import get, post
from simulators.back_office.pdf import PdfDocument, made_here
from simulators.back_office.roles import Officer
from simulators.back_office.signatures import Signature, keep_signature, signature_of
from simulators.back_office.stations import require_station
from simulators.back_office.store import add, find, flag, metadata, moment, of, stamp, text, values
from simulators.back_office.store import next_number as next_of

Standing = Literal["held", "bring", "later"]
"""The office has it, it is to be brought, it may be brought within ``grace_days`` of the application."""

notices: Final = Table(
    "notices",
    metadata,
    of("case_no", "cases.case_no", key=True),
    text("notice_no"),
    text("item"),
    text("id_number"),
    text("name"),
    text("language"),
    text("filed_at"),
    flag("signed"),
    values("papers"),
)


class NoticeQuestion(Part):
    """The kiosk has identified this person."""

    kiosk: Number
    service: Number
    id_number: Number
    name: Line


class NeededPaper(Part):
    code: str
    title: dict[str, str]
    standing: Standing
    grace_days: int


class Needed(Part):
    """What this person needs for an item; ``limit_days`` are working days, 0 at once."""

    service: str
    title: dict[str, str]
    papers: list[NeededPaper]
    limit_days: int
    source: str


class ShownPaper(Part):
    """A paper as it was shown to the person."""

    code: Number
    standing: Standing


class NoticeShown(Part):
    """A notice as the person got it. Without ``signature`` it was received and not signed for."""

    case_no: CaseNo
    service: Number
    id_number: Number
    name: Line
    language: Literal["zh-CN", "en"]
    papers: Annotated[list[ShownPaper], Field(max_length=50)]
    signature: Signature | None


class NoticeFiled(Part):
    case_no: str
    notice_no: str
    signed: bool


class OfficeNotice(Part):
    """A filed notice whole, for an officer's eyes."""

    case_no: str
    notice_no: str
    service: str
    id_number: str
    name: str
    language: str
    filed_at: datetime
    papers: list[ShownPaper]
    signature: Signature | None


def ask_needed(db: Connection, office: Office, asked: NoticeQuestion) -> Needed:
    """Return what a person needs for an item; raises ``Refused`` 409 ``not-offered``."""
    item = require_item(asked.service, office.today())
    return _needed(db, office, item, asked.id_number, asked.name)


def file_notice(db: Connection, office: Office, shown: NoticeShown) -> NoticeFiled:
    """File a notice under its case; the same again is no second one.

    Raises ``Refused`` 404, 409 ``not-offered``, ``case-differs`` (the case is of something else),
    ``notice-differs`` (it is no longer what is needed).
    """
    if require_case(db, shown.case_no, lock=True)["service"] != "guide":
        raise Refused(409, "case-differs", shown.case_no)
    row = find(db, notices.c.case_no, shown.case_no)
    if row is not None:
        if (row["item"], row["id_number"]) != (shown.service, shown.id_number):
            raise Refused(409, "case-differs", shown.case_no)
        return _filed(row)
    item = require_item(shown.service, office.today())
    needed = _needed(db, office, item, shown.id_number, shown.name).papers
    if [(p.code, p.standing) for p in needed] != [(p.code, p.standing) for p in shown.papers]:
        raise Refused(409, "notice-differs", shown.service)
    notice_no = f"N{office.today():%Y%m%d}{next_of(db, f'notices.{office.today():%Y%m%d}'):06d}"
    add(
        db,
        notices,
        case_no=shown.case_no,
        notice_no=notice_no,
        item=shown.service,
        id_number=shown.id_number,
        name=shown.name,
        language=shown.language,
        filed_at=stamp(office.now()),
        signed=shown.signature is not None,
        papers=[paper.model_dump() for paper in shown.papers],
    )
    keep_signature(db, office, shown.case_no, "notice", notice_no, shown.signature)
    change_case(db, shown.case_no, id_number=shown.id_number, name=shown.name)
    way = "notice-signed" if shown.signature is not None else "notice-unsigned"
    note(db, office, shown.case_no, way, notice_no, becomes="notified")
    return NoticeFiled(case_no=shown.case_no, notice_no=notice_no, signed=shown.signature is not None)


def show_notice(db: Connection, office: Office, case_no: CaseNo) -> NoticeFiled:
    """Return whether a case has a notice; raises ``Refused`` 404 when it has none."""
    return _filed(_of_case(db, case_no))


def look_at_notice(db: Connection, office: Office, officer: Officer, case_no: CaseNo) -> OfficeNotice:
    """Return a notice with its signature; raises ``Refused`` 404."""
    row = _of_case(db, case_no)
    record(db, office, officer, "look-at-notice", case_no=case_no)
    return OfficeNotice(
        case_no=case_no,
        notice_no=row["notice_no"],
        service=row["item"],
        id_number=row["id_number"],
        name=row["name"],
        language=row["language"],
        filed_at=moment(row["filed_at"]),
        papers=[ShownPaper.model_validate(paper) for paper in row["papers"]],
        signature=signature_of(db, row["notice_no"]),
    )


def show_notice_paper(office: Office, case_no: CaseNo) -> PdfDocument:
    """Return a case's notice as a signed PDF; raises ``Refused`` 404, 503 ``seal-missing``."""
    with office.store.begin() as db:
        case, row = require_case(db, case_no), _of_case(db, case_no)
        filed_on = moment(row["filed_at"]).astimezone(office.now().tzinfo).date()
        item = require_item(row["item"], filed_on)
        authority = require_station(case["station"]).title["zh-CN"]
        signature = signature_of(db, row["notice_no"])
    return made_here(office, "notice", notice_paper(row, case, item, filed_on, authority, signature))


def _of_case(db: Connection, case_no: str) -> Any:
    row = find(db, notices.c.case_no, case_no)
    if row is None:
        raise Refused(404, "not-found", case_no)
    return row


def _filed(row: Any) -> NoticeFiled:
    return NoticeFiled(case_no=row["case_no"], notice_no=row["notice_no"], signed=row["signed"])


def _needed(db: Connection, office: Office, item: Item, id_number: str, name: str) -> Needed:
    person = subject_of(db, id_number, name)
    known = set() if person is None else {"population", *person["registers"]}
    held = _held_on(office.today())
    return Needed(
        service=item.service,
        title=item.title,
        papers=[
            NeededPaper(
                code=material.code,
                title=material.title,
                standing=_standing(material, held, known),
                grace_days=material.grace_days,
            )
            for material in item.materials
        ],
        limit_days=item.limit_days,
        source=item.source,
    )


def _standing(material: Material, held: dict[str, str], known: set[str]) -> Standing:
    if not material.original and held.get(material.code) in known:
        return "held"
    return "bring" if material.core else "later"


@cache
def _held_on(on: date) -> dict[str, str]:
    """Return by material the register that has it, as in force on a day."""
    with Path(__file__).with_name("notices.toml").open("rb") as file:
        entries = tomllib.load(file)["held"]
    begun = sorted((e for e in entries if e["from"] <= on), key=lambda e: e["from"])
    latest = {entry["material"]: entry for entry in begun}
    return {m: e["register"] for m, e in latest.items() if on <= e.get("until", on)}


OPERATIONS: Final = (
    post("/v1/notices/questions", ask_needed, "What an identified person needs for an item", keyed=False),
    post(
        "/v1/notices", file_notice, "File a personal notice as it was shown, with its signature", status=201
    ),
    get("/v1/cases/{case_no}/notice", show_notice, "Whether a case has a personal notice"),
    get("/v1/cases/{case_no}/notice/document", show_notice_paper, "A case's notice as a signed PDF"),
    get("/v1/office/cases/{case_no}/notice", look_at_notice, "A personal notice with its signature"),
)
