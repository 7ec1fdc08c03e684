"""Review and decision (审核审批): at once where the catalogue says so (即办), else by two officers.

A reviewer (审核) gives an opinion, a decider (审批) of a station that is high enough decides; never the
same person. A refusal states its reasons, its legal basis and where to turn against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import StringConstraints
from sqlalchemy import Connection, RowMapping, Table, select

from simulators.back_office.acceptance import note
from simulators.back_office.audit import record
from simulators.back_office.catalogue import require_item
from simulators.back_office.circulation import held_case
from simulators.back_office.contract import CaseNo, Part
from simulators.back_office.desk import Office, Refused
from simulators.back_office.messages import tell
from simulators.back_office.operation import post
from simulators.back_office.results import push
from simulators.back_office.roles import Officer
from simulators.back_office.stations import may_decide, require_station
from simulators.back_office.store import add, metadata, moment, of, serial, stamp, text

AUTOMATIC: Final = "automatic"
"""The officer of what is decided at once."""

Words = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x08\x0b-\x1f]{0,1000}$")]

opinions: Final = Table(
    "opinions",
    metadata,
    serial(),
    of("case_no", "cases.case_no"),
    text("at"),
    text("officer"),
    text("kind"),
    text("opinion"),
    text("reasons"),
    text("legal_basis"),
    text("remedy"),
)


class Opinion(Part):
    """``remedy`` is where to turn against a refusal."""

    at: datetime
    officer: str
    kind: Literal["review", "decision"]
    opinion: Literal["grant", "refuse"]
    reasons: str
    legal_basis: str
    remedy: str


class Reviewing(Part):
    opinion: Literal["grant", "refuse"]
    reasons: Words


class Deciding(Part):
    """A refusal needs ``reasons`` and ``legal_basis``; both may be empty when it is granted."""

    opinion: Literal["grant", "refuse"]
    reasons: Words
    legal_basis: Words


def review(db: Connection, office: Office, officer: Officer, case_no: CaseNo, said: Reviewing) -> Opinion:
    """Give an opinion on an accepted case whose papers are all there."""
    held_case(db, officer, case_no, "accepted")
    if said.opinion == "refuse" and not said.reasons.strip():
        raise Refused(409, "reasons-missing")
    opinion = _enter(db, office, case_no, officer.login, "review", said.opinion, said.reasons)
    note(db, office, case_no, "reviewed", said.opinion, becomes="reviewed")
    record(db, office, officer, "review", case_no, said.opinion)
    return opinion


def decide(db: Connection, office: Office, officer: Officer, case_no: CaseNo, said: Deciding) -> Opinion:
    """Decide a reviewed case.

    Raises ``Refused`` 409 ``same-officer``, ``level-too-low``, ``reasons-missing``, as ``held_case``.
    """
    case = held_case(db, officer, case_no, "reviewed")
    item = require_item(case["service"], office.today())
    if opinions_of(db, case_no)[-1].officer == officer.login:
        raise Refused(409, "same-officer")
    if not may_decide(item.decide, officer.station):
        raise Refused(409, "level-too-low", item.decide)
    if said.opinion == "refuse" and not (said.reasons.strip() and said.legal_basis.strip()):
        raise Refused(409, "reasons-missing")
    remedy = _remedy(officer.station) if said.opinion == "refuse" else ""
    opinion = _enter(
        db, office, case_no, officer.login, "decision", said.opinion, said.reasons, said.legal_basis, remedy
    )
    _close(db, office, case, said.opinion, officer.login)
    record(db, office, officer, "decide", case_no, said.opinion)
    return opinion


def decide_at_once(db: Connection, office: Office, case: RowMapping) -> None:
    """Grant what the catalogue has decided at once, when every paper is there (即办)."""
    _enter(db, office, case["case_no"], AUTOMATIC, "decision", "grant", "")
    _close(db, office, case, "grant", AUTOMATIC)


def opinions_of(db: Connection, case_no: str) -> list[Opinion]:
    """Return what was thought of a case and decided on it, oldest first."""
    rows = db.execute(
        select(opinions).where(opinions.c.case_no == case_no).order_by(opinions.c.id)
    ).mappings()
    return [_opinion(row) for row in rows]


def _close(db: Connection, office: Office, case: RowMapping, opinion: str, by: str) -> None:
    kind: Literal["granted", "refused"] = "granted" if opinion == "grant" else "refused"
    note(db, office, case["case_no"], kind, by, becomes=kind)
    tell(db, office, case, kind)
    push(db, office, case, kind)


def _remedy(station: str) -> str:
    place = require_station(station)
    return (
        f"如不服本决定，可自收到之日起六十日内向{place.complaints}申请行政复议，"
        f"或者六个月内向{place.court}提起行政诉讼。"
    )


def _enter(
    db: Connection,
    office: Office,
    case_no: str,
    by: str,
    kind: str,
    opinion: str,
    reasons: str,
    legal_basis: str = "",
    remedy: str = "",
) -> Opinion:
    row = {
        "case_no": case_no,
        "at": stamp(office.now()),
        "officer": by,
        "kind": kind,
        "opinion": opinion,
        "reasons": reasons.strip(),
        "legal_basis": legal_basis.strip(),
        "remedy": remedy,
    }
    add(db, opinions, **row)
    return _opinion(row)


def _opinion(row: Mapping[Any, Any]) -> Opinion:
    return Opinion(at=moment(row["at"]), **{k: row[k] for k in Opinion.model_fields if k != "at"})


OPERATIONS: Final = (
    post("/v1/office/cases/{case_no}/review", review, "Give an opinion on a case", roles=("reviewer",)),
    post("/v1/office/cases/{case_no}/decision", decide, "Decide a reviewed case", roles=("decider",)),
)
