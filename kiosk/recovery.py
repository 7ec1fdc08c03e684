"""Recovery before the home screen: what a dead process left open is asked about, never repeated.

For each open visit: what became of the money, of the submission, of the two halves of the endorsement
(strip and chip), of the receipt, and where is the permit? The answers decide: delivered, refunded or
escalated; the permit goes back to its holder or into the retain bin. Each step is journalled before
the next, and every step asks first, so that recovery may itself be killed and begun again. A device
that can't be asked stays out of service by its open effect; the others open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from devices.base import DeviceError
from kiosk.clock import Clock
from kiosk.endorsement_recovery import EndorsementRecovery, Halves
from kiosk.journal import MACHINE, Effect, EffectState, Journal, Letter, Outcome, VisitRecord, blocked
from kiosk.journal.effects import (
    PAYMENT_TERMINAL,
    PRINT_RECEIPT,
    PRINT_STRIP,
    REFUND_MONEY,
    SUBMIT_ENDORSEMENT,
    TAKE_MONEY,
    WRITE_CHIP,
)
from kiosk.journal.fields import word
from kiosk.money import Cashier
from kiosk.permit_recovery import Bystander, PermitPort, PermitRecovery, taken_by_holder
from kiosk.platform import Approval, Platform, PlatformError


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
    """See the module. Ports are None where the model has no such device."""

    def __init__(
        self,
        journal: Journal,
        cashier: Cashier,
        platform: Platform,
        clock: Clock,
        *,
        permit: PermitPort | None,
        receipt: ReceiptPort | None,
        bystander: Bystander | None = None,
        take_wait_s: float = 20.0,
        poll_s: float = 0.25,
    ) -> None:
        self._journal, self._cashier, self._platform, self._clock = journal, cashier, platform, clock
        self._receipt = receipt
        self._endorsement = EndorsementRecovery(journal, permit)
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
            elif effect.kind not in (TAKE_MONEY, REFUND_MONEY, SUBMIT_ENDORSEMENT):
                await self._permit.ask_custody(record)
        return blocked(await self._journal.unresolved())

    # --- one visit ----------------------------------------------------------------------------------

    async def _recover(self, record: VisitRecord) -> Recovered:
        visit, case_no = record.visit, record.case_no
        attempt = sum(event.kind == "recovery-began" for event in record.events) + 1
        await self._journal.note(visit, "recovery-began", attempt=attempt)
        await self._ask_money(record)
        approval = await self._ask_submission(record)
        halves = await self._endorsement.ask_halves(await self._journal.visit(visit), approval)
        if approval is not None and not halves.whole and await self._endorsement.may_complete(visit, halves):
            halves = await self._endorsement.complete(visit, approval, halves)
        if approval is not None:
            await self._report(await self._journal.visit(visit), approval, halves)
        if not halves.whole:
            await self._give_money_back(await self._journal.visit(visit), approval, halves)
        expected = self._outcome(await self._journal.visit(visit), halves)
        await self._permit.ask_custody(await self._journal.visit(visit), expected)
        if halves.whole:
            await self._note_delivered(await self._journal.visit(visit))
        await self._ask_receipt(await self._journal.visit(visit))
        ended = await self._journal.visit(visit)
        outcome = self._outcome(ended, halves)
        await self._journal.end(visit, outcome, "recovered", letter=self._receipt_by_link(ended, outcome))
        return Recovered(visit, case_no, outcome)

    @staticmethod
    def _outcome(record: VisitRecord, halves: Halves) -> Outcome:
        """Return how a visit ends as things stand; whole and not yet taken, it will be delivered."""
        if record.noted("escalated") is not None:
            return Outcome.ESCALATED
        if halves.whole or record.noted("delivered") is not None:
            return Outcome.DELIVERED
        if any(effect.state is EffectState.COMPENSATED for effect in record.every(TAKE_MONEY)):
            return Outcome.REFUNDED
        return Outcome.CANCELLED

    async def _note_delivered(self, record: VisitRecord) -> None:
        """What was paid for is delivered when its holder has it; in the bin or stuck it is staff's."""
        if record.noted("delivered") is None and taken_by_holder(record):
            await self._journal.note(record.visit, "delivered")

    @staticmethod
    def _receipt_by_link(record: VisitRecord, outcome: Outcome) -> Letter | None:
        """Who has the endorsement and was never offered a receipt finds it at the back office."""
        offered = record.every(PRINT_RECEIPT) or record.noted("receipt-on-screen")
        if outcome is not Outcome.DELIVERED or offered:
            return None
        return Letter("receipt-by-link", case_no=record.case_no)

    # --- money and the case ----------------------------------------------------------------------------

    async def _ask_money(self, record: VisitRecord) -> None:
        for effect in record.every(TAKE_MONEY):
            if not effect.state.resolved:
                await self._cashier.recover(effect, record.case_no, expires_at=_expires(record, effect))

    async def _ask_submission(self, record: VisitRecord) -> Approval | None:
        """Find the case's approval: by the journal, else by asking the back office."""
        submitted = record.last(SUBMIT_ENDORSEMENT)
        if submitted is None:
            return None
        try:
            number = str(submitted.after.get("approval_no", ""))
            if not submitted.state.resolved:
                case = await self._platform.case(record.case_no)
                number = case.approval_no if case is not None else ""
                state = EffectState.DONE if number else EffectState.FAILED
                await self._journal.conclude(submitted.intent, state, after={"approval_no": number})
            return await self._platform.approval(number) if number else None
        except PlatformError as error:
            if submitted.state is EffectState.INTENDED:
                await self._journal.conclude(
                    submitted.intent, EffectState.UNKNOWN, after={"code": word(error.code)}
                )
            return None

    async def _give_money_back(self, record: VisitRecord, approval: Approval | None, halves: Halves) -> None:
        """What was not delivered is not kept; where that is not all, staff see to it."""
        submitted = record.last(SUBMIT_ENDORSEMENT)
        unsure = submitted is not None and (
            not submitted.state.resolved or (submitted.state is EffectState.DONE and approval is None)
        )
        begun = bool(record.every(PRINT_STRIP) or record.every(WRITE_CHIP))
        for effect in record.every(TAKE_MONEY):
            if effect.state is EffectState.DONE:
                if begun and not halves.known:
                    # The holder may have the whole endorsement: staff look at the permit, then decide.
                    await self._cashier.refunds.escalate(effect, record.case_no, "endorsement-unknown")
                    continue
                settlement = await self._cashier.refunds.give_back(effect, record.case_no, "interrupted")
                refunded_fen = settlement.refunded_fen
                if effect.before["channel"] == PAYMENT_TERMINAL and settlement.outcome is Outcome.REFUNDED:
                    await self._cashier.refunds.tell_of_terminal_refund(self._platform, effect)
            elif effect.state is EffectState.COMPENSATED:
                refunded_fen = int(effect.before["amount_fen"])  # went back before the power did
            else:
                continue
            if unsure or (begun and not halves.untouched):
                await self._cashier.refunds.escalate(
                    effect, record.case_no, "endorsement-half-done", refunded_fen
                )

    async def _report(self, record: VisitRecord, approval: Approval, halves: Halves) -> None:
        """Tell the back office what the permit carries; given up, it is never completed afterwards."""
        if not halves.known:
            return
        chip, strip = bool(halves.chip), bool(halves.strip)
        if not halves.whole and record.noted("not-endorsed") is None:
            await self._journal.note(record.visit, "not-endorsed", approval_no=approval.approval_no)
        try:
            await self._platform.report_outcome(
                approval.approval_no, issued=halves.whole, chip=chip, strip=strip
            )
        except PlatformError as error:
            body = {
                "approval_no": approval.approval_no,
                "chip": chip,
                "strip": strip,
                "code": word(error.code),
                "effect": SUBMIT_ENDORSEMENT,
            }
            letter = Letter("effect-failed", body, record.case_no)
            await self._journal.note(record.visit, "outcome-not-reported", letter=letter, **body)

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


def _expires(record: VisitRecord, effect: Effect) -> datetime:
    """Return when an order's code can be paid no longer, by the time of its intent."""
    wall = next(event.wall for event in record.events if event.number == effect.intent.number)
    return datetime.fromisoformat(wall) + timedelta(seconds=int(effect.before.get("lifetime_s", 0)))
