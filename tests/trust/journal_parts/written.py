"""A small journal that is known row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kiosk.journal import MACHINE, Head, Journal, Letter, Outcome, chain
from tests.trust.world import KEY, VirtualClock

ID = "00112233aabbccdd"


async def written(path: Path) -> Journal:
    """Return an open journal with one visit that ended and one that is open."""
    journal = await Journal.open(path, KEY, VirtualClock())
    await journal.begin("v1", "endorsement", "C1", simulated=True)
    before = {"channel": "wechat", "amount_fen": 1500}
    async with journal.acting("v1", "take-money", "O1", before=before, body={"attempt": 1}) as act:
        act.after["state"] = "approved"
    await journal.end("v1", Outcome.DELIVERED, letter=Letter("rating", {"level": 5}, "C1"))
    await journal.begin("v2", "traffic", "C2")
    await journal.note(MACHINE, "checked", parts=["a", "b"])
    return journal


async def closed(path: Path) -> None:
    """Write it and close it."""
    await (await written(path)).close()


async def rows(journal: Journal, query: str) -> list[tuple[Any, ...]]:
    """Return what the database itself has."""
    return await journal._run(lambda: [tuple(row) for row in journal._store._connection.execute(query)])


def linked(count: int) -> list[chain.Row]:
    """Return the rows of a chain of ``count`` notes."""
    head, made = chain.beginning(ID), []
    for number in range(1, count + 1):
        own = chain.link(head.hash, number, "v", number, "noted", "{}", "w", 0)
        made.append((number, "v", number, "noted", "{}", "w", 0, head.hash, own))
        head = Head(number, own)
    return made
