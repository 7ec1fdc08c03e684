"""The payment terminal, held against the maker's published frames."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import serial

from simulators.devices.order_book import OrderBook
from simulators.devices.payment_terminal import PaymentTerminal, frame, words
from simulators.faults import Order
from tests.simulators.wiring import Room, opened, served

HANDSHAKE = bytes.fromhex("55AA010000000001CC33")
CONFIRM = bytes.fromhex("55AA020000000002CC33")
HEARTBEAT = bytes.fromhex("55AA000000000000CC33")


class Register:
    """A cash register: speaks the frames with code of its own."""

    def __init__(self, room: Room, terminal: PaymentTerminal, port: serial.Serial) -> None:
        self.room, self.terminal, self.port = room, terminal, port
        self._number = 0

    def hear(self) -> bytes:
        head: bytes = self.port.read(7)
        rest: bytes = self.port.read(int.from_bytes(head[5:7], "big") + 3) if len(head) == 7 else b""
        return head + rest

    def hear_data(self) -> bytes:
        """Return the next frame that is no heartbeat."""
        while (heard := self.hear()) == HEARTBEAT:
            pass
        return heard

    def send(self, topic: str, **biz: Any) -> bytes:
        """Send a request and its acknowledgement's frame."""
        self._number += 1
        data = json.dumps({
            "topic": f"ecrhub.pay.{topic}", "request_id": f"{self._number:032x}", "app_id": "kiosk",
            "timestamp": "1", "version": "1.0", "biz_data": biz,
        }).encode()  # fmt: skip
        sent = bytes([0, 0, self._number]) + len(data).to_bytes(2, "big") + data
        check = 0
        for byte in sent:
            check ^= byte
        whole = b"\x55\xaa" + sent + bytes([check]) + b"\xcc\x33"
        self.port.write(whole)
        acknowledged = self.hear_data()
        assert acknowledged[2:7] == bytes([0, self._number, 0, 0, 0])
        return whole

    def reply(self, acknowledge: bool = True) -> dict[str, Any]:
        heard = self.hear_data()
        assert heard, "no reply came"
        if acknowledge:
            self.port.write(frame(0, acknowledged=heard[4]))
        answer: dict[str, Any] = json.loads(heard[7:-3])
        return answer

    def order(self, number: str = "A1", amount: str = "80.00", expires: str = "120") -> None:
        self.send(
            "order", trans_type="1", merchant_order_no=number, price_currency="CNY", order_amount=amount,
            expires=expires, confirm_on_terminal=False,
        )  # fmt: skip

    def ask(self, topic: str, **biz: Any) -> dict[str, Any]:
        self.send(topic, **biz)
        return self.reply()


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    room = Room()
    terminal = PaymentTerminal(room.level, room.faults, room.chance)
    line = room.pty(tmp_path)
    with served(line, terminal.serve), opened(line.path, timeout_s=5) as port:
        yield Register(room, terminal, port)


def test_published_frames(register: Register) -> None:
    register.port.write(HANDSHAKE)
    assert register.hear() == CONFIRM
    assert register.hear() == HEARTBEAT


@pytest.mark.parametrize(("method", "scenario", "payer"), [
    ("card", "SWIPE_CARD", "UnionPay"), ("code", "BSCANQR_PAY", "WeChatPay"),
])  # fmt: skip
def test_an_approved_order(register: Register, method: str, scenario: str, payer: str) -> None:
    register.order()
    assert register.terminal.pay(method, "approve")
    reply = register.reply()
    biz = reply["biz_data"]
    assert (reply["response_code"], biz["trans_status"]) == ("000", "2")
    assert (biz["merchant_order_no"], biz["order_amount"]) == ("A1", "80.00")
    assert (biz["pay_scenario"], biz["pay_method_id"]) == (scenario, payer)
    assert reply["request_id"] == f"{1:032x}"
    assert register.terminal.world()["state"] == "idle"
    order = register.terminal.book.get("A1")
    assert order is not None
    assert (order.state, order.amount_fen, order.host_reference) == ("paid", 8000, biz["trans_no"])


@pytest.mark.parametrize(("result", "code", "status", "at_host"), [
    ("decline", "051", "1", "closed"), ("cancel", "110", "3", "cancelled"),
    ("walk_away", "112", "1", "closed"),
])  # fmt: skip
def test_orders_that_are_not_paid(
    register: Register, result: str, code: str, status: str, at_host: str
) -> None:
    register.order()
    assert register.terminal.pay("card", result)
    reply = register.reply()
    assert (reply["response_code"], reply["biz_data"]["trans_status"]) == (code, status)
    order = register.terminal.book.get("A1")
    assert order is not None
    assert order.state == at_host


@pytest.mark.parametrize(("result", "status"), [("answer_lost_paid", "2"), ("answer_lost_unpaid", "1")])
def test_a_lost_answer_is_known_to_the_host(register: Register, result: str, status: str) -> None:
    register.order()
    assert register.terminal.pay("card", result)
    reply = register.ask("query", merchant_order_no="A1")
    assert reply["topic"] == "ecrhub.pay.query", "the order's own reply never came"
    assert reply["biz_data"]["trans_status"] == status


