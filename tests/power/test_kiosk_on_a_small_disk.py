"""The whole kiosk while its disk fills and empties again, and while it has no descriptor left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from simulators.bench_process import BenchProcess
from simulators.citizen import Citizen, Plan
from simulators.hands import DataHands
from simulators.kiosk_link import KioskLink, KioskProcess

PATIENCE_S = 40.0


class Machine:
    """A kiosk whose journal lies on ``disk``, and its world."""

    def __init__(self, folder: Path, disk: Path) -> None:
        self.disk = disk
        self.bench = BenchProcess(folder / "state", "ideal", 1)
        self.site = self.bench.site
        text = self.site.read_text("utf-8")
        assert text.count('path = "journal.db"') == 1
        self.site.write_text(text.replace('path = "journal.db"', f'path = "{disk / "journal.db"}"'), "utf-8")
        self.kiosk = KioskProcess(self.site, headless=True)
        self.link: KioskLink = self.kiosk.connect(PATIENCE_S)

    def close(self) -> None:
        self.link.close()
        self.kiosk.stop()
        self.bench.stop()

    def shown(self) -> str:
        """Return the page that is shown, as JSON."""
        return json.dumps(self.link.ask("shown"))

    def says_no_room(self) -> bool:
        """Tell whether the page says that there is no room to keep records."""
        return '"unready.disk-low"' in self.shown()

    def serves(self) -> bool:
        """Tell whether the first page offers the service."""
        page = self.link.ask("shown")
        return (
            page is not None
            and page["prompt"]["kind"] == "attract"
            and all(
                tile["refused"] is None
                for tile in page["prompt"]["services"]
                if tile["value"] == "endorsement"
            )
        )

    def until(self, met: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not met():
            assert time.monotonic() < deadline_s, (self.shown(), self.kiosk.last_words())
            time.sleep(0.05)

    def visit(self, at: str = "", act: Callable[[], Any] = lambda: None) -> dict[str, Any]:
        """Let somebody be served; ``act`` is done when the page ``at`` is seen."""
        self.bench.world.do("reset")
        self.until(self.serves)
        self.link.begin_now()

        def watch(page: dict[str, Any]) -> None:
            if page["prompt"]["name"] == at:
                act()

        return Citizen(self.link, DataHands(self.link), self.bench.world, Plan("chen-haoran"), watch).visit()

    def fill(self, leave_bytes: int) -> None:
        """Let another program fill the disk but for ``leave_bytes``."""
        filler = self.disk / "filler"
        filler.unlink(missing_ok=True)
        room = os.statvfs(self.disk)
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - leave_bytes)

    def empty(self) -> None:
        (self.disk / "filler").unlink()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with a disk of 240 MB; where nobody may mount one, the tests are left out."""
    folder = tmp_path_factory.mktemp("small")
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=240m", "tmpfs", str(disk)]
    if (done := subprocess.run(mount, capture_output=True, check=False)).returncode != 0:
        pytest.skip(f"no disk can be mounted here: {done.stderr.decode().strip()}")
    machine = Machine(folder, disk)
    yield machine
    machine.close()
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_fills_and_empties_around_people(machine: Machine) -> None:
    assert machine.visit()["outcome"] == "delivered"
    machine.fill(150 << 20)
    machine.until(machine.says_no_room)
    machine.empty()
    machine.until(machine.serves)
    report = machine.visit(at="check-answers", act=lambda: machine.fill(0))  # full before any money
    assert (report["outcome"], report["paid_fen"] > 0) == ("delivered", True)
    assert all(verdict is True for verdict in report["invariants"].values()), report["invariants"]
    machine.until(machine.says_no_room)
    machine.empty()
    assert machine.visit()["outcome"] == "delivered"
    verify = [sys.executable, "-m", "kiosk", "--site", str(machine.site), "journal", "verify"]
    assert subprocess.run(verify, capture_output=True, check=False).returncode == 0


def test_no_descriptor_is_left_while_somebody_is_served(machine: Machine) -> None:
    """Whatever the kiosk then cannot open, nobody is cheated, and with descriptors again it serves on."""
    assert machine.visit()["outcome"] == "delivered"
    kiosk = psutil.Process(machine.kiosk.pid)
    was = kiosk.rlimit(psutil.RLIMIT_NOFILE)

    def take_all() -> None:
        highest = max(int(entry.name) for entry in Path(f"/proc/{kiosk.pid}/fd").iterdir())
        kiosk.rlimit(psutil.RLIMIT_NOFILE, (highest + 1, was[1]))

    report = machine.visit(at="check-answers", act=take_all)
    kiosk.rlimit(psutil.RLIMIT_NOFILE, was)
    print(f"without descriptors the visit was {report['outcome']}: {report['reason']}")
    paid, refunded = report["paid_fen"], report["refunded_fen"]
    assert report["outcome"] in ("delivered", "escalated") or paid == refunded
    assert machine.bench.world.state()["permit"]["where"] in ("pocket", "bin")
    assert machine.visit()["outcome"] == "delivered"
