"""Whole visits without a window and without mechanical delay: what is left is the kiosk's own time."""

from __future__ import annotations

import dataclasses
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from simulators.bench_process import BenchProcess
from simulators.citizen import Plan
from simulators.level import IDEAL
from tests.bench.rig import PRACTISED, Rig, running

CARDS = 12
POLL_S = 0.3
"""How often the reader is asked; the cards come at times spread over that."""
VISITS = 100
CARD_FOUND = "aaaaaa9669000800009f"
"""How the reader's frame begins that says that it found a card."""


def measure() -> dict[str, float]:
    """Return ``visit.own_s``, ``id_card.overhead_ms`` (medians), ``bench.up_s``, ``bench.100_visits_s``."""
    up_s = _up_s()
    with running(IDEAL, headless=True) as rig:
        rig.visit(PRACTISED)  # until the engines are warm
        cards = [_card(rig, after_s=POLL_S * number / CARDS) for number in range(CARDS)]
        begun_s = time.monotonic()
        reports = [rig.visit(PRACTISED) for _ in range(VISITS)]
        visits_s = time.monotonic() - begun_s
    return {
        "id_card.overhead_ms": statistics.median(card.overhead_ms for card in cards),
        "id_card.placed_to_page_ms": statistics.mean(card.placed_to_page_ms for card in cards),
        "visit.own_s": statistics.median(report["seconds"]["own"] for report in reports),
        "visit.ideal_s": statistics.median(report["seconds"]["total"] for report in reports),
        "bench.up_s": up_s,
        "bench.100_visits_s": visits_s,
    }


def _up_s() -> float:
    """Return how long ``python -m simulators`` takes until devices, people and office are there."""
    with tempfile.TemporaryDirectory(prefix="kiosk-up-") as folder:
        begun_s = time.monotonic()
        bench = BenchProcess(Path(folder), "real", 1)
        up_s = time.monotonic() - begun_s
        bench.stop()
    return up_s


@dataclasses.dataclass(frozen=True, slots=True)
class Card:
    """How long one ID card took on a wire that takes no time itself.

    ``overhead_ms``: from the reader's "card found" to the next page: selecting and reading, decoding,
    judging, the journal, the page. ``placed_to_page_ms`` adds the wait until the reader is asked again,
    which its makers want to be 300 ms after it was asked last.
    """

    overhead_ms: float
    placed_to_page_ms: float


def _card(rig: Rig, after_s: float) -> Card:
    shown_s = placed_s = 0.0

    def watch(page: dict[str, Any]) -> None:
        nonlocal placed_s, shown_s
        if page["prompt"]["name"] == "place-id-card":
            placed_s = time.monotonic() + after_s  # what the citizen does next
        elif page["prompt"]["name"] == "insert-permit":
            shown_s = time.monotonic()

    plan = Plan(think_s=after_s, answers={"insert-permit": ("cancel", None)})
    rig.visit(plan, watcher=watch, outcome="cancelled")
    started_s = rig.bench.recorder.started_s
    found_s = max(
        started_s + frame["at_s"]
        for frame in rig.bench.recorder.since(0, limit=100_000)
        if frame["link"] == "id_card_reader"
        and frame["direction"] == "from_device"
        and frame["hex"].startswith(CARD_FOUND)
        and started_s + frame["at_s"] <= shown_s
    )
    return Card((shown_s - found_s) * 1000, (shown_s - placed_s) * 1000)
