"""The ground on which the kiosk is killed: one bench that stays, one kiosk that dies and starts again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from simulators.bench_process import BenchProcess
from simulators.citizen import Citizen, Director, Watcher
from simulators.control_client import Refused, World
from simulators.hands import DataHands
from simulators.kiosk_link import KioskGone, KioskLink, KioskProcess
from tests.crash.routes import Route

READY_S: Final = 40.0
POLL_S: Final = 0.02
MOST_STARTS: Final = 3


TAKES: Final = {"take-permit": "take_permit", "take-documents": "take_document", "take-card": "take_card"}
"""What the person does when recovery says to take something, by the prompt's name."""

Blow = str | float
"""How the kiosk is killed: at a failpoint (``name:n``, counted from now), or after so many seconds."""


class NotHome(Exception):
    """The kiosk does not come to a first page on which everything can be used."""


@dataclass(slots=True)
class Recovery:
    """What the person saw of a recovery: how often the kiosk started, and each page that asked to take.

    ``inside``: the permit was in the machine when the kiosk died; ``stays``: its holder waits for it.
    """

    inside: bool
    stays: bool
    starts: int = 0
    taking: list[dict[str, Any]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)


class Ground:
    """A bench, and the kiosk on it. The journal is one over all visits, deaths and starts.

    ``environment`` is the kiosk's beside our own.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = dict(environment or {})
        self._was_struck = False
        self._open()

    def _open(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="crash-")
        self.state = Path(self._folder.name)
        self._bench = BenchProcess(self.state, "ideal", 1, ["--hasty"])
        self.world: World = self._bench.world
        self.office = str(self._bench.summary["back_office"]), str(self._bench.summary["token"])
        self._order, self._log = self.state / "failpoint.order", self.state / "failpoint.log"
        self._kiosk: KioskProcess | None = None
        self._link: KioskLink | None = None

    # --- the kiosk's life -----------------------------------------------------------------------------

    def order(self, point: str | None) -> None:
        """Have the kiosk die at ``point`` (``name:n``, counted from now), or at none."""
        if point is None:
            self._order.unlink(missing_ok=True)
            return
        written = self._order.with_suffix(".new")
        written.write_text(point, "ascii")
        written.rename(self._order)

    def points_met(self) -> list[str]:
        """Return the failpoints met since the last time this was asked."""
        met = self._log.read_text("ascii").split() if self._log.exists() else []
        self._log.unlink(missing_ok=True)
        return met

    def ready(self) -> None:
        """Empty the world and have the kiosk on its first page with everything usable; raises ``NotHome``."""
        self.order(None)
        self.world.clear_faults()
        self.world.do("reset")
        if self._kiosk is None:
            self.start()
        self._until(self._all_usable, "first page with everything usable")
        self.link.begin_now()

    def start(self) -> None:
        """Start the kiosk on the state that is there; raises ``KioskGone``."""
        environment = {"KIOSK_FAILPOINT_ORDER": str(self._order), "KIOSK_FAILPOINT_LOG": str(self._log)}
        self._kiosk = KioskProcess(
            self._bench.site, headless=True, environment={**self._environment, **environment}
        )
        self._link = self._kiosk.connect(READY_S)

    @property
    def link(self) -> KioskLink:
        assert self._link is not None
        return self._link

    @property
    def pid(self) -> int:
        """The kiosk's process."""
        assert self._kiosk is not None
        return self._kiosk.pid

    @property
    def links(self) -> dict[str, str]:
        """The links' URLs by name."""
        links: dict[str, str] = self._bench.summary["links"]
        return links

    def kill(self) -> None:
        """Cut the power now."""
        os.kill(self.pid, signal.SIGKILL)

    def died(self) -> None:
        """Wait until the kiosk that was killed is gone; raises ``KioskGone`` when it ended otherwise."""
        self._must_have_died(-signal.SIGKILL)

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return all that the log holds under ``name``."""
        lines = (self.state / "events.jsonl").read_text("utf-8").splitlines()
        return [event for event in map(json.loads, lines) if event["event"] == name]

    def end(self) -> None:
        """End the kiosk in order."""
        if self._kiosk is not None:
            self._kiosk.stop()
            self._gone()

    def renew(self) -> None:
        """Begin on an empty bench with an empty journal: what went wrong before must not spread."""
        self.close()
        self._open()

    def close(self) -> None:
        self.end()
        self._bench.stop()
        self._folder.cleanup()

    def __enter__(self) -> Ground:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- the person -------------------------------------------------------------------------------------

    def visit(
        self,
        route: Route,
        blow: Blow | None = None,
        *,
        watcher: Watcher | None = None,
        director: Director | None = None,
        dies_with: int = -signal.SIGKILL,
    ) -> dict[str, Any] | None:
        """Let the citizen of ``route`` be served; the kiosk's report, None when the kiosk died on the way.

        ``watcher`` is told each page, and ``director`` says what else is done there.
        Raises ``KioskGone`` when it ended in another way than ``dies_with``.
        """
        for fault in route.faults:
            self.world.fault(**fault)
        report = None
        with contextlib.suppress(KioskGone), self._struck(blow):
            citizen = Citizen(
                self.link, DataHands(self.link), self.world, route.plan, watcher, director=director
            )
            report = citizen.visit()
        if report is None or self._was_struck:
            self._must_have_died(dies_with)  # a blow in the moment of the report is a death too
            return None
        return report

    def recover(self, route: Route, *again: Blow) -> Recovery:
        """Start the kiosk until it is home, the person taking what the screen says; it may die ``again``.

        Raises ``NotHome`` when that takes too long, or more than three starts.
        """
        inside = self.world.state()["permit"]["where"] not in ("pocket", "bin")
        recovery = Recovery(inside, stays=not route.plan.forgets_permit)
        for blow in (*again, *(None for _ in range(MOST_STARTS - len(again)))):
            recovery.starts += 1
            home = False
            with contextlib.suppress(KioskGone), self._struck(blow):
                self.start()
                self._stand_there(route, recovery)
                recovery.reports = self.link.ask("reports")
                home = True
            if home and not self._was_struck:
                return recovery
            self._must_have_died(-signal.SIGKILL)
        raise NotHome(f"no first page after {MOST_STARTS} starts")

    def _stand_there(self, route: Route, recovery: Recovery) -> None:
        """Watch the screen until the first page; take the permit when the screen says so."""
        deadline_s, shown = time.monotonic() + READY_S, -1
        while time.monotonic() < deadline_s:
            message = self.link.next(0.2)
            page = message.get("page") if message else None
            if page is None:
                continue
            kind = page["prompt"]["kind"]
            if kind == "attract":
                return
            if kind == "take-item" and page["number"] != shown:
                shown = page["number"]
                recovery.taking.append(page["prompt"])
            if kind == "take-item" and not route.plan.forgets_permit:
                with contextlib.suppress(Refused):
                    self.world.do(TAKES[page["prompt"]["name"]])
        raise NotHome(f"recovery does not end: {self._words()}")

    # --- inside ----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _struck(self, blow: Blow | None) -> Iterator[None]:
        """Within this the kiosk dies at ``blow``, if it gets there."""
        self._was_struck = False
        timer = threading.Timer(blow, self._strike) if isinstance(blow, float) else None
        self.order(blow if isinstance(blow, str) else None)
        if timer is not None:
            timer.start()
        try:
            yield
        finally:
            self.order(None)
            if timer is not None:
                timer.cancel()
                timer.join()

    def _strike(self) -> None:
        if self._kiosk is not None and self._kiosk.exit_code is None:
            self._was_struck = True
            self.kill()

    def _must_have_died(self, wanted: int) -> None:
        assert self._kiosk is not None
        code, words = self._kiosk.died(), self._kiosk.last_words()
        self._gone()
        if code != wanted:
            raise KioskGone(f"exit code {code}: {words}")

    def _gone(self) -> None:
        if self._link is not None:
            self._link.close()
        if self._kiosk is not None:
            self._kiosk.stop()
        self._kiosk = self._link = None

    def _all_usable(self) -> bool:
        page, status = self.link.ask("shown"), self.link.ask("status")
        if page is None or page["prompt"]["kind"] != "attract" or not status["back_office"]:
            return False
        unusable = [name for name, device in status["devices"].items() if device["fault"] is not None]
        if "document_printer" in unusable:
            self.link.ask("tray_cleared")  # staff come between two visits
        if status["units_out"]:
            self.link.ask("store_put_right")
            return False
        return not unusable and all(tile["refused"] is None for tile in page["prompt"]["services"])

    def _until(self, met: Callable[[], bool], what: str) -> None:
        deadline_s = time.monotonic() + READY_S
        while not met():
            if time.monotonic() > deadline_s:
                raise NotHome(f"no {what}: {self._words()}")
            time.sleep(POLL_S)

    def _words(self) -> str:
        try:
            page, status = self.link.ask("shown"), self.link.ask("status")
        except KioskGone as gone:
            return str(gone)
        return f"page {page and page['prompt']['name']}, {status}"
