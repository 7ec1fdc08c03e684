"""A process whose disk fails under it: ``python -m tests.power.troubled JOURNAL COMMITS``.

It commits again and again, whatever fails; each try tells ``begun N``, then ``done N`` or ``failed N``. With
``die`` as a third argument it dies at the first failure.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from kiosk.clock import SystemClock
from kiosk.journal import Journal, JournalFailed, Letter
from tests.trust.world import KEY


async def main(path: Path, commits: int, dies: bool) -> None:
    """Note ``commits`` numbered events of one visit, every fifth with a letter."""
    async with await Journal.open(path, KEY, SystemClock()) as journal:
        visit = f"v{journal.head().number}"
        while True:
            try:
                await journal.begin(visit, "endorsement", "C1")
                break
            except JournalFailed:
                continue
        for number in range(commits):
            print("begun", number, flush=True)
            letter = Letter("effect-failed", {"attempt": number}, "C1") if number % 5 == 0 else None
            try:
                await journal.note(visit, "step-done", attempt=number, letter=letter)
            except JournalFailed:
                print("failed", number, flush=True)
                if dies:
                    os.kill(os.getpid(), signal.SIGKILL)
                continue
            print("done", number, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] == ["die"]))
