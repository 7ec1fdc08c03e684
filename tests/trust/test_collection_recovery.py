"""After a crash a card of the store is found and kept; one known to be another's is told as wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from devices.interfaces import Media
from kiosk.clock import SystemClock
from kiosk.collection_office import CollectionOffice, Standing
from kiosk.collection_recovery import CollectionGoods
from kiosk.journal import Journal
from kiosk.journal.effects import PICK_DOCUMENT, PRESENT_DOCUMENT, RETAIN_DOCUMENT
from kiosk.store_units import Why, units_out
from tests.trust.world import KEY, in_loop

VISIT, SLIP, UNIT = "v1", "SL2026110001", 2
BEFORE = {"unit": UNIT, "retained": 0, "document_no": SLIP}


@dataclass
class Desk:
    """The collection desk, and the dispenser with a card inside or in the bin."""

    inside: Media
    kept: int
    told: list[tuple[str, Standing]] = field(default_factory=list)

    async def standing(self, document_no: str) -> Standing:
        return self.told[-1][1] if self.told else Standing.READY

    async def tell(self, document_no: str, case_no: str, outcome: Standing, detail: str = "") -> None:
        self.told.append((document_no, outcome))

    async def media(self, unit: int) -> Media:
        assert unit == UNIT
        return self.inside

    async def retained(self, unit: int) -> int:
        return self.kept

    async def retain(self, unit: int) -> int:
        self.inside, self.kept = Media.NOT_PRESENT, self.kept + 1
        return self.kept


@pytest.mark.parametrize(
    ("why", "standing", "out"),
    [
        ("accessDenied", Standing.WRONG, {UNIT: Why.MIXED}),
        ("notTheirs", Standing.WRONG, {UNIT: Why.MIXED}),
        ("readFailed", Standing.WRONG, {}),
        ("left", Standing.RETAINED, {}),
        ("keptBack", Standing.RETAINED, {}),
        (None, Standing.RETAINED, {}),
    ],
)
@pytest.mark.parametrize("moved", [False, True])
@in_loop
async def test_why_it_was_kept_outlives_a_power_cut(
    tmp_path: Path, why: str | None, standing: Standing, out: dict[int, Why], moved: bool
) -> None:
    """Whether the card had reached the bin or not; None: the power went before its chip was read."""
    desk = Desk(Media.NOT_PRESENT, 1) if moved and why is not None else Desk(Media.PRESENT, 0)
    async with await Journal.open(tmp_path / "journal.db", KEY, SystemClock()) as journal:
        await journal.begin(VISIT, "pick-up", "C1")
        async with journal.acting(VISIT, PICK_DOCUMENT, "p", before=BEFORE) as act:
            act.after["media"] = "present"
        if why is not None:
            await journal.intend(VISIT, RETAIN_DOCUMENT, "r", before={**BEFORE, "reason": why})
        goods = CollectionGoods(journal, cast("CollectionOffice", desk), desk)
        for _ in range(2):
            await goods.settle(VISIT)
        assert (desk.told, desk.kept) == ([(SLIP, standing)], 1)
        assert await units_out(journal) == out
        assert not await journal.unresolved()


@pytest.mark.parametrize(
    ("found", "standing", "kept"),
    [
        (Media.PRESENT, Standing.RETAINED, 1),
        (Media.ENTERING, Standing.RETAINED, 1),
        (Media.NOT_PRESENT, Standing.ISSUED, 0),
    ],
)
@in_loop
async def test_a_card_that_was_to_be_let_go_is_its_holders_only_when_it_is_gone(
    tmp_path: Path, found: Media, standing: Standing, kept: int
) -> None:
    desk = Desk(found, 0)
    async with await Journal.open(tmp_path / "journal.db", KEY, SystemClock()) as journal:
        await journal.begin(VISIT, "pick-up", "C1")
        async with journal.acting(VISIT, PICK_DOCUMENT, "p", before=BEFORE) as act:
            act.after["media"] = "present"
        await journal.intend(VISIT, PRESENT_DOCUMENT, "g", before=BEFORE)
        goods = CollectionGoods(journal, cast("CollectionOffice", desk), desk)
        for _ in range(2):
            assert (await goods.settle(VISIT)).whole is (not kept)
        assert (desk.told, desk.kept) == ([(SLIP, standing)], kept)
        assert not await journal.unresolved()
