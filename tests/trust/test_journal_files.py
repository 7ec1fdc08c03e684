"""The journal's files, byte for byte: ``kiosk journal verify`` finds what was changed or cut off."""

from __future__ import annotations

import asyncio
import io
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.clock import SystemClock
from kiosk.http import PlatformError
from kiosk.journal import MACHINE, Head, Journal, JournalRefused, Outcome, commands, database
from kiosk.journal.commands import BROKEN, UNFINISHED, UNREADABLE, WHOLE
from kiosk.journal.log import FRAME_HEADER_BYTES, HEADER_BYTES, read_log
from kiosk.journal.room import BALLAST_BYTES, Ballast, free_bytes
from kiosk.outbox import Outbox
from kiosk.platform import Platform
from kiosk.pushed_head import pushed_head
from kiosk.settings import Settings
from tests.simulators.back_office_bench import TOKEN, Bench, on_file
from tests.trust.world import KEY, in_loop

KILLED = """
import asyncio, os, sys
from pathlib import Path
from kiosk.clock import SystemClock
from kiosk.journal import MACHINE, Journal, Outcome
from tests.trust.world import KEY

async def main():
    journal = await Journal.open(Path(sys.argv[1]), KEY, SystemClock())
    if journal.head().number == 0:
        for number in range(40):
            await journal.begin(f"v{number}", "endorsement", "C1")
            await journal.end(f"v{number}", Outcome.CANCELLED, "left")
    else:
        for _ in range(12):
            await journal.note(MACHINE, "noted", attempt=7)
        print(journal.head(), flush=True)
        os.kill(os.getpid(), 9)
    await journal.close()

asyncio.run(main())
"""


class Files(dict[str, bytes]):
    """Files by name, described in few words."""

    def __repr__(self) -> str:
        return str({name: len(content) for name, content in self.items()})


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Files, str]:
    """Return the files of a journal whose process was killed, and its last head: much is in the file, the
    last twelve commits are in the log."""
    folder = tmp_path_factory.mktemp("killed")
    script = [sys.executable, "-c", KILLED, str(folder / "journal.db")]
    subprocess.run(script, check=True, capture_output=True)
    head = subprocess.run(script, check=False, capture_output=True, text=True).stdout.strip()
    files = Files({name: (folder / name).read_bytes() for name in ("journal.db", "journal.db-wal")})
    assert len(files["journal.db"]) > 20 * 4096
    assert len(files["journal.db-wal"]) > 12 * 4096
    return files, head


