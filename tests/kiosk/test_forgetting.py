"""A process that forgets: what was freed cannot be found in its memory."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import os, sys
if sys.argv[1] == "forgets":
    from kiosk.forgetting import start_forgetting
    start_forgetting()
many = ["330212198104129925 is planted here: " + str(n) * 3 for n in range(200, 400)]
held = len(many)
del many
needle = "330212198104129925" + " is planted here: 2"  # as one word only in what was planted
found = 0
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
    for line in maps:
        span, rights, *_ = line.split()
        if rights.startswith("rw") and "[v" not in line:
            start, end = (int(side, 16) for side in span.split("-"))
            memory.seek(start)
            found += memory.read(end - start).count(needle.encode())
print(held, found)
"""


def found(how: str) -> int:
    """Return how many of 200 freed strings are still in the memory of a process of their own."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONMALLOC", "GLIBC_TUNABLES")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, env=environment, check=True
    )
    held, left = map(int, done.stdout.split())
    assert held == 200
    return left


def test_freed_strings_are_gone_from_a_process_that_forgets() -> None:
    assert found("forgets") <= 1, "the search itself holds one"


def test_and_stay_in_one_that_does_not() -> None:
    assert found("keeps") > 20
