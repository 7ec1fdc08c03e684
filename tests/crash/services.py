"""The other services on the ground: each with the scenario that goes well, killed at every point it meets.

What must be true of any service is looked at here; what is special to the endorsement is in ``truths``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from kiosk.journal import EffectState, Outcome, read_key
from kiosk.journal.effects import GIVE_BACK_PERMIT, REFUND_MONEY, RETRACT_PERMIT, TAKE_MONEY, TAKE_PERMIT
from kiosk.journal.verify import verify_file
from kiosk.services import all_services
from simulators.kiosk_link import KioskGone
from simulators.scenario import Director
from simulators.scenario_file import Scenario, load_all
from tests.crash import truths
from tests.crash.ground import Ground, NotHome, Recovery
from tests.crash.routes import Route
from tests.crash.sweep import Death, of_the_visit

FIRST: Final = "endorsement"
"""The service that has routes and truths of its own."""


@dataclass(frozen=True, slots=True)
class Papers:
    """How many papers a visit printed, by kind: no death may make them more."""

    counts: Mapping[str, int]

    @classmethod
    def of(cls, ground: Ground) -> Papers:
        return cls({kind: len(sheets) for kind, sheets in ground.world.printed().items()})


def ways() -> dict[str, Scenario | None]:
    """Return for each other service its scenario without trouble, the first one with effects if there is any;
    None for one that has none (yet)."""
    calm = sorted((one for one in load_all() if _goes_well(one)), key=lambda one: not one.expect.effects)
    return {
        name: next((one for one in calm if one.citizen.service == name), None)
        for name in all_services()
        if name != FIRST
    }


def goes_well(service: str) -> Scenario:
    """Return a service's scenario without trouble; the first service's has its own name."""
    if service == FIRST:
        return next(scenario for scenario in load_all() if scenario.name == "all-goes-well")
    scenario = ways()[service]
    assert scenario is not None, f"{service} has none yet"
    return scenario


def points_of(ground: Ground, scenario: Scenario) -> tuple[list[str], Papers]:
    """Return the failpoints that the scenario meets when nothing is cut, and what it prints."""
    ground.ready()
    ground.points_met()
    report = _visit(ground, scenario, None)
    if report is None or report["outcome"] != Outcome.DELIVERED:
        raise NotHome(f"{scenario.name} ended as {report and report['outcome']}")
    return of_the_visit(ground.points_met()), Papers.of(ground)


def die(ground: Ground, scenario: Scenario, point: str, most: Papers) -> Death:
    """Kill the scenario's visit at ``point``, recover, and judge what is left."""
    try:
        ground.ready()
        row = last_row(ground)
        report = _visit(ground, scenario, point)
        begun_s = time.monotonic()
        recovery = None if report else ground.recover(_route(scenario))
        recovery_s = time.monotonic() - begun_s
        wrong = false(ground, row, recovery, most)
        visits = truths.written(ground, row)
    except (NotHome, KioskGone, TimeoutError) as error:
        ground.renew()
        return Death(scenario.name, (point,), (f"{type(error).__name__}: {error}",), "", 0.0, 0)
    if wrong:
        ground.renew()
    outcome = str(visits[0].outcome) if visits else "no visit"
    starts = recovery.starts if recovery else 0
    return Death(scenario.name, (point,), tuple(wrong), outcome, recovery_s, starts)


def _visit(ground: Ground, scenario: Scenario, point: str | None) -> dict[str, Any] | None:
    stage: Any = ground  # a director needs the world and the link, and both grounds have them
    return ground.visit(_route(scenario), point, director=Director(scenario, stage))


def _route(scenario: Scenario) -> Route:
    return Route(scenario.name, scenario.citizen, Outcome.DELIVERED)


def false(ground: Ground, row: int, recovery: Recovery | None, most: Papers) -> list[str]:
    """Return what is not true after a death; what is only late gets the time to arrive."""
    deadline_s = time.monotonic() + truths.PATIENCE_S
    while True:
        found = list(_false(ground, row, recovery, most))
        if not found or time.monotonic() > deadline_s:
            return found
        time.sleep(0.1)


def last_row(ground: Ground) -> int:
    """Return the newest visit's row."""
    with closing(truths.connect(ground)) as connection:
        return int(connection.execute("SELECT coalesce(max(rowid), 0) FROM visit").fetchone()[0])


def wrong_of(ground: Ground, visits: Sequence[truths.Written]) -> Iterator[str]:
    """Yield what is not true of visits whose end has come, whatever happened in them."""
    seen = ground.world.state()
    yield from verify_file(ground.state / "journal.db", read_key(ground.state / "journal.key")).faults
    yield from _money(visits, seen["orders"])
    for visit in visits:
        if visit.outcome is None:
            yield "the visit has not ended"
        if (visit.outcome is Outcome.ESCALATED) != ("escalated" in visit.events):
            yield f"{visit.outcome}, events {visit.events}"
        if open_ := [f"{e.kind} {e.state}" for e in visit.effects if not e.state.resolved]:
            yield f"unresolved: {open_}"
    if seen["permit"]["where"] != ("bin" if _retained_at_last(visits) else "pocket"):
        yield f"the permit is at {seen['permit']['where']}"


def _false(ground: Ground, row: int, recovery: Recovery | None, most: Papers) -> Iterator[str]:
    for said in recovery.reports if recovery else ():
        held = said["invariants"].items()
        yield from (f"invariant {name}: {verdict}" for name, verdict in held if verdict is not True)
    visits = truths.written(ground, row)
    if len(visits) > 1:
        yield f"{len(visits)} visits"
    yield from wrong_of(ground, visits)
    for kind, count in Papers.of(ground).counts.items():
        if count > most.counts.get(kind, 0) + (kind == "receipts"):
            yield f"{count} {kind}, {most.counts.get(kind, 0)} in a visit that nothing cuts short"


def _money(visits: Sequence[truths.Written], orders: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The hosts kept what the journal says, and nothing of a visit that delivered nothing."""
    effects = [effect for visit in visits for effect in visit.effects]
    own = sum(int(e.before["amount_fen"]) for e in effects if e.kind == TAKE_MONEY and e.state in truths.KEPT)
    own -= sum(
        int(e.after["refunded_fen"])
        for e in effects
        if e.kind == REFUND_MONEY and e.state is EffectState.DONE
    )
    hosts = sum(
        order["amount_fen"] - order.get("refunded_fen", 0)
        for order in orders.values()
        if order["state"] in ("paid", "refunded")
    )
    if own != hosts:
        yield f"the hosts kept {hosts} fen, the journal says {own}"
    ended = {visit.outcome for visit in visits}
    if hosts and not ended & {Outcome.DELIVERED, Outcome.ESCALATED}:
        yield f"{ended}, but the hosts keep {hosts} fen"


def _goes_well(scenario: Scenario) -> bool:
    steps = [*scenario.before, *(step for when in scenario.when for step in when.do)]
    calm = not scenario.failpoint and all(step.kind in ("act", "answer") for step in steps)
    return calm and scenario.expect.outcome == "delivered"


def _retained_at_last(visits: Sequence[truths.Written]) -> bool:
    """Tell whether the bin was the permit's last way: who lost one there comes again with another."""
    ways = (TAKE_PERMIT, GIVE_BACK_PERMIT, RETRACT_PERMIT)
    done = [effect for visit in visits for effect in visit.effects if effect.state is EffectState.DONE]
    return [effect.kind for effect in done if effect.kind in ways][-1:] == [RETRACT_PERMIT]
