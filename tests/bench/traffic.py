"""Traffic violations: one violation from the first touch to the last page, and a list of five hundred."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from simulators.citizen import Citizen, Plan
from simulators.hands import Pointer, TouchHands
from simulators.level import REAL
from simulators.people import load_personas
from tests.bench.rig import Rig, running

THINK_S: Final = 3.0
SERVICE: Final = "traffic-violations"
WHO: Final = "li-wenjing"
RECORDS: Final = 500
FLICKS: Final = 8
TURNS: Final = 12
FLICK_STEPS: Final = 8
STEP_S: Final = 0.016
RUN_ON_S: Final = 1.2
"""How long a flicked list is watched before it is flicked again."""


def measure() -> dict[str, float]:
    """Return ``traffic.taps``, ``traffic.real_s`` and the frames of a list that is flicked and turned.

    The visit is with devices as slow as real ones and three seconds a prompt; every touch is counted,
    the voluntary ones too (rating, the last page). Nothing else may touch the pointer meanwhile.
    """
    with running(REAL, headless=False) as rig:
        rig.until("attract")
        hands = CountingHands(rig)
        report = rig.visit(_plan(), hands=hands, timeout_s=400)
        frames = _scroll(rig)
    return {
        "traffic.taps": hands.taps,
        "traffic.real_s": report["seconds"]["total"],
        "traffic.scroll_longest_frame_ms": frames["longest_frame_ms"],
        "traffic.scroll_frame_p99_ms": frames["frame_p99_ms"],
        "traffic.scroll_most_work_ms": frames["most_work_ms"],
    }


class CountingHands(TouchHands):
    """Touches the window and counts how often."""

    def __init__(self, rig: Rig) -> None:
        super().__init__(rig.link)
        self.taps = 0

    def tap(self, x: int, y: int) -> None:
        self.taps += 1
        super().tap(x, y)


def _plan(**answers: tuple[str, Any]) -> Plan:
    touched_at_once = {"attract": ("choose", SERVICE), **answers}
    return Plan(WHO, SERVICE, think_s=THINK_S, answers=touched_at_once)


def _scroll(rig: Rig) -> dict[str, Any]:
    """Bring a list of five hundred, flick it and turn it; return what the window says of its frames."""
    frames: dict[str, Any] = {}

    def watch(page: dict[str, Any]) -> None:
        if page["prompt"]["kind"] == "choose-records":
            frames.update(_flick_and_turn(rig))

    rig.world.do("reset")
    rig.bench.desk.reseed(list(_people_with_many()))
    rig.link.begin_now()
    plan = Plan(WHO, SERVICE, answers={"choose-violations": ("cancel", None)})
    Citizen(rig.link, TouchHands(rig.link), rig.world, plan, watch).visit(120)
    return frames


def _flick_and_turn(rig: Rig) -> dict[str, Any]:
    time.sleep(1.0)  # the page has come to rest
    layout = rig.link.ask("layout")
    rows = [place for name, place in layout.items() if name.startswith("choose:")]
    x = rows[0][0] + rows[0][2] // 2
    top, bottom = min(row[1] for row in rows) + 30, max(row[1] + row[3] for row in rows) - 30
    pointer = Pointer()
    rig.link.ask("frames")  # measures anew from here
    for number in range(FLICKS):
        begin, end = (bottom, top) if number < FLICKS - 2 else (top, bottom)
        _flick(pointer, x, begin, end)
        time.sleep(RUN_ON_S)
    for number in range(TURNS):
        left, upper, width, height = layout["down" if number < TURNS - 3 else "up"]
        pointer.tap(left + width // 2, upper + height // 2)
        time.sleep(0.2)
    frames: dict[str, Any] = rig.link.ask("frames")
    return frames


def _flick(pointer: Pointer, x: int, begin: int, end: int) -> None:
    pointer.move(x, begin)
    pointer.down()
    for step in range(1, FLICK_STEPS + 1):
        time.sleep(STEP_S)
        pointer.move(x, begin + (end - begin) * step // FLICK_STEPS)
    pointer.up()


def _people_with_many() -> Iterator[dict[str, Any]]:
    """Yield everybody, one of them with so many violations that the list is long."""
    for person in load_personas().values():
        tables = copy.deepcopy(person.tables())
        if person.name == WHO:
            (first,) = tables["traffic"]["violations"]
            tables["traffic"]["violations"] = [
                {**first, "at": first["at"] - timedelta(hours=7 * number)} for number in range(RECORDS)
            ]
        yield tables
