"""The panel that the pages are drawn on: its pixels, its millimetres, where it hangs."""

from __future__ import annotations

from dataclasses import dataclass

REACH_TOP_MM = 1200
LOW_REACH_MM = 400


@dataclass(frozen=True, slots=True)
class Panel:
    """A display. ``mounting_height_mm`` is the height of its lower edge above the floor.

    With ``low_reach`` everything that can be touched lies in the lowest 400 mm.
    """

    width_px: int = 1080
    height_px: int = 1920
    width_mm: float = 336.0
    height_mm: float = 597.0
    mounting_height_mm: float = 750.0
    low_reach: bool = False

    @property
    def px_per_mm(self) -> float:
        """Pixels a millimetre; the mean of both directions (they differ by rounding only)."""
        return (self.width_px / self.width_mm + self.height_px / self.height_mm) / 2

    @property
    def wide(self) -> bool:
        """Whether the panel lies across, so that question and answers stand side by side."""
        return self.width_px > self.height_px

    @property
    def unreachable_mm(self) -> float:
        """Millimetres from the upper edge in which no choice is offered: above reach, or above low reach."""
        if self.low_reach:
            return max(0.0, self.height_mm - LOW_REACH_MM)
        return max(0.0, self.mounting_height_mm + self.height_mm - REACH_TOP_MM)
