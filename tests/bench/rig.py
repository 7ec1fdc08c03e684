"""What the measurements share: a bench in this process, and a kiosk in a process of its own."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from simulators.bench import Bench
from simulators.citizen import Citizen, Plan, Watcher
from simulators.control_client import World
from simulators.hands import DataHands, Hands
from simulators.kiosk_link import KioskLink, KioskProcess
from simulators.level import Level

PRACTISED = Plan("chen-haoran", acts={"consent-face": [{"act": "place_id_card"}, {"act": "look"}]})
"""A citizen who renews, has the card on the reader and is before the camera by the time the kiosk asks."""

ARRIVALS = 5
COME_BACK_S = 3.0
INSTALLED = {"PYTHONDONTWRITEBYTECODE": ""}
"""As on a machine where it has run before: whatever the shell says, compiled code is kept."""


@dataclass(slots=True)
class Rig:
    """A running kiosk and its world."""

    bench: Bench
    kiosk: KioskProcess
    link: KioskLink
    world: World

    def until(self, kind: str, timeout_s: float = 30.0) -> None:
        """Wait for a page whose prompt is of ``kind``; raises ``TimeoutError``."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            message = self.link.next(0.5)
            if message and message.get("page", {}).get("prompt", {}).get("kind") == kind:
                return
        raise TimeoutError(f"no {kind} page came")

    def visit(
        self,
        plan: Plan,
        *,
        hands: Hands | None = None,
        watcher: Watcher | None = None,
        outcome: str | None = "delivered",
        timeout_s: float = 60.0,
    ) -> dict[str, Any]:
        """Let one person be served in a world where nothing has happened yet; returns the kiosk's report.

        Raises ``RuntimeError`` when the visit did not end in ``outcome`` (None: any).
        """
        for _ in range(ARRIVALS):
            self.world.do("reset")
            self.link.begin_now()
            citizen = Citizen(self.link, hands or DataHands(self.link), self.world, plan, watcher)
            report = citizen.visit(timeout_s)
            if not report["reason"].startswith("not-offered"):
                break
            # On a machine this busy a device was too slow to say that it is well.
            print("the service was not offered; coming back", file=sys.stderr)
            time.sleep(COME_BACK_S)
        if outcome not in (None, report["outcome"]):
            raise RuntimeError(f"the visit was {report['outcome']}: {report['reason']}")
        return report

    @property
    def processes(self) -> list[psutil.Process]:
        """The kiosk's process and its child's."""
        kiosk = psutil.Process(self.kiosk.pid)
        return [kiosk, *kiosk.children()]

    def memory_mb(self) -> tuple[float, float]:
        """Return the resident memory of the kiosk and of its child."""
        kiosk, *children = (process.memory_info().rss / 1e6 for process in self.processes)
        return kiosk, sum(children)

    def cpu_s(self) -> float:
        """Return the seconds of a core that kiosk and child have used so far."""
        return sum(sum(process.cpu_times()[:2]) for process in self.processes)


@contextmanager
def running(level: Level, *, headless: bool) -> Iterator[Rig]:
    """Start a bench and a kiosk on it; both end with the block."""
    with tempfile.TemporaryDirectory(prefix="kiosk-bench-") as folder, Bench(Path(folder), level) as bench:
        kiosk = KioskProcess(bench.state / "site.toml", headless=headless, environment=INSTALLED)
        try:
            link = kiosk.connect()
            yield Rig(bench, kiosk, link, World(bench.control_url, bench.token))
            link.close()
        finally:
            kiosk.stop()
