"""Sweeps: a visit killed at each point that it meets, recovered, judged."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from simulators.kiosk_link import KioskGone
from tests.crash import truths
from tests.crash.ground import Ground, NotHome, Recovery
from tests.crash.routes import Route

_SERIAL: Final = itertools.count(1)
_WHENEVER: Final = "letters-accepted"
"""Points of the outbox: they are met whenever a letter goes, and say nothing of how far a visit is."""


@dataclass(frozen=True, slots=True)
class Death:
    """One killing and how it ended; ``points`` in the order in which the kiosk died there."""

    route: str
    points: tuple[str, ...]
    wrong: tuple[str, ...]
    outcome: str
    recovery_s: float
    starts: int

    def __str__(self) -> str:
        where = ", then ".join(self.points) or "nowhere"
        return f"{self.route} killed at {where}: {self.outcome}; {'; '.join(self.wrong) or 'well'}"


def points_of(ground: Ground, route: Route) -> list[str]:
    """Return the failpoints that a whole visit on ``route`` meets, in order; raises ``NotHome``."""
    ground.ready()
    ground.points_met()
    ground.order(f"nowhere-{next(_SERIAL)}:1")
    report = ground.visit(route)
    ended = report["outcome"] if report else "died"
    if ended != route.ends:
        raise NotHome(f"{route.name} ended as {ended} {report and report['reason']}, not {route.ends}")
    if ended == "escalated":
        ground.end()
    return [point for point in ground.points_met() if _WHENEVER not in point]


def own_points(points: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return the points from where the way leaves the ``known`` one."""
    return list(itertools.dropwhile(set(known).__contains__, points))


def die(ground: Ground, route: Route, point: str, *again: str) -> Death:
    """Kill a visit on ``route`` at ``point``, and its recovery at each of ``again``; judge what is left."""
    try:
        ground.ready()
        before = truths.Before.of(ground, route.plan.persona)
        ground.order(point)
        report = ground.visit(route)
        begun_s = time.monotonic()
        recovery = None if report else ground.recover(route, *again)
        recovery_s = time.monotonic() - begun_s
        wrong = truths.false(ground, before, recovery)
        visits = truths.written(ground, before.row)
    except (NotHome, KioskGone, TimeoutError) as error:
        ground.end()
        return Death(route.name, (point, *again), (f"{type(error).__name__}: {error}",), "", 0.0, 0)
    outcome = str(visits[0].outcome) if visits else "no visit"
    if wrong:
        ground.end()
    starts = recovery.starts if recovery else 0
    return Death(route.name, (point, *again), tuple(wrong), outcome, recovery_s, starts)


def sweep(
    ground: Ground, route: Route, points: Sequence[str], told: Callable[[Death], None] = lambda _: None
) -> Iterator[Death]:
    """Kill a visit at each of ``points``."""
    for point in points:
        death = die(ground, route, point)
        told(death)
        yield death


def recovery_points(ground: Ground, route: Route, point: str) -> list[str]:
    """Return the failpoints that recovery meets after a death at ``point``."""
    ground.ready()
    ground.order(point)
    if ground.visit(route) is not None:
        raise NotHome(f"{route.name} does not meet {point}")
    ground.points_met()
    ground.recover(route)
    return [met for met in ground.points_met() if _WHENEVER not in met]


__all__ = ["Death", "Recovery", "die", "own_points", "points_of", "recovery_points", "sweep"]
