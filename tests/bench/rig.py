"""What the measurements share: a bench in this process, and a kiosk in a process of its own."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from simulators.bench import Bench
from simulators.control_client import World
from simulators.kiosk_link import KioskLink, KioskProcess
from simulators.level import Level


@dataclass(slots=True)
class Rig:
    """A running kiosk and its world."""

    bench: Bench
    kiosk: KioskProcess
    link: KioskLink
    world: World

    def until(self, kind: str, timeout_s: float = 30.0) -> dict[str, Any]:
        """Wait for a page whose prompt is of ``kind``; returns the page."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            message = self.link.next(0.5)
            if message and message.get("page", {}).get("prompt", {}).get("kind") == kind:
                page: dict[str, Any] = message["page"]
                return page
        raise TimeoutError(f"no {kind} page came")

    def rss_mb(self) -> tuple[float, float]:
        """Return the resident memory of the kiosk and of its child, in MB."""
        process = psutil.Process(self.kiosk.pid)
        children = sum(child.memory_info().rss for child in process.children())
        return process.memory_info().rss / 1e6, children / 1e6


@contextmanager
def running(level: Level, *, headless: bool) -> Iterator[Rig]:
    """Start a bench and a kiosk on it; both end with the block."""
    with tempfile.TemporaryDirectory(prefix="kiosk-bench-") as folder, Bench(Path(folder), level) as bench:
        kiosk = KioskProcess(bench.state / "site.toml", headless=headless)
        try:
            link = kiosk.connect()
            yield Rig(bench, kiosk, link, World(bench.control_url, bench.token))
            link.close()
        finally:
            kiosk.stop()
