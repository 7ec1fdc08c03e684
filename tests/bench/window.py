"""The real window on a display: start, rest, a real visit under touches, and two hundred visits."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from simulators.citizen import Plan
from simulators.hands import Pointer, TouchHands
from simulators.level import IDEAL, REAL
from tests.bench.rig import PRACTISED, Rig, running

TAP_EVERY_S = 0.2
STARTS = 3
REST_S = 10.0
SETTLE_S = 10.0
THINK_S = 3.0
VISITS = 200
SETTLED_AFTER = 40
"""Visits after which every page has been drawn and every cache is filled: from there memory must not grow."""
LOOK_EVERY = 10
NOWHERE = (540, 5)
"""A point of the header where nothing can be touched: a touch there is drawn, and means nothing."""


def measure_start() -> dict[str, float]:
    """Return ``start.to_home_s``: from the command to the first page drawn, the median of a few starts."""
    starts_s = []
    for _ in range(1 + STARTS):
        with running(IDEAL, headless=False) as rig:
            rig.until("attract")
            rig.link.ask("frames")  # answered by the window's thread: the page has been drawn by now
            starts_s.append(time.monotonic() - rig.kiosk.spawned_s)
    return {"start.to_home_s": statistics.median(starts_s[1:])}  # the first compiles what is new


def measure() -> dict[str, float]:
    """Return ``idle.cpu_percent``, ``visit.real_s`` and the ``ui`` figures.

    The visit is with devices as slow as real ones and three seconds a prompt. Touches come all the time,
    while the card is read, the face compared and the journal written.
    """
    with running(REAL, headless=False) as rig:
        rig.until("attract")
        cpu_percent = _cpu_percent(rig)
        rig.link.ask("frames")  # measures anew from here
        with _restless_finger() as finger:
            hands = TouchHands(rig.link, finger.tap)
            report = rig.visit(Plan(think_s=THINK_S), hands=hands, watcher=finger.watch, timeout_s=400)
        frames: dict[str, Any] = rig.link.ask("frames")
    return {
        "idle.cpu_percent": cpu_percent,
        "visit.real_s": report["seconds"]["total"],
        **{f"ui.{name}": value for name, value in frames.items()},
    }


def measure_memory() -> dict[str, float]:
    """Return the memory of kiosk and child at rest and after 200 visits, in MB.

    ``memory.growth_mb`` is the kiosk's from the time when its caches are full, by a straight line through a
    look every ten visits: what the allocator keeps differs by 10 MB from one visit to the next. A visit
    that was not delivered, because the machine was too busy for an engine to answer in time, is a visit too.
    """
    with running(IDEAL, headless=False) as rig:
        rig.until("attract")
        time.sleep(SETTLE_S)
        rest_mb, child_rest_mb = rig.memory_mb()
        looks: dict[int, float] = {}
        for number in range(1, VISITS + 1):
            rig.visit(PRACTISED, outcome=None)
            if number >= SETTLED_AFTER and number % LOOK_EVERY == 0:
                looks[number], _ = rig.memory_mb()
        after_mb, child_after_mb = rig.memory_mb()
    return {
        "memory.rest_mb": rest_mb,
        "memory.child_rest_mb": child_rest_mb,
        "memory.after_200_visits_mb": after_mb,
        "memory.child_after_200_visits_mb": child_after_mb,
        "memory.growth_mb": _slope(looks) * (VISITS - SETTLED_AFTER),
    }


def _slope(looks: Mapping[int, float]) -> float:
    """Return by how much the values grow for each one of their keys, by least squares."""
    return float(np.polyfit(list(looks), list(looks.values()), 1)[0])


def _cpu_percent(rig: Rig) -> float:
    """Return the kiosk's and its child's share of one core while nobody is there."""
    time.sleep(SETTLE_S)  # the engines are loaded by then
    before_s = rig.cpu_s()
    time.sleep(REST_S)
    return (rig.cpu_s() - before_s) / REST_S * 100


class _RestlessFinger:
    """Touches the window all the time between the first page of a visit and its last.

    ``tap`` is the touch for the citizen: there is one pointer.
    """

    def __init__(self) -> None:
        self._pointer, self._turn = Pointer(), threading.Lock()
        self._visiting, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._for_ever, name="restless finger", daemon=True)
        self._thread.start()

    def watch(self, page: dict[str, Any]) -> None:
        """See what is shown: on the first page any touch begins a visit, and the last goes by itself."""
        if page["prompt"]["name"] in ("attract", "home", "goodbye"):
            self._visiting.clear()
        else:
            self._visiting.set()

    def tap(self, x: int, y: int) -> None:
        with self._turn:
            self._pointer.tap(x, y)

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def _for_ever(self) -> None:
        while not self._over.wait(TAP_EVERY_S):
            if self._visiting.is_set():
                self.tap(*NOWHERE)


@contextmanager
def _restless_finger() -> Iterator[_RestlessFinger]:
    finger = _RestlessFinger()
    try:
        yield finger
    finally:
        finger.end()
