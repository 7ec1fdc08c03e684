"""The terminal's messages: JSON of the ECR Hub, and what its codes mean in nexo's words.

Sources: developer.codepay.us/docs/SerialAPIList (envelope, topics, fields, ``000`` and "other means
failed"); the maker's public Java SDK (codepay-us/codepay-register-sdk-java: transaction types and
states, ``112`` timeout); the maker's codepay-protocol-reference.md on github.com/codepay-us (``110``
cancelled, ``0`` as success on some links, a timeout's money is uncertain). ``ET003`` no such
transaction is told by one public client of this terminal only.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from devices.interfaces import PaymentResult, PaymentState
from devices.payment_terminal.frames import MAX_DATA

_VERSION: Final = "1.0"
_CURRENCY: Final = "CNY"
_ORDER, _QUERY, _CLOSE = "ecrhub.pay.order", "ecrhub.pay.query", "ecrhub.pay.close"
_SALE, _REFUND = "1", "3"
_ORDER_NO: Final = re.compile(r"[0-9A-Za-z]{1,32}")
_YUAN: Final = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?")

_DONE: Final = frozenset({"000", "0"})
_ISSUER: Final = re.compile(r"[0-9]{2,3}")
_CANCELLED: Final = "110"
_TIMED_OUT: Final = "112"
_NO_SUCH_ORDER: Final = "ET003"

_STATES: Final = {
    "9": PaymentState.WAITING,
    "0": PaymentState.WAITING,
    "1": PaymentState.DECLINED,
    "2": PaymentState.APPROVED,
    "3": PaymentState.CANCELLED,
}
"""``trans_status``: 9 pre-order, 0 created or paying, 1 closed without payment, 2 completed, 3 cancelled."""


@dataclass(frozen=True, slots=True)
class Request:
    """A message to send and the id its reply will carry."""

    id: str
    message: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply: which request it answers, its code and text, and the transaction it tells of."""

    request_id: str
    code: str
    text: str
    transaction: Mapping[str, Any]


class GarbledError(Exception):
    """A message that came whole over the wire and yet is no reply."""


@dataclass(frozen=True, slots=True)
class Requests:
    """Makes the requests of one registered application (``app_id`` is given out by the maker)."""

    app_id: str

    def sale(self, order_no: str, amount_fen: int, lifetime_s: int) -> Request:
        """Ask for a payment. No ``pay_scenario``: the person chooses card or code at the terminal."""
        return self._request(
            _ORDER,
            trans_type=_SALE,
            merchant_order_no=_checked(order_no),
            price_currency=_CURRENCY,
            order_amount=_yuan(amount_fen),
            expires=str(lifetime_s),
            confirm_on_terminal=False,
        )

    def refund(self, order_no: str, refund_no: str, amount_fen: int) -> Request:
        """Ask for money back; nobody need confirm it at the terminal."""
        return self._request(
            _ORDER,
            trans_type=_REFUND,
            merchant_order_no=_checked(refund_no),
            orig_merchant_order_no=_checked(order_no),
            price_currency=_CURRENCY,
            order_amount=_yuan(amount_fen),
            confirm_on_terminal=False,
            required_terminal_authentication=False,
        )

    def query(self, order_no: str) -> Request:
        """Ask what became of a sale or a refund, by its own number."""
        return self._request(_QUERY, merchant_order_no=_checked(order_no))

    def close(self, order_no: str) -> Request:
        """Ask the terminal to stop waiting for the person."""
        return self._request(_CLOSE, merchant_order_no=_checked(order_no))

    def _request(self, topic: str, **business: str | bool) -> Request:
        number = uuid.uuid4().hex
        envelope = {
            "topic": topic,
            "request_id": number,
            "app_id": self.app_id,
            "version": _VERSION,
            "biz_data": business,
        }
        message = json.dumps(envelope, separators=(",", ":"), ensure_ascii=False).encode()
        if len(message) > MAX_DATA:
            raise ValueError(f"{topic}: {len(message)} bytes, a frame holds {MAX_DATA}")
        return Request(number, message)


