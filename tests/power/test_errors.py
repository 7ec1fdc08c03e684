"""The disk fails while visits are written down: EIO, ENOSPC, EROFS at each write, sync and truncation.

``strace`` makes the system calls of an unchanged process fail, so SQLCipher and the journal meet what they
would meet on a machine. What was acknowledged is there afterwards; what failed is not.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from kiosk.journal import Journal
from tests.trust.world import KEY, in_loop

COMMITS = 100
FAULTS = [
    ("pwrite64", "EIO", 37),
    ("pwrite64", "ENOSPC", 41),
    ("pwrite64", "EROFS", 43),
    ("fsync", "EIO", 5),
    ("fsync", "ENOSPC", 7),
    ("ftruncate", "EIO", 2),
]


async def prepared(folder: Path) -> Path:
    """Make a journal, so that what fails later is not its making."""
    async with await Journal.open(folder / "journal.db", KEY, SystemClock()) as journal:
        await journal.post_head()
    return folder / "journal.db"


def troubled(path: Path, call: str, when: str, error: str, *more: str) -> tuple[int, dict[int, str]]:
    """Commit with ``call`` failing ``when``; return the exit code and how each try ended."""
    files = [part for end in ("", "-wal") for part in ("-P", f"{path}{end}")]
    inject = f"inject={call}:error={error}:when={when}"
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject, *files]
    child = [sys.executable, "-m", "tests.power.troubled", str(path), str(COMMITS), *more]
    done = subprocess.run([*strace, *child], capture_output=True, text=True, timeout=120, check=False)
    ends: dict[int, str] = {}
    for line in done.stdout.splitlines():
        word, _, number = line.partition(" ")
        ends[int(number)] = word
    return done.returncode, ends


async def found(path: Path) -> set[int]:
    """Open the journal on a sound disk; return the tries that are in it, all of it being whole."""
    async with await Journal.open(path, KEY, SystemClock()) as journal:
        assert (await journal.verify()).faults == ()
        letters = {
            int(posted.letter.body["attempt"])
            for posted in await journal.letters(999)
            if posted.letter.case_no
        }
        (record,) = await journal.open_visits()
        numbers = [int(event.body["attempt"]) for event in record.events if "attempt" in event.body]
        assert len(numbers) == len(set(numbers))
        assert letters == {number for number in numbers if number % 5 == 0}
        return set(numbers)


@pytest.mark.parametrize(("call", "error", "step"), FAULTS)
@in_loop
async def test_errors_now_and_then(tmp_path: Path, call: str, error: str, step: int) -> None:
    """One call in ``step`` fails, so over the run each of a commit's calls does."""
    path = await prepared(tmp_path)
    code, ends = await asyncio.to_thread(troubled, path, call, f"{step + 20}+{step}", error)
    done = {number for number, end in ends.items() if end == "done"}
    failed = {number for number, end in ends.items() if end == "failed"}
    print(f"{call} {error}: {len(failed)} of {COMMITS} commits failed")
    assert code == 0
    assert done | failed == set(range(COMMITS))
    if call != "ftruncate":
        assert len(failed) > 5
    assert await found(path) == done


@pytest.mark.parametrize(("call", "error"), [("pwrite64", "ENOSPC"), ("fsync", "EIO"), ("pwrite64", "EROFS")])
@in_loop
async def test_a_disk_that_fails_for_good(tmp_path: Path, call: str, error: str) -> None:
    """From one moment on every call fails: all before is kept, nothing after is acknowledged."""
    path = await prepared(tmp_path)
    code, ends = await asyncio.to_thread(troubled, path, call, "200+" if call == "pwrite64" else "30+", error)
    done = {number for number, end in ends.items() if end == "done"}
    assert code == 0
    assert 5 < len(done) < COMMITS
    assert done == set(range(len(done))), "nothing is acknowledged after the first failure"
    # What was tried last may lie whole in the log, told as failed: nothing on this disk could undo it.
    assert done <= await found(path)
    assert len(await found(path) - done) <= 1


@in_loop
async def test_dead_after_a_failed_sync(tmp_path: Path) -> None:
    """A commit whose sync failed was told to have failed: the next start must not find it after all."""
    for when in range(14, 24, 3):
        folder = tmp_path / str(when)
        folder.mkdir()
        path = await prepared(folder)
        code, ends = await asyncio.to_thread(troubled, path, "fsync", str(when), "EIO", "die")
        done = {number for number, end in ends.items() if end == "done"}
        if "failed" not in ends.values():
            continue
        assert code == -9 or code == 137
        assert await found(path) == done, when
