"""A sheet that was spoilt in the printer is nobody's copy: it closes the printer until staff have looked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kiosk.clock import SystemClock
from kiosk.journal import EffectState, Journal
from kiosk.journal.effects import PRINT_DOCUMENT
from kiosk.left_documents import MEDIA_PRESENT, PRINTER, TAKEN, kept_out, note_cleared, note_if_left
from tests.trust.world import KEY, in_loop

VISIT, CASE = "v1", "330212K01-20261122-0001-I"
DONE, FAILED = EffectState.DONE, EffectState.FAILED


async def closed_after(folder: Path, jobs: list[tuple[EffectState, dict[str, Any]]], taken: int = 0) -> bool:
    """Let a visit end whose jobs ended so; tell whether that closes the printer. Staff open it again."""
    async with await Journal.open(folder / "journal.db", KEY, SystemClock()) as journal:
        await journal.begin(VISIT, "certificates", CASE)
        for number, (state, after) in enumerate(jobs, 1):
            before = {"serial": f"S{number}", "digest": "d" * 64, "sheets": 100}
            intent = await journal.intend(VISIT, PRINT_DOCUMENT, f"{CASE}-D{number}", before=before)
            await journal.conclude(intent, state, after=after)
        if taken:
            await journal.note(VISIT, TAKEN, copies=taken)
        for _ in range(2):  # a death in between notes nothing twice
            await note_if_left(journal, await journal.visit(VISIT))
        words, letters = await kept_out(journal), await journal.letters()
        assert words in ({}, {PRINTER: MEDIA_PRESENT})
        assert [posted.letter.kind for posted in letters] == ["documents-left"] * len(words)
        await note_cleared(journal)
        await note_if_left(journal, await journal.visit(VISIT))
        assert await kept_out(journal) == {}
        return bool(words)


@pytest.mark.parametrize(
    ("state", "code", "sheets", "closed"),
    [
        ("canceled", "paperJammed", 100, True),
        ("canceled", "paperJammed", None, True),
        ("aborted", "jobAborted", 101, True),
        ("completed", "sheetsMissing", 101, True),
        ("canceled", "paperOut", 100, False),
        ("notFound", "jobNotTaken", 100, False),
        ("canceled", "coverOpen", None, False),
    ],
)
@in_loop
async def test_a_job_that_failed_with_paper_under_way_closes_the_printer(
    tmp_path: Path, state: str, code: str, sheets: int | None, closed: bool
) -> None:
    after = {"state": state, "code": code, "sheets": sheets}
    assert await closed_after(tmp_path, [(FAILED, after)]) is closed


@in_loop
async def test_who_takes_the_good_copy_does_not_take_the_spoilt_one(tmp_path: Path) -> None:
    good = DONE, {"state": "completed", "sheets": 101}
    spoilt = FAILED, {"state": "canceled", "code": "paperJammed", "sheets": 100}
    assert await closed_after(tmp_path, [good, spoilt], taken=1)


@in_loop
async def test_good_copies_that_were_taken_leave_it_open(tmp_path: Path) -> None:
    good = DONE, {"state": "completed", "sheets": 101}
    assert not await closed_after(tmp_path, [good, good], taken=2)
