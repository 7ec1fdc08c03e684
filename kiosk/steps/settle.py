"""From an approved payment to a permit that carries what was paid for; and what if it does not.

Everything between paying and having stands here: submitting, endorsing, giving back. It ends as
delivered, refunded or escalated, and the back office is told which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from devices.base import DeviceError
from kiosk.journal import effects
from kiosk.journal.records import JournalFailed, Letter, Outcome
from kiosk.money import NotDelivered, Paid, Payment
from kiosk.platform import Approval, PlatformError, Refused
from kiosk.prompts import Working
from kiosk.rules import Wish
from kiosk.steps.endorse import DIFFERS, NotEndorsed, endorse_permit, put_chip_back
from kiosk.steps.farewell import ask_rating
from kiosk.steps.permit import RETAINED, Permit, give_back_permit
from kiosk.steps.submitting import submitting
from kiosk.texts import Text, text
from kiosk.visit import Closed, Visit

SUBMIT_ESTIMATE_S = 4


async def deliver(visit: Visit, payment: Payment, permit: Permit, wishes: Sequence[Wish]) -> Approval:
    """Submit, endorse and give the permit back; returns the approval once the person has taken it.

    Raises ``Closed`` when the money went back, or staff have to settle the case.
    """
    why = text("closed.device")
    made: Approval | None = None
    paid = visit.house.cashier.paid(payment)
    _tell_submitting(visit, 0)
    try:
        async with paid:
            try:
                approval = await _submit(visit, payment, permit, wishes)
                await _require_what_was_asked(visit, approval, wishes)
                await _endorse(visit, paid, permit, approval)
                made = approval
                await ask_rating(visit)
                why = await _hand_over(visit, paid)
            except NotEndorsed as failure:
                why = _why_not(failure)
                raise
            except Refused:
                why = text("closed.not-approved")
                raise
            except PlatformError:
                why = text("closed.back-office")
                raise
    except (NotEndorsed, PlatformError, DeviceError, NotDelivered) as error:
        raise closed(paid, str(getattr(error, "code", "not-delivered")), why) from error
    finally:
        visit.held.money = False
        if made is not None:
            await _report(visit, made, issued=True, chip=True, strip=True)
    if paid.settlement is None or paid.settlement.outcome is not Outcome.DELIVERED:
        raise closed(paid, _escalated_for(paid), why)
    return approval


async def _hand_over(visit: Visit, paid: Paid) -> Text:
    """Give the endorsed permit back; returns the sentence for one that its holder does not have now.

    A permit that stays in the machine carries what was paid for: the money stays too, and staff hand
    it over against the case number.
    """
    try:
        if await give_back_permit(visit):
            await paid.delivered()
        else:
            await paid.escalate(RETAINED, give_back=False)
    except DeviceError as error:
        await paid.escalate(error.code, give_back=False)
        return text("closed.permit-held")
    return text("closed.permit-retained")


def _escalated_for(paid: Paid) -> str:
    return paid.settlement.reason if paid.settlement is not None else RETAINED


async def _submit(visit: Visit, payment: Payment, permit: Permit, wishes: Sequence[Wish]) -> Approval:
    """Submit the paid case; the same key asks for the same answer after a lost reply."""
    _tell_submitting(visit, 1)
    before = {
        "order_no": payment.order_no,
        "bill_no": payment.bill.bill_no,
        "items": [asdict(wish) for wish in wishes],
    }
    async with submitting(visit, effects.SUBMIT_ENDORSEMENT, "endorse", before=before) as act:
        approval = await visit.house.platform.endorse(
            payment.bill, payment.order_no, permit_number=permit.number, wishes=wishes
        )
        act.after["approval_no"] = approval.approval_no
    return approval


async def _require_what_was_asked(visit: Visit, approval: Approval, wishes: Sequence[Wish]) -> None:
    """Raise ``NotEndorsed`` for an approval of something else, before anything is on the permit.

    Whose it is nobody knows, so the back office is not told that it failed: staff are, of the case.
    """
    if approval.grants(wishes):
        return
    visit.house.events.event("paper-differs", visit=visit.number, reason=DIFFERS)
    body = {"approval_no": approval.approval_no, "code": DIFFERS}
    letter = Letter("effect-failed", body, visit.case_no)
    await visit.house.journal.note(visit.number, "not-endorsed", letter=letter, **body)
    raise NotEndorsed(DIFFERS, chip=False, strip=False)


def _why_not(failure: NotEndorsed) -> Text:
    if failure.code == DIFFERS:
        return text("closed.approval-differs")
    return text("closed.strip-failed" if failure.chip or failure.strip else "closed.chip-refused")


async def _endorse(visit: Visit, paid: Paid, permit: Permit, approval: Approval) -> None:
    """Endorse; when that fails undo what can be undone and tell the back office what the permit carries."""
    try:
        await _try_to_endorse(visit, permit, approval)
    except NotEndorsed as failure:
        chip = failure.chip
        if chip:
            async with visit.working():
                chip = not await put_chip_back(visit, permit, approval)
        # Noted before the back office hears of it: what it knows as failed is never completed afterwards.
        body = {"approval_no": approval.approval_no, "code": failure.code}
        letter = Letter("effect-failed", body, visit.case_no)
        await visit.house.journal.note(visit.number, "not-endorsed", letter=letter, **body)
        await _report(visit, approval, issued=False, chip=chip, strip=failure.strip)
        if chip or failure.strip or failure.erased:
            # The permit no longer looks as it came: the money goes back, and staff must see to it.
            await paid.escalate(failure.code, give_back=True)
        raise


async def _try_to_endorse(visit: Visit, permit: Permit, approval: Approval) -> None:
    """Endorse; raises ``NotEndorsed``, also for what nobody foresaw: then anything may be on the permit."""
    try:
        await endorse_permit(visit, permit, approval)
    except (NotEndorsed, JournalFailed):
        raise
    except Exception as error:
        visit.house.events.unexpected(error, visit.number)
        raise NotEndorsed("internal", chip=True, strip=True, erased=True) from error


async def _report(visit: Visit, approval: Approval, *, issued: bool, chip: bool, strip: bool) -> None:
    """Tell the back office how the approval ended; when it can't be reached, by a letter."""
    try:
        with visit.meter.devices():
            await visit.house.platform.report_outcome(
                approval.approval_no, issued=issued, chip=chip, strip=strip
            )
    except PlatformError:
        state = {"approval_no": approval.approval_no, "status": "issued" if issued else "failed"}
        await visit.house.journal.post(
            Letter("endorsement-outcome", {**state, "chip": chip, "strip": strip}, visit.case_no)
        )


def closed(paid: Paid, reason: str, why: Text) -> Closed:
    """Return what ends a visit whose payment was settled in another way than by delivering."""
    settlement = paid.settlement
    outcome = settlement.outcome if settlement and settlement.outcome else Outcome.ESCALATED
    return Closed(outcome, reason, why)


def _tell_submitting(visit: Visit, done: int) -> None:
    prompt = Working(
        "submitting",
        text("submit.question"),
        steps=(text("submit.step.pay"), text("submit.step.approve")),
        done=done,
        seconds_left=SUBMIT_ESTIMATE_S,
        seconds_total=SUBMIT_ESTIMATE_S,
        if_it_fails=text("endorse.if-it-fails"),
    )
    if done:
        visit.update(prompt)
    else:
        visit.tell(prompt)
