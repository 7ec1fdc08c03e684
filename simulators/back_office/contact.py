"""Contact (联系方式): whose a case is that stays open, and the phone that its messages go to.

A kiosk opens a case before anybody has said who they are. When one is not finished at the kiosk, because an
objection is looked into or a clerk has to look at an application, the person who was identified there may
leave a number.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, RowMapping, select

from simulators.back_office.acceptance import CaseState, change_case, note, require_case
from simulators.back_office.audit import record
from simulators.back_office.contract import CaseNo, Line, Number, Part, Phone
from simulators.back_office.desk import Office, Refused
from simulators.back_office.masking import masked_phone
from simulators.back_office.messages import tell
from simulators.back_office.operation import post, put
from simulators.back_office.roles import Officer, Role
from simulators.back_office.traffic_register import violations

AWAITED: Final = frozenset({"objected", "review"})
"""States in which the person waits for what officers find."""
ENDED: Final = frozenset({"granted", "refused", "returned", "refunded", "failed", "no-data", "answered"})
"""States in which nothing is left to tell anybody."""
DECIDING: Final[tuple[Role, ...]] = ("reviewer", "decider")
"""Who may say that there is a result."""


class Contact(Part):
    """The person whom the kiosk has identified, and where messages about their case go."""

    kiosk: Number
    id_number: Number
    name: Line
    phone: Phone


class ContactTaken(Part):
    """``phone`` is masked: 138****0001."""

    case_no: str
    phone: str


def take_contact(db: Connection, office: Office, case_no: CaseNo, given: Contact) -> ContactTaken:
    """Set the case's applicant and phone, and send a first message there. The same again sends none.

    Raises ``Refused`` 404; 409 ``case-differs`` (another kiosk's case, or another person's), ``wrong-state``
    (nothing is left to tell).
    """
    case = require_case(db, case_no, lock=True)
    if case["kiosk"] != given.kiosk or case["id_number"] not in (None, given.id_number):
        raise Refused(409, "case-differs")
    if case["state"] in ENDED:
        raise Refused(409, "wrong-state")
    if (case["id_number"], case["name"], case["phone"]) != (given.id_number, given.name, given.phone):
        change_case(db, case_no, id_number=given.id_number, name=given.name, phone=given.phone)
        note(db, office, case_no, "contact-given")
        tell(db, office, require_case(db, case_no), "objection" if _objected(db, case_no) else "contact")
    return ContactTaken(case_no=case_no, phone=masked_phone(given.phone))


def tell_result(db: Connection, office: Office, officer: Officer, case_no: CaseNo) -> CaseState:
    """Note that there is a result to be heard at a window, and tell the applicant who left a phone.

    What it is stands in no message. Raises ``Refused`` 404; 409 ``wrong-state``, ``not-your-station``.
    """
    case = require_case(db, case_no, lock=True)
    if not awaits_result(db, case):
        raise Refused(409, "wrong-state", case["state"])
    if case["station"] != officer.station:
        raise Refused(409, "not-your-station", case["station"])
    # A case in which something else was decided or paid keeps that state.
    becomes = "answered" if case["state"] in AWAITED else None
    note(db, office, case_no, "result-told", officer.login, becomes=becomes)
    tell(db, office, case, "result")
    record(db, office, officer, "tell-result", case_no)
    return CaseState(case_no=case_no, state=becomes or case["state"])


def awaits_result(db: Connection, case: RowMapping) -> bool:
    """Tell whether there is something in a case that officers look into outside of the circulation."""
    if case["state"] in AWAITED:
        return True
    return case["state"] not in ENDED and _objected(db, case["case_no"])


def _objected(db: Connection, case_no: str) -> bool:
    mine = (violations.c.case_no == case_no) & (violations.c.objection_no != "")
    return db.execute(select(violations.c.violation_no).where(mine).limit(1)).first() is not None


OPERATIONS: Final = (
    put("/v1/cases/{case_no}/contact", take_contact, "Whose a case is that stays open, and their phone"),
    post(
        "/v1/office/cases/{case_no}/result",
        tell_result,
        "Tell that an objection or an application was looked into",
        roles=DECIDING,
    ),
)
