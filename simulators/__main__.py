"""``python -m simulators --state DIR``: start the bench, say where it is, run until SIGTERM."""

from __future__ import annotations

import argparse
import json
import signal
import threading
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
    over = threading.Event()
    # Handled and not blocked: a kiosk that the panel starts would inherit what is blocked here.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
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
        # In short waits: a signal may come in another thread, and is handled in this one.
        while not over.wait(0.5):
            pass
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
