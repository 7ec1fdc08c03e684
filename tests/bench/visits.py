"""Whole visits without a window: the kiosk's own time, a real visit's time, and the ID card's way."""

from __future__ import annotations

import statistics
import time
from typing import Any

from simulators.citizen import Citizen, Plan
from simulators.hands import DataHands
from simulators.level import IDEAL, REAL
from tests.bench.rig import Rig, running

CARDS = 12
THINK_S = 3.0
CARD_FOUND = "aaaaaa9669000800009f"
"""How the reader's frame begins that says that it found a card."""


def measure() -> dict[str, float]:
    """Return visit.own_s, visit.real_s and id_card.overhead_ms."""
    with running(IDEAL, headless=True) as rig:
        _visit(rig, Plan())  # the engines warm up
        own_s = _visit(rig, Plan())["seconds"]["own"]
        overhead_ms = [_card_to_screen_ms(rig) for _ in range(CARDS)]
    with running(REAL, headless=True) as rig:
        real_s = _visit(rig, Plan(think_s=THINK_S))["seconds"]["total"]
    return {
        "id_card.overhead_ms": statistics.median(overhead_ms),
        "visit.own_s": own_s,
        "visit.real_s": real_s,
    }


def _visit(rig: Rig, plan: Plan) -> dict[str, Any]:
    rig.world.do("reset")
    report = Citizen(rig.link, DataHands(rig.link), rig.world, plan).visit(timeout_s=400)
    if report["outcome"] != "delivered":
        raise RuntimeError(f"the visit was {report['outcome']}: {report['reason']}")
    return report


def _card_to_screen_ms(rig: Rig) -> float:
    """From the reader's "card found" to the next page, at a level where the wire itself takes no time.

    What is left is the kiosk's: select and read exchanges, decoding, judging, the journal, the page.
    """
    rig.world.do("reset")
    plan = Plan(answers={"insert-permit": ("cancel", None)})
    shown_s = 0.0

    def watch(page: dict[str, Any]) -> None:
        nonlocal shown_s
        if page["prompt"]["name"] == "insert-permit":
            shown_s = time.monotonic()

    Citizen(rig.link, DataHands(rig.link), rig.world, plan, watch).visit()
    found_s = max(
        frame["at_s"]
        for frame in rig.bench.recorder.since(0, limit=100_000)
        if frame["link"] == "id_card_reader"
        and frame["direction"] == "from_device"
        and frame["hex"].startswith(CARD_FOUND)
        and frame["at_s"] + rig.bench.recorder.started_s <= shown_s
    )
    return (shown_s - rig.bench.recorder.started_s - found_s) * 1000
