"""``script/soak``: visit after visit on one kiosk, and what it holds afterwards.

By default 2,000 visits of people who need no time, a quarter of them with some trouble. ``--minutes`` or
``--hours`` end it by the clock; ``--window`` runs the real window and counts its textures. The exit code is
0 when nothing grew beyond its limit and every visit was in order.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict

from tests.soak.gauges import LIMITS, THOUSAND, slopes
from tests.soak.run import READINGS, Soak, soak

VISITS = 2000
EVERY = 25


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _options(arguments)
    seconds = 60 * (options.minutes or 0) + 3600 * (options.hours or 0)
    visits = options.visits or (None if seconds else VISITS)

    def more(found: Soak) -> bool:
        return found.seconds < seconds if seconds else found.visits < (visits or 0)

    every = max(1, visits // READINGS) if visits else EVERY
    found = soak(more, seed=options.seed, every=every, window=options.window, told=_tell)
    return _conclude(found)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/soak", description=__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--visits", type=int, metavar="N", help=f"how many (default {VISITS})")
    length.add_argument("--minutes", type=float, metavar="N")
    length.add_argument("--hours", type=float, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="who comes, and what goes wrong")
    parser.add_argument("--window", action="store_true", help="with the window, on this display")
    return parser.parse_args(arguments)


def _tell(found: Soak) -> None:
    reading = found.readings[-1]
    held = " ".join(f"{name} {value:g}" for name, value in asdict(reading).items() if name != "visits")
    print(f"{reading.visits:6} visits {found.seconds:7.0f} s  {held}  wrong {len(found.wrong)}", flush=True)


def _conclude(found: Soak) -> int:
    for line in found.wrong:
        print(f"wrong: {line}")
    grown = slopes(found.readings)
    over = {name for name, value in grown.items() if value > LIMITS[name]}
    span = f"{min(THOUSAND, found.visits):,} visits"
    print(f"{'gauge':14} {'first':>10} {'last':>10} {span:>15} {'limit':>8}")
    first, last = asdict(found.readings[0]), asdict(found.readings[-1])
    for name, value in grown.items():
        mark = "  OVER" if name in over else ""
        print(f"{name:14} {first[name]:10.6g} {last[name]:10.6g} {value:15.2f} {LIMITS[name]:8g}{mark}")
    ended = ", ".join(f"{count} {outcome}" for outcome, count in found.outcomes.most_common())
    print(
        f"{found.visits} visits in {found.seconds:.0f} s: {ended}; "
        f"{len(found.wrong)} things wrong, {found.restarts} restarts"
    )
    return 1 if over or found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
