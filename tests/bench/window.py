"""The real window on a display: start, touches, frames, rest, and two hundred visits."""

from __future__ import annotations

import threading
import time

import psutil

from simulators.citizen import Citizen, Plan
from simulators.hands import DataHands, TouchHands
from simulators.level import IDEAL, REAL
from tests.bench.rig import Rig, running

TAP_EVERY_S = 0.2
REST_S = 10.0
VISITS = 200
NOWHERE = (540, 5)
"""A point of the header where nothing can be touched: a touch there is drawn, and means nothing."""


def measure() -> dict[str, float]:
    """Return start.to_home_s, ui.tap_to_frame_p95_ms, ui.longest_frame_ms and idle.cpu_percent.

    Touches come all the time, while cards are read, the face is compared and the journal written.
    """
    with running(REAL, headless=False) as rig:
        rig.until("attract")
        rig.link.ask("frames")  # answered by the window's thread: the page has been drawn by now
        start_s = time.monotonic() - rig.kiosk.spawned_s
        cpu_percent = _cpu_percent(rig)
        rig.link.ask("frames")
        _visit_under_touches(rig)
        frames = rig.link.ask("frames")
    return {
        "start.to_home_s": start_s,
        "idle.cpu_percent": cpu_percent,
        "ui.tap_to_frame_p95_ms": frames["tap_to_frame_p95_ms"],
        "ui.longest_frame_ms": frames["longest_frame_ms"],
    }


def measure_memory() -> dict[str, float]:
    """Return the memory of kiosk and child at rest, and after 200 visits, in MB."""
    with running(IDEAL, headless=False) as rig:
        rig.until("attract")
        time.sleep(REST_S)
        rest_mb, child_rest_mb = rig.rss_mb()
        for _ in range(VISITS):
            rig.world.do("reset")
            report = Citizen(rig.link, DataHands(rig.link), rig.world, Plan()).visit()
            if report["outcome"] != "delivered":
                raise RuntimeError(f"a visit was {report['outcome']}: {report['reason']}")
        rig.until("attract")
        after_mb, child_after_mb = rig.rss_mb()
    return {
        "memory.rest_mb": rest_mb,
        "memory.child_rest_mb": child_rest_mb,
        "memory.after_200_visits_mb": after_mb,
        "memory.child_after_200_visits_mb": child_after_mb,
    }


def _cpu_percent(rig: Rig) -> float:
    """Return the kiosk's and its child's share of one core while nobody is there."""
    kiosk = psutil.Process(rig.kiosk.pid)
    everyone = [kiosk, *kiosk.children()]
    time.sleep(REST_S)  # the engines are loaded by then
    before = sum(sum(process.cpu_times()[:2]) for process in everyone)
    time.sleep(REST_S)
    after = sum(sum(process.cpu_times()[:2]) for process in everyone)
    return (after - before) / REST_S * 100


def _visit_under_touches(rig: Rig) -> None:
    hands = TouchHands(rig.link)
    restless = TouchHands(rig.link)
    turn, over = threading.Lock(), threading.Event()

    def tap_for_ever() -> None:
        while not over.wait(TAP_EVERY_S):
            with turn:
                restless.tap(*NOWHERE)

    class Careful(TouchHands):
        """Hands that never touch while the restless finger is down."""

        def tap(self, x: int, y: int) -> None:
            with turn:
                hands.tap(x, y)

    tapping = threading.Thread(target=tap_for_ever, daemon=True)
    tapping.start()
    try:
        report = Citizen(rig.link, Careful(rig.link), rig.world, Plan(think_s=0.5)).visit(timeout_s=300)
    finally:
        over.set()
        tapping.join()
    if report["outcome"] != "delivered":
        raise RuntimeError(f"the visit was {report['outcome']}: {report['reason']}")
