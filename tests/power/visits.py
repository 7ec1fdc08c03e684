"""A process that serves people for the recorder: ``python -m tests.power.visits FOLDER``.

Its journal is the real one, as on a machine (SQLCipher, WAL, ``synchronous=FULL``); the cashier is the real
one too, with a scripted terminal and a small back office. Whenever a commit was acknowledged to its caller,
a line in ``FOLDER/acknowledged`` says what the journal then held.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from devices.interfaces import PaymentState as P
from kiosk.journal import Journal, Letter, Outcome
from kiosk.journal.effects import (
    GIVE_BACK_PERMIT,
    PRINT_RECEIPT,
    PRINT_STRIP,
    SUBMIT_ENDORSEMENT,
    TAKE_PERMIT,
    WRITE_CHIP,
)
from kiosk.money import Cashier, NotDelivered, Patience, Payment
from kiosk.numbers import Numbers
from kiosk.platform import Bill, Platform
from tests.trust.world import (
    FEE_FEN,
    KEY,
    SITE,
    ScriptedTerminal,
    SmallBackOffice,
    VirtualClock,
    approval_of,
    quick,
)

ACKNOWLEDGED = "acknowledged"
T = TypeVar("T")

OLD_CHIP = "0" * 64
TABLES = ("meta", "head", "event", "visit", "effect", "counter", "outbox")


def state_of(connection: Any) -> str:
    """Return a digest of all that the journal holds, row by row."""
    digest = hashlib.sha256()
    for table in TABLES:
        for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2"):
            digest.update(repr(row).encode())
    return digest.hexdigest()


class Acknowledging:
    """Writes a line for every commit that the journal acknowledges to its caller."""

    def __init__(self, journal: Journal, file: Path) -> None:
        self._journal, self._run = journal, journal._run
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._last = ""

    async def __aenter__(self) -> Acknowledging:
        await self._acknowledged(lambda: None)
        self._journal._run = self._acknowledged  # type: ignore[method-assign]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._journal._run = self._run  # type: ignore[method-assign]
        os.close(self._file)

    async def _acknowledged(self, act: Callable[..., T], *args: Any) -> T:
        """Let the journal do ``act``; write a line when it then is not what it was."""

        def act_and_look() -> tuple[T, str]:
            return act(*args), state_of(self._journal._store._connection)

        done, state = await self._run(act_and_look)
        if state != self._last:
            self._last = state
            os.write(self._file, f"{state}\n".encode())
        return done


async def serve(journal: Journal, clock: VirtualClock, first: int, visits: int) -> None:
    """Serve ``visits`` people, each in another way; the first is number ``first``."""
    office = SmallBackOffice(clock)
    numbers = Numbers(journal, clock, SITE)
    ways = [_terminal_delivered, _code_delivered, _terminal_refunded, _unknown_reversed, _escalated, _leaves]
    for number in range(first, first + visits):
        terminal = ScriptedTerminal()
        cashier = Cashier(
            journal,
            numbers,
            cast("Platform", office),
            clock,
            random.Random(number),
            terminal=terminal,
            patience=Patience(),
        )
        visit, case_no = f"visit-{number}", await numbers.case_no()
        bill = Bill(case_no, f"B{number}", (FEE_FEN,), FEE_FEN, clock.wall())
        await journal.begin(visit, "endorsement", case_no)
        await journal.note(visit, "identified", way="face", score_permille=912)
        async with journal.acting(visit, TAKE_PERMIT, f"{visit}:1", before={"media": "notPresent"}) as act:
            act.after["media"] = "present"
        outcome = await ways[number % len(ways)](journal, cashier, terminal, office, visit, bill)
        async with journal.acting(visit, GIVE_BACK_PERMIT, f"{visit}:1", before={"media": "present"}) as act:
            act.after["media"] = "notPresent"
        rating = Letter("rating", {"level": 5}, case_no)
        await journal.end(visit, outcome, "left" if outcome is Outcome.CANCELLED else "", letter=rating)
        await journal.post_head()
        if number % 2:
            await journal.letters_accepted(*(letter.id for letter in await journal.letters()))
        await cashier.close()


async def _deliver(journal: Journal, visit: str, bill: Bill, order_no: str) -> None:
    before: dict[str, Any] = {"order_no": order_no, "bill_no": bill.bill_no}
    approval = approval_of(f"A-{visit}")
    number = approval.approval_no
    async with journal.acting(visit, SUBMIT_ENDORSEMENT, f"{bill.case_no}:endorse", before=before) as act:
        act.after["approval_no"] = number
    async with journal.acting(visit, WRITE_CHIP, f"{number}:chip:1", before={"chip_digest": OLD_CHIP}) as act:
        act.after["chip_digest"] = approval.chip_digest
    async with journal.acting(visit, PRINT_STRIP, f"{number}:strip:1", before={"strip_code": "OLD"}) as act:
        act.after["strip_code"] = approval.strip_code
    async with journal.acting(visit, PRINT_RECEIPT, f"{visit}:receipt:1", before={"cuts": 1}) as act:
        act.after["cuts"] = 2


async def _settle(cashier: Cashier, journal: Journal, payment: Payment, visit: str, deliver: bool) -> Outcome:
    await payment.outcome()
    paid = cashier.paid(payment)
    try:
        async with paid:
            if deliver:
                await _deliver(journal, visit, payment.bill, payment.order_no)
                await paid.delivered()
    except NotDelivered:
        pass
    assert paid.settlement is not None
    assert paid.settlement.outcome is not None
    return paid.settlement.outcome


async def _terminal_delivered(
    journal: Journal,
    cashier: Cashier,
    terminal: ScriptedTerminal,
    office: SmallBackOffice,
    visit: str,
    bill: Bill,
) -> Outcome:
    payment = await cashier.at_terminal(visit, bill, timeout_s=60)
    return await _settle(cashier, journal, payment, visit, deliver=True)


async def _code_delivered(
    journal: Journal,
    cashier: Cashier,
    terminal: ScriptedTerminal,
    office: SmallBackOffice,
    visit: str,
    bill: Bill,
) -> Outcome:
    office.on_ask = office.pay
    payment = await cashier.by_code(visit, bill, "wechat", lifetime_s=60)
    outcome = await _settle(cashier, journal, payment, visit, deliver=True)
    office.on_ask = lambda order_no: None
    return outcome


async def _terminal_refunded(
    journal: Journal,
    cashier: Cashier,
    terminal: ScriptedTerminal,
    office: SmallBackOffice,
    visit: str,
    bill: Bill,
) -> Outcome:
    payment = await cashier.at_terminal(visit, bill, timeout_s=60)
    return await _settle(cashier, journal, payment, visit, deliver=False)


async def _unknown_reversed(
    journal: Journal,
    cashier: Cashier,
    terminal: ScriptedTerminal,
    office: SmallBackOffice,
    visit: str,
    bill: Bill,
) -> Outcome:
    terminal.replies["poll"] = [P.UNKNOWN]
    payment = await cashier.at_terminal(visit, bill, timeout_s=60)
    collected = await payment.outcome()
    assert collected.settlement is not None
    assert collected.settlement.outcome is not None
    return collected.settlement.outcome


async def _escalated(
    journal: Journal,
    cashier: Cashier,
    terminal: ScriptedTerminal,
    office: SmallBackOffice,
    visit: str,
    bill: Bill,
) -> Outcome:
    terminal.replies["refund"] = [P.DECLINED]
    return await _terminal_refunded(journal, cashier, terminal, office, visit, bill)


async def _leaves(
    journal: Journal,
    cashier: Cashier,
    terminal: ScriptedTerminal,
    office: SmallBackOffice,
    visit: str,
    bill: Bill,
) -> Outcome:
    return Outcome.CANCELLED


async def main(folder: Path, visits: int, synchronous: str, checkpoint_pages: int, starts: int) -> None:
    """Serve, stop and start again; each start makes a checkpoint of its own when it ends."""
    clock = VirtualClock()
    for start in range(starts):
        async with await Journal.open(folder / "journal.db", KEY, clock) as journal:
            await journal._run(_tune, journal, synchronous, checkpoint_pages)
            quick(journal, clock)
            async with Acknowledging(journal, folder / ACKNOWLEDGED):
                await serve(journal, clock, start * visits, visits)


def _tune(journal: Journal, synchronous: str, checkpoint_pages: int) -> None:
    connection = journal._store._connection
    if synchronous != "FULL":
        connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {checkpoint_pages}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--visits", type=int, default=6)
    parser.add_argument("--starts", type=int, default=2)
    parser.add_argument("--synchronous", default="FULL", help="FULL, as on a machine; NORMAL must fail")
    parser.add_argument(
        "--checkpoint-pages", type=int, default=1000, help="SQLite's own, and the machine's, is 1000"
    )
    options = parser.parse_args()
    asyncio.run(
        main(options.folder, options.visits, options.synchronous, options.checkpoint_pages, options.starts)
    )
