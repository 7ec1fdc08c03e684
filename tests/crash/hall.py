"""The hall around a kiosk's core: devices, hosts, back office and a person, none of whom dies with it.

It lives in the test's process and answers the core one question at a time, so that it knows what is true
whenever the core dies.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from devices.interfaces import Media
from kiosk.journal import EffectState, Outcome, VisitRecord
from kiosk.journal.effects import PRINT_RECEIPT, PRINT_STRIP, REFUND_MONEY, RETRACT_PERMIT, TAKE_MONEY
from tests.crash.outside import FEE_FEN, WAITING, Office, PermitUnit, Person, Printer, Reader, Terminal

KEPT: Final = (EffectState.DONE, EffectState.COMPENSATED)


class Hall:
    """Asked by name and method; ``wrong`` collects what was not true when a core had come home."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.person = Person()
        self.person_ended = True
        self.reader, self.unit, self.terminal = Reader(self), PermitUnit(self), Terminal(self)
        self.printer, self.office = Printer(self), Office(self)
        self.open = True
        self.judged: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.recovered = self.most_starts = 0
        self.unresolved = 0
        self._known: set[str] = set()
        self._cuts_before = 0

    def answer(self, who: str, method: str, args: Sequence[Any], more: Mapping[str, Any]) -> Any:
        """Do what the core asks of one of us."""
        return getattr(self if who == "hall" else getattr(self, who), method)(*args, **more)

    @property
    def inside(self) -> bool:
        return self.unit.where is not Media.NOT_PRESENT

    # --- asked by the core ----------------------------------------------------------------------------

    def next_person(self) -> Person | None:
        """Let somebody come, the same one until their visit has ended; None when it is closing time."""
        if not self.open:
            return None
        if self.person_ended:
            self.unit.renew()
            self._cuts_before, self.person_ended = self.printer.cuts, False
            self.person = Person(
                self._chance.choice(("payment_terminal", "wechat")),
                pays=self._chance.random() < 0.9,
                takes=self._chance.random() < 0.9,
                at_last=self._chance.random() < 0.5,
                breaks=self._chance.choice(("", "", "", "", "chip", "strip", "look")),
            )
        return self.person

    def home(
        self, visits: Sequence[VisitRecord], verdicts: Mapping[str, bool | str], unresolved: int
    ) -> None:
        """Judge the visits that have ended since the last time, now that the core says how they ended."""
        self.unresolved = unresolved
        self.wrong += [f"{name}: {verdict}" for name, verdict in verdicts.items() if verdict is not True]
        for record in visits:
            if record.outcome is None:
                self.wrong.append(f"{record.case_no} is open after recovery")
            elif record.visit not in self._known:
                self._known.add(record.visit)
                self.judged[record.outcome] += 1
                starts = sum(event.kind == "recovery-began" for event in record.events)
                self.recovered += starts > 0
                self.most_starts = max(self.most_starts, starts)
                self.wrong += [f"{record.case_no} {record.outcome}: {why}" for why in self._false(record)]
                self.person_ended = True
        if not self.person_ended and (self.inside or not self.unit.untouched):
            self.wrong.append("no visit has ended, but the permit was touched")

    def unexpected(self, error: str) -> None:
        """Hear of an error that the core did not foresee."""
        self.wrong.append(f"unexpected: {error}")

    # --- what must be true ----------------------------------------------------------------------------

    def _false(self, record: VisitRecord) -> Iterator[str]:
        """Yield what is not true of a visit that has ended, before anybody else comes."""
        yield from self._money(record)
        unit, made = self.unit, self.office.approvals.get(record.case_no)
        carries = made is not None and (unit.strip, unit.chip) == (made.strip_code, made.chip_record)
        if unit.where is not Media.NOT_PRESENT or unit.in_bin != _happened(record, RETRACT_PERMIT):
            yield f"the permit is at {unit.where}, in the bin: {unit.in_bin}"
        if record.outcome is Outcome.DELIVERED and not carries:
            yield f"strip {unit.strip!r}, chip {unit.chip!r}"
        if record.outcome not in (Outcome.DELIVERED, Outcome.ESCALATED) and not unit.untouched:
            yield f"the permit carries strip {unit.strip!r}, chip {unit.chip!r}"
        failed = len([e for e in record.every(PRINT_STRIP) if e.state is EffectState.FAILED])
        if unit.printed > 1 or unit.spoilt > failed:
            yield f"{unit.printed} strips printed and {unit.spoilt} spoilt, {failed} known to have failed"
        receipts = self.printer.cuts - self._cuts_before
        if receipts > 1 or receipts < _happened(record, PRINT_RECEIPT):
            yield f"{receipts} receipts"
        told = self.office.outcomes.get(made.approval_no, []) if made else []
        if len(set(told)) > 1 or (record.outcome is Outcome.DELIVERED and told != [True] * len(told)):
            yield f"the back office was told that it is issued: {told}"
        if (record.outcome is Outcome.ESCALATED) != (record.noted("escalated") is not None):
            yield "escalated without a word to staff, or the other way round"

    def _money(self, record: VisitRecord) -> Iterator[str]:
        taken = [effect for effect in record.every(TAKE_MONEY) if effect.state in KEPT]
        own = sum(int(effect.before["amount_fen"]) for effect in taken)
        own -= sum(
            int(effect.after["refunded_fen"])
            for effect in record.every(REFUND_MONEY)
            if effect.state is EffectState.DONE
        )
        trades = [
            till[effect.key]
            for effect in record.every(TAKE_MONEY)
            for till in (self.terminal.trades, self.office.trades)
            if effect.key in till
        ]
        kept = sum(trade.kept_fen for trade in trades)
        if own != kept:
            yield f"the hosts kept {kept} fen, the journal says {own}"
        if record.outcome is Outcome.DELIVERED and kept != FEE_FEN:
            yield f"delivered for {kept} fen"
        if record.outcome not in (Outcome.DELIVERED, Outcome.ESCALATED) and kept:
            yield f"the hosts keep {kept} fen for nothing"

    def orphans(self) -> list[str]:
        """Return money at the hosts that no judged visit knows of, and orders that can still be paid."""
        trades = {**self.terminal.trades, **self.office.trades}
        return [number for number, trade in trades.items() if trade.state is WAITING]


def _happened(record: VisitRecord, kind: str) -> bool:
    return any(effect.state is EffectState.DONE for effect in record.every(kind))
