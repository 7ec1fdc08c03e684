"""The end of a visit, however its script ended.

The person is told what happened in a sentence, the permit goes back to its holder or into the bin; then
who is still there may rate a visit that has a case. Whoever is turned away before there is one had no
service yet, and goes straight on to where they get it.
"""

from __future__ import annotations

import asyncio

from devices.base import DeviceError
from kiosk.http import PlatformError, Unreachable
from kiosk.journal.effects import TAKE_MONEY
from kiosk.journal.records import EffectState, JournalFailed, Letter, Outcome, VisitRecord
from kiosk.prompts import Action, Notice, Tone
from kiosk.report import amount_of, money_of
from kiosk.stage import Surroundings
from kiosk.steps.farewell import ask_rating
from kiosk.steps.id_card import ask_to_take_id_card
from kiosk.steps.permit import RETAINED, give_back_permit
from kiosk.texts import Text, text
from kiosk.visit import MAINTENANCE, NOBODY_THERE, Back, Closed, Leave, Refused, Visit


async def go_through(visit: Visit) -> tuple[Outcome, str]:
    """Run the service's script; return how the visit ended, with a word for the log.

    Raises ``JournalFailed``: then nothing more can be done that counts.
    """
    window = text("refused.go-to-window")
    try:
        await visit.service.script(visit)
    except JournalFailed:
        raise
    except (Leave, Back) as left:
        return await _left(visit, left.reason if isinstance(left, Leave) else "cancelled")
    except Refused as refused:
        return await _refused(visit, refused.code, refused.why, refused.what_now)
    except Closed as closed:
        return await _closed(visit, closed)
    except PlatformError as error:
        visit.house.office_answered(ready=not isinstance(error, Unreachable))
        return await _refused(visit, f"back-office:{error.code}", text("trouble.platform.why"), window)
    except DeviceError as error:
        why = visit.house.faults.sentence(error)
        return await _refused(visit, f"{error.device}:{error.code}", why, window)
    except Exception as error:  # the last door: whatever went wrong, the person gets a sentence
        visit.house.events.unexpected(error, visit.number)
        return await _refused(visit, "internal", text("trouble.internal.why"), window)
    return Outcome.DELIVERED, ""


async def say_it_starts_again(visit: Visit) -> None:
    """Say that the machine has to start again: what can't be written down is not done any more.

    The process ends after it. The start that follows asks what became of money and permit.
    """
    house = visit.house
    house.stage.show(
        Notice(
            "starting-again",
            text("starting-again.question"),
            paragraphs=(
                text("starting-again.body"),
                text("help.hotline", hotline=house.site.hotline),
            ),
            tone=Tone.STOPPED,
            case=visit.case_no,
        ),
        Surroundings(can_help=False),
    )
    await asyncio.sleep(house.times.closing_s)


async def _left(visit: Visit, reason: str) -> tuple[Outcome, str]:
    if reason == MAINTENANCE:
        await _tell(visit, _ended_for_staff(visit), for_s=visit.house.times.closing_s)
    held = await _return_permit(visit)
    if reason == RETAINED:
        held = await _say_it_is_kept(visit)
    await _part(visit, held, there=reason not in (NOBODY_THERE, MAINTENANCE))
    if held is not None:
        return Outcome.ESCALATED, held
    record = await visit.house.journal.visit(visit.number)
    paid_fen, refunded_fen = money_of(record.effects)
    returned = paid_fen > 0 and paid_fen == refunded_fen
    return (Outcome.REFUNDED if returned else Outcome.CANCELLED), reason


def _ended_for_staff(visit: Visit) -> Notice:
    return Notice(
        "visit-ended",
        text("maintenance.visit-ended.why"),
        paragraphs=(text("maintenance.visit-ended.what-now"), text("refused.go-to-window")),
        actions=(Action("ok", text("refused.finish")),),
        tone=Tone.NEEDS_YOU,
        case=visit.case_no,
    )


async def _refused(visit: Visit, code: str, why: Text, what_now: Text) -> tuple[Outcome, str]:
    done = "refused.take-documents" if visit.held.permit else "refused.finish"
    there = await _tell(
        visit,
        Notice(
            "refused",
            why,
            paragraphs=(visit.held.stands or what_now,),
            actions=(Action("ok", text(done)),),
            tone=Tone.NEEDS_YOU,
            case=visit.case_no,
        ),
    )
    held = await _return_permit(visit)
    await _part(visit, held, there=there)
    return (Outcome.REFUSED, code) if held is None else (Outcome.ESCALATED, f"{code}:{held}")


