"""Power cuts replayed: each disk that a cut may leave is opened by the real journal and must be whole.

Every commit that was acknowledged is there, at most the one under way is there too, and nothing of half a
commit; the chain verifies; and recovery ends what was open.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from devices.interfaces import Media
from devices.interfaces import PaymentState as P
from kiosk.journal import EffectState, Journal, JournalRefused
from kiosk.journal.effects import PRINT_STRIP, TAKE_MONEY, WRITE_CHIP
from kiosk.journal.invariants import invariants
from kiosk.money import Cashier, Patience
from kiosk.numbers import Numbers
from kiosk.platform import Approval, OrderState, Platform
from kiosk.recovery import Recovery
from tests.power.disk import Acknowledged, Disk, Image, Step, Sync, recorded
from tests.power.visits import ACKNOWLEDGED, state_of
from tests.trust.world import (
    FEE_FEN,
    KEY,
    SITE,
    BackOfficeOrder,
    Cutter,
    PermitDesk,
    ScriptedTerminal,
    SmallBackOffice,
    VirtualClock,
    approval_of,
    quick,
)


def record(folder: Path, *arguments: str) -> list[Step]:
    """Return what ``tests.power.visits`` did to its disk, called with ``arguments``."""
    journal = folder / "recorded"
    journal.mkdir()
    command = [sys.executable, "-m", "tests.power.visits", str(journal), *arguments]
    return recorded(command, journal, ACKNOWLEDGED, folder / "trace")


@dataclass(frozen=True, slots=True)
class Cut:
    """A power cut: what the disk may hold, and which states of the journal are right then."""

    step: int
    image: Image
    acknowledged: str
    under_way: str


@dataclass
class Tally:
    """What the replays found."""

    cuts: int = 0
    images: int = 0
    distinct: int = 0
    recoveries: int = 0
    found: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def note(self, kind: str, cut: Cut, detail: str) -> None:
        self.found[kind] += 1
        self.first.setdefault(kind, f"step {cut.step}: {detail}")

    def __str__(self) -> str:
        wrong = ", ".join(f"{count} {kind} (first: {self.first[kind]})" for kind, count in self.found.items())
        return (
            f"{self.cuts} power cuts, {self.images} disks, {self.distinct} different ones opened, "
            f"{self.recoveries} states recovered from: {wrong or 'nothing lost, nothing half'}"
        )


def cuts(steps: Sequence[Step], chance: random.Random, *, variants: int, every: int) -> Iterator[list[Cut]]:
    """Yield the disks of each cut: before and after every ``fsync``, and at every ``every``-th other step."""
    states = [step.line for step in steps if isinstance(step, Acknowledged)]
    disk, told = Disk(), 0
    for number, step in enumerate(steps):
        if isinstance(step, Sync) or number % every == 0:
            yield list(_of(number, disk, states, told, chance, variants))
        disk.play(step)
        told += isinstance(step, Acknowledged)
        if isinstance(step, Sync):
            yield list(_of(number, disk, states, told, chance, variants))
    yield list(_of(len(steps), disk, states, told, chance, variants))


def _of(
    number: int, disk: Disk, states: Sequence[str], told: int, chance: random.Random, variants: int
) -> Iterator[Cut]:
    acknowledged = states[told - 1] if told else ""
    under_way = states[told] if told < len(states) else ""
    for image in disk.images(chance, variants):
        yield Cut(number, image, acknowledged, under_way)


def replay(
    steps: Sequence[Step], *, seed: int = 1, variants: int = 3, every: int = 10, most: int | None = None
) -> Tally:
    """Open every disk (of ``most`` cuts, spread evenly over the run, when given) and count what is wrong."""
    return asyncio.run(_replay(steps, random.Random(seed), variants, every, most))


async def _replay(
    steps: Sequence[Step], chance: random.Random, variants: int, every: int, most: int | None
) -> Tally:
    tally, opened, recovered = Tally(), set[bytes](), set[str]()
    moments = list(cuts(steps, chance, variants=variants, every=every))
    if most is not None and len(moments) > most:
        moments = [moments[round(n * (len(moments) - 1) / (most - 1))] for n in range(most)]
    for moment in moments:
        tally.cuts += 1
        for cut in moment:
            tally.images += 1
            digest = _digest(cut)
            if digest not in opened:
                opened.add(digest)
                tally.distinct += 1
                with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
                    await _open(Path(folder), cut, tally, recovered, chance)
    return tally


def _digest(cut: Cut) -> bytes:
    digest = hashlib.sha256(f"{cut.acknowledged} {cut.under_way}".encode())
    for name, content in sorted(cut.image.items()):
        digest.update(f" {name} {len(content)} ".encode() + content)
    return digest.digest()


async def _open(folder: Path, cut: Cut, tally: Tally, recovered: set[str], chance: random.Random) -> None:
    for name, content in cut.image.items():
        (folder / name).write_bytes(content)
    # The index of the write-ahead log is shared memory: whatever of it reached the disk means nothing.
    if chance.random() < 0.5:
        (folder / "journal.db-shm").write_bytes(chance.randbytes(32768))
    clock = VirtualClock()
    try:
        journal = await Journal.open(folder / "journal.db", KEY, clock)
    except JournalRefused as refused:
        tally.note("not to be opened", cut, str(refused))
        return
    async with journal:
        state = await journal._run(lambda: state_of(journal._store._connection))
        if cut.acknowledged and state not in (cut.acknowledged, cut.under_way):
            tally.note("acknowledged commits lost", cut, f"head {journal.head().number}")
        report = await journal.verify()
        if not report.whole:
            tally.note("broken chains", cut, report.faults[0])
        if state not in recovered and report.whole:
            recovered.add(state)
            tally.recoveries += 1
            await _recover(quick(journal, clock), clock, cut, tally)


class _Approved(dict[str, Approval]):
    """A back office that approved whatever it is asked about."""

    def __missing__(self, number: str) -> Approval:
        return approval_of(number)


async def _on_the_permit(journal: Journal) -> dict[str, str]:
    """Return what strip and chip of the permit inside carry: what was done, and sometimes what was begun."""
    carried, approval = {}, approval_of()
    for record in await journal.open_visits():
        for kind, side, now in (
            (PRINT_STRIP, "strip", approval.strip_code),
            (WRITE_CHIP, "chip", approval.chip_digest),
        ):
            effect = record.last(kind)
            if effect is not None and (effect.state is EffectState.DONE or journal.head().number % 2):
                carried[side] = now
    return carried


async def _recover(journal: Journal, clock: VirtualClock, cut: Cut, tally: Tally) -> None:
    """Recover from the state that was found, whatever the world then says, and ask the oracle."""
    terminal = ScriptedTerminal([P.WAITING], queries=[P.APPROVED])
    terminal.amount_fen = FEE_FEN
    small = SmallBackOffice(clock)
    small.approvals = _Approved()
    for record in await journal.open_visits():
        for effect in record.every(TAKE_MONEY):
            small.orders[effect.key] = BackOfficeOrder(FEE_FEN, OrderState.PAID)
    office, numbers = cast("Platform", small), Numbers(journal, clock, SITE)
    cashier = Cashier(
        journal, numbers, office, clock, random.Random(1), terminal=terminal, patience=Patience()
    )
    desk = PermitDesk(Media.PRESENT, **await _on_the_permit(journal))
    recovery = Recovery(journal, cashier, office, clock, permit=desk, receipt=Cutter(9), take_wait_s=1.0)
    await recovery.run()
    await cashier.drain()
    await cashier.close()
    if await journal.open_visits():
        tally.note("visits left open", cut, "recovery did not end them")
    wrong = [
        f"{name}: {verdict}" for name, verdict in (await invariants(journal)).items() if verdict is not True
    ]
    if wrong:
        tally.note("invariants broken", cut, wrong[0])
