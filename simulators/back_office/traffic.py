"""Traffic violations (交通违法): shown with their evidence, decided (简易程序), objected to.

A violation is decided once, by whoever comes first: a kiosk, a window, a phone. What a kiosk sends is
what its driver saw; when fine, points or licence are different by then, nothing is decided. A decision
stands whether it is paid or not (``traffic_fines``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, insert, select, update

from simulators.back_office.acceptance import change_case, note, require_case
from simulators.back_office.contract import CaseNo
from simulators.back_office.desk import Office, Refused
from simulators.back_office.messages import tell
from simulators.back_office.operation import get, post
from simulators.back_office.pdf import PdfDocument, made_here
from simulators.back_office.signatures import keep_signature, signature_of
from simulators.back_office.store import find, next_number
from simulators.back_office.traffic_cases import listed, ordered, person_of
from simulators.back_office.traffic_contract import (
    Decision,
    DecisionAsked,
    DecisionNo,
    Evidence,
    Handled,
    HandledDecision,
    HandledObjection,
    LicenceShown,
    Objection,
    ObjectionAsked,
    PictureShown,
    Records,
    RecordsAsked,
    ViolationNo,
    ViolationShown,
    Words,
)
from simulators.back_office.traffic_fines import FEE_CHANGES_BY_FEN, receipts_of
from simulators.back_office.traffic_paper import decision_document, decision_paper
from simulators.back_office.traffic_pictures import pictures
from simulators.back_office.traffic_register import (
    AREA,
    AUTHORITY,
    acts,
    licence_of,
    licences,
    vehicles_of,
    violation_of,
    violations,
    violations_of,
)
from simulators.back_office.traffic_tariff import rules_on

CAPTIONS: Final = (
    {"zh": "进入路口前", "en": "Before the junction"},
    {"zh": "在路口中", "en": "In the junction"},
    {"zh": "驶离", "en": "Driving on"},
)
SOMEBODY_ELSE: Final = {"id_number": "110101199001019990", "name": "另一个人"}
"""Whose data get onto a paper where the bench wants them mixed up."""


def show_records(db: Connection, office: Office, asked: RecordsAsked) -> Records:
    """Answer a person's licence and violations, and note that this case may handle them."""
    require_case(db, asked.case_no)
    person = find(db, listed.c.case_no, asked.case_no)
    if person is None:
        db.execute(insert(listed).values(case_no=asked.case_no, id_number=asked.id_number, name=asked.name))
    elif (person["id_number"], person["name"]) != (asked.id_number, asked.name):
        raise Refused(409, "case-differs")
    licence = licence_of(db, asked.id_number, asked.name)
    owned = vehicles_of(db, asked.id_number)
    return Records(
        licence=None if licence is None else _licence(licence),
        violations=[_violation(row, owned) for row in violations_of(db, asked.id_number)],
    )


def show_evidence(db: Connection, office: Office, case_no: CaseNo, violation_no: ViolationNo) -> Evidence:
    """Return the pictures of a violation that the case's person may handle; raises ``Refused`` 404."""
    row = violation_of(db, violation_no)
    if row is None or row["plate"] not in vehicles_of(db, person_of(db, case_no)["id_number"]):
        raise Refused(404, "not-found", violation_no)
    at = datetime.fromisoformat(row["at"]).strftime("%Y-%m-%d %H:%M")
    drawn = pictures(violation_no, row["plate"], at, row["place"], red_light=row["act_code"] == "1625")
    return Evidence(
        pictures=[
            PictureShown(data=data, caption=Words(**caption), focus_x=x, focus_y=y)
            for (data, x, y), caption in zip(drawn, CAPTIONS, strict=True)
        ]
    )


