"""The client of the back office: each endpoint a coroutine with typed values; money in fen.

Each method raises ``Unreachable`` (nothing is known: it may have been done) after the call's total
deadline, or ``Refused`` (4xx, with the server's code), which asking again would not change. The desks of
the other services have clients of their own on this one: ``kiosk/*_office.py``.
"""

from kiosk.http import PlatformError, Refused, Unreachable
from kiosk.platform.client import Case, Health, Platform
from kiosk.platform.endorsements import Approval, HeldEndorsement, IssuedEndorsement, PermitCheck
from kiosk.platform.line import question_key
from kiosk.platform.orders import Bill, CodeOrder, Order, OrderState, Refund, bill_of
from kiosk.rules import Wish

__all__ = [
    "Approval",
    "Bill",
    "Case",
    "CodeOrder",
    "Health",
    "HeldEndorsement",
    "IssuedEndorsement",
    "Order",
    "OrderState",
    "PermitCheck",
    "Platform",
    "PlatformError",
    "Refund",
    "Refused",
    "Unreachable",
    "Wish",
    "bill_of",
    "question_key",
]
