"""The slide of a new page: seen as a movement only where frames come quickly, so left out elsewhere."""

from __future__ import annotations

LASTS_S = 0.18
FEWEST_FRAMES = 8
"""Of a slide on a display of 60 frames a second there are eleven; drawn in software often five."""


class Slide:
    """Says how far a page is from its place. All times are of one monotonic clock.

    A slide that came out jerky is the last until ``try_again``: without it a page stands at once.
    """

    def __init__(self) -> None:
        self._from_px = 0.0
        self._began_s = 0.0
        self._frames = 0
        self._under_way = False
        self._smooth = True

    def try_again(self) -> None:
        """Forget how the last slides came out."""
        self._smooth = True

    def begin(self, from_px: float, now_s: float) -> None:
        """Let the page slide in from ``from_px`` beside its place; 0 sets it there at once."""
        self._from_px = from_px if self._smooth else 0.0
        self._began_s = now_s
        self._under_way = self._from_px != 0.0
        self._frames = 0

    def offset_px(self, now_s: float) -> float:
        """Return where the page is at ``now_s``; asked once for each frame."""
        if not self._under_way:
            return 0.0
        along = (now_s - self._began_s) / LASTS_S
        if along >= 1.0:
            self._under_way = False
            self._smooth = self._frames >= FEWEST_FRAMES
            return 0.0
        self._frames += 1
        return self._from_px * (1.0 - along) ** 3
