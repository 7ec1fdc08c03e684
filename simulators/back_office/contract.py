"""The API's requests and replies, version 1. Money in fen, dates ISO 8601, times with their zone.

Every request is checked against these models, strictly: no field may be missing, of another type or
unknown. The OpenAPI document is made from them.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, field_validator

CaseNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{4,40}$")]
Number = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,32}$")]
OrderNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{6,32}$")]
RefundNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{6,36}$")]
PermitNo = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{9}$")]
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,100}$")]
OptionalLine = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{0,100}$")]
Fen = Annotated[int, Field(ge=0, le=10_000_000)]
PaidFen = Annotated[int, Field(ge=1, le=10_000_000)]
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC))
]
Destination = Literal["HKG", "MAC"]
EndorsementType = Literal["G", "L", "T", "S", "Q", "D", "R"]
Validity = Literal["P3M", "P1Y"]
Entries = Annotated[int, Field(ge=0, le=2, description="0 means any number (多次)")]


class Part(BaseModel):
    """What all parts of the contract share: strict types, nothing unknown."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Failure(Part):
    """Any answer that is not a success. ``error`` is a code; ``message`` says it to people in each
    language, ``detail`` to whoever integrates (which field, which number)."""

    error: str
    message: dict[str, str]
    detail: str = ""


class Health(Part):
    now: datetime
    ready: bool


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


class CaseOpened(Part):
    case_no: CaseNo
    kiosk: Number
    service: Number
    opened_at: Moment
    permit_number: PermitNo | None = None


class CaseState(Part):
    case_no: str
    state: str


class CaseStep(Part):
    at: datetime
    step: str
    detail: str


class Case(Part):
    """``approval_no`` is "" while nothing has been approved."""

    case_no: str
    state: str
    service: str
    approval_no: str
    history: list[CaseStep]


class Wish(Part):
    """One endorsement asked for: where to, of which type, how long, how often."""

    destination: Destination
    type: EndorsementType
    validity: Validity
    entries: Entries


class PricedWish(Wish):
    fee_fen: Fen


class QuoteAsked(Part):
    case_no: CaseNo
    items: Annotated[list[Wish], Field(min_length=1, max_length=2)]


class Bill(Part):
    bill_no: str
    items: list[PricedWish]
    total_fen: Fen
    valid_until: datetime


class PaymentAsked(Part):
    order_no: OrderNo
    case_no: CaseNo
    bill_no: Number
    amount_fen: PaidFen
    channel: Literal["wechat", "alipay"]
    lifetime_s: Annotated[int, Field(ge=10, le=7200)]


PaymentState = Literal["waiting", "paid", "closed", "refunded", "unknown"]


class PaymentCode(Part):
    """``code`` is the text of the QR code to show, payable no longer than ``expires_at``."""

    order_no: str
    state: PaymentState
    code: str
    expires_at: datetime


class Payment(Part):
    order_no: str
    state: PaymentState
    amount_fen: Fen
    refunded_fen: Fen
    method: str


class PaymentClosed(Part):
    state: PaymentState


class RefundAsked(Part):
    refund_no: RefundNo
    amount_fen: PaidFen
    reason: OptionalLine


class Refund(Part):
    state: Literal["refunded", "processing"]
    refunded_fen: Fen


class TerminalPayment(Part):
    """What the card terminal took, told after the fact."""

    order_no: OrderNo
    case_no: CaseNo
    bill_no: Number
    amount_fen: PaidFen
    host_reference: OptionalLine
    method: OptionalLine


class EndorsementAsked(Part):
    case_no: CaseNo
    permit_number: PermitNo
    bill_no: Number
    order_no: OrderNo
    items: Annotated[list[Wish], Field(min_length=1, max_length=2)]


class IssuedEndorsement(Part):
    number: str
    destination: Destination
    type: EndorsementType
    valid_from: date
    valid_until: date
    entries: Entries
    stay_days: int


class Approval(Part):
    """``chip_record`` is the whole content of the chip's endorsement file in base64, at most 255 bytes."""

    approval_no: str
    state: Literal["approved", "issued", "failed"]
    endorsements: list[IssuedEndorsement]
    chip_record: str
    strip_code: str


class Outcome(Part):
    outcome: Literal["issued", "failed"]
    chip: bool
    strip: bool


class OutcomeTaken(Part):
    state: Literal["issued", "failed"]


class Event(Part):
    """Something a kiosk tells. Kinds in use: rating, permit-retained, escalation, effect-failed,
    receipt-by-link, id-card-left, heartbeat, journal-head, endorsement-outcome; others are kept too,
    since one kind that is new must not hold up the rest.

    ``endorsement-outcome`` is an outcome that could not be told at its time; its body has
    ``approval_no``, ``status`` (issued, failed), ``chip`` and ``strip``, and it is acted on.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._:-]{1,64}$")]
    at: Moment
    kind: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{1,39}$")]
    case_no: CaseNo | None = None
    body: dict[str, Any]

    @field_validator("body")
    @classmethod
    def _is_json(cls, body: dict[str, Any]) -> dict[str, Any]:
        # NaN and Infinity pass the parser, but are no JSON and no database takes them.
        json.dumps(body, allow_nan=False)
        return body


class Events(Part):
    events: Annotated[list[Event], Field(min_length=1, max_length=500)]


class EventsTaken(Part):
    accepted: list[str]
