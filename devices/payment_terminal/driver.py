"""Driver of a CodePay/PayCloud terminal: a payment is begun, polled, and told as one of five outcomes.

What the wire loses, garbles or never answers is *unknown*. ``Fault`` means that the person at the
terminal was not asked for anything by this call.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from devices.base import Capabilities, Fault, State, Status
from devices.interfaces import PaymentResult, PaymentState
from devices.link import Link
from devices.payment_terminal import messages
from devices.payment_terminal.messages import GarbledError, Reply, Request, Requests, outcome_of_order
from devices.payment_terminal.session import Clock, NotConfirmedError, Session
from devices.wired import Wired, status_of

_POLL_S: Final = 0.1
_ANSWER_S: Final = 5.0
_AFTER_LIFETIME_S: Final = 15.0
_KEPT_ORDERS: Final = 8
_SETTLED: Final = frozenset({PaymentState.APPROVED, PaymentState.DECLINED, PaymentState.CANCELLED})


@dataclass(slots=True)
class _Order:
    """A sale that was begun here: ``result`` is waiting until its reply came."""

    request_id: str
    amount_fen: int
    answer_due_s: float
    result: PaymentResult


class CodePayTerminal(Wired):
    """``interfaces.PaymentTerminal`` over ECR Hub messages.

    ``app_id`` is the number the maker gives to the kiosk's software. An order that nobody pays ends at
    the terminal after ``lifetime_s``; without any answer a little later it is unknown.
    """

    def __init__(
        self,
        link: Link,
        app_id: str,
        name: str = "payment_terminal",
        lifetime_s: int = 120,
        answer_s: float = _ANSWER_S,
        clock: Clock = time.monotonic,
    ) -> None:
        super().__init__(link, name)
        self._requests: Final = Requests(app_id)
        self._lifetime_s: Final = lifetime_s
        self._answer_s: Final = answer_s
        self._clock: Final = clock
        self._session: Final = Session(clock)
        self._orders: dict[str, _Order] = {}
        self._replies: dict[str, Reply] = {}
        self._garbled = False

    def status(self) -> Status:
        """Shake hands with an idle terminal; listen for the heartbeats of a busy one."""
        now_s = self._clock()
        busy = any(
            order.result.state is PaymentState.WAITING and now_s <= order.answer_due_s
            for order in self._orders.values()
        )
        try:
            with self._wire() as link:
                if busy:
                    self._listen(link, 0)
                    if self._session.silent:
                        raise self._silent("no heartbeat")
                else:
                    self._connect(link)
        except Fault as fault:
            return status_of(fault)
        return Status(State.ONLINE, {"terminal": "busy" if busy else "idle"})

    def capabilities(self) -> Capabilities:
        """Return the protocol's own; it has no question for the terminal's number."""
        return Capabilities(
            maker="CodePay/PayCloud", model="ECR Hub", more={"loginRequired": "false", "currency": "CNY"}
        )

    def reset(self) -> None:
        """Begin the link anew; payments go on, and ``query`` tells of them. Raises ``Fault``."""
        with self._wire() as link:
            self._connect(link)

    def counters(self) -> Mapping[str, int]:
        """Return nothing: the host's own records (``query``) are the evidence."""
        return {}

    def start(self, order_no: str, amount_fen: int) -> None:
        """Ask the person at the terminal to pay.

        Raises ``Fault`` when the terminal did not answer before the order was sent. From then on it may
        have got it, so an order that was not acknowledged is unknown, as ``poll`` says. Raises
        ``ValueError`` for a number or an amount that can't be sent.
        """
        request = self._requests.sale(order_no, amount_fen, self._lifetime_s)
        with self._wire() as link:
            self._connect(link)
        self._remember(order_no, request, amount_fen)
        try:
            with self._wire() as link:
                self._session.send(link, request.message)
        except (Fault, NotConfirmedError) as error:
            self._orders[order_no].result = messages.unknown(order_no, str(error))

    def poll(self, order_no: str) -> PaymentResult:
        """Return ``waiting`` or the outcome (≤ 0.1 s); an order not begun here is unknown."""
        order = self._orders.get(order_no)
        if order is None:
            return messages.unknown(order_no, "not begun by this driver")
        if order.result.state not in {PaymentState.WAITING, PaymentState.UNKNOWN}:
            return order.result
        try:
            with self._wire() as link:
                self._listen(link, _POLL_S)
        except Fault as fault:
            return messages.unknown(order_no, str(fault))
        if order.result.state is PaymentState.WAITING:
            self._doubt(order)
        return order.result

    def abort(self, order_no: str) -> None:
        """Ask the terminal to stop waiting; raises ``Fault`` when it did not hear."""
        with self._wire() as link:
            try:
                self._session.send(link, self._requests.close(order_no).message)
            except NotConfirmedError as error:
                raise self._silent(str(error)) from error

    def query(self, order_no: str) -> PaymentResult:
        """Ask the host, through the terminal, what became of an order (≤ 5 s).

        ``timedOut`` is not among its answers: an order that ran out is declined to the host. ``notFound``
        only when the host says so.
        """
        reply = self._ask(self._requests.query(order_no))
        if isinstance(reply, str):
            return messages.unknown(order_no, reply)
        result = messages.outcome_of_query(reply, order_no)
        order = self._orders.get(order_no)
        if order is None or result.state not in _SETTLED:
            return result
        if result.state is PaymentState.APPROVED and result.amount_fen != order.amount_fen:
            return replace(result, state=PaymentState.UNKNOWN, reason="approved for another amount")
        order.result = result
        return result

    def refund(self, order_no: str, refund_no: str, amount_fen: int) -> PaymentResult:
        """Give money back (≤ 10 s); the result's ``order_no`` is ``refund_no``.

        A repeat under the same ``refund_no``, and a refund without clear answer, tell what became of the
        first one; ``notFound`` then means that nothing was given back.
        """
        reply = self._ask(self._requests.refund(order_no, refund_no, amount_fen))
        if isinstance(reply, str):
            return self.query(refund_no)
        result = outcome_of_order(reply, refund_no, amount_fen)
        if result.state is not PaymentState.UNKNOWN:
            return result
        known = self.query(refund_no)
        refused = known.state is PaymentState.NOT_FOUND
        return replace(result, state=PaymentState.DECLINED) if refused else known

    def _opened(self) -> None:
        self._connect(self._link)

    def _connect(self, link: Link) -> None:
        try:
            self._session.connect(link)
        except NotConfirmedError as error:
            raise self._silent(str(error)) from error

    def _ask(self, request: Request) -> Reply | str:
        """Return the reply, or why there is none."""
        deadline = self._clock() + self._answer_s
        try:
            with self._wire() as link:
                self._session.send(link, request.message)
                while (left_s := deadline - self._clock()) > 0:
                    self._listen(link, min(left_s, _POLL_S))
                    if request.id in self._replies:
                        return self._replies.pop(request.id)
                    if self._garbled:
                        return "garbled reply"
        except (Fault, NotConfirmedError) as error:
            return str(error)
        return f"no reply within {self._answer_s} s"

    def _listen(self, link: Link, timeout_s: float) -> None:
        """Take in what the terminal says, and settle the orders it tells of."""
        self._replies.clear()
        self._garbled = False
        message = self._session.receive(link, timeout_s)
        while message is not None:
            self._settle(message)
            message = self._session.receive(link, 0)

    def _settle(self, message: bytes) -> None:
        try:
            reply = messages.parse_reply(message)
        except GarbledError as error:
            self._garbled = True
            for order_no, order in self._orders.items():
                if order.result.state is PaymentState.WAITING:
                    order.result = messages.unknown(order_no, f"garbled reply: {error}")
            return
        if reply is None:
            return
        self._replies[reply.request_id] = reply
        for order_no, order in self._orders.items():
            if order.request_id == reply.request_id:
                order.result = outcome_of_order(reply, order_no, order.amount_fen)

    def _doubt(self, order: _Order) -> None:
        """Turn waiting into unknown when there is nothing more to wait for."""
        order_no = order.result.order_no
        if self._session.silent:
            order.result = messages.unknown(order_no, "the terminal fell silent")
        elif self._clock() > order.answer_due_s:
            order.result = messages.unknown(order_no, "no answer after the order's lifetime")

    def _remember(self, order_no: str, request: Request, amount_fen: int) -> None:
        due_s = self._clock() + self._lifetime_s + _AFTER_LIFETIME_S
        waiting = PaymentResult(PaymentState.WAITING, order_no)
        self._orders[order_no] = _Order(request.id, amount_fen, due_s, waiting)
        while len(self._orders) > _KEPT_ORDERS:
            del self._orders[next(iter(self._orders))]