def verified(files: dict[str, bytes], head: str | None = None) -> tuple[int, str]:
    """Lay the files out and verify them; return the exit code and what was said. They must not change."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path, key_file = Path(folder) / "journal.db", Path(folder) / "key"
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        key_file.write_bytes(KEY)
        key_file.chmod(0o600)
        out = io.StringIO()
        code = commands.verify(path, key_file, head=head, out=out)
        assert {name: (Path(folder) / name).read_bytes() for name in files} == files
        return code, out.getvalue()


def changed(files: dict[str, bytes], name: str, position: int, flip: int) -> dict[str, bytes]:
    content = bytearray(files[name])
    content[position] ^= flip
    return {**files, name: bytes(content)}


def test_untouched_they_are_whole(killed: tuple[Files, str]) -> None:
    files, head = killed
    assert verified(files, head) == (WHOLE, f"92 events, head {head}, whole\n")
    assert verified(files)[0] == WHOLE


@settings(max_examples=50)
@given(data=st.data())
def test_one_changed_byte_anywhere_is_found(killed: tuple[Files, str], data: st.DataObject) -> None:
    files, _ = killed
    name = data.draw(st.sampled_from(sorted(files)))
    position = data.draw(st.integers(0, len(files[name]) - 1))
    flip = data.draw(st.integers(1, 255))
    code, said = verified(changed(files, name, position, flip))
    assert code != WHOLE, said


@settings(max_examples=25)
@given(data=st.data())
def test_a_cut_off_end_is_found(killed: tuple[Files, str], data: st.DataObject) -> None:
    """Of the log any part may be gone (a power cut leaves that too): the head known from before tells."""
    files, head = killed
    name = data.draw(st.sampled_from(sorted(files)))
    size = data.draw(st.integers(0, len(files[name]) - 1))
    code, said = verified({**files, name: files[name][:size]}, head)
    assert code in (BROKEN, UNREADABLE), said


def test_a_lost_log_looks_whole_without_the_head(killed: tuple[Files, str]) -> None:
    files, head = killed
    only = {"journal.db": files["journal.db"]}
    assert verified(only) == (WHOLE, verified(only)[1])
    code, said = verified(only, head)
    assert code == BROKEN
    assert "events 81 to 92 are missing at the end" in said


def test_half_a_commit_is_unfinished_until_the_next_start(tmp_path: Path, killed: tuple[Files, str]) -> None:
    files, _ = killed
    half = {**files, "journal.db-wal": files["journal.db-wal"][:-5000]}
    code, said = verified(half)
    assert code == UNFINISHED
    assert "log: frame" in said
    assert "92 events" not in said
    for name, content in half.items():
        (tmp_path / name).write_bytes(content)
    asyncio.run(_started(tmp_path / "journal.db"))
    after = {name: (tmp_path / name).read_bytes() for name in ("journal.db",)}
    assert verified(after)[0] == WHOLE


async def _started(path: Path) -> None:
    async with await Journal.open(path, KEY, SystemClock()) as journal:
        assert read_log(path).faults == ()
        assert (await journal.verify()).whole


def test_the_log_names_what_is_wrong(tmp_path: Path, killed: tuple[Files, str]) -> None:
    files, _ = killed
    log, path = files["journal.db-wal"], tmp_path / "journal.db"
    frame = FRAME_HEADER_BYTES + 4096

    def faults(content: bytes) -> tuple[str, ...]:
        path.with_name("journal.db-wal").write_bytes(content)
        return read_log(path).faults

    assert faults(log) == ()
    assert len(read_log(path).pages) > 3
    assert faults(b"") == ()
    assert faults(log[:HEADER_BYTES]) == ()
    for position in (0, 5, 9, 17, 30):
        assert faults(bytes([*log[:position], log[position] ^ 1, *log[position + 1 :]])) == (
            "log: its header is not whole",
        )
    assert faults(log[: HEADER_BYTES - 1]) == ("log: its header is not whole",)
    third = HEADER_BYTES + 2 * frame + 500
    assert faults(bytes([*log[:third], log[third] ^ 1, *log[third + 1 :]])) == (
        "log: frame 3 is not whole, or of no whole commit",
    )
    # What an earlier round left behind has other salts, both of them, and means nothing.
    old = bytearray(log[HEADER_BYTES : HEADER_BYTES + frame])
    old[8:16] = bytes(byte ^ 0xFF for byte in old[8:16])
    assert faults(log + bytes(old)) == ()
    assert len(faults(log + bytes(old[:10]))) == 1


@in_loop
async def test_a_running_journal_is_verified_without_false_alarm(tmp_path: Path) -> None:
    async with await Journal.open(tmp_path / "journal.db", KEY, SystemClock()) as journal:
        await journal._run(lambda: journal._store._connection.execute("PRAGMA wal_autocheckpoint = 20"))

        async def writing() -> None:
            for _ in range(150):
                await journal.note(MACHINE, "noted")

        task = asyncio.create_task(writing())
        while not task.done():
            report = await journal.verify()
            assert (report.faults, report.unfinished) == ((), ())
        await task


# --- the head that was pushed ----------------------------------------------------------------------


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with on_file(tmp_path) as bench:
        yield bench


def test_the_back_offices_head_finds_what_was_cut_off(tmp_path: Path, bench: Bench) -> None:
    platform = Platform(bench.server.url, TOKEN, "K1", SystemClock(), random.Random(1))
    made = SimpleNamespace(
        site=SimpleNamespace(id="K1"),
        back_office=SimpleNamespace(url=bench.server.url, token=lambda: TOKEN, timeout_s=2.0),
        journal=SimpleNamespace(path=tmp_path / "journal.db", key_file=tmp_path / "key"),
    )
    site = cast("Settings", made)
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)

    async def first() -> Head:
        async with await Journal.open(tmp_path / "journal.db", KEY, SystemClock()) as journal:
            await journal.begin("v1", "endorsement", "C1")
            with pytest.raises(PlatformError):
                await asyncio.to_thread(pushed_head, site)
            await journal.post_head()
            outbox = Outbox(journal, platform, SystemClock(), random.Random(1))
            assert await outbox.send_waiting()
            await journal.end("v1", Outcome.CANCELLED, "left")
            await journal.post_head()
            assert await outbox.send_waiting()
            return journal.head()

    head = asyncio.run(first())
    assert pushed_head(site) == head
    assert (
        commands.verify(tmp_path / "journal.db", tmp_path / "key", head=str(head), out=io.StringIO()) == WHOLE
    )
    connection = database.connect(tmp_path / "journal.db", KEY)
    connection.execute("DROP TRIGGER event_no_delete")
    connection.execute("DELETE FROM event WHERE number = 2")
    connection.execute("UPDATE visit SET outcome = NULL, reason = ''")
    connection.execute("UPDATE head SET number = 1, hash = (SELECT hash FROM event WHERE number = 1)")
    connection.close()
    assert commands.verify(tmp_path / "journal.db", tmp_path / "key", out=io.StringIO()) == WHOLE
    out = io.StringIO()
    assert (
        commands.verify(tmp_path / "journal.db", tmp_path / "key", head=str(pushed_head(site)), out=out)
        == BROKEN
    )
    assert "events 2 to 2 are missing at the end" in out.getvalue()
    platform.close()


# --- a small disk ----------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 232 MB, in memory; where nobody may mount one, the test is left out."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=232m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(place: Path, leave_bytes: int) -> Path:
    """Fill the disk but for ``leave_bytes``; return the file that does."""
    filler = place / "filler"
    filler.unlink(missing_ok=True)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free_bytes(filler) - leave_bytes)
    return filler


@in_loop
async def test_a_disk_fills_while_people_are_served(small_disk: Path) -> None:
    """New visits are refused at the floor; the open one ends on a full disk; with room again all goes on."""
    path = small_disk / "journal.db"
    async with await Journal.open(path, KEY, SystemClock()) as journal:
        await journal.begin("v1", "endorsement", "C1")
        assert path.with_name("journal.db.ballast").stat().st_size == BALLAST_BYTES
        filler = fill(small_disk, 190 << 20)
        assert not journal.has_room()
        with pytest.raises(JournalRefused, match="disk-low"):
            await journal.begin("v2", "endorsement", "C2")
        filler = fill(small_disk, 0)
        for number in range(200):
            await journal.note("v1", "step-done", attempt=number)
        await journal.end("v1", Outcome.CANCELLED, "left")
        assert not path.with_name("journal.db.ballast").exists()
        head = journal.head()
        filler.unlink()
        assert journal.has_room()
        await journal.begin("v2", "endorsement", "C2")
        assert path.with_name("journal.db.ballast").exists()
        report = await journal.verify(head)
        assert (report.events, report.faults) == (203, ())


@in_loop
async def test_a_start_without_room_is_refused_and_changes_nothing(small_disk: Path) -> None:
    path = small_disk / "journal.db"
    async with await Journal.open(path, KEY, SystemClock()) as journal:
        await journal.begin("v1", "endorsement", "C1")
    before = path.read_bytes()
    filler = fill(small_disk, 15 << 20)
    with pytest.raises(JournalRefused) as refused:
        await Journal.open(path, KEY, SystemClock())
    assert refused.value.code == "disk-low"
    assert path.read_bytes() == before
    filler.unlink()
    async with await Journal.open(path, KEY, SystemClock()) as journal:
        assert (await journal.verify()).whole


@in_loop
async def test_a_disk_that_becomes_read_only(small_disk: Path) -> None:
    """Remounted as a kernel does it after errors: an open journal fails each write, a start is refused."""
    path = small_disk / "journal.db"
    async with await Journal.open(path, KEY, SystemClock()) as journal:
        await journal.begin("v1", "endorsement", "C1")
    remount = ["mount", "-o", "remount,ro", str(small_disk)]
    subprocess.run(remount, check=True, capture_output=True)
    with pytest.raises((JournalRefused, OSError)):
        await Journal.open(path, KEY, SystemClock())
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    async with await Journal.open(path, KEY, SystemClock()) as journal:
        assert [record.visit for record in await journal.open_visits()] == ["v1"]


def test_ballast_is_given_once_and_only_on_a_full_disk(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "journal.db")
    ballast.take()
    ballast.take()
    assert (tmp_path / "journal.db.ballast").stat().st_size == BALLAST_BYTES
    assert (tmp_path / "journal.db.ballast").stat().st_mode & 0o777 == 0o600
    assert not ballast.drop(), "there is room"
    assert (tmp_path / "journal.db.ballast").exists()


# --- descriptors run out ---------------------------------------------------------------------------

WITHOUT_DESCRIPTORS = """
import asyncio, resource, sys, os
from pathlib import Path
from kiosk.clock import SystemClock
from kiosk.journal import MACHINE, Journal, JournalFailed, JournalRefused
from tests.trust.world import KEY

async def main():
    async with await Journal.open(Path(sys.argv[1]), KEY, SystemClock()) as journal:
        await journal.begin("v1", "endorsement", "C1")
        used = max(int(name) for name in os.listdir("/proc/self/fd")) + 1
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (used, hard))
        taken = []
        try:
            while True:
                taken.append(os.open("/dev/null", os.O_RDONLY))
        except OSError as error:
            assert error.errno == 24
        for number in range(50):
            await journal.note("v1", "step-done", attempt=number)
        try:
            await journal.verify()
            print("verified without a descriptor")
        except JournalRefused as refused:
            print(refused.code)
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        report = await journal.verify()
        print(report.events, report.faults)

asyncio.run(main())
"""


def test_without_descriptors_what_is_open_is_still_written(tmp_path: Path) -> None:
    """The journal needs no new descriptor for a commit; a verification says that it cannot look."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DESCRIPTORS, str(tmp_path / "journal.db")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["damaged", "51 ()"]
