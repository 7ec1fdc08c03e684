"""What stands around a kiosk's core: the person, the devices of ``devices.interfaces``, and the back office.

The back office is ``kiosk.platform`` by its methods. No wire lies between, and no HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Protocol

from devices.base import Fault, Retry, StaffAction, State, Status
from devices.interfaces import CardType, ChipHolder, GrayImage, IdCard, Media, PaymentResult, PaymentState
from kiosk.journal import PostedLetter
from kiosk.platform import (
    Approval,
    Bill,
    Case,
    CodeOrder,
    IssuedEndorsement,
    Order,
    OrderState,
    Refund,
    Refused,
)
from kiosk.rules import Wish
from kiosk.strip import read_strip
from simulators.people import load_personas
from tests.crash.routes import WHO

FEE_FEN: Final = 1500
PERSONA: Final = load_personas()[WHO]
WAITING, PAID, CLOSED = OrderState.WAITING, OrderState.PAID, OrderState.CLOSED


class Around(Protocol):
    """Where they stand."""

    person: Person

    @property
    def inside(self) -> bool:
        """Tell whether a permit is in the unit or at its gate."""
        ...


@dataclass(slots=True)
class Person:
    """Who stands there: how they pay, whether they do, whether they take what they are given."""

    pay_by: str = "payment_terminal"
    pays: bool = True
    takes: bool = True
    at_last: bool = False
    """Takes the permit in the moment in which it is drawn in again."""
    breaks: str = ""
    """What fails at the permit unit while they are served: ``chip``, ``strip`` or the last ``look`` at it."""


@dataclass(slots=True)
class Trade:
    """An order at its host."""

    amount_fen: int
    state: OrderState = WAITING
    returned: dict[str, int] = field(default_factory=dict)

    @property
    def kept_fen(self) -> int:
        return (self.amount_fen if self.state in (PAID, OrderState.REFUNDED) else 0) - sum(
            self.returned.values()
        )

    def give_back(self, refund_no: str, amount_fen: int) -> None:
        self.returned[refund_no] = amount_fen
        self.state = OrderState.REFUNDED


class Unit:
    """A device of which nothing more is asked than that it is there."""

    def __init__(self, hall: Around) -> None:
        self.hall = hall

    def status(self) -> Status:
        return Status(State.ONLINE)

    def counters(self) -> Mapping[str, int]:
        return {}

    def reset(self) -> None: ...


class Reader(Unit):
    """The ID-card reader: the card is laid down when it is asked for, and lifted in time."""

    def find(self) -> bool:
        return not self.hall.inside

    def still_there(self) -> bool:
        return False

    def read(self, fingerprints: bool = False) -> IdCard:
        card = PERSONA.id_card
        return IdCard(
            CardType.RESIDENT,
            card.name,
            card.number,
            card.sex,
            card.birth,
            card.valid_from,
            card.expires,
            card.expires is None,
            card.authority,
        )


class PermitUnit(Unit):
    """The permit unit, with the permit of the person who stands there."""

    def __init__(self, hall: Around) -> None:
        super().__init__(hall)
        self.retained = 0
        self.renew()

    def renew(self) -> None:
        """Have another permit, in another person's pocket."""
        assert PERSONA.permit is not None
        self.where, self.in_bin = Media.NOT_PRESENT, False
        self.strip, self.chip = PERSONA.permit.strip_code, PERSONA.permit.endorsements
        self.printed = self.spoilt = self.looks = 0

    @property
    def untouched(self) -> bool:
        assert PERSONA.permit is not None
        return (self.strip, self.chip) == (PERSONA.permit.strip_code, PERSONA.permit.endorsements)

    def counters(self) -> Mapping[str, int]:
        return {"retained": self.retained}

    def accept(self) -> None:
        if not self.in_bin:
            self.where = Media.PRESENT

    def refuse(self) -> None: ...

    def media(self) -> Media:
        where = self.where
        if where is Media.ENTERING and self.hall.person.takes:
            self.where = Media.NOT_PRESENT  # seen in the gate once more, while a hand reaches for it
        return where

    def scan_mrz(self) -> str:
        assert PERSONA.permit is not None
        return PERSONA.permit.mrz

    def read_chip(self, mrz: str) -> ChipHolder:
        assert PERSONA.permit is not None
        return ChipHolder(PERSONA.permit.chip_mrz, self.chip)

    def write_chip(self, mrz: str, endorsements: bytes) -> None:
        if self.hall.person.breaks == "chip":
            raise Fault("permit_unit", "chipWriteFailed", StaffAction.RESET)
        self.chip = endorsements

    def print_strip(self, strip: GrayImage) -> None:
        if self.hall.person.breaks == "strip":
            self.strip, self.spoilt = "", self.spoilt + 1
            raise Fault("permit_unit", "hardwareError", StaffAction.RESET)
        self.strip, self.printed = read_strip(strip), self.printed + 1

    def scan_strip(self) -> str:
        self.looks += self.printed > 0
        if self.hall.person.breaks == "look" and self.looks == 2:
            raise Fault("permit_unit", "hardwareError", StaffAction.RESET)
        return self.strip

    def strip_size(self) -> tuple[int, int]:
        return 200, 640

    def eject(self) -> None:
        if self.where is Media.PRESENT:
            self.where = Media.ENTERING

    def retract(self) -> int:
        if self.hall.person.at_last:
            self.where = Media.NOT_PRESENT
        if self.where is Media.NOT_PRESENT:
            raise Retry("permit_unit", "noMedia")
        self.where, self.in_bin, self.retained = Media.NOT_PRESENT, True, self.retained + 1
        return self.retained


