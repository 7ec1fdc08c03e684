"""From fingers to answers: one finger at a time, each action once, no double taps.

No Kivy here: the window tells of fingers going down and up and of pages, and gets answers to send.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from kiosk.prompts import Json
from screens.scene import Press, Scene, Target

LATCH_S = 0.6
HELD_S = 3.0
BOUNCE_S = 0.08


@dataclass(frozen=True, slots=True)
class Pressed:
    """A target that was pressed and let go: what to do."""

    page: int
    target: Target


@dataclass(slots=True)
class _Held:
    finger: Hashable
    page: int
    target: Target | None
    since_s: float


class Touch:
    """Decides which touches count.

    * While one finger is down, others are nothing; after three seconds it is a hand that rests on the
      panel, or one whose going up was lost, and another finger takes its place.
    * A press counts when the finger goes up on the target on which it went down, on the same page.
    * An action counts once a page; after it, other actions of that page wait for 600 ms.
    * For 600 ms after an answer a touch near it is the second half of a double tap, whatever page is up.
    * Settings and marks count again after 600 ms, a typed key after 80 ms.
    """

    def __init__(self, clock_s: Callable[[], float], near_px: float) -> None:
        self._clock_s = clock_s
        self._near_px = near_px
        self._held: _Held | None = None
        self._page = -1
        self._answered: set[str] = set()
        self._last_at_s: dict[str, float] = {}
        self._last_press: tuple[float, float, float] | None = None

    @property
    def held(self) -> Target | None:
        """The target under the finger that is down."""
        return self._held.target if self._held else None

    def page(self, number: int) -> None:
        """Note that page ``number`` is up."""
        if number != self._page:
            self._page = number
            self._answered.clear()
            self._last_at_s.clear()
            if self._held is not None:
                self._held.target = None

    def down(self, finger: Hashable, x: float, y: float, scene: Scene) -> Target | None:
        """Take a finger going down; return the target to show as pressed."""
        now = self._clock_s()
        if self._held is not None and now - self._held.since_s < HELD_S:
            return None
        target = scene.target_at(x, y)
        if target is not None and not self._counts(target, x, y):
            target = None
        self._held = _Held(finger, self._page, target, now)
        return target

    def let_go(self, finger: Hashable) -> None:
        """Note that a finger drags a list: it presses nothing any more."""
        if self._held is not None and self._held.finger == finger:
            self._held.target = None

    def up(self, finger: Hashable, x: float, y: float) -> Pressed | None:
        """Take a finger going up; return what it pressed, if that counts."""
        if self._held is None or self._held.finger != finger:
            return None
        held, self._held = self._held, None
        target = held.target
        if target is None or held.page != self._page or not target.rect.holds(x, y):
            return None
        if not self._counts(target, x, y):
            return None
        now = self._clock_s()
        self._last_at_s[target.name] = now
        if target.press is Press.ANSWER:
            self._answered.add(target.name)
            self._last_press = (x, y, now)
        return Pressed(self._page, target)

    def _counts(self, target: Target, x: float, y: float) -> bool:
        now = self._clock_s()
        if target.press in (Press.TYPE, Press.SCROLL):
            return now - self._last_at_s.get(target.name, -BOUNCE_S) >= BOUNCE_S
        if self._last_press is not None:
            last_x, last_y, at_s = self._last_press
            near = abs(x - last_x) <= self._near_px and abs(y - last_y) <= self._near_px
            if near and now - at_s < LATCH_S:
                return False
        if target.press is Press.ANSWER:
            if target.name in self._answered:
                return False
            return all(now - self._last_at_s[name] >= LATCH_S for name in self._answered)
        return now - self._last_at_s.get(target.name, -LATCH_S) >= LATCH_S


def answer_value(target: Target, marked: frozenset[str], typed: str = "") -> Json:
    """Return the value that goes with ``target``'s action: its own, or what is marked, or typed."""
    if target.action == "choose" and target.value is None:
        return sorted(marked)
    if target.action == "enter" and target.value is None:
        return typed
    return target.value
