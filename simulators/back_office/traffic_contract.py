"""What the traffic police's desk is asked, and what it answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from simulators.back_office.contract import Base64, CaseNo, Fen, Line, Number, OrderNo, Part
from simulators.back_office.signatures import Signature

ViolationNo = Annotated[str, StringConstraints(pattern=r"^[0-9]{8,20}$")]
DecisionNo = Annotated[str, StringConstraints(pattern=r"^[0-9]{8,20}$")]
Reason = Literal[
    "not-driver", "wrong-plate", "cloned", "unclear", "rescue", "stolen", "signals", "on-site", "other"
]


class RecordsAsked(Part):
    kiosk: Number
    case_no: CaseNo
    id_number: Number
    name: Line


class Words(Part):
    zh: str
    en: str


class LicenceShown(Part):
    state: str
    points: int
    cycle_until: date
    other_vehicles: list[str]


class ViolationShown(Part):
    """``decision_no`` and ``received_on`` are "" and null while nothing has been decided."""

    violation_no: str
    plate: str
    plate_kind: str
    owned: bool
    at: datetime
    place: Words
    act_code: str
    act: Words
    basis: Words
    fine_fen: Fen
    points: int
    authority: Words
    other_licences: int
    decision_no: str
    received_on: date | None
    suspended_days: int


class Records(Part):
    licence: LicenceShown | None
    violations: list[ViolationShown]


class PictureShown(Part):
    """``data`` is a PNG in base64; the focus is where its plate is, as shares of width and height."""

    data: Base64
    caption: Words
    focus_x: float
    focus_y: float


class Evidence(Part):
    pictures: list[PictureShown]


class DecisionAsked(Part):
    """What the driver saw and accepted; ``proof`` is how they were identified at that moment, ``signature``
    null when they refused to sign: the decision says so, and stands."""

    case_no: CaseNo
    violation_no: ViolationNo
    fine_fen: Fen
    points: Annotated[int, Field(ge=0, le=12)]
    proof: Literal["face", "finger"]
    declared: Literal[True]
    signature: Signature | None


class Decision(Part):
    decision_no: str
    violation_no: str
    fine_fen: Fen
    points: int
    received_on: date
    document: list[str]


class ObjectionAsked(Part):
    case_no: CaseNo
    violation_no: ViolationNo
    reason: Reason


class Objection(Part):
    objection_no: str


class BillAsked(Part):
    case_no: CaseNo
    decisions: Annotated[list[DecisionNo], Field(min_length=1, max_length=500)]


class BilledFine(Part):
    decision_no: str
    fine_fen: Fen
    surcharge_fen: Fen
    fee_fen: Fen


class FineBill(Part):
    bill_no: str
    items: list[BilledFine]
    total_fen: Fen
    valid_until: datetime


class SettlementAsked(Part):
    case_no: CaseNo
    bill_no: Number
    order_no: OrderNo


class FineReceipt(Part):
    receipt_no: str
    decision_no: str
    amount_fen: Fen


class Settlement(Part):
    receipts: list[FineReceipt]


class HandledDecision(Part):
    violation_no: str
    decision_no: str


class HandledObjection(Part):
    violation_no: str
    objection_no: str


class Handled(Part):
    """What has been done in a case."""

    decisions: list[HandledDecision]
    objections: list[HandledObjection]
    receipts: list[FineReceipt]
