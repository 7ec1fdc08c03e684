"""The unattended payment terminal (ECR link), in nexo's words. At a real one each payment is 0.01 yuan."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from devices.base import Fault
from devices.interfaces import PaymentResult, PaymentState
from devices.link import open_link
from devices.payment_terminal import CodePayTerminal
from devices.trace import read_trace
from tests.conformance import acts
from tests.conformance.figures import Figures
from tests.conformance.person import Act
from tests.conformance.traces import recording
from tests.conformance.units import Unit

DEVICE = "payment_terminal"
AMOUNT_FEN = 1
ENDS_WITHIN_S = 150.0

Terminal = Unit[CodePayTerminal]
_numbers = count(1)


def new_order() -> str:
    """Return a number that no order had before."""
    return f"AT{int(time.time())}N{next(_numbers)}"


def ended(device: CodePayTerminal, order_no: str) -> PaymentResult:
    """Poll until an order has ended."""
    deadline_s = time.monotonic() + ENDS_WITHIN_S
    while (result := device.poll(order_no)).state is PaymentState.WAITING:
        assert time.monotonic() < deadline_s, f"no end of {order_no} within {ENDS_WITHIN_S} s"
    return result


def begun(unit: Terminal) -> str:
    order_no = new_order()
    unit.device.start(order_no, AMOUNT_FEN)
    return order_no


def paid(unit: Terminal, act: Act = acts.PAY) -> str:
    order_no = begun(unit)
    unit.person.do(act, until=lambda: unit.device.poll(order_no).state is not PaymentState.WAITING)
    assert ended(unit.device, order_no).state is PaymentState.APPROVED
    return order_no


@pytest.fixture
def taken_back(unit: Terminal) -> Iterator[list[str]]:
    """A list of paid orders whose money goes back in the end."""
    orders: list[str] = []
    yield orders
    for order_no in orders:
        unit.device.refund(order_no, f"{order_no}R", AMOUNT_FEN)


@pytest.mark.criterion("PAY-01", "Common.Capabilities")
def test_what_it_takes(unit: Terminal) -> None:
    """The terminal takes yuan, and needs no login of a cashier."""
    told = unit.device.capabilities().more
    assert (told["currency"], told["loginRequired"]) == ("CNY", "false")


@pytest.mark.criterion("PAY-02", "nexo Diagnosis; Common.Status")
def test_it_is_idle(unit: Terminal, figures: Figures) -> None:
    """The terminal answers the handshake and is idle."""
    with figures.seconds("status", 1.5):
        status = unit.device.status()
    assert status.usable, status
    assert status.parts["terminal"] == "idle"


@pytest.mark.criterion("PAY-03", "nexo Payment approved")
@pytest.mark.parametrize("act", [acts.PAY, acts.PAY_WITH_CODE], ids=["card", "payment code"])
def test_a_payment_is_approved(unit: Terminal, figures: Figures, taken_back: list[str], act: Act) -> None:
    """A payment is approved, with its amount and the host's reference."""
    with figures.seconds("taken by the terminal", 1.5):
        order_no = begun(unit)
    assert unit.device.poll(order_no).state is PaymentState.WAITING
    unit.person.do(act, until=lambda: unit.device.poll(order_no).state is not PaymentState.WAITING)
    result = ended(unit.device, order_no)
    taken_back.append(order_no)
    assert (result.state, result.amount_fen) == (PaymentState.APPROVED, AMOUNT_FEN)
    assert result.host_reference


@pytest.mark.criterion("PAY-04", "nexo Payment declined")
def test_a_payment_is_declined(unit: Terminal) -> None:
    """A payment that the issuer declines is declined, with a reason; the host took nothing."""
    order_no = begun(unit)
    unit.person.do(
        acts.PAY_DECLINED, until=lambda: unit.device.poll(order_no).state is not PaymentState.WAITING
    )
    result = ended(unit.device, order_no)
    assert result.state is PaymentState.DECLINED
    assert result.reason
    assert unit.device.query(order_no).state in (PaymentState.DECLINED, PaymentState.NOT_FOUND)


@pytest.mark.criterion("PAY-05", "nexo Payment cancelled")
def test_the_person_cancels(unit: Terminal) -> None:
    """A payment that the person cancels at the terminal is cancelled."""
    order_no = begun(unit)
    unit.person.do(acts.CANCEL, until=lambda: unit.device.poll(order_no).state is not PaymentState.WAITING)
    assert ended(unit.device, order_no).state is PaymentState.CANCELLED


@pytest.mark.criterion("PAY-06", "nexo Abort")
def test_the_kiosk_aborts(unit: Terminal, figures: Figures) -> None:
    """A payment that the kiosk aborts is cancelled, and the terminal is idle again."""
    order_no = begun(unit)
    with figures.seconds("abort to its outcome", 5.0):
        unit.device.abort(order_no)
        assert ended(unit.device, order_no).state is PaymentState.CANCELLED
    assert unit.device.status().parts["terminal"] == "idle"


