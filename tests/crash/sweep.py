"""Sweeps: a visit killed at each point that it meets, recovered, judged."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kiosk.journal import Outcome
from simulators.kiosk_link import KioskGone
from tests.crash import truths
from tests.crash.ground import Blow, Ground, NotHome
from tests.crash.routes import ARMS, GOOD, Route

_SERIAL: Final = itertools.count(1)
_WHENEVER: Final = ("letters-accepted", "journal-head")
"""Points of what goes on beside a visit: they are met at any time, and say nothing of how far it is."""

LONGEST_VISIT_S: Final = 3.5
LONGEST_RECOVERY_S: Final = 2.0
AGAIN: Final = 0.3
"""How often recovery dies too when the power goes at random, as a share."""


@dataclass(frozen=True, slots=True)
class Death:
    """One killing and how it ended; ``blows`` in the order in which the kiosk died by them.

    ``recovery_s`` is from the first start to the first page, the person's hand and the process's own
    start included. ``starts`` is 0 when the visit came to its end before the blow.
    """

    route: str
    blows: tuple[str, ...]
    wrong: tuple[str, ...]
    outcome: str
    recovery_s: float
    starts: int

    def __str__(self) -> str:
        where = ", then ".join(self.blows)
        survived = "" if self.starts else " (not met)"
        return f"{self.route} killed at {where}{survived}: {self.outcome}; {'; '.join(self.wrong) or 'well'}"


def points_of(ground: Ground, route: Route, tries: int = 3) -> list[str]:
    """Return the failpoints that a whole visit on ``route`` meets, in order; raises ``NotHome``.

    On a busy machine a bench in haste may lose patience with its citizen: then it is tried again.
    """
    ended = ""
    for _ in range(tries):
        ground.ready()
        ground.points_met()
        report = ground.visit(route, f"nowhere-{next(_SERIAL)}:1")
        points = of_the_visit(ground.points_met())
        ended = f"{report['outcome']} {report['reason']}" if report else "died"
        if report is None or report["outcome"] == Outcome.ESCALATED:
            ground.end()
        if report is not None and report["outcome"] == route.ends:
            return points
        ground.world.clear_faults()
    raise NotHome(f"{route.name} ended as {ended}, not {route.ends}")


def own_points(points: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return the points from where the way leaves the ``known`` one."""
    return list(itertools.dropwhile(set(known).__contains__, points))


def die(ground: Ground, route: Route, blow: Blow, *again: Blow) -> Death:
    """Kill a visit on ``route`` by ``blow``, and its recovery by each of ``again``; judge what is left.

    Recovery meets the faults of the route too. They are mended then: what is still a question has to be
    answered by the kiosk asking again.
    """
    blows = tuple(each if isinstance(each, str) else f"{each:.3f} s" for each in (blow, *again))
    try:
        ground.ready()
        before = truths.Before.of(ground, route.plan.persona)
        report = ground.visit(route, blow)
        begun_s = time.monotonic()
        recovery = None if report else ground.recover(route, *again)
        recovery_s = time.monotonic() - begun_s if recovery else 0.0
        ground.world.clear_faults()
        wrong = truths.false(ground, before, recovery)
        visits = truths.written(ground, before.row)
    except (NotHome, KioskGone, TimeoutError) as error:
        ground.renew()
        return Death(route.name, blows, (f"{type(error).__name__}: {error}",), "", 0.0, 0)
    if wrong:
        ground.renew()
    elif any(visit.outcome is Outcome.ESCALATED for visit in visits):
        ground.end()
    outcome = str(visits[0].outcome) if visits else "no visit"
    return Death(route.name, blows, tuple(wrong), outcome, recovery_s, recovery.starts if recovery else 0)


def recovery_points(ground: Ground, route: Route, point: str) -> list[str]:
    """Return the failpoints that recovery meets after a death at ``point``; raises ``NotHome``."""
    ground.ready()
    if ground.visit(route, point) is not None:
        raise NotHome(f"{route.name} does not meet {point}")
    ground.points_met()
    ground.recover(route)
    return of_the_visit(ground.points_met())


def random_death(ground: Ground, chance: random.Random) -> Death:
    """Kill a visit at any moment, and sometimes its recovery too."""
    route = chance.choice((*GOOD, *GOOD, *ARMS))
    again = (chance.uniform(0.2, LONGEST_RECOVERY_S),) if chance.random() < AGAIN else ()
    return die(ground, route, chance.uniform(0.0, LONGEST_VISIT_S), *again)


def telling(points: Sequence[str]) -> list[str]:
    """Keep the points with a state of their own: after each step, and before each conclusion.

    Before any other step the journal and the world are what they were after the last one. An effect has been
    at work when it is concluded: a permit was taken, a receipt came out.
    """
    return [point for point in points if ".after:" in point or "effect-concluded" in point]


def of_the_visit(points: Sequence[str]) -> list[str]:
    """Leave out the points of what goes on beside a visit."""
    return [point for point in points if not any(name in point for name in _WHENEVER)]
