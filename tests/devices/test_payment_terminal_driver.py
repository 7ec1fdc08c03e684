"""The driver against a scripted terminal: the five outcomes, and what a bad wire makes of them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.base import Fault, State
from devices.interfaces import PaymentResult, PaymentState
from devices.payment_terminal import CodePayTerminal
from devices.payment_terminal.session import Session
from tests.devices.scripted_link import ScriptedLink, in_pieces
from tests.devices.test_payment_terminal_frames import by_hand

Message = dict[str, Any]
Handler = Callable[[Message], bytes | None]

PAID = {
    "response_code": "000",
    "biz_data": {"trans_status": "2", "trans_no": "T77", "pay_method_id": "UnionPay"},
}


@dataclass
class Clock:
    """Time that passes only when told, and a little at each look."""

    now: float = 1000.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


@dataclass
class Terminal:
    """The terminal's end: acknowledges and answers what ``handlers`` say for a topic, at once.

    ``deaf`` is how many data frames it loses before it hears one; ``mute`` answers nothing at all.
    """

    handlers: dict[str, Handler]
    deaf: int = 0
    mute: bool = False
    sales: list[Message] = field(default_factory=list)
    acked: list[int] = field(default_factory=list)
    ids: int = 0

    def __call__(self, written: bytes) -> Iterator[bytes]:
        kind, ack, number = written[2], written[3], written[4]
        data = written[7:-3]
        assert written == by_hand(kind, ack, number, data)
        if self.mute:
            return
        if kind == 1:
            self.ids = 0
            yield by_hand(2, 0, 0, b"")
        if ack:
            self.acked.append(ack)
        if not number:
            return
        if self.deaf:
            self.deaf -= 1
            return
        yield by_hand(0, number, 0, b"")
        request = json.loads(data)
        self.sales.append(request)
        answer = self.handlers[request["topic"]](request)
        if answer is not None:
            yield self.frame(answer)

    def frame(self, data: bytes) -> bytes:
        self.ids += 1
        return by_hand(0, 0, self.ids, data)


def reply(request: Message, changes: Message) -> bytes:
    business = request["biz_data"] | changes.get("biz_data", {})
    return json.dumps(
        {k: request[k] for k in ("topic", "request_id", "app_id")} | changes | {"biz_data": business}
    ).encode()


def answers(changes: Message | None) -> Handler:
    return lambda request: None if changes is None else reply(request, changes)


def terminal_with(
    sale: Message | None = None, query: Message | None = None, close: Message | None = None, **settings: Any
) -> tuple[CodePayTerminal, Terminal, ScriptedLink, Clock]:
    terminal = Terminal(
        {
            "ecrhub.pay.order": answers(sale),
            "ecrhub.pay.query": answers(query),
            "ecrhub.pay.close": answers(close or {"response_code": "000"}),
        },
        **settings,
    )
    link, clock = ScriptedLink(terminal), Clock()
    driver = CodePayTerminal(link, app_id="wz0000000000", clock=clock, answer_s=0.5)
    return driver, terminal, link, clock


def paid_with(sale: Message | None, **settings: Any) -> PaymentResult:
    driver, *_ = terminal_with(sale, **settings)
    driver.start("K1", 8000)
    return driver.poll("K1")


def test_the_sale_goes_out_as_documented() -> None:
    driver, terminal, *_ = terminal_with()
    driver.start("330212K01A1", 8005)
    [sale] = terminal.sales
    assert sale["topic"] == "ecrhub.pay.order"
    assert (sale["app_id"], sale["version"], len(sale["request_id"])) == ("wz0000000000", "1.0", 32)
    assert sale["biz_data"] == {
        "trans_type": "1",
        "merchant_order_no": "330212K01A1",
        "price_currency": "CNY",
        "order_amount": "80.05",
        "expires": "120",
        "confirm_on_terminal": False,
    }
    assert driver.poll("330212K01A1").state is PaymentState.WAITING
    assert driver.status().parts == {"terminal": "busy"}


def test_an_approved_payment_carries_the_hosts_reference() -> None:
    assert paid_with(PAID) == PaymentResult(PaymentState.APPROVED, "K1", 8000, "T77", "UnionPay")


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"response_code": "0", "biz_data": {"trans_status": "2"}}, PaymentState.APPROVED),
        ({"response_code": "000"}, PaymentState.APPROVED),
        ({"response_code": "051", "response_msg": "Insufficient funds"}, PaymentState.DECLINED),
        ({"response_code": "005", "biz_data": {"trans_status": "1"}}, PaymentState.DECLINED),
        ({"response_code": "110", "biz_data": {"trans_status": "3"}}, PaymentState.CANCELLED),
        ({"response_code": "110"}, PaymentState.CANCELLED),
        ({"response_code": "112", "biz_data": {"trans_status": "1"}}, PaymentState.TIMED_OUT),
        ({"response_code": "112"}, PaymentState.UNKNOWN),
        ({"response_code": "ET002", "response_msg": "host not reached"}, PaymentState.UNKNOWN),
        ({"response_code": "ET002", "biz_data": {"trans_status": "1"}}, PaymentState.DECLINED),
        ({"response_code": "112", "biz_data": {"trans_status": "2"}}, PaymentState.UNKNOWN),
        ({"response_code": "001", "response_msg": "Transaction time out"}, PaymentState.UNKNOWN),
        ({"response_code": "051", "biz_data": {"trans_status": "2"}}, PaymentState.UNKNOWN),
        ({"response_code": "051", "biz_data": {"trans_status": "8"}}, PaymentState.UNKNOWN),
        ({"response_code": "000", "biz_data": {"trans_status": "0"}}, PaymentState.UNKNOWN),
        ({"response_code": "000", "biz_data": {"order_amount": "8.00"}}, PaymentState.UNKNOWN),
        ({"response_code": "000", "biz_data": {"merchant_order_no": "K2"}}, PaymentState.UNKNOWN),
    ],
)
def test_outcomes(changes: Message, state: PaymentState) -> None:
    assert paid_with(changes).state is state


def test_the_outcome_stays_what_it_was() -> None:
    driver, _, link, _ = terminal_with({"response_code": "051", "response_msg": "Insufficient funds"})
    driver.start("K1", 8000)
    first = driver.poll("K1")
    assert first.reason == "051 Insufficient funds"
    link.lost = True
    assert driver.poll("K1") == first


def test_a_lost_wire_is_unknown_and_a_late_answer_still_counts() -> None:
    driver, terminal, link, _ = terminal_with(None)
    driver.start("K1", 8000)
    link.lost = True
    assert driver.poll("K1").state is PaymentState.UNKNOWN
    link.lost = False
    assert driver.poll("K1").state is PaymentState.WAITING
    link.pieces.append(terminal.frame(reply(terminal.sales[0], PAID)))
    assert driver.poll("K1").state is PaymentState.APPROVED


def test_a_garbled_reply_is_unknown() -> None:
    for garbled in (b"not json", b"[]", b'{"response_code":"000"}', b"[" * 1000):
        driver, terminal, link, _ = terminal_with(None)
        driver.start("K1", 8000)
        link.pieces.append(terminal.frame(garbled))
        assert driver.poll("K1").state is PaymentState.UNKNOWN


def test_a_damaged_reply_is_not_acknowledged_and_the_repeat_is_taken() -> None:
    driver, terminal, link, _ = terminal_with(None)
    driver.start("K1", 8000)
    whole = terminal.frame(reply(terminal.sales[0], PAID))
    link.pieces.append(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    assert driver.poll("K1").state is PaymentState.WAITING
    assert terminal.acked == []
    link.pieces.append(whole)
    assert driver.poll("K1").state is PaymentState.APPROVED
    assert terminal.acked == [1]


def test_a_repeat_whose_acknowledgement_was_lost_is_acknowledged_again() -> None:
    driver, terminal, link, _ = terminal_with(None)
    driver.start("K1", 8000)
    whole = terminal.frame(reply(terminal.sales[0], PAID))
    link.pieces += [whole, whole]
    driver.poll("K1")
    assert terminal.acked == [1, 1]


def test_a_repeated_message_is_given_on_once() -> None:
    link = ScriptedLink(lambda written: [])
    session = Session(Clock())
    link.pieces += [by_hand(0, 0, 1, b"one"), by_hand(0, 0, 1, b"one"), by_hand(0, 0, 2, b"one")]
    assert [session.receive(link, 0.1) for _ in range(3)] == [b"one", b"one", None]


def test_a_silence_that_nobody_listened_to_is_no_silence() -> None:
    driver, _, _, clock = terminal_with(None)
    driver.start("K1", 8000)
    clock.now += 60
    assert driver.poll("K1").state is PaymentState.WAITING


def test_heartbeats_that_stop_make_the_payment_unknown() -> None:
    driver, _, link, clock = terminal_with(None)
    driver.start("K1", 8000)
    for _ in range(4):
        clock.now += 1.9
        link.pieces.append(by_hand(0, 0, 0, b""))
        assert driver.poll("K1").state is PaymentState.WAITING
    for _ in range(3):
        clock.now += 1.9
        assert driver.poll("K1").state is PaymentState.WAITING
    clock.now += 1.9
    assert driver.poll("K1").state is PaymentState.UNKNOWN


def test_an_answer_that_never_comes_makes_the_payment_unknown() -> None:
    driver, _, link, clock = terminal_with(None)
    driver.start("K1", 8000)
    for _ in range(73):
        clock.now += 1.9
        link.pieces.append(by_hand(0, 0, 0, b""))
        result = driver.poll("K1")
    assert (result.state, result.reason) == (PaymentState.UNKNOWN, "no answer after the order's lifetime")


def test_the_driver_sends_heartbeats_while_it_listens() -> None:
    driver, _, link, clock = terminal_with(None)
    driver.start("K1", 8000)
    clock.now += 2.1
    driver.poll("K1")
    assert link.written[-1] == by_hand(0, 0, 0, b"")


def test_an_order_lost_on_the_wire_is_sent_again_under_the_same_number() -> None:
    driver, terminal, link, _ = terminal_with(PAID, deaf=2)
    driver.start("K1", 8000)
    sent = [written for written in link.written if len(written) > 10]
    assert len(sent) == 3
    assert len(set(sent)) == 1
    assert len(terminal.sales) == 1
    assert driver.poll("K1").state is PaymentState.APPROVED


def test_an_order_never_acknowledged_is_unknown_and_never_declined() -> None:
    driver, *_ = terminal_with(PAID, deaf=99)
    driver.start("K1", 8000)
    assert driver.poll("K1").state is PaymentState.UNKNOWN


def test_a_terminal_that_does_not_shake_hands_was_asked_for_nothing() -> None:
    driver, _, link, _ = terminal_with(PAID, mute=True)
    with pytest.raises(Fault) as caught:
        driver.start("K1", 8000)
    assert caught.value.code == "timeOut"
    assert all(len(written) == 10 for written in link.written)
    assert driver.status().state is State.OFFLINE


def test_an_order_of_another_run_is_unknown() -> None:
    driver, *_ = terminal_with()
    assert driver.poll("K0").state is PaymentState.UNKNOWN


def test_abort_ends_in_the_terminals_own_words() -> None:
    driver, terminal, link, _ = terminal_with(None)
    driver.start("K1", 8000)
    driver.abort("K1")
    assert terminal.sales[-1]["topic"] == "ecrhub.pay.close"
    assert driver.poll("K1").state is PaymentState.WAITING
    link.pieces.append(
        terminal.frame(reply(terminal.sales[0], {"response_code": "110", "biz_data": {"trans_status": "3"}}))
    )
    assert driver.poll("K1").state is PaymentState.CANCELLED


def test_abort_on_a_dead_wire_is_a_fault() -> None:
    driver, terminal, *_ = terminal_with(None)
    driver.start("K1", 8000)
    terminal.mute = True
    with pytest.raises(Fault):
        driver.abort("K1")


TRANSACTION = {"merchant_order_no": "K1", "order_amount": "80.00", "trans_no": "T77"}


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"response_code": "000", "biz_data": TRANSACTION | {"trans_status": "2"}}, PaymentState.APPROVED),
        ({"response_code": "000", "biz_data": TRANSACTION | {"trans_status": 2}}, PaymentState.APPROVED),
        ({"response_code": "000", "biz_data": TRANSACTION | {"trans_status": "1"}}, PaymentState.DECLINED),
        ({"response_code": "000", "biz_data": TRANSACTION | {"trans_status": "3"}}, PaymentState.CANCELLED),
        ({"response_code": "000", "biz_data": TRANSACTION | {"trans_status": "0"}}, PaymentState.WAITING),
        ({"response_code": "000", "biz_data": TRANSACTION | {"trans_status": "9"}}, PaymentState.WAITING),
        ({"response_code": "000", "biz_data": TRANSACTION | {"trans_status": "5"}}, PaymentState.UNKNOWN),
        ({"response_code": "000", "biz_data": TRANSACTION}, PaymentState.UNKNOWN),
        (
            {"response_code": "000", "biz_data": {"merchant_order_no": "K2", "trans_status": "2"}},
            PaymentState.UNKNOWN,
        ),
        (
            {"response_code": "000", "biz_data": {"order_amount": "1e9", "trans_status": "2"}},
            PaymentState.UNKNOWN,
        ),
        ({"response_code": "ET003"}, PaymentState.NOT_FOUND),
        ({"response_code": "404", "response_msg": "not found"}, PaymentState.UNKNOWN),
        ({"response_code": "001"}, PaymentState.UNKNOWN),
        (None, PaymentState.UNKNOWN),
    ],
)
def test_what_the_host_says_of_an_order(changes: Message | None, state: PaymentState) -> None:
    driver, *_ = terminal_with(query=changes)
    result = driver.query("K1")
    assert result.state is state
    if state is PaymentState.APPROVED:
        assert (result.amount_fen, result.host_reference) == (8000, "T77")


def test_a_lost_answer_is_settled_by_the_host() -> None:
    driver, *_ = terminal_with(
        None, query={"response_code": "000", "biz_data": TRANSACTION | {"trans_status": "2"}}
    )
    driver.start("K1", 8000)
    assert driver.query("K1").state is PaymentState.APPROVED
    assert driver.poll("K1").state is PaymentState.APPROVED


def test_another_amount_than_was_asked_for_is_unknown() -> None:
    driver, *_ = terminal_with(
        None, query={"response_code": "000", "biz_data": TRANSACTION | {"trans_status": "2"}}
    )
    driver.start("K1", 9000)
    assert driver.query("K1").state is PaymentState.UNKNOWN


def test_a_query_on_a_lost_wire_is_unknown() -> None:
    driver, _, link, _ = terminal_with()
    link.lost = True
    assert driver.query("K1").state is PaymentState.UNKNOWN


def test_a_refund_is_asked_for_with_both_numbers() -> None:
    driver, terminal, *_ = terminal_with(
        {"response_code": "000", "biz_data": {"trans_status": "2", "trans_no": "R9"}}
    )
    result = driver.refund("K1", "K1R1", 8000)
    assert result == PaymentResult(PaymentState.APPROVED, "K1R1", 8000, "R9")
    business = terminal.sales[0]["biz_data"]
    assert (business["trans_type"], business["merchant_order_no"]) == ("3", "K1R1")
    assert (business["orig_merchant_order_no"], business["order_amount"]) == ("K1", "80.00")


@pytest.mark.parametrize("sale", [{"response_code": "E04112"}, None, {"response_code": "112"}])
def test_a_repeated_or_unanswered_refund_tells_what_became_of_the_first(sale: Message | None) -> None:
    refunded = TRANSACTION | {"merchant_order_no": "K1R1", "trans_status": "2", "trans_type": "3"}
    driver, terminal, *_ = terminal_with(sale, query={"response_code": "000", "biz_data": refunded})
    assert driver.refund("K1", "K1R1", 8000).state is PaymentState.APPROVED
    assert terminal.sales[-1]["biz_data"] == {"merchant_order_no": "K1R1"}


def test_a_refused_refund_is_declined_and_a_lost_one_unknown() -> None:
    too_much = {"response_code": "E04126", "response_msg": "Refund amount exceeds the limit"}
    driver, *_ = terminal_with(too_much, query={"response_code": "ET003"})
    refused = driver.refund("K1", "K1R1", 9000)
    assert (refused.state, refused.reason) == (
        PaymentState.DECLINED,
        "E04126 Refund amount exceeds the limit",
    )
    driver, terminal, *_ = terminal_with(None)
    terminal.mute = True
    assert driver.refund("K1", "K1R1", 9000).state is PaymentState.UNKNOWN


@pytest.mark.parametrize(
    ("order_no", "amount_fen"), [("", 1), ("K" * 33, 1), ("K-1", 1), ("K1", 0), ("K1", -5)]
)
def test_what_cannot_be_sent_is_refused_before_the_wire(order_no: str, amount_fen: int) -> None:
    driver, _, link, _ = terminal_with()
    with pytest.raises(ValueError):
        driver.start(order_no, amount_fen)
    assert link.written == []


@given(cuts=st.lists(st.integers(0, 600)))
def test_replies_in_any_pieces(cuts: list[int]) -> None:
    terminal = Terminal({"ecrhub.pay.order": answers(PAID)})
    link = ScriptedLink(lambda written: in_pieces(b"".join(terminal(written)), cuts))
    driver = CodePayTerminal(link, app_id="wz", clock=Clock())
    driver.start("K1", 8000)
    assert driver.poll("K1").state is PaymentState.APPROVED


def test_an_echoing_wire_never_makes_an_outcome_of_our_own_words() -> None:
    terminal = Terminal({"ecrhub.pay.order": answers(None)})
    link = ScriptedLink(lambda written: [written, *terminal(written)])
    driver = CodePayTerminal(link, app_id="wz", clock=Clock())
    driver.start("K1", 8000)
    assert driver.poll("K1").state is PaymentState.WAITING
    link.pieces.append(terminal.frame(reply(terminal.sales[0], PAID)))
    assert driver.poll("K1").state is PaymentState.APPROVED


def test_an_idle_terminal_is_online_and_a_silent_one_is_not() -> None:
    driver, terminal, link, _ = terminal_with()
    status = driver.status()
    assert (status.usable, status.parts) == (True, {"terminal": "idle"})
    terminal.mute = True
    assert driver.status().fault == "timeOut"
    link.lost = True
    assert driver.status().state is State.NO_DEVICE
