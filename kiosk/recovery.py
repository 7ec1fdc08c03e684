"""Recovery before the home screen: what a dead process left open is asked about, never repeated.

For each open visit: what became of the money, of what the person came for (``GoodsRecovery``, one a
service), of the receipt, and where is the permit? The answers decide: delivered, refunded or
escalated; the permit goes back to its holder or into the retain bin. Each step is journalled before
the next, and every step asks first, so that recovery may itself be killed and begun again. A device
that can't be asked stays out of service by its open effect; the others open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from devices.base import DeviceError
from kiosk.clock import Clock
from kiosk.endorsement_recovery import EndorsementGoods
from kiosk.goods_recovery import Goods, GoodsRecovery, GoodsState, NoGoods
from kiosk.journal import MACHINE, EffectState, Journal, Letter, Outcome, VisitRecord, blocked
from kiosk.journal.effects import PAYMENT_TERMINAL, PRINT_RECEIPT, REFUND_MONEY, TAKE_MONEY
from kiosk.late_orders import expires
from kiosk.money import Cashier
from kiosk.permit_recovery import AT_THE_UNIT, Bystander, PermitPort, PermitRecovery
from kiosk.platform import Platform


class ReceiptPort(Protocol):
    """The receipt printer as recovery asks it. May raise ``devices.base.DeviceError``."""

    async def cuts(self) -> int:
        """Return the maintenance counter of the cutter."""
        ...


@dataclass(frozen=True, slots=True)
class Recovered:
    """One visit that was open, and how it ended."""

    visit: str
    case_no: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What recovery did, and the devices and channels that stay out of service."""

    visits: tuple[Recovered, ...]
    quarantined: frozenset[str]


