"""The invariants of the house, as far as the journal alone can tell: the oracle of every test.

They hold for visits that have ended; what is still being asked about is not broken yet.

1. ``money_settled``: paid means in the end exactly one of delivered, refunded, escalated;
2. ``effects_once``: no effect happened twice;
3. ``refunds_within_payments``: no more went back than came in;
4. ``intent_before_effect``: nothing was concluded that was not intended before;
5. ``chain_whole``: every link verifies, no number is missing;
and ``custody_returned``: a permit that went in came out or lies in the bin.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from kiosk.journal.effects import (
    GIVE_BACK_PERMIT,
    PRINT_STRIP,
    REFUND_MONEY,
    RETRACT_PERMIT,
    SETTLE_FINES,
    SUBMIT_ENDORSEMENT,
    TAKE_MONEY,
    TAKE_PERMIT,
    WRITE_CHIP,
)
from kiosk.journal.journal import Journal
from kiosk.journal.records import ChainReport, Effect, EffectState, Head, Outcome, VisitRecord

Verdict = bool | str
"""True, or what broke the invariant."""

_HAPPENED = (EffectState.DONE, EffectState.COMPENSATED)
_ONCE_A_VISIT = (SUBMIT_ENDORSEMENT, SETTLE_FINES, PRINT_STRIP, WRITE_CHIP)


async def invariants(
    journal: Journal, *, newest: int = 1000, expect: Head | None = None
) -> dict[str, Verdict]:
    """Check the ``newest`` visits that have ended, and the whole chain (through ``expect`` if given)."""
    return _verdicts(await journal.visits(newest), await journal.verify(expect))


async def recent_invariants(journal: Journal, *, newest: int = 10) -> dict[str, Verdict]:
    """Check the ``newest`` visits and the chain's end: the same work however old the journal is."""
    return _verdicts(await journal.visits(newest), await journal.verify_newest())


def _verdicts(visits: Sequence[VisitRecord], report: ChainReport) -> dict[str, Verdict]:
    ended = [record for record in visits if record.outcome is not None]
    verdicts = {name: _first(check, ended) for name, check in _CHECKS.items()}
    return {**verdicts, "chain_whole": True if report.whole else report.faults[0]}


def _first(check: Callable[[VisitRecord], Iterator[str]], records: list[VisitRecord]) -> Verdict:
    for record in records:
        for wrong in check(record):
            return f"visit {record.visit}: {wrong}"
    return True


def _money_settled(record: VisitRecord) -> Iterator[str]:
    escalated = record.noted("escalated") is not None
    delivered = record.noted("delivered") is not None
    if delivered and record.outcome not in (Outcome.DELIVERED, Outcome.ESCALATED):
        yield f"delivered, but it ended as {record.outcome}"
    if escalated and not record.case_no:
        yield "escalated without a case number"
    if (record.outcome is Outcome.ESCALATED) and not escalated:
        yield "ended as escalated, but nobody was told"
    kept = [effect for effect in record.every(TAKE_MONEY) if effect.state is EffectState.DONE]
    if len(kept) > 1 and not escalated:
        yield f"{len(kept)} payments were kept"
    # A refund under way for a visit that has ended is asked about until it is certain: not yet the end.
    returning = {_order(effect) for effect in record.every(REFUND_MONEY) if not effect.state.resolved}
    for effect in kept:
        if not delivered and not escalated and effect.key not in returning:
            yield f"order {effect.key} is paid, not delivered, not refunded, not escalated"
    returned = [effect for effect in record.every(TAKE_MONEY) if effect.state is EffectState.COMPENSATED]
    if record.outcome is Outcome.DELIVERED and returned and not kept:
        yield "delivered, and the money went back"
    if record.outcome is Outcome.REFUNDED and (kept or not returned):
        yield "ended as refunded, but the money did not go back"


def _effects_once(record: VisitRecord) -> Iterator[str]:
    happened = [effect for effect in record.effects if effect.state in _HAPPENED]
    for kind, count in Counter(effect.kind for effect in happened).items():
        if kind in _ONCE_A_VISIT and count > 1:
            yield f"{kind} happened {count} times"
    for key, count in Counter(_order(effect) for effect in happened if effect.kind == REFUND_MONEY).items():
        if count > 1:
            yield f"order {key} was refunded {count} times"


def _refunds_within_payments(record: VisitRecord) -> Iterator[str]:
    paid = {
        effect.key: int(effect.before["amount_fen"])
        for effect in record.every(TAKE_MONEY)
        if effect.state in _HAPPENED
    }
    for effect in record.every(REFUND_MONEY):
        if effect.state is EffectState.DONE:
            paid[_order(effect)] = paid.get(_order(effect), 0) - int(effect.after["refunded_fen"])
    for order_no, left_fen in paid.items():
        if left_fen < 0:
            yield f"order {order_no}: {-left_fen} fen more went back than came in"


def _intent_before_effect(record: VisitRecord) -> Iterator[str]:
    intended: set[tuple[str, str]] = set()
    for event in record.events:
        name = str(event.body.get("effect", "")), str(event.body.get("key", ""))
        if event.kind == "effect-intended":
            intended.add(name)
        elif event.kind == "effect-concluded" and name not in intended:
            yield f"event {event.number} concludes {' '.join(name)}, which nobody intended"
    for effect in record.effects:
        if effect.state is EffectState.INTENDED and effect.kind != REFUND_MONEY:
            yield f"{effect.kind} {effect.key} was never concluded"


def _custody_returned(record: VisitRecord) -> Iterator[str]:
    inside = 0
    for effect in record.effects:
        if effect.state is EffectState.DONE:
            inside += (effect.kind == TAKE_PERMIT) - (effect.kind in (GIVE_BACK_PERMIT, RETRACT_PERMIT))
    if inside > 0 and record.noted("escalated") is None:
        yield "the permit is still inside"


def _order(effect: Effect) -> str:
    return str(effect.before["order_no"])


_CHECKS: dict[str, Callable[[VisitRecord], Iterator[str]]] = {
    "money_settled": _money_settled,
    "effects_once": _effects_once,
    "refunds_within_payments": _refunds_within_payments,
    "intent_before_effect": _intent_before_effect,
    "custody_returned": _custody_returned,
}
