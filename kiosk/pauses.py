"""How long to wait between two looks at a device, while a person does something there."""

from __future__ import annotations

from collections.abc import Iterator

FIRST_S = 0.02
GROWS = 1.5


def pauses(longest_s: float, first_s: float = FIRST_S) -> Iterator[float]:
    """Yield seconds without end: short at first, because what has just begun is often over at once,
    then ever longer up to ``longest_s``, so that a wire is not kept busy by somebody who takes long."""
    pause_s = first_s
    while True:
        yield min(pause_s, longest_s)
        pause_s = min(pause_s * GROWS, longest_s)
