"""``script/kills --all | --count N``: kill the whole kiosk wherever it can be killed."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence

from tests.crash import lives, services
from tests.crash.ground import Ground
from tests.crash.routes import ROUTES, TERMINAL
from tests.crash.sweep import Death, die, points_of, random_death, recovery_points


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0 when everything was true after every death."""
    parser = argparse.ArgumentParser(prog="script/kills", description=__doc__)
    kinds = parser.add_mutually_exclusive_group(required=True)
    kinds.add_argument("--all", action="store_true", help="every point of every way, then of recoveries")
    kinds.add_argument("--count", type=int, metavar="N", help="N power cuts at any moment")
    kinds.add_argument("--core", type=int, metavar="N", help="its core alone, N times, some five a second")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the power cuts")
    parser.add_argument("--route", choices=(*ROUTES, *services.ways()), help="only on this way (with --all)")
    options = parser.parse_args(arguments)
    if options.core:
        told = lives.kill(options.core, options.seed)
        print(told, *told.wrong, sep="\n")
        return 1 if told.wrong else 0
    count = wrong = 0
    longest_s, begun_s = 0.0, time.monotonic()
    with Ground() as ground:
        deaths = _all(ground, options.route) if options.all else _random(ground, options.count, options.seed)
        for death in deaths:
            count, wrong = count + 1, wrong + bool(death.wrong)
            longest_s = max(longest_s, death.recovery_s)
            print(f"{count:5} {death.recovery_s:5.1f} s  {death}", flush=True)
    minutes = (time.monotonic() - begun_s) / 60
    print(
        f"{count} deaths ({count / minutes:.0f} a minute), {wrong} after which something was not true, "
        f"longest way home {longest_s:.1f} s"
    )
    return 1 if wrong else 0


def _all(ground: Ground, only: str | None) -> Iterator[Death]:
    for route in ROUTES.values():
        if only in (None, route.name):
            for point in points_of(ground, route):
                yield die(ground, route, point)
    if only in (None, TERMINAL.name):
        # After each commit and act of the way that goes well, each point of the recovery from there.
        for point in points_of(ground, TERMINAL):
            if ".after:" in point and "visit-ended" not in point:
                for again in recovery_points(ground, TERMINAL, point):
                    yield die(ground, TERMINAL, point, again)
    for scenario in services.ways().values():
        if scenario is not None and only in (None, scenario.citizen.service):
            points, papers = services.points_of(ground, scenario)
            for point in points:
                yield services.die(ground, scenario, point, papers)


def _random(ground: Ground, count: int, seed: int) -> Iterator[Death]:
    chance = random.Random(seed)
    for _ in range(count):
        yield random_death(ground, chance)


if __name__ == "__main__":
    sys.exit(main())
