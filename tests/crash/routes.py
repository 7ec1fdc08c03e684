"""The ways through the endorsement service on which the kiosk is killed: good ones and failing arms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kiosk.journal import Outcome
from simulators.citizen import Plan

WHO: Final = "chen-haoran"
"""His permit carries a former endorsement, on strip and chip: it shows whether they are as they were."""


@dataclass(frozen=True, slots=True)
class Route:
    """One way through: the citizen's plan, the faults of the devices, and how it ends when nothing is cut."""

    name: str
    plan: Plan
    ends: Outcome
    faults: Sequence[Mapping[str, Any]] = field(default=())


TERMINAL = Route("terminal", Plan(WHO), Outcome.DELIVERED)
CODE = Route("code", Plan(WHO, pay_by="wechat"), Outcome.DELIVERED)
PAYMENT_UNKNOWN = Route(
    "payment-unknown",
    Plan(
        WHO,
        acts={"pay-at-terminal": [{"act": "pay", "method": "card", "result": "answer_lost_paid"}]},
        answers={"pay-at-terminal": ("stop", None)},
    ),
    Outcome.REFUNDED,
    ({"device": "payment_terminal", "fault": "hostDown", "operation": "query", "repeat": True},),
)
CHIP_REFUSED = Route(
    "chip-refused",
    Plan(WHO),
    Outcome.REFUNDED,
    ({"device": "permit_unit", "fault": "refused", "operation": "chip_write", "repeat": True},),
)
STRIP_FAILED = Route(
    "strip-failed",
    Plan(WHO),
    Outcome.ESCALATED,
    (
        {
            "device": "permit_unit",
            "fault": "print_fault",
            "operation": "print",
            "repeat": True,
            "args": {"share": 0.5},
        },
    ),
)
PERMIT_LEFT = Route("permit-left", Plan(WHO, forgets_permit=True), Outcome.ESCALATED)

GOOD = (TERMINAL, CODE)
ARMS = (PAYMENT_UNKNOWN, CHIP_REFUSED, STRIP_FAILED, PERMIT_LEFT)
ROUTES = {route.name: route for route in (*GOOD, *ARMS)}
