"""Follows the kiosk that runs on the bench's site, over its debug link: page, journal, devices."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any, Final

from simulators.hands import DataHands, Hands, Tap, TouchHands
from simulators.kiosk_link import KioskGone, KioskLink

LOOK_S: Final = 0.05
NONE_THERE_S: Final = 0.25
ASK_EVERY_S: Final = 0.7
"""How often journal and devices are asked."""
NOBODY_WATCHES_S: Final = 3.0


class NoKiosk(Exception):
    """No kiosk runs here, or it did not answer."""


class Watch:
    """Connected while somebody asks what is told and a kiosk runs; ``close`` ends it.

    A kiosk that nobody watches is not bothered.
    """

    def __init__(self, state: Path) -> None:
        self._file = state / "debug.json"
        self._lock = threading.Lock()
        self._link: KioskLink | None = None
        self._told: dict[str, Any] = {}
        self._watched_s = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="watch", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The kiosk that runs on this site, whoever started it and whether or not it is followed."""
        try:
            pid = int(json.loads(self._file.read_text())["pid"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return pid if Path(f"/proc/{pid}").exists() else None

    def told(self) -> dict[str, Any]:
        """Return what the kiosk told last: ``pid``, ``page``, ``reports``, ``journal``, ``status``.

        Empty while none runs.
        """
        self._watched_s = time.monotonic()
        return dict(self._told)

    def press(self, page: int, action: str, value: Any, tap: Tap | None) -> None:
        """Press what ``page`` offers: with ``tap`` on the window, without one over the link.

        Raises ``NoKiosk``, and what ``tap`` raises.
        """
        with self._lock:
            if self._link is None:
                raise NoKiosk("no kiosk runs")
            try:
                hands: Hands = DataHands(self._link) if tap is None else TouchHands(self._link, tap)
                hands.press(page, action, value)
            except KioskGone as gone:
                raise NoKiosk(str(gone)) from gone

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    # --- inside ---

    def _follow(self) -> None:
        asked_s = 0.0
        while not self._over.wait(LOOK_S if self._link is not None else NONE_THERE_S):
            with self._lock:
                try:
                    now_s = time.monotonic()
                    if now_s - self._watched_s > NOBODY_WATCHES_S:
                        self._hang_up()
                    elif self._link is not None or self._connect():
                        self._hear()
                        if now_s - asked_s > ASK_EVERY_S:
                            asked_s = now_s
                            self._ask("journal", "status")
                except (KioskGone, ValueError):
                    self._hang_up()
        with self._lock:
            self._hang_up()

    def _connect(self) -> bool:
        try:
            told = json.loads(self._file.read_text())
            self._link = KioskLink(int(told["port"]))
        except (OSError, ValueError, KeyError, TypeError):
            return False
        self._told = {"pid": int(told["pid"]), "page": None, "reports": [], "journal": None, "status": None}
        self._ask("reports")
        return True

    def _hear(self) -> None:
        """Take what came; a page is asked for once more, with its sentences."""
        assert self._link is not None
        came: set[str] = set()
        while (message := self._link.newest()) is not None:
            came |= message.keys()
        if "page" in came:
            self._ask("said")
        if "report" in came:
            self._ask("reports")

    def _ask(self, *questions: str) -> None:
        assert self._link is not None
        for question in questions:
            self._told["page" if question == "said" else question] = self._link.ask(question)

    def _hang_up(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = None
        self._told = {}