class Terminal(Unit):
    """The payment terminal and its host, which has an order from its start on."""

    def __init__(self, hall: Around) -> None:
        super().__init__(hall)
        self.trades: dict[str, Trade] = {}

    def start(self, order_no: str, amount_fen: int) -> None:
        self.trades[order_no] = Trade(amount_fen)

    def poll(self, order_no: str) -> PaymentResult:
        result = self.query(order_no)
        self.hold_the_card(order_no)
        return result

    def query(self, order_no: str) -> PaymentResult:
        trade = self.trades.get(order_no)
        if trade is None:
            return PaymentResult(PaymentState.NOT_FOUND, order_no)
        state = {WAITING: PaymentState.WAITING, CLOSED: PaymentState.DECLINED}.get(
            trade.state, PaymentState.APPROVED
        )
        return PaymentResult(state, order_no, trade.amount_fen, "H-0001", "card")

    def hold_the_card(self, order_no: str) -> None:
        """What the person does while the terminal waits for them."""
        trade = self.trades[order_no]
        if trade.state is WAITING:
            trade.state = PAID if self.hall.person.pays else CLOSED

    def abort(self, order_no: str) -> None:
        if order_no in self.trades and self.trades[order_no].state is WAITING:
            self.trades[order_no].state = CLOSED

    def refund(self, order_no: str, refund_no: str, amount_fen: int) -> PaymentResult:
        if order_no not in self.trades:
            return PaymentResult(PaymentState.NOT_FOUND, order_no)
        self.trades[order_no].give_back(refund_no, amount_fen)
        return PaymentResult(PaymentState.APPROVED, order_no, amount_fen)


class Printer(Unit):
    """The receipt printer, which counts its cuts."""

    cuts = 0

    def counters(self) -> Mapping[str, int]:
        return {"cutterOperations": self.cuts}

    def print(self, lines: Sequence[Any]) -> None:
        self.cuts += 1


class Office:
    """The back office: bills, orders by code, approvals, letters; every answer but the first a repeat."""

    def __init__(self, hall: Around) -> None:
        self.hall = hall
        self.trades: dict[str, Trade] = {}
        self.registered: set[str] = set()
        self.approvals: dict[str, Approval] = {}
        self.outcomes: dict[str, list[bool]] = {}
        self.letters: dict[str, str] = {}

    def quote(self, case_no: str, wishes: Sequence[Wish]) -> Bill:
        until = datetime.now(UTC) + timedelta(hours=1)
        return Bill(case_no, f"B-{case_no}", (FEE_FEN,), FEE_FEN, until)

    def open_order(self, order_no: str, bill: Bill, *, channel: str, lifetime_s: int) -> CodeOrder:
        self.trades.setdefault(order_no, Trade(bill.total_fen))
        expires = datetime.now(UTC) + timedelta(seconds=lifetime_s)
        return CodeOrder(order_no, WAITING, f"weixin://{order_no}", expires)

    def order(self, order_no: str) -> Order | None:
        trade = self.trades.get(order_no)
        if trade is None:
            return None
        answer = Order(order_no, trade.state, trade.amount_fen, sum(trade.returned.values()), "wechat")
        if trade.state is WAITING and self.hall.person.pays:
            trade.state = PAID
        return answer

    def close_order(self, order_no: str, attempt: int = 1) -> OrderState:
        trade = self.trades.get(order_no)
        if trade is None:
            raise Refused("unknown-order", 404)
        if trade.state is WAITING:
            trade.state = CLOSED
        return trade.state

    def refund(self, order_no: str, refund_no: str, amount_fen: int, reason: str) -> Refund:
        trade = self.trades.get(order_no)
        if trade is None or trade.state in (WAITING, CLOSED):
            raise Refused("not-paid", 409)
        trade.give_back(refund_no, amount_fen)
        return Refund("refunded", sum(trade.returned.values()))

    def register_terminal_payment(
        self, order_no: str, bill: Bill, *, host_reference: str, method: str
    ) -> OrderState:
        self.registered.add(order_no)
        return PAID

    def endorse(self, bill: Bill, order_no: str, *, permit_number: str, wishes: Sequence[Wish]) -> Approval:
        if order_no not in self.registered and self.trades[order_no].state is not PAID:
            raise Refused("not-paid", 409)
        number = len(self.approvals) + 1
        issued = tuple(
            IssuedEndorsement(
                f"2611230{number:05d}",
                wish.destination,
                wish.type,
                date(2026, 11, 23),
                date(2027, 2, 22),
                wish.entries,
                7,
            )
            for wish in wishes
        )
        made = Approval(f"A{number}", issued, b"record %06d" % number, f"EN26112300000{number:05d}")
        return self.approvals.setdefault(bill.case_no, made)

    def approval(self, approval_no: str) -> Approval:
        return next(made for made in self.approvals.values() if made.approval_no == approval_no)

    def case(self, case_no: str, *, deadline_s: float | None = None) -> Case:
        made = self.approvals.get(case_no)
        return Case(case_no, "opened", "endorsement", made.approval_no if made else "", ())

    def report_outcome(
        self, approval_no: str, *, issued: bool, chip: bool, strip: bool, deadline_s: float | None = None
    ) -> str:
        self.outcomes.setdefault(approval_no, []).append(issued)
        return "issued" if issued else "failed"

    def send_letters(self, letters: Sequence[PostedLetter]) -> frozenset[str]:
        self.letters |= {posted.id: posted.letter.kind for posted in letters}
        return frozenset(posted.id for posted in letters)
