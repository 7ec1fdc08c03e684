"""Orders at the back office: made, asked about, closed, given back, and what the terminal took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from kiosk.http import Refused
from kiosk.platform.line import Line, path_part


@dataclass(frozen=True, slots=True)
class Bill:
    """A quote that can be paid until ``valid_until``; ``fees_fen`` one for each wish, in order."""

    case_no: str
    bill_no: str
    fees_fen: tuple[int, ...]
    total_fen: int
    valid_until: datetime


class OrderState(StrEnum):
    """What the back office says of an order."""

    WAITING = "waiting"
    PAID = "paid"
    CLOSED = "closed"
    REFUNDED = "refunded"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CodeOrder:
    """An order to be paid by scanning ``code`` before ``expires_at``."""

    order_no: str
    state: OrderState
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it stands."""

    order_no: str
    state: OrderState
    amount_fen: int
    refunded_fen: int
    method: str


@dataclass(frozen=True, slots=True)
class Refund:
    """``state`` is ``refunded`` or ``processing``."""

    state: str
    refunded_fen: int


class Orders(Line):
    """What is asked about money; amounts in fen."""

    async def open_order(self, order_no: str, bill: Bill, *, channel: str, lifetime_s: int) -> CodeOrder:
        """Make an order that is paid by scanning a code: channel ``wechat`` or ``alipay``."""
        body = {
            "order_no": order_no,
            "case_no": bill.case_no,
            "bill_no": bill.bill_no,
            "amount_fen": bill.total_fen,
            "channel": channel,
            "lifetime_s": lifetime_s,
        }
        return await self.post("/v1/payments", body, f"{order_no}:open", partial(_code_order, order_no))

    async def order(self, order_no: str) -> Order | None:
        """Return an order as it stands, None when there is none (yet)."""
        try:
            return await self.get(f"/v1/payments/{path_part(order_no)}", partial(_order, order_no))
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    async def close_order(self, order_no: str, attempt: int = 1) -> OrderState:
        """Ask that an order be closed; return its state.

        A new ``attempt`` asks anew; the same one again gets the answer that was given before.
        """
        return await self.post(
            f"/v1/payments/{path_part(order_no)}/close",
            {},
            f"{order_no}:close:{attempt}",
            lambda value: OrderState(value["state"]),
        )

    async def refund(self, order_no: str, refund_no: str, amount_fen: int, reason: str) -> Refund:
        """Give back ``amount_fen`` of an order; ``refund_no`` makes repeats harmless."""
        body = {"refund_no": refund_no, "amount_fen": amount_fen, "reason": reason}
        return await self.post(
            f"/v1/payments/{path_part(order_no)}/refunds",
            body,
            refund_no,
            lambda value: Refund(str(value["state"]), int(value["refunded_fen"])),
        )

    async def register_terminal_payment(
        self, order_no: str, bill: Bill, *, host_reference: str, method: str
    ) -> OrderState:
        """Tell what the terminal took; the order then counts as paid."""
        body = {
            "order_no": order_no,
            "case_no": bill.case_no,
            "bill_no": bill.bill_no,
            "amount_fen": bill.total_fen,
            "host_reference": host_reference,
            "method": method,
        }
        return await self.post(
            "/v1/payments/terminal", body, f"{order_no}:terminal", lambda value: OrderState(value["state"])
        )


def bill_of(case_no: str, value: Any) -> Bill:
    """Return the bill in an answer: the same shape from every desk."""
    return Bill(
        case_no,
        str(value["bill_no"]),
        tuple(int(item["fee_fen"]) for item in value["items"]),
        int(value["total_fen"]),
        datetime.fromisoformat(value["valid_until"]),
    )


def _code_order(order_no: str, value: Any) -> CodeOrder:
    return CodeOrder(
        _number(order_no, value),
        OrderState(value["state"]),
        str(value["code"]),
        datetime.fromisoformat(value["expires_at"]),
    )


def _order(order_no: str, value: Any) -> Order:
    return Order(
        _number(order_no, value),
        OrderState(value["state"]),
        int(value["amount_fen"]),
        int(value["refunded_fen"]),
        str(value["method"] or ""),
    )


def _number(asked: str, value: Any) -> str:
    """Return the order's number; raises ``ValueError`` for the answer about another order."""
    if value["order_no"] != asked:
        raise ValueError("another order's answer")
    return asked
