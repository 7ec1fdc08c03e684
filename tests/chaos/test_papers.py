"""Papers never mix, however many are made at once: each is what it would be if its person were alone."""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chaos.papers import PAPERS, Client, made
from tests.counts import Counted

CLIENTS = 6
PROCESSES = 2


@cache
def alone(paper: str, number: int) -> bytes:
    return made(paper, number)


orders = st.permutations([number for number in range(1, CLIENTS + 1) for _ in range(2)])


@pytest.mark.parametrize("paper", PAPERS)
def test_each_person_has_their_own(paper: str) -> None:
    sheets = {number: alone(paper, number) for number in range(1, CLIENTS + 1)}
    assert len(set(sheets.values())) == CLIENTS
    for number, sheet in sheets.items():
        others = {mark for other in sheets if other != number for mark in Client(other).marks}
        assert not [mark for mark in others if mark.encode() in sheet]


@pytest.mark.parametrize("paper", PAPERS)
@given(order=orders)
@settings(max_examples=3, deadline=None)
def test_many_at_once_in_one_process(paper: str, order: list[int]) -> None:
    async def together() -> list[bytes]:
        return await asyncio.gather(*(asyncio.to_thread(made, paper, number) for number in order))

    assert asyncio.run(together()) == [alone(paper, number) for number in order]


def test_many_at_once_in_many_processes(counted: Counted) -> None:
    jobs = [(paper, number) for number in range(1, CLIENTS + 1) for paper in PAPERS] * 2
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=spawning) as pool:
        sheets = list(pool.map(made, *zip(*jobs, strict=True)))
    assert sheets == [alone(paper, number) for paper, number in jobs]
    counted(f"papers: {len(PAPERS)} kinds, {len(jobs)} sheets in {PROCESSES} processes at once")
