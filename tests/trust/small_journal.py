"""A journal of one visit and some notes, and who opens it: the kiosk, or somebody who means harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kiosk.clock import SystemClock
from kiosk.journal import MACHINE, Head, Journal, Outcome, database
from tests.trust.world import KEY


async def opened(folder: Path, key: bytes = KEY) -> Journal:
    return await Journal.open(folder / "journal.db", key, SystemClock())


async def filled(folder: Path, notes: int = 5) -> Head:
    """Write a whole visit and some notes; return the head."""
    async with await opened(folder) as journal:
        await journal.begin("v1", "endorsement", "C1")
        before = {"channel": "wechat", "amount_fen": 1500}
        async with journal.acting("v1", "take-money", "o1", before=before) as act:
            act.after["state"] = "approved"
        await journal.note("v1", "delivered")
        await journal.end("v1", Outcome.DELIVERED)
        for _ in range(notes):
            await journal.note(MACHINE, "checked")
        return journal.head()


def raw(folder: Path) -> Any:
    """Open the file as somebody who has the key and means harm."""
    return database.connect(folder / "journal.db", KEY)


def key_file(folder: Path) -> Path:
    """Write the key into a file of its owner's alone, as the commands want it."""
    path = folder / "key"
    path.write_bytes(KEY)
    path.chmod(0o600)
    return path