def decide(db: Connection, office: Office, asked: DecisionAsked) -> Decision:
    """Decide one violation.

    Raises ``Refused`` 409 ``handled-elsewhere``, ``penalty-differs``, ``limit-reached``.
    """
    person = dict(person_of(db, asked.case_no))
    row = _handled_here(db, office, asked.violation_no)
    if row["decision_no"] and row["case_no"] == asked.case_no:
        return _decision(db, row, person)
    owned = vehicles_of(db, person["id_number"])
    if row["plate"] not in owned:
        raise Refused(404, "not-found", asked.violation_no)
    if row["state"] != "open":
        raise Refused(409, "handled-elsewhere")
    if (row["fine_fen"], row["points"]) != (asked.fine_fen, asked.points):
        raise Refused(409, "penalty-differs")
    licence, rules = licence_of(db, person["id_number"], person["name"], lock=True), rules_on(office.today())
    if (
        licence is None
        or licence["state"] != "normal"
        or licence["points"] + row["points"] > rules["most_points"]
        or row["fine_fen"] > rules["most_fine_fen"]
    ):
        raise Refused(409, "limit-reached")
    decision_no = f"{AREA}{office.today():%y%m%d}{next_number(db, 'decisions'):06d}"
    others = set(licence["other_vehicles"]) | ({row["plate"]} - {p for p, v in owned.items() if v["owned"]})
    db.execute(
        update(licences)
        .where(licences.c.id_number == person["id_number"])
        .values(points=licence["points"] + row["points"], other_vehicles=sorted(others))
    )
    _change(
        db,
        asked.violation_no,
        state="decided",
        driver=person["id_number"],
        case_no=asked.case_no,
        decision_no=decision_no,
        received_on=office.today().isoformat(),
    )
    change_case(db, asked.case_no, id_number=person["id_number"], name=person["name"])
    note(db, office, asked.case_no, "decided", f"{decision_no} {asked.proof}", becomes="decided")
    keep_signature(db, office, asked.case_no, "decision", decision_no, asked.signature)
    way = "decision-signed" if asked.signature is not None else "decision-unsigned"
    note(db, office, asked.case_no, way, decision_no)
    if ordered(office, "mixes_up"):
        person = SOMEBODY_ELSE
    return _decision(db, _require(db, asked.violation_no), person)


def show_decision_paper(office: Office, case_no: CaseNo, decision_no: DecisionNo) -> PdfDocument:
    """Return a decision of a case as a signed PDF; raises ``Refused`` 404, 503 ``seal-missing``."""
    with office.store.begin() as db:
        case, person = require_case(db, case_no), dict(person_of(db, case_no))
        row = find(db, violations.c.decision_no, decision_no)
        if row is None or row["case_no"] != case_no:
            raise Refused(404, "not-found", decision_no)
        signature = signature_of(db, decision_no)
    if ordered(office, "mixes_up"):
        person = SOMEBODY_ELSE
    days_to_pay = rules_on(date.fromisoformat(row["received_on"]))["days_to_pay"]
    act, authority = acts()[row["act_code"]], AUTHORITY["zh"]
    data = decision_paper(row, person, act, authority, days_to_pay, signature=signature, kiosk=case["kiosk"])
    return made_here(office, "decision", data)


def take_objection(db: Connection, office: Office, asked: ObjectionAsked) -> Objection:
    """Record an objection (陈述申辩) and send it to the place of the violation; nothing is decided."""
    person = person_of(db, asked.case_no)
    row = _handled_here(db, office, asked.violation_no)
    if row["objection_no"] and row["case_no"] == asked.case_no:
        return Objection(objection_no=row["objection_no"])
    if row["plate"] not in vehicles_of(db, person["id_number"]):
        raise Refused(404, "not-found", asked.violation_no)
    if row["state"] != "open":
        raise Refused(409, "handled-elsewhere")
    objection_no = f"{AREA}8{office.today():%y%m%d}{next_number(db, 'objections'):05d}"
    _change(db, asked.violation_no, state="objected", case_no=asked.case_no, objection_no=objection_no)
    change_case(db, asked.case_no, id_number=person["id_number"], name=person["name"])
    case = require_case(db, asked.case_no)
    # Of a case in which something is decided or paid too, that is what the person has to see to first.
    becomes = "objected" if case["state"] == "opened" else None
    note(db, office, asked.case_no, "objected", f"{objection_no} {asked.reason}", becomes=becomes)
    note(db, office, asked.case_no, "sent-on", AUTHORITY["zh"])
    tell(db, office, case, "objection")
    return Objection(objection_no=objection_no)