class Recovery:
    """See the module. Ports are None where the model has no such device.

    ``goods`` are those of the services by name, besides the endorsement's.
    """

    def __init__(
        self,
        journal: Journal,
        cashier: Cashier,
        platform: Platform,
        clock: Clock,
        *,
        permit: PermitPort | None,
        receipt: ReceiptPort | None,
        goods: Mapping[str, GoodsRecovery] | None = None,
        bystander: Bystander | None = None,
        take_wait_s: float = 20.0,
        poll_s: float = 0.25,
    ) -> None:
        self._journal, self._cashier, self._platform, self._clock = journal, cashier, platform, clock
        self._receipt = receipt
        self._goods: Mapping[str, GoodsRecovery] = {
            "endorsement": EndorsementGoods(journal, platform, permit),
            **(goods or {}),
        }
        self._permit = PermitRecovery(
            journal, clock, permit, bystander, take_wait_s=take_wait_s, poll_s=poll_s
        )

    async def run(self) -> RecoveryReport:
        """Resolve every open visit, and ask the devices what earlier visits left as a question.

        Money of earlier visits is not waited for here: ``ask_money_again`` asks about it later.
        """
        done = [await self._recover(record) for record in await self._journal.open_visits()]
        quarantined = await self._ask_devices()
        if done or quarantined:
            await self._journal.note(
                MACHINE, "recovered", resolved=len(done), quarantined=sorted(quarantined)
            )
        return RecoveryReport(tuple(done), quarantined)

    async def ask_money_again(self) -> None:
        """Ask again about money of ended visits, and give back what was taken; at any time."""
        await self._cashier.ask_again()

    async def ask_devices_again(self) -> frozenset[str]:
        """Ask the devices again what ended visits left; return what stays out of service.

        Only between visits: a permit that is inside then belongs to nobody who stands there.
        """
        return await self._ask_devices()

    async def _ask_devices(self) -> frozenset[str]:
        for effect in await self._journal.unresolved():
            record = await self._journal.visit(effect.visit)
            if record.outcome is None:
                continue
            if effect.kind == PRINT_RECEIPT:
                await self._ask_receipt(record)
            elif effect.kind in AT_THE_UNIT:
                await self._permit.ask_custody(record)
            elif effect.kind not in (TAKE_MONEY, REFUND_MONEY):
                await self._goods_of(record).ask_again(record)
        return blocked(await self._journal.unresolved())

    # --- one visit ----------------------------------------------------------------------------------

    async def _recover(self, record: VisitRecord) -> Recovered:
        visit, case_no = record.visit, record.case_no
        attempt = sum(event.kind == "recovery-began" for event in record.events) + 1
        await self._journal.note(visit, "recovery-began", attempt=attempt)
        await self._ask_money(record)
        goods = await self._goods_of(record).settle(visit)
        if not goods.whole:
            await self._give_money_back(await self._journal.visit(visit), goods)
        expected = self._outcome(await self._journal.visit(visit), goods)
        await self._permit.ask_custody(await self._journal.visit(visit), expected)
        if goods.whole:
            await self._note_delivered(await self._journal.visit(visit))
        await self._ask_receipt(await self._journal.visit(visit))
        ended = await self._journal.visit(visit)
        outcome = self._outcome(ended, goods)
        await self._journal.end(visit, outcome, "recovered", letter=self._receipt_by_link(ended, outcome))
        return Recovered(visit, case_no, outcome)

    def _goods_of(self, record: VisitRecord) -> GoodsRecovery:
        return self._goods.get(record.service) or NoGoods()

    @staticmethod
    def _outcome(record: VisitRecord, goods: Goods) -> Outcome:
        """Return how a visit ends as things stand; whole and not yet taken, it will be delivered."""
        if record.noted("escalated") is not None:
            return Outcome.ESCALATED
        if goods.whole or record.noted("delivered") is not None:
            return Outcome.DELIVERED
        if any(effect.state is EffectState.COMPENSATED for effect in record.every(TAKE_MONEY)):
            return Outcome.REFUNDED
        return Outcome.CANCELLED

    async def _note_delivered(self, record: VisitRecord) -> None:
        """What was paid for is delivered when its holder has it; in the bin or stuck it is staff's."""
        if record.noted("delivered") is None and self._goods_of(record).taken(record):
            await self._journal.note(record.visit, "delivered")

    @staticmethod
    def _receipt_by_link(record: VisitRecord, outcome: Outcome) -> Letter | None:
        """Who has the goods and was never offered a receipt finds it at the back office."""
        offered = record.every(PRINT_RECEIPT) or record.noted("receipt-on-screen")
        if outcome is not Outcome.DELIVERED or offered:
            return None
        return Letter("receipt-by-link", case_no=record.case_no)

    # --- money ----------------------------------------------------------------------------

    async def _ask_money(self, record: VisitRecord) -> None:
        for effect in record.every(TAKE_MONEY):
            if not effect.state.resolved:
                await self._cashier.recover(effect, record.case_no, expires_at=expires(record, effect))

    async def _give_money_back(self, record: VisitRecord, goods: Goods) -> None:
        """What was not delivered is not kept; where that is not all, staff see to it."""
        refunds = self._cashier.refunds
        for effect in record.every(TAKE_MONEY):
            if effect.state is EffectState.DONE:
                if goods.state is GoodsState.UNKNOWN:
                    await refunds.escalate(effect, record.case_no, goods.reason)
                    continue
                settlement = await refunds.give_back(effect, record.case_no, "interrupted")
                refunded_fen, returned = settlement.refunded_fen, settlement.outcome is Outcome.REFUNDED
            elif effect.state is EffectState.COMPENSATED:
                # Went back before the power did; whether that was still told nobody knows.
                refunded_fen, returned = int(effect.before["amount_fen"]), record.was_done(effect)
            else:
                continue
            if returned and effect.before["channel"] == PAYMENT_TERMINAL:
                await refunds.tell_of_terminal_refund(self._platform, effect)
            if goods.state in (GoodsState.HALF, GoodsState.UNKNOWN):
                await refunds.escalate(effect, record.case_no, goods.reason, refunded_fen)

    # --- the receipt ----------------------------------------------------------------------------------

    async def _ask_receipt(self, record: VisitRecord) -> None:
        """A receipt that was cut counts as printed; one that wasn't is offered by the back office."""
        for effect in record.every(PRINT_RECEIPT):
            if effect.state.resolved or self._receipt is None:
                continue
            try:
                cuts = await self._receipt.cuts()
            except DeviceError:
                continue
            if cuts > int(effect.before["cuts"]):
                await self._journal.conclude(effect.intent, EffectState.DONE, after={"cuts": cuts})
            else:
                letter = Letter("receipt-by-link", case_no=record.case_no)
                await self._journal.conclude(
                    effect.intent, EffectState.FAILED, after={"cuts": cuts}, letter=letter
                )
