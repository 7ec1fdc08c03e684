"""Payment terminal with an ECR link (CodePay/PayCloud over serial), and the acquirer's host behind it.

Frames and topics after the maker's public documents: ``55 AA | type | ack | id | length | data | xor |
CC 33``, data is JSON. The reply to an order comes when the transaction ends; until then only the
link's acknowledgement tells that the terminal took it.
"""

from __future__ import annotations

import json
import random
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import reduce
from operator import xor
from typing import Any, Final

from simulators.devices.order_book import HostOrder, OrderBook
from simulators.faults import Faults
from simulators.level import Level
from simulators.wire import WakingWire, WireClosed

NAME: Final = "payment_terminal"
HEAD, TAIL = b"\x55\xaa", b"\xcc\x33"
PACKET, HANDSHAKE, CONFIRM = 0, 1, 2
LONGEST: Final = 1024
HEARTBEAT_S: Final = 2.0
RESEND_S: Final = 0.3
RESENDS: Final = 10
PERSON_WAITS_S: Final = 3.0  # how long somebody at the terminal waits for the amount to show
METHODS: Final[Mapping[str, tuple[str, str]]] = {
    "card": ("SWIPE_CARD", "UnionPay"),
    "code": ("BSCANQR_PAY", "WeChatPay"),
}
RESULTS: Final = (
    "approve", "decline", "cancel", "walk_away", "answer_lost_paid", "answer_lost_unpaid",
)  # fmt: skip
OPERATIONS: Final = ("handshake", "order", "query", "close", "refund", "reply")
FAULTS: Final[Mapping[str, str]] = {
    "noAnswer": "takes the request (or nothing, when it stands) and says nothing",
    "hostDown": "the acquirer's host is not reached: answers ET002",
    "refused": "answers 001 to the request",
    "wrongAmount": "the reply tells another amount",
    "answerLost": "the reply is never sent",
}
_STATUS: Final[Mapping[str, str]] = {
    "waiting": "0", "closed": "1", "paid": "2", "refunded": "2", "cancelled": "3",
}  # fmt: skip


@dataclass(slots=True)
class _Sale:
    """The order that the terminal asks a person to pay."""

    order: HostOrder
    request: Mapping[str, Any]
    expires_at: float
    lost: bool = False


@dataclass(slots=True)
class _Unacknowledged:
    """A frame of ours that the other end has not acknowledged."""

    data: bytes
    number: int
    due_at: float
    left: int = RESENDS


