"""What recovery does about traffic violations: ask the desk what it decided, took down and booked.

A decision that was made is never undone: it can be paid until its days are over. Fines that were paid are
asked about and never booked again: booked, the payment is delivered; surely not booked, the money goes
back and the decisions stay unpaid; not known, staff look before any money moves.
"""

from __future__ import annotations

from collections.abc import Mapping

from kiosk.goods_recovery import NO_GOODS, Goods, GoodsState
from kiosk.job_recovery import PrinterPort, PrintJobs
from kiosk.journal import Effect, EffectState, Journal, Letter, VisitRecord
from kiosk.journal.effects import PRINT_RECEIPT, SETTLE_FINES, SUBMIT_DECISION, SUBMIT_OBJECTION
from kiosk.journal.fields import word
from kiosk.left_documents import note_if_left, printed
from kiosk.platform import PlatformError, Refused
from kiosk.traffic_office import Handled, TrafficOffice

NOT_PRINTED = "decision-not-printed"
UNKNOWN = "settlement-unknown"


class TrafficGoods:
    """``GoodsRecovery`` of traffic violations: decisions, objections, and booked fines."""

    def __init__(self, journal: Journal, office: TrafficOffice, printer: PrinterPort) -> None:
        self._journal, self._office, self._jobs = journal, office, PrintJobs(journal, printer)

    async def settle(self, visit: str) -> Goods:
        """Ask about everything that is open in a dead visit; return whether its fines are booked."""
        await self._jobs.ask(await self._journal.visit(visit))
        await self._ask(await self._journal.visit(visit))
        record = await self._journal.visit(visit)
        await self._tell_of_paper(record)
        await note_if_left(self._journal, record)
        booking = record.last(SETTLE_FINES)
        if booking is None:
            return NO_GOODS
        if booking.state is EffectState.DONE:
            await self._tell_of_receipt(record, booking)
            return Goods(GoodsState.WHOLE)
        if booking.state is EffectState.FAILED:
            return NO_GOODS
        return Goods(GoodsState.UNKNOWN, UNKNOWN)

    async def ask_again(self, record: VisitRecord) -> None:
        """Ask the desk, back again, about what an ended visit left as a question."""
        await self._jobs.ask(record)
        await note_if_left(self._journal, await self._journal.visit(record.visit))
        await self._ask(record)

    def taken(self, record: VisitRecord) -> bool:
        """Tell whether the fines are booked: there is nothing to take."""
        return True

    async def _ask(self, record: VisitRecord) -> None:
        kinds = (SUBMIT_DECISION, SUBMIT_OBJECTION, SETTLE_FINES)
        effects = [effect for effect in record.effects if effect.kind in kinds and not effect.state.resolved]
        if not effects:
            return
        try:
            handled = await self._office.handled(record.case_no)
        except Refused as refused:
            if refused.status != 404:
                await self._not_known(effects, refused.code)
                return
            handled = Handled({}, {}, ())
        except PlatformError as error:
            await self._not_known(effects, error.code)
            return
        for effect in effects:
            after = _found(effect, handled)
            state = EffectState.DONE if after else EffectState.FAILED
            letter = _owed(record, effect, after)
            await self._journal.conclude(effect.intent, state, after=after, letter=letter)

    async def _not_known(self, effects: list[Effect], code: str) -> None:
        for effect in effects:
            if effect.state is EffectState.INTENDED:
                await self._journal.conclude(effect.intent, EffectState.UNKNOWN, after={"code": word(code)})

    async def _tell_of_receipt(self, record: VisitRecord, booking: Effect) -> None:
        """Whom the power left without the receipt finds it at the back office."""
        printed = any(paper.intent.number > booking.intent.number for paper in record.every(PRINT_RECEIPT))
        # Without any paper at all recovery itself tells of it.
        if not printed and record.every(PRINT_RECEIPT) and record.noted("receipt-on-screen") is None:
            letter = Letter("receipt-by-link", case_no=record.case_no)
            await self._journal.note(record.visit, "receipt-on-screen", letter=letter)

    async def _tell_of_paper(self, record: VisitRecord) -> None:
        """Whom the power left without the paper of the last decision gets it another way."""
        decision = record.last(SUBMIT_DECISION)
        if decision is None or decision.state is not EffectState.DONE or record.noted(NOT_PRINTED):
            return
        if any(paper.intent.number > decision.intent.number for paper in record.every(PRINT_RECEIPT)):
            return
        if decision.after["decision_no"] in printed(record):
            return
        letter = _another_way(record, str(decision.after["decision_no"]))
        await self._journal.note(record.visit, NOT_PRINTED, letter=letter, **letter.body)


def _owed(record: VisitRecord, effect: Effect, after: Mapping[str, str | int]) -> Letter | None:
    """Return the letter about a decision that is found when its visit is over: its driver has no paper.

    It goes with the conclusion: an ended visit in which nothing is open is not asked about again.
    """
    if record.outcome is None or effect.kind != SUBMIT_DECISION or not after:
        return None
    return _another_way(record, str(after["decision_no"]))


def _another_way(record: VisitRecord, decision_no: str) -> Letter:
    return Letter(NOT_PRINTED, {"decision_no": decision_no, "way": "interrupted"}, record.case_no)


def _found(effect: Effect, handled: Handled) -> dict[str, str | int]:
    """Return the evidence that the desk has of ``effect``, nothing when it has none."""
    violation_no = str(effect.before.get("violation_no", ""))
    if effect.kind == SUBMIT_DECISION and violation_no in handled.decisions:
        return {"decision_no": handled.decisions[violation_no]}
    if effect.kind == SUBMIT_OBJECTION and violation_no in handled.objections:
        return {"objection_no": handled.objections[violation_no]}
    if effect.kind == SETTLE_FINES and handled.receipts:
        return {"receipts": len(handled.receipts)}
    return {}