async def _closed(visit: Visit, closed: Closed) -> tuple[Outcome, str]:
    house = visit.house
    record = await house.journal.visit(visit.number)
    refunded = closed.outcome is Outcome.REFUNDED
    there = await _tell(
        visit,
        Notice(
            "refunded" if refunded else "escalated",
            text("closed.refunded.question" if refunded else "closed.escalated.question"),
            paragraphs=(closed.why, of_the_money(record, refunded=refunded, hotline=house.site.hotline)),
            actions=(Action("ok", text("closed.ok")),),
            tone=Tone.STOPPED,
            case=visit.case_no,
            code=f"{house.receipt_url}{visit.case_no}",
        ),
    )
    held = await _return_permit(visit)
    await _part(visit, held, there=there)
    if held is not None:
        return Outcome.ESCALATED, f"{closed.reason}:{held}"
    return closed.outcome, closed.reason


def of_the_money(record: VisitRecord, *, refunded: bool, hotline: str) -> Text:
    """Return the sentence about the money of a visit that was paid for and not delivered."""

    def fen(*states: EffectState) -> int:
        return amount_of(effect for effect in record.every(TAKE_MONEY) if effect.state in states)

    given_back_fen = fen(EffectState.COMPENSATED)
    if refunded:
        return text("closed.refunded.body", amount=given_back_fen)
    kept_fen, unsure_fen = fen(EffectState.DONE), fen(EffectState.INTENDED, EffectState.UNKNOWN)
    if kept_fen:
        return text("closed.escalated.body", amount=kept_fen, hotline=hotline)
    if unsure_fen:
        return text("closed.escalated.unsure", amount=unsure_fen, hotline=hotline)
    if given_back_fen:
        return text("closed.escalated.given-back", amount=given_back_fen, hotline=hotline)
    return text("closed.escalated.nothing-paid", hotline=hotline)


async def _part(visit: Visit, held: str | None, *, there: bool) -> None:
    """See the person off: their ID card, and a rating where there is a case. ``held`` as of the permit."""
    if held == RETAINED:
        return  # nobody came for the permit
    taken = await ask_to_take_id_card(visit)
    if there and taken and visit.has_case:
        await ask_rating(visit)


async def _tell(visit: Visit, notice: Notice, for_s: float | None = None) -> bool:
    """Show the last sentence until it is put away, or long enough to be read; true when it was put away."""
    visit.held.money = visit.held.working = False
    try:
        async with asyncio.timeout(for_s or visit.house.times.idle_s):
            await visit.ask(notice, idle=False, leave=False)
    except (TimeoutError, Leave, Back):
        return False
    return True


async def _return_permit(visit: Visit) -> str | None:
    """Give the permit back. Returns a word when the person goes without it: retained, or stuck."""
    if not visit.held.permit:
        return None
    try:
        if await give_back_permit(visit):
            return None
        return await _say_it_is_kept(visit)
    except DeviceError as error:
        await _tell(visit, _without_permit(visit, "permit-held"))
        return await _escalate(visit, "permit-held", error.code)


async def _say_it_is_kept(visit: Visit) -> str:
    """Hand a permit that nobody took to staff, and stay a while for who turns round; returns the reason."""
    held = await _escalate(visit, RETAINED, "")
    await _tell(visit, _without_permit(visit, RETAINED))
    return held


def _without_permit(visit: Visit, name: str) -> Notice:
    """Say where the permit is that its holder goes without, ``name``: held, or retained."""
    return Notice(
        name,
        text("closed.escalated.question"),
        paragraphs=(text(f"closed.{name}"), text("help.hotline", hotline=visit.house.site.hotline)),
        actions=(Action("ok", text("closed.ok")),),
        tone=Tone.STOPPED,
        case=visit.case_no,
    )


async def _escalate(visit: Visit, reason: str, code: str) -> str:
    """Hand the permit's case to staff; returns the reason."""
    body = {"reason": reason, "device": "permit_unit", "code": code}
    letter = Letter("escalation", body, visit.case_no)
    await visit.house.journal.note(visit.number, "escalated", letter=letter, **body)
    return reason
