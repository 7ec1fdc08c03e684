"""The two places where money is taken, with one face: what became of an order, give it back.

A till never raises for a wire or a host that does not answer: not knowing is an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from devices.base import DeviceError
from devices.interfaces import PaymentResult, PaymentState
from kiosk.journal.effects import PAYMENT_TERMINAL
from kiosk.platform import OrderState, Platform, PlatformError, Refused


class Standing(StrEnum):
    """What is known of an order at its host."""

    PAID = "paid"
    NOT_PAID = "not-paid"  # and never will be
    ABSENT = "absent"  # the host has no such order; it may still arrive, or still be made by a scan
    PAYABLE = "payable"
    REFUNDED = "refunded"
    UNKNOWN = "unknown"


class GivenBack(StrEnum):
    """What became of a try to give money back."""

    RETURNED = "returned"
    NOTHING_TAKEN = "nothing-taken"
    NOT_NOW = "not-now"  # no answer, or still under way: try again with the same number
    REFUSED = "refused"  # the host will not; staff must


@dataclass(frozen=True, slots=True)
class Found:
    """An order as its host knows it. ``state`` is the field's word where the host gave one."""

    standing: Standing
    amount_fen: int = 0
    refunded_fen: int = 0
    host_reference: str = ""
    method: str = ""
    state: PaymentState = PaymentState.UNKNOWN
    reason: str = ""


class Till(Protocol):
    """One payment channel as recovery and refunds see it."""

    async def ask(self, order_no: str) -> Found:
        """Return what the host knows of an order; ``unknown`` when it can't be asked."""
        ...

    async def give_back(self, order_no: str, refund_no: str, amount_fen: int) -> GivenBack:
        """Give money back; the same ``refund_no`` again is harmless."""
        ...


class TerminalPort(Protocol):
    """The payment terminal as the cabinet offers it: ``devices.interfaces.PaymentTerminal``, awaited.

    Every method may raise ``devices.base.DeviceError``; that says nothing about the money.
    """

    async def start(self, order_no: str, amount_fen: int) -> None: ...

    async def poll(self, order_no: str) -> PaymentResult: ...

    async def abort(self, order_no: str) -> None: ...

    async def query(self, order_no: str) -> PaymentResult: ...

    async def refund(self, order_no: str, refund_no: str, amount_fen: int) -> PaymentResult: ...


_STANDINGS = {
    PaymentState.APPROVED: Standing.PAID,
    PaymentState.DECLINED: Standing.NOT_PAID,
    PaymentState.CANCELLED: Standing.NOT_PAID,
    PaymentState.TIMED_OUT: Standing.NOT_PAID,
    PaymentState.NOT_FOUND: Standing.ABSENT,
    PaymentState.WAITING: Standing.PAYABLE,
    PaymentState.UNKNOWN: Standing.UNKNOWN,
}


def found_by_terminal(result: PaymentResult) -> Found:
    """Return what a terminal's answer says about the order."""
    return Found(
        _STANDINGS[result.state],
        amount_fen=result.amount_fen,
        host_reference=result.host_reference,
        method=result.method,
        state=result.state,
        reason=result.reason,
    )


class TerminalTill:
    """The payment terminal; ``channel`` is also the device's name."""

    channel = PAYMENT_TERMINAL

    def __init__(self, port: TerminalPort) -> None:
        self.port = port

    async def ask(self, order_no: str) -> Found:
        try:
            return found_by_terminal(await self.port.query(order_no))
        except DeviceError as error:
            return Found(Standing.UNKNOWN, reason=error.code)

    async def give_back(self, order_no: str, refund_no: str, amount_fen: int) -> GivenBack:
        try:
            result = await self.port.refund(order_no, refund_no, amount_fen)
        except DeviceError:
            return GivenBack.NOT_NOW
        match result.state:
            case PaymentState.APPROVED:
                return GivenBack.RETURNED
            case PaymentState.NOT_FOUND:
                return GivenBack.NOTHING_TAKEN
            case PaymentState.DECLINED:
                return GivenBack.REFUSED
            case _:
                return GivenBack.NOT_NOW


class CodeTill:
    """Orders paid by scanning a code, through the back office (wechat, alipay)."""

    def __init__(self, platform: Platform, channel: str) -> None:
        self._platform = platform
        self.channel = channel

    async def ask(self, order_no: str) -> Found:
        try:
            order = await self._platform.order(order_no)
        except PlatformError as error:
            return Found(Standing.UNKNOWN, reason=error.code)
        if order is None:
            return Found(Standing.ABSENT, state=PaymentState.NOT_FOUND)
        standing, state = _ORDERS[order.state]
        if order.refunded_fen and order.refunded_fen >= order.amount_fen:
            standing = Standing.REFUNDED
        return Found(
            standing,
            amount_fen=order.amount_fen,
            refunded_fen=order.refunded_fen,
            method=order.method,
            state=state,
        )

    async def give_back(self, order_no: str, refund_no: str, amount_fen: int) -> GivenBack:
        try:
            refund = await self._platform.refund(order_no, refund_no, amount_fen, "not-delivered")
        except Refused:
            # Refused as not paid may also mean that the back office is giving it back by itself.
            found = await self.ask(order_no)
            return {
                Standing.REFUNDED: GivenBack.RETURNED,
                Standing.NOT_PAID: GivenBack.NOTHING_TAKEN,
                Standing.UNKNOWN: GivenBack.NOT_NOW,
            }.get(found.standing, GivenBack.REFUSED)
        except PlatformError:
            return GivenBack.NOT_NOW
        if refund.state == "refunded":
            return GivenBack.RETURNED
        # The answer to a repeat may be the stored one, so what counts is the order itself.
        found = await self.ask(order_no)
        return GivenBack.RETURNED if found.standing is Standing.REFUNDED else GivenBack.NOT_NOW


_ORDERS = {
    OrderState.WAITING: (Standing.PAYABLE, PaymentState.WAITING),
    OrderState.PAID: (Standing.PAID, PaymentState.APPROVED),
    OrderState.CLOSED: (Standing.NOT_PAID, PaymentState.CANCELLED),
    OrderState.REFUNDED: (Standing.REFUNDED, PaymentState.APPROVED),
    OrderState.UNKNOWN: (Standing.UNKNOWN, PaymentState.UNKNOWN),
}
