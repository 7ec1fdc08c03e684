"""The journal when its disk or its process fails: what was acknowledged is kept, and it goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.journal import MACHINE, Head, JournalFailed
from tests.counts import Counted
from tests.trust.small_journal import opened, raw
from tests.trust.world import in_loop

FILLING = """
import asyncio, resource, signal, sys
from pathlib import Path
from kiosk.clock import SystemClock
from kiosk.journal import MACHINE, Journal, JournalFailed

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    async with await Journal.open(Path(sys.argv[1]), bytes(range(32)), SystemClock()) as journal:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_200_000, resource.RLIM_INFINITY))
        failed = 0
        for _ in range(2000):
            try:
                await journal.note(MACHINE, "filled", code="x" * 100)
            except JournalFailed:
                failed += 1
                if failed == 3:
                    break
        print(journal.head().number, failed, flush=True)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await journal.note(MACHINE, "room-again")
        print(journal.head(), flush=True)

asyncio.run(main())
"""


@in_loop
async def test_a_full_disk_refuses_writes_loses_nothing_and_recovers(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILLING, str(tmp_path / "journal.db")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counted, head = done.stdout.splitlines()
    written, failed = map(int, counted.split())
    assert failed == 3
    assert written > 20
    async with await opened(tmp_path) as journal:
        report = await journal.verify(Head.parse(head))
        assert (report.events, report.faults) == (written + 1, ())


WRITING = """
import asyncio, sys
from pathlib import Path
from kiosk.clock import SystemClock
from kiosk.failpoints import failpoints_from
from kiosk.journal import Journal
import os

async def main():
    path, key, points = Path(sys.argv[1]), bytes(range(32)), failpoints_from(os.environ)
    async with await Journal.open(path, key, SystemClock(), failpoints=points) as journal:
        number = await journal.next_number("visit")
        visit = f"v{number}"
        await journal.begin(visit, "endorsement", f"C{number}")
        print(journal.head(), flush=True)
        for count in range(int(sys.argv[2])):
            before = {"channel": "wechat", "amount_fen": 1500}
            async with journal.acting(visit, "take-money", f"{visit}-{count}", before=before) as act:
                print(journal.head(), flush=True)
                act.after["state"] = "approved"
            print(journal.head(), flush=True)

asyncio.run(main())
"""


@in_loop
async def test_sixty_kills_lose_no_row_that_was_acknowledged(tmp_path: Path, counted: Counted) -> None:
    """A kill -9 keeps the page cache: this proves order and recovery, not that a disk keeps its word."""
    path = tmp_path / "journal.db"
    acknowledged: list[Head] = []
    delays = [0.0005 * (n % 20) for n in range(60)]
    for delay in delays:
        child = subprocess.Popen(
            [sys.executable, "-c", WRITING, str(path), "1000000"], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        acknowledged.append(Head.parse(child.stdout.readline()))
        # Spreads the kills over a commit; whatever the machine's load, any moment is a good one.
        await asyncio.sleep(delay)
        os.kill(child.pid, signal.SIGKILL)
        rest = child.stdout.read()
        acknowledged += [Head.parse(line) for line in rest.splitlines(keepends=True) if line.endswith("\n")]
        assert child.wait() == -signal.SIGKILL
    async with await opened(tmp_path) as journal:
        assert (await journal.verify()).whole
        rows = raw(tmp_path).execute("SELECT number, hash FROM event").fetchall()
        kept = {number: bytes(digest) for number, digest in rows}
        assert [head for head in acknowledged if kept.get(head.number) != head.hash] == []
        assert len(await journal.open_visits()) == 60
    counted(f"journal: {len(delays)} kills at any moment, {len(acknowledged)} acknowledged rows, 0 lost")


@in_loop
async def test_a_kill_at_every_failpoint_leaves_a_whole_journal(tmp_path: Path, counted: Counted) -> None:
    log = tmp_path / "points"
    path = tmp_path / "listing.db"
    script = [sys.executable, "-c", WRITING]
    subprocess.run([*script, str(path), "1"], env={**os.environ, "KIOSK_FAILPOINT_LOG": str(log)}, check=True)
    points = log.read_text().split()
    assert "journal.effect-intended.take-money.before:1" in points
    assert "act.take-money.after:1" in points
    assert len(points) == 10
    for point in points:
        environment = {**os.environ, "KIOSK_FAILPOINT": point}
        killed = subprocess.run([*script, str(tmp_path / "journal.db"), "1"], env=environment, check=False)
        assert killed.returncode == -signal.SIGKILL, point
        async with await opened(tmp_path) as journal:
            assert (await journal.verify()).whole, point
    counted(f"journal: killed at each of {len(points)} failpoints")


@in_loop
async def test_a_cancelled_write_is_committed_when_the_cancelling_is_felt(tmp_path: Path) -> None:
    async with await opened(tmp_path) as journal:
        for _ in range(20):
            task = asyncio.create_task(journal.note(MACHINE, "noted"))
            await asyncio.sleep(0)
            head = journal.head().number
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert journal.head().number >= head
        await journal.note(MACHINE, "noted")
        assert journal.head().number == 21


@in_loop
async def test_a_read_only_disk_is_a_failed_write(tmp_path: Path) -> None:
    async with await opened(tmp_path) as journal:
        await journal.note(MACHINE, "noted")
        await journal._run(lambda: journal._store._connection.execute("PRAGMA query_only = ON"))
        with pytest.raises(JournalFailed):
            await journal.note(MACHINE, "noted")
        await journal.note(MACHINE, "noted")  # it was opened anew
        assert journal.head().number == 2
