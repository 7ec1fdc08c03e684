"""Nothing of a person stays: not in the child's memory, not in a core file, not on disk."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kiosk.matching import FaceOutcome, FingerOutcome, Matcher, wipe
from tests.matching.conftest import child_running, until_ready

# The real worker without the real child's protection, so that an ordinary test user may look into it.
UNPROTECTED = (
    "import runpy\n"
    "import kiosk.matching.hardening as hardening\n"
    "hardening.harden = lambda parent: None\n"
    "runpy.run_module('kiosk.matching', run_name='__main__')\n"
)


def test_an_idle_child_holds_no_pixel_of_a_face_or_finger(people: Any, fingers: Any) -> None:
    chip, frame = people.chip("p02"), people.frame("p02", "neutral")
    image, record = fingers.image("f01", 1), fingers.record("f01")
    traces = [frame[y, 300:308].tobytes() for y in (180, 240, 300)]
    traces += [chip[y, 40:56].tobytes() for y in (50, 70)]
    traces += [image[y, 100:130].tobytes() for y in (120, 150)]
    traces += [record[40:70]]
    assert all(len(set(trace)) > 6 for trace in traces)
    assert found_in(os.getpid(), traces) == set(traces)

    async def story() -> None:
        matcher = Matcher(command=child_running(UNPROTECTED))
        await matcher.start()
        try:
            await until_ready(matcher)
            pid = matcher.pid
            assert pid is not None
            for _ in range(3):
                await matcher.guide(frame)
                decision = await matcher.compare_face(chip, [frame, frame])
                assert decision.outcome is FaceOutcome.MATCH
                print_ = await matcher.compare_finger([record], image)
                assert print_.outcome is FingerOutcome.MATCH
            async with asyncio.timeout(10):
                while left := found_in(pid, traces):
                    assert matcher.pid == pid, left
                    await asyncio.sleep(0.1)
            written = Path(f"/proc/{pid}/io").read_text()
            assert re.search(r"^write_bytes: 0$", written, re.MULTILINE), written
            assert not [file for file in open_files(pid) if file.startswith(("/tmp", "/var", "/dev/shm"))]
        finally:
            await matcher.stop()

    asyncio.run(story())


def test_the_child_is_hardened(run: Any, matcher: Matcher) -> None:
    assert matcher.pid is not None
    limits = Path(f"/proc/{matcher.pid}/limits").read_text()
    assert re.search(r"^Max core file size\s+0\s+0\s", limits, re.MULTILINE)
    assert os.getpriority(os.PRIO_PROCESS, matcher.pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
    # An undumpable process belongs to root in /proc, whoever runs it.
    assert Path(f"/proc/{matcher.pid}/io").stat().st_uid == 0
    threads = re.search(r"^Threads:\s+(\d+)", Path(f"/proc/{matcher.pid}/status").read_text(), re.MULTILINE)
    assert threads is not None
    assert int(threads.group(1)) == 1


def test_the_child_sees_no_secret_of_the_kiosks_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACK_OFFICE_TOKEN", "secret-in-the-environment")

    async def story() -> None:
        matcher = Matcher(command=child_running(UNPROTECTED))
        await matcher.start()
        try:
            environment = Path(f"/proc/{matcher.pid}/environ").read_bytes()
        finally:
            await matcher.stop()
        assert b"GLIBC_TUNABLES" in environment
        assert b"secret-in-the-environment" not in environment

    asyncio.run(story())


def test_wipe_overwrites_what_it_may() -> None:
    array = np.full((4, 4), 7, np.uint8)
    fixed = np.full(4, 7, np.uint8)
    fixed.flags.writeable = False
    wipe(array, None, fixed)
    assert not array.any()
    assert fixed.all()


def found_in(pid: int, traces: list[bytes]) -> set[bytes]:
    """Return those of ``traces`` that are somewhere in the writable memory of process ``pid``."""
    found: set[bytes] = set()
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            if not rights.startswith("rw") or "[v" in line:
                continue
            start, end = (int(side, 16) for side in span.split("-"))
            try:
                memory.seek(start)
                held = memory.read(end - start)
            except OSError:
                continue
            found |= {trace for trace in traces if trace in held}
    return found


def open_files(pid: int) -> list[str]:
    """Return what process ``pid`` has open, save its standard error, which is the test's own."""
    files = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        if link.name == "2":
            continue
        try:
            files.append(str(link.readlink()))
        except FileNotFoundError:
            continue
    return files
