"""A siege: a kiosk in its window under a storm of input, asked again and again whether it still stands."""

from __future__ import annotations

import contextlib
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from simulators.bench_process import BenchProcess
from simulators.citizen import Citizen, Plan
from simulators.control_client import Refused
from simulators.hands import Pointer, TouchHands
from simulators.kiosk_link import KioskGone, KioskLink, KioskProcess
from tests.breakout.storm import Storm

GUST = 250
"""Events from one look to the next, all at once: few enough that a kiosk on a busy machine, with a tenth of a
core, works them off before its watchdog takes it for dead."""
GUSTS = 10
"""From one sensible act to the next."""
ANSWER_S = 60.0
"""How long the kiosk may work off what it was sent."""
FOR_STAFF = frozenset({"check-list", "enter-number"})
"""Kinds of pages that nobody reaches without key and password."""

AT_THE_DOOR = frozenset({"attract", "home", "notice", "out-of-service"})
"""Kinds of pages that belong to no service."""
SENSIBLE = frozenset({"begin", "agree", "choose:endorsement", "confirm", "more-time"})
LEADS_OUT = frozenset({"back", "cancel", "help", "leave"})
ACTS = ("place_id_card", "lift_id_card", "insert_permit", "take_permit", "look", "step_away", "place_finger")
BETWEEN_TOUCHES_S = 0.7
"""A citizen's; two touches in one place within little less count as one."""


@dataclass(slots=True)
class Outcome:
    """What was seen: pages by name, how many events and looks, and whatever should not have been."""

    events: int = 0
    looks: int = 0
    pages: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


def besiege(events: int, seed: int, told: Callable[[Outcome], None] = lambda _: None) -> Outcome:
    """Send ``events`` at a kiosk and look; afterwards somebody must be served as ever."""
    outcome, began_s = Outcome(), time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="kiosk-siege-") as folder,
        BenchProcess(Path(folder), "ideal", seed, ("--hasty",)) as bench,
    ):
        kiosk = KioskProcess(bench.site, headless=False, options=("--fullscreen",))
        try:
            chance = random.Random(seed)
            storm = Storm(chance)
            link = kiosk.connect()
            _wait_for(link, "attract")
            windows = storm.windows()
            while storm.sent < events and not outcome.wrong:
                storm.blow(min(GUST, events - storm.sent))
                _look(kiosk, link, storm, windows, outcome)
                told(outcome)
                if outcome.looks % GUSTS == 1:
                    _wander(link, bench, chance)
            storm.close()
            if not outcome.wrong:
                _somebody_is_served(link, bench, outcome)
            link.close()
        except KioskGone as gone:
            outcome.wrong.append(f"gone after {storm.sent} events, exit code {kiosk.died()}: {gone}")
        finally:
            kiosk.stop()
        outcome.wrong += _complaints(Path(folder))
    outcome.seconds = time.monotonic() - began_s
    return outcome


def _look(kiosk: KioskProcess, link: KioskLink, storm: Storm, windows: int, outcome: Outcome) -> None:
    outcome.events, outcome.looks = storm.sent, outcome.looks + 1
    if kiosk.exit_code is not None:
        outcome.wrong.append(f"the kiosk ended with {kiosk.exit_code}")
        return
    page = link.ask("shown", ANSWER_S)
    kind, name = str(page["prompt"]["kind"]), str(page["prompt"]["name"])
    outcome.pages[name] += 1
    if kind in FOR_STAFF or (not page["service"] and kind not in AT_THE_DOOR):
        outcome.wrong.append(f"a page of kind {kind} stands there: {name}")
    if not link.ask("layout", ANSWER_S):
        outcome.wrong.append(f"nothing can be touched on {name}")
    if (now := storm.windows()) != windows:
        outcome.wrong.append(f"{now} windows on the display, not {windows}")


def _wander(link: KioskLink, bench: BenchProcess, chance: random.Random) -> None:
    """Now and then do something sensible too: else no storm comes beyond the first pages."""
    hand = Pointer()
    for _ in range(3):
        shown, layout = link.ask("shown", ANSWER_S), link.ask("layout", ANSWER_S)
        targets = sorted(SENSIBLE & set(layout)) or sorted(set(layout) - LEADS_OUT) or sorted(layout)
        if targets:
            x, y, width, height = layout[chance.choice(targets)]
            hand.tap(x + width // 2, y + height // 2)
        with contextlib.suppress(Refused):
            bench.world.do(chance.choice(ACTS))
        _wait_for_another(link, shown["number"])


def _wait_for_another(link: KioskLink, number: int) -> None:
    """Wait for another page, no longer than a touch may still be taken for the last one's second half."""
    until_s = time.monotonic() + BETWEEN_TOUCHES_S
    while link.ask("shown", ANSWER_S)["number"] == number and time.monotonic() < until_s:
        time.sleep(0.03)


def _somebody_is_served(link: KioskLink, bench: BenchProcess, outcome: Outcome) -> None:
    """Wait until the machine is alone again, then be a citizen."""
    _wait_for(link, "attract", timeout_s=240)
    link.begin_now()
    report = Citizen(link, TouchHands(link), bench.world, Plan(think_s=BETWEEN_TOUCHES_S)).visit(180)
    if report["outcome"] != "delivered":
        outcome.wrong.append(f"afterwards a visit ended as {report['outcome']}: {report['reason']}")


def _wait_for(link: KioskLink, kind: str, timeout_s: float = 60.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        page = link.ask("shown", ANSWER_S)
        if page is not None and page["prompt"]["kind"] == kind:
            return
        time.sleep(0.2)
    raise TimeoutError(f"no {kind} page within {timeout_s} s")


def _complaints(folder: Path) -> list[str]:
    """Return what log and standard error hold of errors that nobody foresaw, and of acts of staff.

    The looks are samples; what staff's pages let somebody do between two of them stands here.
    """
    found = []
    for line in (folder / "events.jsonl").read_text("utf-8").splitlines():
        event = json.loads(line)
        if event.get("event") in ("unexpected-error", "pulse-gone", "staff-act"):
            found.append(line)
    said = (folder / "kiosk.stderr").read_text("utf-8", "replace")
    if "Traceback" in said:
        found.append(said[said.index("Traceback") :][:1000])
    return found