@pytest.mark.criterion("PAY-07", "nexo TransactionStatus")
def test_a_query_tells_the_same(unit: Terminal, figures: Figures, taken_back: list[str]) -> None:
    """A query tells of a paid order what its outcome told."""
    order_no = paid(unit)
    taken_back.append(order_no)
    told = ended(unit.device, order_no)
    with figures.seconds("query", 5.0):
        asked = unit.device.query(order_no)
    assert (asked.state, asked.amount_fen) == (PaymentState.APPROVED, AMOUNT_FEN)
    assert asked.host_reference == told.host_reference


@pytest.mark.criterion("PAY-08", "nexo TransactionStatus notFound")
def test_an_order_that_never_was(unit: Terminal) -> None:
    """A query for an order that never was tells that there is none."""
    assert unit.device.query(new_order()).state is PaymentState.NOT_FOUND


@pytest.mark.criterion("PAY-09", "nexo Reversal")
def test_a_refund_is_done_once(unit: Terminal, figures: Figures) -> None:
    """A refund is done, and the same refund asked for again is the same one."""
    order_no = paid(unit)
    with figures.seconds("refund", 10.0):
        first = unit.device.refund(order_no, f"{order_no}R", AMOUNT_FEN)
    assert (first.state, first.amount_fen) == (PaymentState.APPROVED, AMOUNT_FEN)
    again = unit.device.refund(order_no, f"{order_no}R", AMOUNT_FEN)
    assert (again.state, again.host_reference) == (first.state, first.host_reference)
    assert unit.device.query(f"{order_no}R").state is PaymentState.APPROVED


@pytest.mark.criterion("PAY-10", "nexo Reversal declined")
def test_no_more_is_refunded_than_was_paid(unit: Terminal, taken_back: list[str]) -> None:
    """A refund of more than was paid is declined, and nothing is given back."""
    order_no = paid(unit)
    taken_back.append(order_no)
    refund_no = f"{order_no}M"
    assert unit.device.refund(order_no, refund_no, AMOUNT_FEN + 1).state is PaymentState.DECLINED
    assert unit.device.query(refund_no).state in (PaymentState.NOT_FOUND, PaymentState.DECLINED)


@pytest.mark.criterion("PAY-11", "nexo Payment timed out")
def test_nobody_pays(unit: Terminal, figures: Figures) -> None:
    """An order that nobody pays ends by itself after its lifetime, and nothing is taken."""
    unit.device.close()
    hasty = CodePayTerminal(open_link(unit.links[DEVICE]), app_id=unit.told.app_id, lifetime_s=10)
    try:
        hasty.open()
        order_no = new_order()
        hasty.start(order_no, AMOUNT_FEN)
        with figures.seconds("until it ended", 25.0):
            unit.person.do(
                acts.WALK_AWAY, until=lambda: hasty.poll(order_no).state is not PaymentState.WAITING
            )
        assert ended(hasty, order_no).state in (PaymentState.TIMED_OUT, PaymentState.CANCELLED)
        assert hasty.query(order_no).state in (PaymentState.DECLINED, PaymentState.CANCELLED)
    finally:
        hasty.close()
        unit.device.open()


@pytest.mark.criterion("PAY-12", "nexo Payment, unknown")
def test_an_answer_that_was_lost(unit: Terminal, taken_back: list[str]) -> None:
    """A payment made while the cable was out is unknown, and a query afterwards tells that it was made."""
    order_no = begun(unit)
    unit.person.do(acts.PAY_UNHEARD)
    unit.person.do(
        acts.unplug(DEVICE), until=lambda: unit.device.poll(order_no).state is PaymentState.UNKNOWN
    )
    unit.person.do(acts.plug_in(DEVICE), until=lambda: unit.device.status().usable)
    assert unit.device.query(order_no).state is PaymentState.APPROVED
    taken_back.append(order_no)


@pytest.mark.criterion("PAY-13", "PCI DSS 3.4: account number masked")
def test_no_card_number_passes(unit: Terminal, taken_back: list[str], tmp_path: Path) -> None:
    """No whole card number passes over the wire: at most its first six and last four digits."""
    file = tmp_path / "payment.trace"
    unit.device.close()
    recorded = Unit(
        CodePayTerminal(open_link(recording(unit.links[DEVICE], file)), app_id=unit.told.app_id),
        unit.links,
        unit.person,
        unit.real,
        unit.told,
    )
    try:
        recorded.device.open()
        taken_back.append(paid(recorded))
    finally:
        recorded.device.close()
        unit.device.open()
    said = b"".join(event.data for event in read_trace(file)).decode("latin-1")
    assert "card_no" in said or unit.real
    for digits in re.findall(r'"card_no"\s*:\s*"([^"]*)"', said):
        assert len(re.sub(r"\D", "", digits)) <= 10, "a whole card number passed"


@pytest.mark.criterion("PAY-14", "Common.Status noDevice")
def test_the_cable_out_and_in(unit: Terminal) -> None:
    """Without its cable the terminal is told as gone and asks nobody for money, and works again after."""
    unit.person.do(acts.unplug(DEVICE), until=lambda: not unit.device.status().usable)
    with pytest.raises(Fault):
        unit.device.start(new_order(), AMOUNT_FEN)
    unit.person.do(acts.plug_in(DEVICE), until=lambda: unit.device.status().usable)
