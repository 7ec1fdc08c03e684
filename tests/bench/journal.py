"""What a commit of the journal costs, beside what the disk itself costs in the same run."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

from kiosk.clock import SystemClock
from kiosk.journal import Journal

COMMITS = 200


def measure(folder: Path | None = None, commits: int = COMMITS) -> dict[str, float]:
    """Return ``journal.commit`` and ``journal.fsync``, ``_p50_ms`` and ``_p99_ms`` of each; commits a second.

    A commit is one event of a visit as the core writes it, awaited. The bare write and fsync (4 KiB,
    appended) takes turns with it on the same file system, so that both meet the same load.
    """
    with tempfile.TemporaryDirectory(dir=folder) as place:
        commit_ms, fsync_ms = asyncio.run(_measure(Path(place), commits))
    return {
        "journal.commits_per_s": round(1000 * len(commit_ms) / sum(commit_ms), 1),
        "journal.commit_p50_ms": round(statistics.median(commit_ms), 3),
        "journal.commit_p99_ms": round(statistics.quantiles(commit_ms, n=100)[98], 3),
        "journal.fsync_p50_ms": round(statistics.median(fsync_ms), 3),
        "journal.fsync_p99_ms": round(statistics.quantiles(fsync_ms, n=100)[98], 3),
    }


async def _measure(place: Path, commits: int) -> tuple[list[float], list[float]]:
    commit_ms, fsync_ms = [], []
    page = os.urandom(4096)
    descriptor = os.open(place / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        async with await Journal.open(place / "journal.db", os.urandom(32), SystemClock()) as journal:
            await journal.begin("v1", "endorsement", "C1")
            for _ in range(commits):
                begun = time.perf_counter()
                await journal.note("v1", "step-done", step="measure", duration_ms=1)
                commit_ms.append((time.perf_counter() - begun) * 1000)
                begun = time.perf_counter()
                os.write(descriptor, page)
                os.fsync(descriptor)
                fsync_ms.append((time.perf_counter() - begun) * 1000)
    finally:
        os.close(descriptor)
    return commit_ms, fsync_ms


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:<24} {value:8.3f}")
