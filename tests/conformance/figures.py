"""The figures of one criterion, held to their limits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.conformance.sheet import Figure


@dataclass(slots=True)
class Figures:
    """Keeps what is measured. Only a real unit is held to times: a simulated one's are the computer's."""

    judges_time: bool
    taken: list[Figure] = field(default_factory=list)

    def note(self, name: str, value: float, unit: str = "") -> None:
        """Keep a figure without a limit."""
        self.taken.append(Figure(name, value, unit))

    def at_least(self, name: str, value: float, least: float, unit: str = "") -> None:
        """Keep a figure; raises ``AssertionError`` when it is too low."""
        figure = Figure(name, value, unit, f"≥ {least:g} {unit}".rstrip(), value >= least)
        self.taken.append(figure)
        assert figure.within, figure.text()

    @contextmanager
    def seconds(self, name: str, most_s: float) -> Iterator[None]:
        """Time the block; raises ``AssertionError`` when a real unit took too long."""
        began_s = time.monotonic()
        yield
        took_s = time.monotonic() - began_s
        within = took_s <= most_s if self.judges_time else None
        figure = Figure(name, took_s, "s", f"≤ {most_s:g} s", within)
        self.taken.append(figure)
        assert within is not False, figure.text()
