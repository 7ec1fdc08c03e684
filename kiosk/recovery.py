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
from devices.interfaces import Media
from kiosk.clock import Clock, mono_s
from kiosk.journal import MACHINE, Effect, EffectState, Journal, Letter, Outcome, VisitRecord, blocked
from kiosk.journal.effects import (
    GIVE_BACK_PERMIT,
    PAYMENT_TERMINAL,
    PRINT_RECEIPT,
    PRINT_STRIP,
    REFUND_MONEY,
    RETRACT_PERMIT,
    SUBMIT_ENDORSEMENT,
    TAKE_MONEY,
    TAKE_PERMIT,
    WRITE_CHIP,
)
from kiosk.journal.fields import word
from kiosk.money import Cashier
from kiosk.platform import Approval, Platform, PlatformError

INSIDE = frozenset({Media.PRESENT, Media.LATCHED, Media.JAMMED, Media.UNKNOWN})


class PermitPort(Protocol):
    """The permit unit as recovery asks it. Every method may raise ``devices.base.DeviceError``."""

    async def media(self) -> Media: ...

    async def strip_code(self) -> str:
        """Return the code that the strip shows, "" for none."""
        ...

    async def chip_digest(self) -> str:
        """Return the SHA-256 in hex of what the chip's endorsement file holds."""
        ...

    async def print_strip(self, approval: Approval) -> None: ...

    async def write_chip(self, approval: Approval) -> None: ...

    async def eject(self) -> None: ...

    async def retract(self) -> int:
        """Move the permit into the retain bin; return the bin's new count."""
        ...

    async def bin_count(self) -> int: ...


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