def test_query_of_a_waiting_and_of_an_unknown_order(register: Register) -> None:
    register.order()
    assert register.ask("query", merchant_order_no="A1")["biz_data"]["trans_status"] == "0"
    assert register.ask("query", merchant_order_no="other")["response_code"] == "ET003"


def test_close_ends_the_order_with_a_reply_of_its_own(register: Register) -> None:
    register.order()
    register.send("close", merchant_order_no="A1")
    replies = [register.reply(), register.reply()]
    assert {(r["topic"], r["response_code"]) for r in replies} == {
        ("ecrhub.pay.close", "000"),
        ("ecrhub.pay.order", "110"),
    }
    assert register.ask("close", merchant_order_no="A1")["response_code"] == "001"


def test_a_second_order_is_told_busy(register: Register) -> None:
    register.order("A1")
    register.order("A2")
    reply = register.reply()
    assert (reply["response_code"], reply["response_msg"]) == ("001", "busy")
    assert register.terminal.world() == {"state": "waiting", "order_no": "A1", "amount_fen": 8000}


def test_an_order_expires_by_itself(register: Register) -> None:
    register.order(expires="0.05")
    assert register.reply()["response_code"] == "112"


def test_money_back_once_and_not_more_than_was_taken(register: Register) -> None:
    register.order()
    register.terminal.pay("card", "approve")
    register.reply()

    def refund(number: str, amount: str, of: str = "A1") -> str:
        answer = register.ask(
            "order", trans_type="3", merchant_order_no=number, orig_merchant_order_no=of,
            price_currency="CNY", order_amount=amount,
        )  # fmt: skip
        return str(answer["response_code"])

    assert refund("A1R1", "50.00") == "000"
    assert refund("A1R1", "50.00") == "E04112"
    assert refund("A1R2", "50.00") == "E04126"
    assert refund("A1R3", "30.00") == "000"
    assert refund("X1", "1.00", of="never") == "ET003"
    order = register.terminal.book.get("A1")
    assert order is not None
    assert (order.state, order.refunded_fen) == ("refunded", 8000)
    told = register.ask("query", merchant_order_no="A1R1")["biz_data"]
    assert (told["trans_type"], told["trans_status"]) == ("3", "2")


def test_a_reply_is_sent_again_until_it_is_acknowledged(register: Register) -> None:
    register.order()
    register.terminal.pay("card", "approve")
    first = register.reply(acknowledge=False)
    assert register.reply(acknowledge=True) == first
    assert register.ask("query", merchant_order_no="A1")["topic"] == "ecrhub.pay.query"


def test_a_request_sent_twice_is_acted_on_once(register: Register) -> None:
    register.order()
    whole = register.send("query", merchant_order_no="A1")
    register.reply()
    register.port.write(whole)
    assert register.hear_data()[2:7] == bytes([0, 2, 0, 0, 0]), "acknowledged again"
    assert register.ask("query", merchant_order_no="never")["response_code"] == "ET003"


def test_a_spoilt_frame_is_dropped(register: Register) -> None:
    spoilt = bytearray(frame(0, number=9, data=b"{}"))
    spoilt[8] ^= 1
    register.port.write(bytes(spoilt) + HANDSHAKE)
    assert register.hear_data() == CONFIRM


@pytest.mark.parametrize(("fault", "code"), [("hostDown", "ET002"), ("refused", "001")])
def test_faults_of_the_host(register: Register, fault: str, code: str) -> None:
    register.room.faults.arm(Order("payment_terminal", fault, "query"))
    assert register.ask("query", merchant_order_no="A1")["response_code"] == code


def test_a_reply_with_another_amount(register: Register) -> None:
    register.room.faults.arm(Order("payment_terminal", "wrongAmount", "reply"))
    register.order()
    register.terminal.pay("card", "approve")
    assert register.reply()["biz_data"]["order_amount"] == "0.01"


def test_somebody_at_the_terminal_waits_for_the_amount(register: Register) -> None:
    paid: list[bool] = []
    payer = threading.Thread(target=lambda: paid.append(register.terminal.pay("card", "approve")))
    payer.start()
    register.order()
    assert register.reply()["response_code"] == "000"
    payer.join()
    assert paid == [True]


def test_words_and_results_are_checked(register: Register) -> None:
    with pytest.raises(ValueError, match="method"):
        register.terminal.pay("cash", "approve")


def test_the_line_tap_names_the_order() -> None:
    data = json.dumps({"topic": "ecrhub.pay.query", "biz_data": {"merchant_order_no": "A1"}}).encode()
    assert words("to_device", frame(0, number=3, data=data)) == "3: ecrhub.pay.query A1"
    assert words("from_device", HEARTBEAT) == "heartbeat"


def test_a_number_serves_once_in_the_book() -> None:
    book = OrderBook(random.Random(1))
    assert book.open("A", 100) is not None
    assert book.open("A", 100) is None
