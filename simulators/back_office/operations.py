"""The API as a table: each operation with its method, path, models and the desk that serves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from simulators.back_office import acceptance, bills, decision, payments, refunds, registers, reports
from simulators.back_office.contract import (
    Approval,
    Bill,
    Case,
    CaseOpened,
    CaseState,
    EndorsementAsked,
    Events,
    EventsTaken,
    Health,
    Outcome,
    OutcomeTaken,
    Part,
    Payment,
    PaymentAsked,
    PaymentClosed,
    PaymentCode,
    PermitAnswer,
    PermitQuestion,
    QuoteAsked,
    Refund,
    RefundAsked,
    TerminalPayment,
)
from simulators.back_office.desk import Office

Act = Callable[[Office, Mapping[str, str], Any], Part]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. ``keyed`` ones need an ``Idempotency-Key`` and repeat the answer they gave."""

    method: Literal["GET", "POST"]
    path: str
    summary: str
    act: Act
    answer: type[Part]
    request: type[Part] | None = None
    status: int = 200
    keyed: bool = False

    @property
    def name(self) -> str:
        """The operation as faults and documents call it: ``POST /v1/cases``."""
        return f"{self.method} {self.path}"


OPERATIONS: Final = (
    Operation(
        "GET", "/v1/health", "Whether the back office works, and its time",
        lambda office, path, body: Health(now=office.now(), ready=True), Health,
    ),
    Operation(
        "POST", "/v1/permits/check", "What the registers know of a permit and who brings it",
        lambda office, path, body: registers.check_permit(office, body), PermitAnswer, PermitQuestion,
    ),
    Operation(
        "POST", "/v1/cases", "Open a case under the kiosk's number",
        lambda office, path, body: acceptance.open_case(office, body), CaseState, CaseOpened,
        status=201, keyed=True,
    ),
    Operation(
        "GET", "/v1/cases/{case_no}", "A case and its history",
        lambda office, path, body: acceptance.show_case(office, path["case_no"]), Case,
    ),
    Operation(
        "POST", "/v1/quotes", "Price endorsements by today's tariff and make the bill",
        lambda office, path, body: bills.quote(office, body), Bill, QuoteAsked, keyed=True,
    ),
    Operation(
        "POST", "/v1/payments", "Make an order that a phone can pay by its code",
        lambda office, path, body: payments.ask_payment(office, body), PaymentCode, PaymentAsked,
        status=201, keyed=True,
    ),
    Operation(
        "POST", "/v1/payments/terminal", "Register what the card terminal took",
        lambda office, path, body: payments.register_terminal(office, body), Payment, TerminalPayment,
        status=201, keyed=True,
    ),
    Operation(
        "GET", "/v1/payments/{order_no}", "What became of an order; asks the payment host",
        lambda office, path, body: payments.show_payment(office, path["order_no"]), Payment,
    ),
    Operation(
        "POST", "/v1/payments/{order_no}/close", "Give an order up; it may turn out to be paid",
        lambda office, path, body: payments.close_payment(office, path["order_no"]), PaymentClosed,
        keyed=True,
    ),
    Operation(
        "POST", "/v1/payments/{order_no}/refunds", "Give money back, once per refund number",
        lambda office, path, body: refunds.refund(office, path["order_no"], body), Refund, RefundAsked,
        keyed=True,
    ),
    Operation(
        "POST", "/v1/endorsements", "Decide on paid endorsements: what to write on the card, or no",
        lambda office, path, body: decision.issue(office, body), Approval, EndorsementAsked,
        status=201, keyed=True,
    ),
    Operation(
        "GET", "/v1/endorsements/{approval_no}", "An approval and what became of it",
        lambda office, path, body: decision.show_approval(office, path["approval_no"]), Approval,
    ),
    Operation(
        "POST", "/v1/endorsements/{approval_no}/outcome", "Tell whether the card was made",
        lambda office, path, body: decision.take_outcome(office, path["approval_no"], body),
        OutcomeTaken, Outcome, keyed=True,
    ),
    Operation(
        "POST", "/v1/events", "Tell what happened; each event is kept once by its id",
        lambda office, path, body: reports.take_events(office, body), EventsTaken, Events, keyed=True,
    ),
)  # fmt: skip
