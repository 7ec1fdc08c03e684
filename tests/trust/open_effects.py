"""For each kind of effect: a visit that died while it was open, and a world that can be asked about it.

Whoever adds a kind to ``kiosk/journal/effects.py`` adds its case here; ``test_effects.py`` refuses a kind
without one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from devices.base import Fault, StaffAction
from devices.interfaces import Media, PrintJob, PrintState
from devices.interfaces import PaymentState as P
from kiosk.certificate_office import CertificateOffice, Decision, OfCase, Standing
from kiosk.certificate_recovery import CertificateGoods
from kiosk.collection_office import CollectionOffice
from kiosk.collection_office import Standing as Kept
from kiosk.collection_recovery import CollectionGoods
from kiosk.goods_recovery import GoodsRecovery
from kiosk.journal import EffectState as E
from kiosk.journal.effects import (
    GIVE_BACK_PERMIT,
    PICK_DOCUMENT,
    PRESENT_DOCUMENT,
    PRINT_DOCUMENT,
    PRINT_RECEIPT,
    PRINT_STRIP,
    REFUND_MONEY,
    RESTORE_CHIP,
    RETAIN_DOCUMENT,
    RETRACT_PERMIT,
    SETTLE_FINES,
    SUBMIT_CERTIFICATE,
    SUBMIT_DECISION,
    SUBMIT_ENDORSEMENT,
    SUBMIT_NOTICE,
    SUBMIT_OBJECTION,
    TAKE_MONEY,
    TAKE_PERMIT,
    WRITE_CHIP,
)
from kiosk.notice_office import NoticeOffice
from kiosk.notice_recovery import NoticeGoods
from kiosk.traffic_office import FineReceipt, Handled, TrafficOffice
from kiosk.traffic_recovery import TrafficGoods
from tests.trust.world import (
    FEE_FEN,
    BackOfficeOrder,
    Cutter,
    PermitDesk,
    ScriptedTerminal,
    World,
    approval_of,
    broken,
    unreachable,
)

ORDER: Final = "330212K01TAAAAAA0000001X"
OLD_CHIP: Final = "0" * 64
Done = tuple[str, str, Mapping[str, Any], Mapping[str, Any]]
"""An effect that was done before: kind, key, evidence before and after."""


@dataclass
class Surroundings:
    """What recovery can ask beside the back office, made anew for each test."""

    terminal: ScriptedTerminal
    desk: PermitDesk
    cutter: Cutter
    goods: dict[str, GoodsRecovery] = field(default_factory=dict)


@dataclass(frozen=True)
class OpenEffect:
    """One open effect. ``answered`` are the states that its conclusion may have once the world answers.

    ``earlier`` was done before it. ``prepare(world, surroundings)`` sets what is true out there, and adds the
    service's ``GoodsRecovery``; ``silence`` makes it that nobody who could answer does.
    """

    key: str
    before: Mapping[str, Any]
    answered: frozenset[E]
    earlier: tuple[Done, ...] = ()
    service: str = "endorsement"
    prepare: Callable[[World, Surroundings], None] = lambda world, surroundings: None
    silence: Callable[[World, Surroundings], None] = lambda world, surroundings: _silence(world, surroundings)


def _silence(world: World, surroundings: Surroundings) -> None:
    surroundings.desk.broken.add("all")
    surroundings.terminal.replies = {"poll": [broken()], "query": [broken()], "refund": [broken()]}
    surroundings.cutter.silent = True
    for method in ("order", "close_order", "refund", "case", "approval", "report_outcome", "register"):
        world.office.trouble[method] = [unreachable()]


_INSIDE: Final[Done] = (TAKE_PERMIT, "v1:1", {"media": "notPresent"}, {"media": "present"})
_PAID: Final[Done] = (
    TAKE_MONEY,
    ORDER,
    {"channel": "payment_terminal", "amount_fen": FEE_FEN},
    {"state": "approved"},
)
_APPROVED: Final[Done] = (
    SUBMIT_ENDORSEMENT,
    "C1:endorse",
    {"order_no": ORDER, "bill_no": "B1"},
    {"approval_no": "A1"},
)
_KNOWN: Final = frozenset({E.DONE, E.FAILED, E.COMPENSATED})


def _paid(world: World, surroundings: Surroundings) -> None:
    surroundings.terminal.amount_fen = FEE_FEN
    surroundings.terminal.replies["query"] = [P.APPROVED]
    world.office.orders[ORDER] = BackOfficeOrder(FEE_FEN)
    world.office.pay(ORDER)


def _approved(world: World, surroundings: Surroundings) -> None:
    _paid(world, surroundings)
    world.office.approvals["A1"] = approval_of()
    world.office.cases["C1"] = "A1"


def _bin(world: World, surroundings: Surroundings) -> None:
    surroundings.desk.where, surroundings.desk.bin = Media.NOT_PRESENT, 1


# --- the other services' desks and devices ----------------------------------------------------------


@dataclass
class Traffic:
    """The traffic police's desk: it has everything that the case asked for."""

    silent: bool = False

    async def handled(self, case_no: str) -> Handled:
        if self.silent:
            raise unreachable()
        return Handled({"X1": "D1"}, {"X1": "O1"}, (FineReceipt("R1", "D1", FEE_FEN),))


