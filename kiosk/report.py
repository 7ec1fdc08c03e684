"""The report of a visit that has ended, for whoever drives the kiosk from outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kiosk.journal import Journal
from kiosk.journal.effects import REFUND_MONEY, TAKE_MONEY
from kiosk.journal.invariants import recent_invariants
from kiosk.journal.records import Effect, EffectState


@dataclass(frozen=True, slots=True)
class Report:
    """How a visit went; holds nothing of the person."""

    visit: str
    service: str
    outcome: str
    reason: str
    case: str
    paid_fen: int
    refunded_fen: int
    effects: Sequence[dict[str, str]]
    prompts: Sequence[str]
    seconds: dict[str, float]
    invariants: dict[str, bool | str]


async def report_of(
    journal: Journal, number: str, prompts: Sequence[str] = (), seconds: Mapping[str, float] | None = None
) -> Report:
    """Return the report of a visit that has ended, as the journal tells it."""
    record = await journal.visit(number)
    paid_fen, refunded_fen = money_of(record.effects)
    return Report(
        visit=number,
        service=record.service,
        outcome=record.outcome.value if record.outcome else "",
        reason=record.reason,
        case=record.case_no,
        paid_fen=paid_fen,
        refunded_fen=refunded_fen,
        effects=[{"kind": effect.kind, "state": effect.state.value} for effect in record.effects],
        prompts=prompts,
        seconds=dict(seconds or {}),
        invariants=await recent_invariants(journal),
    )


def money_of(effects: Sequence[Effect]) -> tuple[int, int]:
    """Return what was taken and what was given back, in fen, from a visit's effects."""
    taken = (EffectState.DONE, EffectState.COMPENSATED)
    paid = amount_of(effect for effect in effects if effect.kind == TAKE_MONEY and effect.state in taken)
    refunded = sum(
        int(effect.after["refunded_fen"])
        for effect in effects
        if effect.kind == REFUND_MONEY and effect.state is EffectState.DONE
    )
    return paid, refunded


def amount_of(takes: Iterable[Effect]) -> int:
    """Return what the payments ``takes`` come to, in fen."""
    return sum(int(effect.before["amount_fen"]) for effect in takes)