@dataclass(frozen=True, slots=True)
class _Halves:
    """What is known of the endorsement on the permit: each half done, not done, or None: not known."""

    strip: bool | None
    chip: bool | None

    @property
    def whole(self) -> bool:
        return self.strip is True and self.chip is True

    @property
    def untouched(self) -> bool:
        return self.strip is False and self.chip is False


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
        take_wait_s: float = 20.0,
        poll_s: float = 0.25,
    ) -> None:
        self._journal, self._cashier, self._platform, self._clock = journal, cashier, platform, clock
        self._permit, self._receipt = permit, receipt
        self._take_wait_s, self._poll_s = take_wait_s, poll_s

    async def run(self) -> RecoveryReport:
        """Resolve every open visit, then ask again what earlier visits left as a question."""
        done = [await self._recover(record) for record in await self._journal.open_visits()]
        await self._cashier.ask_again()
        await self.ask_devices_again()
        quarantined = blocked(await self._journal.unresolved())
        if done or quarantined:
            await self._journal.note(
                MACHINE, "recovered", resolved=len(done), quarantined=sorted(quarantined)
            )
        return RecoveryReport(tuple(done), quarantined)

    async def ask_devices_again(self) -> frozenset[str]:
        """Ask the devices about effects of ended visits; return what stays out of service."""
        for effect in await self._journal.unresolved():
            record = await self._journal.visit(effect.visit)
            if record.outcome is None:
                continue
            if effect.kind == PRINT_RECEIPT:
                await self._ask_receipt(record)
            elif effect.kind not in (TAKE_MONEY, REFUND_MONEY, SUBMIT_ENDORSEMENT):
                await self._ask_permit(record, take_wait_s=0.0)
        return blocked(await self._journal.unresolved())

    # --- one visit ----------------------------------------------------------------------------------

    async def _recover(self, record: VisitRecord) -> Recovered:
        visit, case_no = record.visit, record.case_no
        attempt = sum(event.kind == "recovery-began" for event in record.events) + 1
        await self._journal.note(visit, "recovery-began", attempt=attempt)
        await self._ask_money(record)
        approval = await self._ask_submission(record)
        halves = await self._ask_halves(await self._journal.visit(visit), approval)
        if approval is not None and not halves.whole and await self._may_complete(visit, halves):
            halves = await self._complete(visit, approval, halves)
        await self._settle(await self._journal.visit(visit), approval, halves)
        await self._ask_permit(await self._journal.visit(visit), take_wait_s=self._take_wait_s)
        await self._ask_receipt(await self._journal.visit(visit))
        outcome = self._outcome(await self._journal.visit(visit))
        await self._journal.end(visit, outcome, "recovered")
        return Recovered(visit, case_no, outcome)

    @staticmethod
    def _outcome(record: VisitRecord) -> Outcome:
        if record.noted("escalated") is not None:
            return Outcome.ESCALATED
        if record.noted("delivered") is not None:
            return Outcome.DELIVERED
        if any(effect.state is EffectState.DONE for effect in record.every(REFUND_MONEY)):
            return Outcome.REFUNDED
        return Outcome.CANCELLED

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

    async def _settle(self, record: VisitRecord, approval: Approval | None, halves: _Halves) -> None:
        """Decide what the answers mean for the money; tell the back office."""
        if record.noted("delivered") is not None:
            return
        submitted = record.last(SUBMIT_ENDORSEMENT)
        unsure = submitted is not None and (
            not submitted.state.resolved or (submitted.state is EffectState.DONE and approval is None)
        )
        if approval is not None:
            await self._report(record, approval, halves)
        taken = [effect for effect in record.every(TAKE_MONEY) if effect.state is EffectState.DONE]
        if halves.whole:
            await self._journal.note(record.visit, "delivered")
            return
        begun = bool(record.every(PRINT_STRIP) or record.every(WRITE_CHIP))
        for effect in taken:
            if begun and None in (halves.strip, halves.chip):
                # The holder may have the whole endorsement: staff look at the permit, then decide.
                await self._cashier.refunds.escalate(effect, record.case_no, "endorsement-unknown")
                continue
            settlement = await self._cashier.refunds.give_back(effect, record.case_no, "interrupted")
            if effect.before["channel"] == PAYMENT_TERMINAL and settlement.outcome is Outcome.REFUNDED:
                await self._cashier.refunds.tell_of_terminal_refund(self._platform, effect)
            if unsure or (begun and not halves.untouched):
                await self._cashier.refunds.escalate(
                    effect, record.case_no, "endorsement-half-done", settlement.refunded_fen
                )

    async def _report(self, record: VisitRecord, approval: Approval, halves: _Halves) -> None:
        if None in (halves.strip, halves.chip):
            return
        chip, strip = bool(halves.chip), bool(halves.strip)
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

    # --- the two halves -------------------------------------------------------------------------------

    async def _ask_halves(self, record: VisitRecord, approval: Approval | None) -> _Halves:
        """Read strip and chip, when the permit is inside, and conclude what was open about them."""
        strip, chip = record.last(PRINT_STRIP), record.last(WRITE_CHIP)
        known = _Halves(_as_journalled(strip), _as_journalled(chip))
        if approval is None or self._permit is None or record.noted("delivered") is not None:
            return known
        try:
            if await self._permit.media() not in INSIDE:
                return known
            code, digest = await self._permit.strip_code(), await self._permit.chip_digest()
        except DeviceError:
            return known
        found = _Halves(code == approval.strip_code, digest == approval.chip_digest)
        await self._conclude_half(strip, bool(found.strip), {"strip_code": word(code)})
        await self._conclude_half(chip, bool(found.chip), {"chip_digest": digest})
        return found

    async def _conclude_half(self, effect: Effect | None, done: bool, after: dict[str, str]) -> None:
        if effect is not None and not effect.state.resolved:
            state = EffectState.DONE if done else EffectState.FAILED
            await self._journal.conclude(effect.intent, state, after=after)

    async def _may_complete(self, visit: str, halves: _Halves) -> bool:
        """Tell whether the missing half may be done: asked, not done, paid, and the permit inside."""
        record = await self._journal.visit(visit)
        paid = any(effect.state is EffectState.DONE for effect in record.every(TAKE_MONEY))
        if not paid or None in (halves.strip, halves.chip) or record.every(REFUND_MONEY):
            return False
        if self._permit is None or record.noted("delivered") is not None:
            return False
        try:
            return await self._permit.media() in (Media.PRESENT, Media.LATCHED)
        except DeviceError:
            return False

    async def _complete(self, visit: str, approval: Approval, halves: _Halves) -> _Halves:
        """Do what is missing: asked before, it is the first time that it happens."""
        assert self._permit is not None
        permit, number = self._permit, approval.approval_no
        record = await self._journal.visit(visit)
        strip, chip = halves.strip, halves.chip
        try:
            if not strip:
                key = f"{number}:strip:{len(record.every(PRINT_STRIP)) + 1}r"
                before = {"strip_code": word(await permit.strip_code())}
                async with self._journal.acting(visit, PRINT_STRIP, key, before=before) as act:
                    strip = None
                    await permit.print_strip(approval)
                    code = await permit.strip_code()
                    strip = code == approval.strip_code
                    act.after["strip_code"] = word(code)
                    if not strip:
                        act.failed(strip_code=word(code))
            if strip and not chip:
                key = f"{number}:chip:{len(record.every(WRITE_CHIP)) + 1}r"
                before = {"chip_digest": await permit.chip_digest()}
                async with self._journal.acting(visit, WRITE_CHIP, key, before=before) as act:
                    chip = None
                    await permit.write_chip(approval)
                    digest = await permit.chip_digest()
                    chip = digest == approval.chip_digest
                    act.after["chip_digest"] = digest
                    if not chip:
                        act.failed(chip_digest=digest)
        except DeviceError:
            return await self._ask_halves(await self._journal.visit(visit), approval)
        return _Halves(strip, chip)

    # --- the permit -----------------------------------------------------------------------------------

    async def _ask_permit(self, record: VisitRecord, *, take_wait_s: float) -> None:
        """Find the permit, conclude what was open about it, and give it back or retract it."""
        open_effects = [
            effect
            for effect in record.effects
            if effect.kind in (TAKE_PERMIT, GIVE_BACK_PERMIT, RETRACT_PERMIT, PRINT_STRIP, WRITE_CHIP)
            and not effect.state.resolved
        ]
        if self._permit is None or not (open_effects or _holds_permit(record)):
            return
        try:
            media, count = await self._permit.media(), await self._permit.bin_count()
        except DeviceError as error:
            await self._permit_unknown(record, error)
            return
        for effect in open_effects:
            await self._conclude_permit(record, effect, media, count)
        if media is not Media.NOT_PRESENT:
            await self._return_permit(await self._journal.visit(record.visit), media, take_wait_s)

    async def _conclude_permit(self, record: VisitRecord, effect: Effect, media: Media, count: int) -> None:
        """Conclude an open effect by where the permit is and how many are in the bin."""
        gone = media is Media.NOT_PRESENT
        evidence: dict[str, str | int] = {"media": media.value}
        letter = None
        if effect.kind == TAKE_PERMIT:
            state = EffectState.FAILED if gone else EffectState.DONE
        elif effect.kind == GIVE_BACK_PERMIT:
            state = EffectState.DONE if gone else EffectState.FAILED
        elif effect.kind == RETRACT_PERMIT:
            state = EffectState.DONE if count > int(effect.before["bin_count"]) else EffectState.FAILED
            evidence = {"bin_count": count}
            if state is EffectState.DONE:
                letter = Letter("permit-retained", {"device": "permit_unit", **evidence}, record.case_no)
        else:
            # Strip and chip were asked before if they could be; what is open now is staff's already.
            state, evidence["reason"] = EffectState.COMPENSATED, "escalated"
        await self._journal.conclude(effect.intent, state, after=evidence, letter=letter)

    async def _return_permit(self, record: VisitRecord, media: Media, take_wait_s: float) -> None:
        assert self._permit is not None
        visit, permit = record.visit, self._permit
        key = f"{visit}:{len(record.every(GIVE_BACK_PERMIT)) + 1}r"
        try:
            if take_wait_s > 0:
                before = {"media": media.value}
                async with self._journal.acting(visit, GIVE_BACK_PERMIT, key, before=before) as act:
                    await permit.eject()
                    media = await self._wait_until_taken(permit, take_wait_s)
                    act.after["media"] = media.value
                    if media is not Media.NOT_PRESENT:
                        act.failed(media=media.value)
                if media is Media.NOT_PRESENT:
                    return
            count = await permit.bin_count()
            key = f"{visit}:{len(record.every(RETRACT_PERMIT)) + 1}r"
            async with self._journal.acting(visit, RETRACT_PERMIT, key, before={"bin_count": count}) as act:
                act.after["bin_count"] = await permit.retract()
            body = {"device": "permit_unit", "bin_count": act.after["bin_count"]}
            letter = Letter("permit-retained", body, record.case_no)
            await self._journal.note(visit, "permit-retained", letter=letter, **body)
        except DeviceError as error:
            await self._permit_unknown(record, error)

    async def _wait_until_taken(self, permit: PermitPort, seconds: float) -> Media:
        end_s = mono_s(self._clock) + seconds
        while True:
            media = await permit.media()
            if media is Media.NOT_PRESENT or mono_s(self._clock) >= end_s:
                return media
            await self._clock.sleep(self._poll_s)

    async def _permit_unknown(self, record: VisitRecord, error: DeviceError) -> None:
        """Leave an open effect, which keeps the unit out of service, and hand the case to staff."""
        visit = record.visit
        now = await self._journal.visit(visit)
        if not any(
            not effect.state.resolved and effect.kind in (GIVE_BACK_PERMIT, RETRACT_PERMIT)
            for effect in now.effects
        ):
            key = f"{visit}:{len(now.every(GIVE_BACK_PERMIT)) + 1}r"
            intent = await self._journal.intend(
                visit, GIVE_BACK_PERMIT, key, before={"media": Media.UNKNOWN.value}
            )
            await self._journal.conclude(intent, EffectState.UNKNOWN, after={"code": word(error.code)})
        if now.noted("escalated") is None:
            body = {"reason": "permit-inside", "device": "permit_unit", "code": word(error.code)}
            letter = Letter("escalation", body, record.case_no)
            await self._journal.note(visit, "escalated", letter=letter, **body)

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


def _as_journalled(effect: Effect | None) -> bool | None:
    """Return whether a half is done as far as the journal knows; without an effect it is not."""
    if effect is None:
        return False
    if not effect.state.resolved:
        return None
    return effect.state is EffectState.DONE


def _holds_permit(record: VisitRecord) -> bool:
    """Tell whether a permit went in and neither came out nor went into the bin."""
    inside = False
    for effect in record.effects:
        if effect.state is EffectState.DONE and effect.kind == TAKE_PERMIT:
            inside = True
        elif effect.state is EffectState.DONE and effect.kind in (GIVE_BACK_PERMIT, RETRACT_PERMIT):
            inside = False
    return inside


def _expires(record: VisitRecord, effect: Effect) -> datetime:
    """Return when an order's code can be paid no longer, by the time of its intent."""
    wall = next(event.wall for event in record.events if event.number == effect.intent.number)
    return datetime.fromisoformat(wall) + timedelta(seconds=int(effect.before.get("lifetime_s", 0)))