class PaymentTerminal:
    """The terminal; ``serve`` runs in the wire's thread, the rest is what a person does."""

    def __init__(self, level: Level, faults: Faults, chance: random.Random) -> None:
        self.book = OrderBook(chance)
        self._level = level
        self._faults = faults
        self._changed = threading.Condition()
        self._sale: _Sale | None = None
        self._replies: list[dict[str, Any]] = []
        self._wire: WakingWire | None = None
        self._last_heard = 0
        self._last_sent = 0
        self._unacknowledged: list[_Unacknowledged] = []

    # --- what a person does ---

    def pay(self, method: str, result: str) -> bool:
        """Present a card or a payment code; False when the terminal shows no amount.

        Raises ``ValueError`` for words that are not in ``METHODS`` and ``RESULTS``.
        """
        if method not in METHODS or result not in RESULTS:
            raise ValueError(f"method one of {', '.join(METHODS)}; result one of {', '.join(RESULTS)}")
        with self._changed:
            if not self._changed.wait_for(lambda: self._sale is not None, PERSON_WAITS_S):
                return False
            assert self._sale is not None
            self._end(self._sale, method, result)
        self._nudge()
        return True

    def world(self) -> dict[str, Any]:
        """Return what the terminal's display shows."""
        sale = self._sale
        if sale is None:
            return {"state": "idle", "order_no": None, "amount_fen": None}
        return {"state": "waiting", "order_no": sale.order.order_no, "amount_fen": sale.order.amount_fen}

    def reset(self) -> None:
        """Forget the order on the display and the host's book."""
        with self._changed:
            self._sale = None
            self._replies.clear()
        self.book.clear()

    # --- the wire ---

    def serve(self, wire: WakingWire) -> None:
        """Speak with the cash register until the wire is closed."""
        self._wire = wire
        heard = b""
        heartbeat_at = time.monotonic() + HEARTBEAT_S
        try:
            while True:
                heard += wire.read(max(0.0, self._next_due(heartbeat_at) - time.monotonic()))
                while (cut := _cut(heard)) is not None:
                    message, heard = cut
                    if message:
                        self._heed(message, wire)
                self._expire()
                self._resend(wire)
                with self._changed:
                    replies, self._replies = self._replies, []
                for reply in replies:
                    self._reply(reply, wire)
                if time.monotonic() >= heartbeat_at:
                    heartbeat_at = time.monotonic() + HEARTBEAT_S
                    if "noAnswer" not in self._faults.standing(NAME):
                        wire.write(frame(PACKET))
        except WireClosed:
            return
        finally:
            self._wire = None

    def _next_due(self, heartbeat_at: float) -> float:
        due = [heartbeat_at, *(u.due_at for u in self._unacknowledged)]
        sale = self._sale
        return min([*due, sale.expires_at] if sale else due)

    def _heed(self, message: bytes, wire: WakingWire) -> None:
        """Act on one good frame."""
        kind, acknowledged, number = message[0], message[1], message[2]
        data = message[5:]
        if self._standing() == "noAnswer":
            return
        if kind == HANDSHAKE:
            if self._struck("handshake") != "noAnswer":
                self._clear_link()
                wire.write(frame(CONFIRM))
            return
        if kind != PACKET:
            return
        if acknowledged:
            self._unacknowledged = [u for u in self._unacknowledged if u.number != acknowledged]
        if not data:
            return
        wire.write(frame(PACKET, acknowledged=number))
        if number == self._last_heard:
            return
        self._last_heard = number
        try:
            request = json.loads(data)
            reply = self._obey(request)
        except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation):
            reply = {"response_code": "E01", "response_msg": "The request cannot be understood"}
        if reply is not None:
            self._reply(reply, wire)

    def _obey(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        topic = str(request["topic"]).removeprefix("ecrhub.pay.")
        biz = request["biz_data"]
        operation = "refund" if topic == "order" and biz["trans_type"] == "3" else topic
        fault = self._struck(operation) or self._standing()
        if fault == "noAnswer":
            return None
        if fault == "hostDown":
            return _answer(request, "ET002", "The host is not reached")
        if fault == "refused":
            return _answer(request, "001", "The request failed")
        match operation:
            case "order":
                return self._order(request, biz)
            case "refund":
                return self._refund(request, biz)
            case "query":
                return self._query(request, biz)
            case "close":
                return self._close(request, biz)
        return _answer(request, "E02", "No such topic")

    def _order(self, request: Mapping[str, Any], biz: Mapping[str, Any]) -> dict[str, Any] | None:
        order_no, amount_fen = str(biz["merchant_order_no"]), _fen(biz["order_amount"])
        if not 1 <= len(order_no) <= 32 or amount_fen <= 0 or biz["trans_type"] != "1":
            return _answer(request, "E01", "A parameter is wrong")
        with self._changed:
            if self._sale is not None:
                return _answer(request, "001", "busy")
            order = self.book.open(order_no, amount_fen)
            if order is None:
                return _answer(request, "E04112", "Merchant order number repeat")
            self._sale = _Sale(order, request, time.monotonic() + float(biz.get("expires", 120)))
            self._changed.notify_all()
        return None

    def _refund(self, request: Mapping[str, Any], biz: Mapping[str, Any]) -> dict[str, Any]:
        refund_no, amount_fen = str(biz["merchant_order_no"]), _fen(biz["order_amount"])
        code, refund = self.book.refund(str(biz["orig_merchant_order_no"]), refund_no, amount_fen)
        if refund is None:
            return _answer(request, code, "The refund is refused")
        return _answer(request, "000", "Success", self._told(refund, "3"))

    def _query(self, request: Mapping[str, Any], biz: Mapping[str, Any]) -> dict[str, Any]:
        number = str(biz["merchant_order_no"])
        order = self.book.get(number) or self.book.get_refund(number)
        if order is None:
            return _answer(request, "ET003", "The transaction does not exist")
        kind = "1" if self.book.get(number) else "3"
        return _answer(request, "000", "Success", self._told(order, kind))

    def _close(self, request: Mapping[str, Any], biz: Mapping[str, Any]) -> dict[str, Any]:
        with self._changed:
            sale = self._sale
            if sale is None or sale.order.order_no != str(biz["merchant_order_no"]):
                return _answer(request, "001", "The transaction cannot be closed")
            self._end(sale, "card", "cancel")
        return _answer(request, "000", "Success")

    def _end(self, sale: _Sale, method: str, result: str) -> None:
        """End the sale as the person (or the time) decides; the reply goes out from ``serve``."""
        if result == "walk_away":
            left = max(0.0, sale.expires_at - time.monotonic())
            sale.expires_at = time.monotonic() + self._level.seconds(left)
            return
        if result in ("approve", "answer_lost_paid"):
            self.book.settle(sale.order, "paid", method)
        else:
            self.book.settle(sale.order, "cancelled" if result == "cancel" else "closed", method)
        self._sale = None
        if result.startswith("answer_lost"):
            return
        code, said = {
            "approve": ("000", "Success"),
            "decline": ("051", "Insufficient funds"),
            "cancel": ("110", "The transaction was cancelled"),
        }[result]
        self._replies.append(_answer(sale.request, code, said, self._told(sale.order, "1")))

    def _expire(self) -> None:
        with self._changed:
            sale = self._sale
            if sale is not None and time.monotonic() >= sale.expires_at:
                self.book.settle(sale.order, "closed", "")
                self._sale = None
                self._replies.append(
                    _answer(sale.request, "112", "The transaction timed out", self._told(sale.order, "1"))
                )

    def _told(self, order: HostOrder, kind: str) -> dict[str, Any]:
        """Return the ``biz_data`` of a reply about ``order``; ``kind`` 1 is a sale, 3 a refund."""
        scenario, payer = METHODS.get(order.method, ("", ""))
        told: dict[str, Any] = {
            "trans_type": kind,
            "merchant_order_no": order.order_no,
            "price_currency": "CNY",
            "order_amount": f"{Decimal(order.amount_fen) / 100:.2f}",
            "trans_status": _STATUS[order.state],
        }
        if order.state in ("paid", "refunded"):
            told |= {
                "trans_no": order.host_reference,
                "pay_scenario": scenario,
                "pay_method_id": payer,
                "trans_end_time": f"{order.ended_at:%Y-%m-%d %H:%M:%S}",
            }
            if order.method == "card":
                told["card_no"] = "621700******0007"
        return told

    def _reply(self, reply: dict[str, Any], wire: WakingWire) -> None:
        fault = self._struck("reply")
        if fault in ("answerLost", "noAnswer"):
            return
        if fault == "wrongAmount" and reply.get("biz_data"):
            reply = {**reply, "biz_data": {**reply["biz_data"], "order_amount": "0.01"}}
        self._last_sent = self._last_sent % 255 + 1
        data = frame(PACKET, number=self._last_sent, data=json.dumps(reply, ensure_ascii=False).encode())
        self._unacknowledged.append(_Unacknowledged(data, self._last_sent, time.monotonic() + RESEND_S))
        wire.write(data)

    def _resend(self, wire: WakingWire) -> None:
        now = time.monotonic()
        for waiting in self._unacknowledged:
            if now >= waiting.due_at:
                waiting.left -= 1
                waiting.due_at = now + RESEND_S
                wire.write(waiting.data)
        self._unacknowledged = [u for u in self._unacknowledged if u.left > 0]

    def _clear_link(self) -> None:
        self._last_heard = 0
        self._last_sent = 0
        self._unacknowledged.clear()

    def _struck(self, operation: str) -> str | None:
        order = self._faults.take(NAME, operation)
        return order.fault if order else None

    def _standing(self) -> str | None:
        return next((name for name in self._faults.standing(NAME) if name in FAULTS), None)

    def _nudge(self) -> None:
        wire = self._wire
        if wire is not None:
            wire.nudge()


def frame(kind: int, acknowledged: int = 0, number: int = 0, data: bytes = b"") -> bytes:
    """Return a whole frame; raises ``ValueError`` when it would be longer than the protocol allows."""
    body = struct.pack(">BBBH", kind, acknowledged, number, len(data)) + data
    whole = HEAD + body + bytes([reduce(xor, body)]) + TAIL
    if len(whole) > LONGEST:
        raise ValueError(f"a frame of {len(whole)} bytes is too long")
    return whole


def words(direction: str, data: bytes) -> str:
    """Put a frame into words for the line tap."""
    cut = _cut(data)
    if cut is None or not cut[0]:
        return f"{len(data)} bytes"
    message = cut[0]
    kind, acknowledged, number, body = message[0], message[1], message[2], message[5:]
    if kind != PACKET:
        return "handshake" if kind == HANDSHAKE else "handshake confirmed"
    if not body:
        return f"acknowledges {acknowledged}" if acknowledged else "heartbeat"
    try:
        said = json.loads(body)
        what = said.get("response_code") or said.get("topic", "")
        return f"{number}: {what} {said.get('biz_data', {}).get('merchant_order_no', '')}".rstrip()
    except (ValueError, AttributeError):
        return f"{number}: {len(body)} bytes"


def _cut(heard: bytes) -> tuple[bytes, bytes] | None:
    """Return the first frame (type to data, empty when it is spoilt) and the rest; None: not all there."""
    at = heard.find(HEAD)
    if at < 0 or len(heard) < at + 7:
        return None
    size = int.from_bytes(heard[at + 5 : at + 7], "big")
    end = at + 7 + size + 3
    if end - at > LONGEST:
        return b"", heard[at + 2 :]
    if len(heard) < end:
        return None
    body, check = heard[at + 2 : end - 3], heard[end - 3]
    if heard[end - 2 : end] != TAIL or reduce(xor, body) != check:
        return b"", heard[at + 2 :]
    return body, heard[end:]


def _answer(
    request: Mapping[str, Any], code: str, said: str, biz: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "topic": request.get("topic"),
        "request_id": request.get("request_id"),
        "app_id": request.get("app_id"),
        "timestamp": str(int(datetime.now().timestamp() * 1000)),
        "version": "1.0",
        "response_code": code,
        "response_msg": said,
        "biz_data": dict(biz or {}),
    }


def _fen(yuan: str) -> int:
    """Return whole fen; raises ``ValueError`` for an amount that has none."""
    fen = Decimal(str(yuan)) * 100
    if not fen.is_finite() or fen != int(fen):
        raise ValueError(f"{yuan} is no amount")
    return int(fen)