@dataclass
class Notices:
    """The notice desk: it has the one that was being filed."""

    silent: bool = False

    async def of_case(self, case_no: str) -> str:
        if self.silent:
            raise unreachable()
        return "N1"


@dataclass
class Certificates:
    """The certificates' desk, and the document printer: both have done what they were asked."""

    silent: bool = False

    async def of_case(self, case_no: str) -> OfCase:
        if self.silent:
            raise unreachable()
        return OfCase(Decision.ISSUED, {"S1": Standing.ISSUED})

    async def tell(self, serial: str, standing: Standing, reason: str = "") -> None:
        if self.silent:
            raise unreachable()

    async def job(self, name: str) -> PrintJob:
        if self.silent:
            raise Fault("document_printer", "connectionLost", StaffAction.RESET)
        return PrintJob(name, PrintState.COMPLETED)

    async def cancel(self, name: str) -> None:
        raise AssertionError("a job that is done is not cancelled")

    async def sheets(self) -> int | None:
        return 101


@dataclass
class Store:
    """The store's desk, and the dispenser with one card in its path until it is kept."""

    silent: bool = False
    inside: Media = Media.PRESENT
    kept: int = 0

    async def standing(self, number: str) -> Kept:
        return Kept.READY

    async def tell(self, number: str, case_no: str, standing: Kept, code: str) -> None:
        pass

    async def media(self, unit: int) -> Media:
        if self.silent:
            raise Fault("card_dispenser", "connectionLost", StaffAction.RESET)
        return self.inside

    async def retained(self, unit: int) -> int:
        return self.kept

    async def retain(self, unit: int) -> int:
        self.inside, self.kept = Media.NOT_PRESENT, self.kept + 1
        return self.kept


def _traffic(world: World, surroundings: Surroundings) -> None:
    _paid(world, surroundings)
    goods = TrafficGoods(world.journal, cast("TrafficOffice", Traffic()), Certificates())
    surroundings.goods["traffic-violations"] = goods


def _notices(world: World, surroundings: Surroundings) -> None:
    surroundings.goods["guide"] = NoticeGoods(world.journal, cast("NoticeOffice", Notices()), Certificates())


def _certificates(world: World, surroundings: Surroundings) -> None:
    desk = Certificates()
    goods = CertificateGoods(world.journal, cast("CertificateOffice", desk), desk)
    surroundings.goods["certificates"] = goods


def _store(world: World, surroundings: Surroundings, inside: Media = Media.PRESENT) -> None:
    desk = Store(inside=inside)
    goods = CollectionGoods(world.journal, cast("CollectionOffice", desk), desk)
    surroundings.goods["pick-up"] = goods


def _taken_from_store(world: World, surroundings: Surroundings) -> None:
    _store(world, surroundings, Media.NOT_PRESENT)


def _all_silent(world: World, surroundings: Surroundings) -> None:
    """Nobody answers, those of the other services either."""
    _silence(world, surroundings)
    for service, goods in surroundings.goods.items():
        desk = goods._dispenser if service == "pick-up" else goods._office  # type: ignore[attr-defined]
        desk.silent = True


_UNIT: Final = {"unit": 1, "retained": 0, "document_no": "N1"}
_VIOLATION: Final = {"violation_no": "X1", "fine_fen": FEE_FEN, "points": 3}

