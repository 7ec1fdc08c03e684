"""For each kind of effect: a visit that died while it was open, and a world that can be asked about it.

Whoever adds a kind to ``kiosk/journal/effects.py`` adds its case here; ``test_effects.py`` refuses a kind
without one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from devices.interfaces import Media
from devices.interfaces import PaymentState as P
from kiosk.goods_recovery import GoodsRecovery
from kiosk.journal import EffectState as E
from kiosk.journal.effects import (
    GIVE_BACK_PERMIT,
    PRINT_RECEIPT,
    PRINT_STRIP,
    REFUND_MONEY,
    RESTORE_CHIP,
    RETRACT_PERMIT,
    SUBMIT_ENDORSEMENT,
    TAKE_MONEY,
    TAKE_PERMIT,
    WRITE_CHIP,
)
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
}
