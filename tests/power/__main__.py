"""``python -m tests.power``: records visits and replays a power cut at every moment of the recording.

The test suite replays a share of it. ``--synchronous NORMAL`` shows what the replay finds when a commit does
not wait for the disk; the exit code is 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.power.replay import record, replay


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.power", description=__doc__)
    parser.add_argument("--visits", type=int, default=12, help="visits of each of two starts")
    parser.add_argument("--variants", type=int, default=6, help="disks drawn at random for each moment")
    parser.add_argument("--every", type=int, default=1, help="cut at every n-th write, besides every fsync")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--synchronous", default="FULL")
    parser.add_argument("--checkpoint-pages", type=int, default=1000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        steps = record(
            Path(folder),
            *("--visits", str(chosen.visits)),
            *("--synchronous", chosen.synchronous),
            *("--checkpoint-pages", str(chosen.checkpoint_pages)),
        )
        tally = replay(steps, seed=chosen.seed, variants=chosen.variants, every=chosen.every)
    print(f"{len(steps)} steps recorded; {tally}")
    return 1 if tally.found else 0


if __name__ == "__main__":
    sys.exit(main())
