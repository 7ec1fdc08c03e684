"""Pick-up: the whole service at a person's pace, with a dispenser as slow as a real one."""

from __future__ import annotations

from simulators.citizen import Plan
from simulators.hands import TouchHands
from simulators.level import REAL
from tests.bench.rig import running

THINK_S = 3.0


def measure() -> dict[str, float]:
    """Return ``pickup.real_s``: one document, by real touches, three seconds a prompt."""
    with running(REAL, headless=False) as rig:
        rig.until("attract")
        plan = Plan(service="pick-up", think_s=THINK_S)
        report = rig.visit(plan, hands=TouchHands(rig.link), timeout_s=240)
    return {"pickup.real_s": report["seconds"]["total"]}