def show_handled(db: Connection, office: Office, case_no: CaseNo) -> Handled:
    """Return what has been done in a case; nothing for one that never asked for records."""
    require_case(db, case_no)
    rows = list(db.execute(select(violations).where(violations.c.case_no == case_no)).mappings())
    receipts = receipts_of(db, case_no)
    return Handled(
        decisions=[
            HandledDecision(violation_no=row["violation_no"], decision_no=row["decision_no"])
            for row in rows
            if row["decision_no"]
        ],
        objections=[
            HandledObjection(violation_no=row["violation_no"], objection_no=row["objection_no"])
            for row in rows
            if row["objection_no"]
        ],
        receipts=receipts.receipts if receipts is not None else [],
    )


def _handled_here(db: Connection, office: Office, violation_no: str) -> RowMapping:
    """Return the violation, locked, after what the bench wants to have happened to it just before."""
    row = violation_of(db, violation_no, lock=True)
    if row is None:
        raise Refused(404, "not-found", violation_no)
    if ordered(office, "handled_elsewhere") and row["state"] == "open":
        _change(db, violation_no, state="handled")
    if ordered(office, "penalty_changes") and row["state"] == "open":
        _change(db, violation_no, fine_fen=row["fine_fen"] + FEE_CHANGES_BY_FEN)
    return _require(db, violation_no)


def _require(db: Connection, violation_no: str) -> RowMapping:
    row = violation_of(db, violation_no)
    assert row is not None
    return row


def _change(db: Connection, violation_no: str, **columns: Any) -> None:
    db.execute(update(violations).where(violations.c.violation_no == violation_no).values(**columns))


def _licence(row: RowMapping) -> LicenceShown:
    return LicenceShown(
        state=row["state"],
        points=row["points"],
        cycle_until=date.fromisoformat(row["cycle_until"]),
        other_vehicles=list(row["other_vehicles"]),
    )


def _violation(row: RowMapping, vehicles: dict[str, RowMapping]) -> ViolationShown:
    act, vehicle = acts()[row["act_code"]], vehicles.get(row["plate"])
    return ViolationShown(
        violation_no=row["violation_no"],
        plate=row["plate"],
        plate_kind=vehicle["kind"] if vehicle is not None else "",
        owned=bool(vehicle is not None and vehicle["owned"]),
        at=datetime.fromisoformat(row["at"]),
        place=Words(zh=row["place"], en=row["place_en"]),
        act_code=row["act_code"],
        act=Words(**act["act"]),
        basis=Words(**act["basis"]),
        fine_fen=row["fine_fen"],
        points=row["points"],
        authority=Words(**AUTHORITY),
        other_licences=vehicle["other_licences"] if vehicle is not None else 0,
        decision_no=row["decision_no"],
        received_on=date.fromisoformat(row["received_on"]) if row["received_on"] else None,
        suspended_days=row["suspended_days"],
    )


def _decision(db: Connection, row: RowMapping, person: Mapping[str, Any]) -> Decision:
    rules = rules_on(date.fromisoformat(row["received_on"]))
    return Decision(
        decision_no=row["decision_no"],
        violation_no=row["violation_no"],
        fine_fen=row["fine_fen"],
        points=row["points"],
        received_on=date.fromisoformat(row["received_on"]),
        document=decision_document(
            row,
            person,
            acts()[row["act_code"]],
            AUTHORITY["zh"],
            rules["days_to_pay"],
            signed=signature_of(db, row["decision_no"]) is not None,
        ),
    )


OPERATIONS: Final = (
    post("/v1/traffic/records", show_records, "A person's licence and traffic violations", keyed=False),
    get(
        "/v1/traffic/cases/{case_no}/violations/{violation_no}/evidence",
        show_evidence,
        "The pictures of a violation that the case's person may handle",
    ),
    get("/v1/traffic/cases/{case_no}", show_handled, "What was decided, objected to and paid in a case"),
    post("/v1/traffic/decisions", decide, "Decide a violation as its driver saw it", status=201),
    get(
        "/v1/traffic/cases/{case_no}/decisions/{decision_no}/document",
        show_decision_paper,
        "A decision as a signed PDF",
    ),
    post("/v1/traffic/objections", take_objection, "Record an objection; nothing is decided", status=201),
)
