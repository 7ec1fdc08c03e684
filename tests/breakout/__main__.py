"""``python -m tests.breakout --events 1000000``: besiege a kiosk; the exit code tells whether it held."""

from __future__ import annotations

import argparse
import sys

from screens.panel import Panel
from tests.breakout.siege import Outcome, besiege
from tests.screens.harness import display

PANEL = Panel(1080, 1920, 336.0, 597.0)


def main() -> int:
    """Read the command line and besiege."""
    parser = argparse.ArgumentParser(prog="python -m tests.breakout", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    def told(outcome: Outcome) -> None:
        if outcome.looks % 100 == 0:
            print(f"{outcome.events} events, {len(outcome.pages)} pages seen", flush=True)

    with display(PANEL):
        outcome = besiege(options.events, options.seed, told)
    print(f"{outcome.events} events in {outcome.seconds:.0f} s, {outcome.looks} looks, pages: ", end="")
    print(", ".join(f"{name} {count}" for name, count in outcome.pages.most_common()))
    for wrong in outcome.wrong:
        print("WRONG:", wrong)
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
