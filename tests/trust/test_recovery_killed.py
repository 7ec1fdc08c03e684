"""Recovery that is itself killed, at each of its points and once more: the third start ends it."""

from __future__ import annotations

import asyncio
import random
import signal
from pathlib import Path
from typing import Any, cast

import pytest

from devices.interfaces import Media
from devices.interfaces import PaymentState as P
from kiosk.clock import SystemClock
from kiosk.failpoints import failpoints_from
from kiosk.journal import EffectState as E
from kiosk.journal import Journal, Outcome
from kiosk.money import Cashier, Patience
from kiosk.numbers import Numbers
from kiosk.platform import Platform
from kiosk.recovery import Recovery
from tests import forking
from tests.counts import Counted
from tests.trust.deaths import Death, die
from tests.trust.world import (
    KEY,
    SITE,
    PermitDesk,
    ScriptedTerminal,
    SmallBackOffice,
    VirtualClock,
    approval_of,
    in_loop,
    world,
)


def child(folder: str, environment: dict[str, str]) -> None:
    """Recover in a process of its own; the world out there is kept in a file beside the journal."""
    asyncio.run(recover_in(Path(folder), environment))


async def recover_in(place: Path, environment: dict[str, str]) -> None:
    points, system = failpoints_from(environment), SystemClock()
    async with await Journal.open(place / "journal.db", KEY, system, failpoints=points) as journal:
        office = SmallBackOffice(VirtualClock())
        office.cases["C1"], office.approvals["A1"] = "A1", approval_of()
        cashier = Cashier(
            journal,
            Numbers(journal, system, SITE),
            cast("Platform", office),
            system,
            random.Random(1),
            terminal=ScriptedTerminal(queries=[P.APPROVED]),
            patience=Patience(),
        )
        desk = LastingDesk(place / "world")
        work = Recovery(
            journal, cashier, cast("Platform", office), system, permit=desk, receipt=None, take_wait_s=5
        )
        await work.run()


class LastingDesk(PermitDesk):
    """A permit unit that is the same after the kiosk died: its state lies in a file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        if path.exists():
            where, self.strip, self.chip, printed, written = path.read_text().split("|")
            self.where, self.printed, self.written = Media(where), int(printed), int(written)

    def keep(self) -> None:
        parts = [self.where.value, self.strip, self.chip, str(self.printed), str(self.written)]
        self._path.write_text("|".join(parts))

    async def print_strip(self, approval: Any) -> None:
        await super().print_strip(approval)
        self.keep()

    async def write_chip(self, approval: Any) -> None:
        await super().write_chip(approval)
        self.keep()

    async def eject(self) -> None:
        await super().eject()
        self.keep()


@pytest.mark.parametrize(
    "death",
    [
        Death("delivers", Outcome.DELIVERED, submit=E.INTENDED, approved=True, writes=(1, 1)),
        Death("refunds", Outcome.REFUNDED, money=E.INTENDED),
    ],
    ids=lambda death: death.name,
)
@in_loop
async def test_killed_at_every_point_of_recovery_it_still_converges(
    tmp_path: Path, death: Death, counted: Counted
) -> None:
    """Two kills in a row at each point, then a start that ends it: three starts, nothing done twice."""

    async def prepare(folder: Path) -> None:
        folder.mkdir()
        async with world(folder) as w:
            await die(w, death)
        LastingDesk(folder / "world").keep()

    def start(folder: Path, **environment: str) -> int:
        process = forking.FORKING.Process(target=child, args=(str(folder), environment))
        forking.start(process)
        process.join()
        assert process.exitcode is not None
        return process.exitcode

    await prepare(tmp_path / "good")
    assert start(tmp_path / "good", KIOSK_FAILPOINT_LOG=str(tmp_path / "points")) == 0
    points = (tmp_path / "points").read_text().split()
    assert len(points) > 15
    counted(f"recovery that {death.name}: {len(points)} points, killed at each and once more, three starts")
    for number, point in enumerate(points):
        folder = tmp_path / str(number)
        await prepare(folder)
        assert start(folder, KIOSK_FAILPOINT=point) == -signal.SIGKILL, point
        start(folder, KIOSK_FAILPOINT="journal.recovery-began.after:1")
        assert start(folder) == 0
        desk = LastingDesk(folder / "world")
        assert (desk.where, desk.printed, desk.written) == (Media.NOT_PRESENT, *death.writes), point
        async with world(folder) as w:
            assert (await w.journal.visit("v1")).outcome is death.outcome, point
            await w.check()
