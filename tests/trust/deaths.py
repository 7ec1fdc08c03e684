"""What a process left that died in the middle of a visit: its journal, the world, and who recovers it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from devices.interfaces import Media
from devices.interfaces import PaymentState as P
from kiosk.journal import EffectState as E
from kiosk.journal import Outcome
from kiosk.journal.effects import (
    GIVE_BACK_PERMIT,
    PRINT_RECEIPT,
    PRINT_STRIP,
    RESTORE_CHIP,
    SUBMIT_ENDORSEMENT,
    TAKE_MONEY,
    TAKE_PERMIT,
    WRITE_CHIP,
)
from kiosk.permit_recovery import Bystander
from kiosk.platform import OrderState
from kiosk.recovery import Recovery
from kiosk.rules import Wish
from tests.trust.world import FEE_FEN, BackOfficeOrder, Cutter, PermitDesk, World, approval_of

OLD_CHIP = "0" * 64
NEW_CHIP = approval_of().chip_digest
ORDER = "330212K01TAAAAAA0000001X"


def recovery(
    w: World, desk: PermitDesk | None, cutter: Cutter | None = None, bystander: Bystander | None = None
) -> Recovery:
    return Recovery(
        w.journal, w.cashier, w.platform, w.clock,
        permit=desk, receipt=cutter, bystander=bystander, take_wait_s=20.0,
    )  # fmt: skip


async def leave(w: World, kind: str, key: str, before: dict[str, Any], became: E, **after: Any) -> None:
    """Write into the journal what a process did before it died."""
    intent = await w.journal.intend("v1", kind, key, before=before)
    if became is not E.INTENDED:
        await w.journal.conclude(intent, became, after=after)


@dataclass
class Death:
    """Where the process died: the state of each effect, None where it never began; and the true world."""

    name: str
    outcome: Outcome
    money: E | None = E.DONE
    submit: E | None = None
    chip: E | None = None
    strip: E | None = None
    undo: E | None = None
    given_up: bool = False
    delivered: bool = False
    receipt: E | None = None
    # what is true out there
    host: P = P.APPROVED
    approved: bool = False
    asked: tuple[Wish, ...] = ()
    """What was submitted; the approval is always for nothing."""
    on_strip: str = "OLD"
    on_chip: str = OLD_CHIP
    media: Media = Media.PRESENT
    takes_it: bool = True
    broken: set[str] = field(default_factory=set)
    # what must be true afterwards
    returned_fen: int = 0
    writes: tuple[int, int] = (0, 0)
    reported: tuple[bool, bool, bool] | None = None
    quarantined: set[str] = field(default_factory=set)


async def die(w: World, death: Death) -> tuple[PermitDesk, Cutter]:
    """Bring journal and world to where ``death`` says."""
    await leave(w, TAKE_PERMIT, "v1:1", {"media": "notPresent"}, E.DONE, media="present")
    if death.money is not None:
        before = {"channel": "payment_terminal", "amount_fen": FEE_FEN}
        await leave(w, TAKE_MONEY, ORDER, before, death.money, state="approved")
        w.office.orders[ORDER] = BackOfficeOrder(FEE_FEN, OrderState.PAID)
    if death.approved:
        w.office.cases["C1"], w.office.approvals["A1"] = "A1", approval_of()
    if death.submit is not None:
        items = [asdict(wish) for wish in death.asked]
        before = {"order_no": ORDER, "bill_no": "B1", "items": items}
        await leave(w, SUBMIT_ENDORSEMENT, "C1:endorse", before, death.submit, approval_no="A1")
    if death.chip is not None:
        before = {"chip_digest": OLD_CHIP}
        await leave(w, WRITE_CHIP, "A1:chip:1", before, death.chip, chip_digest=NEW_CHIP)
    if death.strip is not None:
        await leave(w, PRINT_STRIP, "A1:strip:1", {"strip_code": "OLD"}, death.strip, strip_code="STRIP-1")
    if death.undo is not None:
        await leave(w, RESTORE_CHIP, "A1:chip:undo", {"chip_digest": NEW_CHIP}, death.undo)
    if death.given_up:
        await w.journal.note("v1", "not-endorsed", approval_no="A1")
    if death.delivered:
        await leave(w, GIVE_BACK_PERMIT, "v1:1", {"media": "present"}, E.DONE, media="notPresent")
        await w.journal.note("v1", "delivered")
    if death.receipt is not None:
        await leave(w, PRINT_RECEIPT, "v1:receipt:1", {"cuts": 7}, death.receipt)
    desk = PermitDesk(death.media, strip=death.on_strip, chip=death.on_chip)
    desk.takes_it, desk.broken = death.takes_it, set(death.broken)
    return desk, Cutter(8)
