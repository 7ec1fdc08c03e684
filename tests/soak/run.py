"""A soak: one kiosk, never started again, serves visit after visit; between them it is looked at."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kiosk.journal import read_key
from kiosk.journal.verify import verify_file
from simulators.citizen import Citizen
from simulators.control_client import Refused
from simulators.hands import DataHands
from simulators.judge import NEVER_IN_THE_LOG, Scene
from simulators.kiosk_link import KioskGone
from simulators.scenario import Director, do
from simulators.scenario_file import Scenario
from simulators.stand import NotReady, Stand
from simulators.verdict import verdict
from tests.soak.gauges import Reading
from tests.soak.mix import visitors

READINGS: Final = 60
"""How often a whole soak looks, at most."""
VISIT_S: Final = 90.0
SETTLE_S: Final = 3.0
"""After this the child has washed itself, and devices are asked again."""


@dataclass(slots=True)
class Soak:
    """What came out: the readings, how visits ended, and what was not as it must be."""

    readings: list[Reading] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    visits: int = 0
    restarts: int = 0
    seconds: float = 0.0


def soak(
    more: Callable[[Soak], bool],
    *,
    seed: int,
    every: int,
    window: bool = False,
    told: Callable[[Soak], None] = lambda _: None,
) -> Soak:
    """Serve people while ``more`` says so, look every ``every`` visits; ``told`` after each look."""
    found, begun_s = Soak(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak-") as temp:
        stand = Stand(headless=not window, environment={"TMPDIR": temp})
        with stand:
            for visitor in visitors(seed):
                if not more(found):
                    break
                found.wrong += [
                    f"visit {found.visits + 1}, {visitor.title}: {w}" for w in _visit(visitor, stand, found)
                ]
                found.visits += 1
                found.seconds = time.monotonic() - begun_s
                if found.visits % every == 0:
                    _look(stand, found, Path(temp), window=window)
                    told(found)
            _look(stand, found, Path(temp), window=window)
            found.wrong += _afterwards(stand)
    return found


def _visit(visitor: Scenario, stand: Stand, found: Soak) -> Iterator[str]:
    try:
        stand.prepare()
        scene = Scene.before(stand)
        for step in visitor.before:
            do(step, stand)
        stand.link.begin_now()
        director = Director(visitor, stand)
        citizen = Citizen(stand.link, DataHands(stand.link), stand.world, visitor.citizen, director=director)
        report = citizen.visit(timeout_s=VISIT_S)
    except (NotReady, KioskGone, Refused, TimeoutError) as error:
        # From here the figures say nothing any more: the next one gets a new kiosk.
        found.restarts += 1
        stand.close()
        yield f"{type(error).__name__}: {error}"
        return
    found.outcomes[report["outcome"]] += 1
    persona = visitor.citizen.persona
    held: dict[str, Any] = verdict(report, stand.world, persona, stand.state, scene.orders)["invariants"]
    yield from (f"{name}: {what}" for name, what in held.items() if what is not True)
    yield from (f"in the log: {e}" for e in stand.events(scene.log_size) if e["event"] in NEVER_IN_THE_LOG)


def _look(stand: Stand, found: Soak, temp: Path, *, window: bool) -> None:
    stand.prepare()
    time.sleep(SETTLE_S)
    found.readings.append(Reading.of(stand, found.visits, temp, window=window))


def _afterwards(stand: Stand) -> Iterator[str]:
    """The whole chain verifies, and Python has nothing to complain of."""
    report = verify_file(stand.state / "journal.db", read_key(stand.state / "journal.key"))
    yield from report.faults
    if words := stand.kiosk.last_words().strip():
        print(words, file=sys.stderr)
        yield "the kiosk wrote to its standard error"