def parse_reply(message: bytes) -> Reply | None:
    """Return the reply in ``message``, or None for what is no reply at all (our own request come back).

    Raises ``GarbledError`` when it can't be understood.
    """
    try:
        told = json.loads(message)
    except (ValueError, RecursionError) as error:
        raise GarbledError("no JSON") from error
    if not isinstance(told, dict) or not isinstance(told.get("request_id"), str):
        raise GarbledError("no envelope")
    code = told.get("response_code")
    if code is None:
        return None
    business = told.get("biz_data")
    return Reply(
        request_id=told["request_id"],
        code=str(code),
        text=str(told.get("response_msg") or ""),
        transaction=business if isinstance(business, dict) else {},
    )


def outcome_of_order(reply: Reply, order_no: str, amount_fen: int) -> PaymentResult:
    """Return what the end of a sale or refund says.

    Approved needs the code, the order, the amount and, when told, the state to agree. A timeout, or a
    trouble of the gateway (a code that is no issuer's number), needs the state to say that nothing was
    taken. Anything in between is unknown, never declined.
    """
    status = _status(reply)
    if reply.code in _DONE:
        agreed = _is_about(reply, order_no, amount_fen) and status in {PaymentState.APPROVED, None}
        return _result(PaymentState.APPROVED if agreed else PaymentState.UNKNOWN, reply, order_no, amount_fen)
    over = status in {PaymentState.DECLINED, PaymentState.CANCELLED}
    doubtful = _speaks_of_timeout(reply) or not _ISSUER.fullmatch(reply.code)
    if not over and (status is not None or doubtful):
        return _result(PaymentState.UNKNOWN, reply, order_no, 0)
    if _speaks_of_timeout(reply):
        return _result(PaymentState.TIMED_OUT, reply, order_no, 0)
    if reply.code == _CANCELLED:
        return _result(PaymentState.CANCELLED, reply, order_no, 0)
    return _result(PaymentState.DECLINED, reply, order_no, 0)


def outcome_of_query(reply: Reply, order_no: str) -> PaymentResult:
    """Return what the host says of an order. A query that failed says nothing: unknown."""
    if reply.code == _NO_SUCH_ORDER:
        return _result(PaymentState.NOT_FOUND, reply, order_no, 0)
    if reply.code not in _DONE or reply.transaction.get("merchant_order_no") != order_no:
        return _result(PaymentState.UNKNOWN, reply, order_no, 0)
    state = _status(reply) or PaymentState.UNKNOWN
    amount_fen = _fen(reply.transaction.get("order_amount"))
    if state is PaymentState.APPROVED and amount_fen is None:
        state = PaymentState.UNKNOWN
    return _result(state, reply, order_no, amount_fen or 0)


def unknown(order_no: str, reason: str) -> PaymentResult:
    """Return the outcome that nobody knows."""
    return PaymentResult(PaymentState.UNKNOWN, order_no, reason=reason)


def _result(state: PaymentState, reply: Reply, order_no: str, amount_fen: int) -> PaymentResult:
    good = reply.code in _DONE
    return PaymentResult(
        state,
        order_no,
        amount_fen=amount_fen,
        host_reference=str(reply.transaction.get("trans_no") or ""),
        method=str(reply.transaction.get("pay_method_id") or ""),
        reason="" if good and state is not PaymentState.UNKNOWN else f"{reply.code} {reply.text}".strip(),
    )


def _status(reply: Reply) -> PaymentState | None:
    """Return the transaction's state, None when it isn't told, unknown when it is no known one."""
    told = reply.transaction.get("trans_status")
    return None if told is None else _STATES.get(str(told), PaymentState.UNKNOWN)


def _speaks_of_timeout(reply: Reply) -> bool:
    return reply.code == _TIMED_OUT or "timeout" in reply.text.lower().replace(" ", "")


def _is_about(reply: Reply, order_no: str, amount_fen: int) -> bool:
    told = reply.transaction
    return told.get("merchant_order_no") == order_no and _fen(told.get("order_amount")) == amount_fen


def _checked(order_no: str) -> str:
    if not _ORDER_NO.fullmatch(order_no):
        raise ValueError(f"order number {order_no!r}: 1 to 32 letters and digits")
    return order_no


def _yuan(amount_fen: int) -> str:
    if amount_fen <= 0:
        raise ValueError(f"amount {amount_fen} fen")
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"


def _fen(yuan: object) -> int | None:
    """Return the amount of ``80``, ``80.5`` or ``80.50``; None for what is no such amount."""
    told = _YUAN.fullmatch(str(yuan))
    return None if told is None else int(told[1]) * 100 + int((told[2] or "").ljust(2, "0"))