CASES: Final[dict[str, OpenEffect]] = {
    TAKE_PERMIT: OpenEffect("v1:1", {"media": "notPresent"}, _KNOWN),
    TAKE_MONEY: OpenEffect(ORDER, _PAID[2], frozenset({E.COMPENSATED}), prepare=_paid),
    REFUND_MONEY: OpenEffect(
        f"{ORDER}R1",
        {"order_no": ORDER, "channel": "payment_terminal", "amount_fen": FEE_FEN},
        frozenset({E.DONE}),
        (_PAID,),
        prepare=_paid,
    ),
    SUBMIT_ENDORSEMENT: OpenEffect(
        "C1:endorse", _APPROVED[2], frozenset({E.DONE}), (_INSIDE, _PAID), prepare=_approved
    ),
    WRITE_CHIP: OpenEffect(
        "A1:chip:1", {"chip_digest": OLD_CHIP}, _KNOWN, (_INSIDE, _PAID, _APPROVED), prepare=_approved
    ),
    PRINT_STRIP: OpenEffect(
        "A1:strip:1", {"strip_code": "OLD"}, _KNOWN, (_INSIDE, _PAID, _APPROVED), prepare=_approved
    ),
    RESTORE_CHIP: OpenEffect(
        "A1:chip:undo",
        {"chip_digest": approval_of().chip_digest},
        _KNOWN,
        (
            _INSIDE,
            _PAID,
            _APPROVED,
            (WRITE_CHIP, "A1:chip:1", {"chip_digest": OLD_CHIP}, {"chip_digest": approval_of().chip_digest}),
        ),
        prepare=_approved,
    ),
    PRINT_RECEIPT: OpenEffect("v1:receipt:1", {"cuts": 9}, frozenset({E.DONE})),
    GIVE_BACK_PERMIT: OpenEffect("v1:1", {"media": "present"}, _KNOWN, (_INSIDE,)),
    RETRACT_PERMIT: OpenEffect("v1:1", {"bin_count": 0}, frozenset({E.DONE}), (_INSIDE,), prepare=_bin),
    SUBMIT_DECISION: OpenEffect(
        "C1:decide:X1",
        _VIOLATION,
        frozenset({E.DONE}),
        service="traffic-violations",
        prepare=_traffic,
        silence=_all_silent,
    ),
    SUBMIT_OBJECTION: OpenEffect(
        "C1:object:X1",
        {"violation_no": "X1", "reason": "not-me"},
        frozenset({E.DONE}),
        service="traffic-violations",
        prepare=_traffic,
        silence=_all_silent,
    ),
    SETTLE_FINES: OpenEffect(
        "C1:settle",
        {"order_no": ORDER, "bill_no": "B1"},
        frozenset({E.DONE}),
        (_PAID,),
        service="traffic-violations",
        prepare=_traffic,
        silence=_all_silent,
    ),
    SUBMIT_NOTICE: OpenEffect(
        "C1:notice",
        {"document": "endorsement", "way": "signed"},
        frozenset({E.DONE}),
        service="guide",
        prepare=_notices,
        silence=_all_silent,
    ),
    SUBMIT_CERTIFICATE: OpenEffect(
        "C1:certificate",
        {"document": "household", "copies": 1, "purpose": "bank"},
        frozenset({E.DONE}),
        service="certificates",
        prepare=_certificates,
        silence=_all_silent,
    ),
    PRINT_DOCUMENT: OpenEffect(
        "C1-D1",
        {"serial": "S1", "digest": "d" * 64, "sheets": 100},
        frozenset({E.DONE}),
        service="certificates",
        prepare=_certificates,
        silence=_all_silent,
    ),
    PICK_DOCUMENT: OpenEffect(
        "dead:N1:pick", _UNIT, frozenset({E.DONE}), service="pick-up", prepare=_store, silence=_all_silent
    ),
    PRESENT_DOCUMENT: OpenEffect(
        "dead:N1:present",
        _UNIT,
        frozenset({E.DONE}),
        ((PICK_DOCUMENT, "dead:N1:pick", _UNIT, {"media": "present"}),),
        service="pick-up",
        prepare=_taken_from_store,
        silence=_all_silent,
    ),
    RETAIN_DOCUMENT: OpenEffect(
        "dead:N1:retain",
        _UNIT,
        _KNOWN,
        ((PICK_DOCUMENT, "dead:N1:pick", _UNIT, {"media": "present"}),),
        service="pick-up",
        prepare=_store,
        silence=_all_silent,
    ),
}
