"""One unit of the card dispenser from the person's and the staff's side: stacker, path, gate, error bin."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from simulators.faults import Faults, Order
from simulators.level import Level
from simulators.permit.card import PermitCard
from simulators.permit.carriage import Refused

NAME: Final = "card_dispenser"
FEW: Final = 3
"""With this many cards and fewer the stacker's sensor says that there are few."""
STATES: Final = ("empty", "bin_full", "chip_dead", "error")
"""Faults that stand once they have come."""
MOVE_S: Final = 1.0
FEED_S: Final = 1.8


class Place(StrEnum):
    """Where the card of the path is."""

    NONE = "none"
    RF = "rf"
    HELD = "held"
    GATE = "gate"
    JAMMED = "jammed"


class CardStore:
    """A unit. Every method may be called from any thread."""

    def __init__(self, number: int, level: Level, faults: Faults) -> None:
        self.number = number
        self.initialised = False
        self.by_hand = False
        self._level = level
        self._faults = faults
        self._lock = threading.RLock()
        self._stacker: deque[PermitCard] = deque()
        self._card: PermitCard | None = None
        self._place = Place.NONE
        self._bin: list[PermitCard] = []
        self._binned = 0
        self._taken: list[PermitCard] = []

    # --- staff and person ---

    def load(self, cards: Iterable[PermitCard]) -> None:
        """Staff puts cards on top of what is in the stacker; the first of them comes out first."""
        with self._lock:
            self._stacker.extendleft(reversed(list(cards)))

    def take(self) -> PermitCard:
        """The person takes the card from the gate; raises ``Refused``."""
        with self._lock:
            if self._place is not Place.GATE or self._card is None:
                raise Refused(f"no card lies at the gate of unit {self.number}")
            card, self._card, self._place = self._card, None, Place.NONE
            self._taken.append(card)
            return card

    def clear(self) -> None:
        """Staff opens the unit and frees the path; a card that was in it goes into the bin, uncounted."""
        with self._lock:
            if self._card is not None:
                self._bin.append(self._card)
            self._card, self._place = None, Place.NONE

    def empty(self) -> None:
        """Staff empties stacker, path and bin; the bin's counter stays."""
        with self._lock:
            self._stacker.clear()
            self._bin.clear()
            self._taken.clear()
            self._card, self._place, self.by_hand = None, Place.NONE, False

    def world(self) -> Mapping[str, Any]:
        """Return what is where, as JSON values; cards by the number on their face."""
        with self._lock:
            return {
                "stacker": [_number(card) for card in self._stacker],
                "where": str(self._place),
                "card": _number(self._card) if self._card is not None else "",
                "bin": [_number(card) for card in self._bin],
                "retained": self._binned,
                "taken": [_number(card) for card in self._taken],
            }

    # --- the machine ---

    @property
    def card(self) -> PermitCard | None:
        """The card in the path."""
        return self._card

    @property
    def place(self) -> Place:
        return self._place

    @property
    def retained(self) -> int:
        """The non-volatile counter of cards in the bin."""
        return self._binned

    @property
    def bin_full(self) -> bool:
        return "bin_full" in self._standing()

    @property
    def chip_dead(self) -> bool:
        return "chip_dead" in self._standing()

    @property
    def error(self) -> Order | None:
        """The error that the unit has, as it was ordered."""
        return self._standing().get("error")

    def stacked(self) -> int:
        """Return how many cards the feeder can reach."""
        return 0 if "empty" in self._standing() else len(self._stacker)

    def feed(self, to: Place) -> bool:
        """Fetch the next card; False when it jams on the way."""
        order = self.strike("feed")
        self.wait(FEED_S * _share(order))
        with self._lock:
            self._card = self._stacker.popleft()
            return self._arrive(order, to)

    def move(self, operation: str, to: Place) -> bool:
        """Move the card; False when it jams on the way or the person pulls it out meanwhile."""
        order = self.strike(operation)
        self.wait(MOVE_S * _share(order))
        with self._lock:
            if self._card is None:
                return False
            if order is not None and order.fault == "moved_by_hand":
                self._place = Place.GATE
                self.take()
                self.by_hand = True
                return False
            return self._arrive(order, to)

    def retain(self) -> bool:
        """Move the card into the bin; False when it jams, or is gone."""
        if not self.move("to_bin", Place.HELD):
            return False
        with self._lock:
            if self._card is not None:
                self._bin.append(self._card)
                self._binned += 1
            self._card, self._place = None, Place.NONE
            return True

    def strike(self, operation: str) -> Order | None:
        """Tell the bench that ``operation`` begins."""
        order = self._faults.take(NAME, operation, STATES)
        if order is not None and order.fault == "power_lost":
            self.initialised = False
        return order

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` of the field pass."""
        time.sleep(self._level.seconds(seconds))

    def _arrive(self, order: Order | None, to: Place) -> bool:
        jams = order is not None and order.fault == "jam"
        self._place = Place.JAMMED if jams else to
        return not jams

    def _standing(self) -> Mapping[str, Order]:
        """Return the states ordered for this unit, or for all of them (args without ``unit``)."""
        return {
            fault: order
            for fault, order in self._faults.standing(NAME).items()
            if order.args.get("unit", self.number) == self.number
        }


def _share(order: Order | None) -> float:
    """Return how much of a movement is done before ``order`` strikes: all without one."""
    return order.share(1.0) if order is not None else 1.0


def _number(card: PermitCard) -> str:
    return card.mrz[2:11] if card.mrz else "no line"
