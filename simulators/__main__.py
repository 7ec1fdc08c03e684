"""``python -m simulators --state DIR``: start the bench, say where it is, run until SIGTERM."""

from __future__ import annotations

import argparse
import json
import signal
from pathlib import Path

from simulators.bench import Bench
from simulators.level import LEVELS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m simulators", description="The simulated world.")
    parser.add_argument("--state", type=Path, required=True, help="folder for links, site file and data")
    parser.add_argument("--level", choices=LEVELS, default="ideal", help="how slow and worn the world is")
    parser.add_argument("--seed", type=int, default=1, help="of everything that happens by chance")
    parser.add_argument("--usb", choices=("bulk", "pipes"), help="put the ID-card reader on USB")
    parser.add_argument("--postgres", metavar="URL", help="the back office's database, instead of SQLite")
    parser.add_argument("--receipt-port", type=int, default=0, help="of the receipt printer (0: any)")
    parser.add_argument("--hasty", action="store_true", help="the site waits seconds for people, not minutes")
    options = parser.parse_args()
    ends = {signal.SIGTERM, signal.SIGINT}
    # Blocked before any thread is made, so that only this one meets them.
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with Bench(
        options.state,
        LEVELS[options.level],
        options.seed,
        options.usb,
        options.postgres,
        options.receipt_port,
        options.hasty,
    ) as bench:
        print(json.dumps(bench.summary()), flush=True)
        signal.sigwait(ends)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
