"""A stand: one bench and one kiosk, on which scenarios are played one after the other.

A kiosk that came through a visit in good order serves the next one; after a failure, or when a question
of money or of a permit is left to staff, the next scenario gets a new bench and a new journal.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar

from simulators.bench_process import BenchProcess
from simulators.control_client import World
from simulators.kiosk_link import KioskGone, KioskLink, KioskProcess

T = TypeVar("T")

READY_S: Final = 60.0
POLL_S: Final = 0.05
FIRST_PAGES: Final = ("attract", "out-of-service")
"""The pages, by name, on which a kiosk waits for the next person, or for staff."""


class NotReady(Exception):
    """The kiosk does not come to its first page with everything in order."""


class Stand:
    """Started when it is first needed; ``close`` ends it. ``environment`` is the kiosk's beside our own."""

    def __init__(self, *, headless: bool = True, environment: Mapping[str, str] | None = None) -> None:
        self._headless, self._environment = headless, dict(environment or {})
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._bench: BenchProcess | None = None
        self._kiosk: KioskProcess | None = None
        self._link: KioskLink | None = None

    @property
    def world(self) -> World:
        return self._started(self._bench).world

    @property
    def link(self) -> KioskLink:
        return self._started(self._link)

    @property
    def kiosk(self) -> KioskProcess:
        return self._started(self._kiosk)

    @property
    def state(self) -> Path:
        """The folder with everything that the kiosk writes."""
        return self._started(self._bench).site.parent

    @property
    def office(self) -> tuple[str, str]:
        """The back office's address and token."""
        summary = self._started(self._bench).summary
        return str(summary["back_office"]), str(summary["token"])

    @property
    def links(self) -> dict[str, str]:
        """The devices' links: URLs by name."""
        links: dict[str, str] = self._started(self._bench).summary["links"]
        return links

    def prepare(self) -> None:
        """Have an empty world and a kiosk on its first page, everything usable; raises ``NotReady``."""
        if self._bench is None:
            self._folder = tempfile.TemporaryDirectory(prefix="stand-")
            self._bench = BenchProcess(Path(self._folder.name), "ideal", 1, ["--hasty"])
        self.world.clear_faults()
        self.world.do("reset")
        if self._kiosk is None:
            self.start_kiosk()
        self.until(self._in_order, "the first page with everything in order")
        self.link.begin_now()

    def start_kiosk(self) -> None:
        """Start the kiosk and connect to it; raises ``KioskGone``."""
        self._kiosk = KioskProcess(
            self._started(self._bench).site,
            headless=self._headless,
            environment={**self._environment, "KIOSK_FAILPOINT_ORDER": str(self._failpoint_order)},
        )
        self._link = self._kiosk.connect()

    def order_failpoint(self, point: str) -> None:
        """Have the kiosk killed when it meets ``name:n``; nothing for ""."""
        self._failpoint_order.unlink(missing_ok=True)
        if point:
            self._failpoint_order.write_text(point, "ascii")

    @property
    def _failpoint_order(self) -> Path:
        return self.state / "failpoint"

    def cut_power(self) -> None:
        """Kill the kiosk as a power cut would."""
        self.kiosk.kill()
        self.kiosk.stop()
        self.link.close()
        self._kiosk = self._link = None

    def until(self, met: Callable[[], bool], what: str, timeout_s: float = READY_S) -> None:
        """Wait until ``met``; raises ``NotReady``."""
        deadline_s = time.monotonic() + timeout_s
        while not met():
            if time.monotonic() > deadline_s:
                raise NotReady(f"no {what} within {timeout_s} s: {self._words()}")
            time.sleep(POLL_S)

    def unusable(self) -> set[str]:
        """Return what the kiosk knows to be out of order: devices, ``back_office``, ``clock``.

        A unit of the store is out of order as ``card_dispenser-1``.
        """
        status = self.link.ask("status")
        out = {name for name, device in status["devices"].items() if device["fault"] is not None}
        out |= {f"card_dispenser-{unit}" for unit in status["units_out"]}
        return out | {name for name in ("back_office", "clock") if not status[name]}

    def page(self) -> dict[str, Any]:
        """Return the page that is shown now; an empty one has the kind ``""``."""
        page: dict[str, Any] | None = self.link.ask("shown")
        return page or {"prompt": {"kind": "", "name": ""}}

    def log_size(self) -> int:
        """Return how long the kiosk's log is now, for ``events``."""
        log = self.state / "events.jsonl"
        return log.stat().st_size if log.exists() else 0

    def events(self, since: int) -> list[dict[str, Any]]:
        """Return the events of the kiosk's log after ``since`` bytes."""
        with (self.state / "events.jsonl").open("rb") as log:
            log.seek(since)
            return [json.loads(line) for line in log]

    def close(self) -> None:
        """End kiosk and bench and forget what they wrote."""
        self._end_kiosk()
        if self._bench is not None:
            self._bench.stop()
            self._bench = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> Stand:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _in_order(self) -> bool:
        page, unusable = self.page(), self.unusable()
        if "document_printer" in unusable:
            self.link.ask("tray_cleared")  # staff come between two scenarios
        if any(name.startswith("card_dispenser") for name in unusable):
            self.link.ask("store_put_right")
        if page["prompt"]["kind"] != "attract" or unusable or not self.link.ask("status")["comparing"]:
            return False  # on a busy machine somebody would be waited for longer than they stay
        return all(tile["refused"] is None for tile in page["prompt"]["services"])

    def _words(self) -> str:
        try:
            return f"page {self.page()['prompt']['name']}, out of order: {sorted(self.unusable())}"
        except KioskGone as gone:
            return f"{gone}: {self.kiosk.last_words()}"

    def _end_kiosk(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
        if self._kiosk is not None:
            self._kiosk.stop()
            self._kiosk = None

    @staticmethod
    def _started(part: T | None) -> T:
        if part is None:
            raise NotReady("the stand is not prepared")
        return part
