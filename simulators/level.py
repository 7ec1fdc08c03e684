"""Imperfection levels: how much of the real world's slowness and wear the bench shows."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Level:
    """``mechanics`` scales transport times (0 none, 1 real); ``paced`` wires keep their baud rate;
    ``misread`` is the probability that a first reading fails."""

    name: str
    mechanics: float
    paced: bool
    misread: float

    def seconds(self, mechanical_s: float) -> float:
        """Return how long a movement that takes ``mechanical_s`` in the field takes here."""
        return mechanical_s * self.mechanics

    def misreads(self, chance: random.Random) -> bool:
        """Draw whether this reading fails."""
        return chance.random() < self.misread


IDEAL: Final = Level("ideal", mechanics=0.0, paced=False, misread=0.0)
REAL: Final = Level("real", mechanics=1.0, paced=True, misread=0.02)
WORN: Final = Level("worn", mechanics=1.6, paced=True, misread=0.15)
LEVELS: Final = {level.name: level for level in (IDEAL, REAL, WORN)}
