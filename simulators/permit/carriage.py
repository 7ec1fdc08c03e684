"""Where the permit is in the machine, what moves it, and how long that takes.

The three modules share one card and one mechanism. Whatever takes time is a ``Task`` with an end;
it is finished by the first look after that end, so that no thread of its own is needed and a
module that waits can be asked meanwhile.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from simulators.faults import Faults, Order
from simulators.level import Level
from simulators.permit.card import PermitCard

DEVICE: Final = "permit_unit"
STATES: Final = ("bin_full", "chip_dead", "foreign_card", "error")
"""Faults that stand once they have come."""
ENTER_S: Final = 1.6
MOVE_S: Final = 1.0
RESTART_S: Final = 3.0


class Refused(Exception):
    """The person cannot do this now: no card there, the slot is taken."""


class Position(StrEnum):
    """Where the card is. ``HELD`` is the mouth of the print station."""

    POCKET = "pocket"
    GATE = "gate"
    HELD = "held"
    RF = "rf"
    PRINTER = "printer"
    BIN = "bin"
    JAMMED = "jammed"


@dataclass(slots=True)
class Task:
    """Something under way until ``ends_s`` (monotonic); ``finish`` is told the share that was done."""

    name: str
    starts_s: float
    ends_s: float
    finish: Callable[[float], None]
    whole: float = 1.0

    def share(self, now_s: float) -> float:
        """Return how much of the whole has been done by ``now_s``."""
        if now_s >= self.ends_s:
            return self.whole
        return self.whole * (now_s - self.starts_s) / (self.ends_s - self.starts_s)


class Carriage:
    """The mechanism. Every method may be called from any thread."""

    def __init__(self, level: Level, faults: Faults, chance: random.Random) -> None:
        self.level = level
        self.faults = faults
        self.chance = chance
        self.lock = threading.RLock()
        self.card: PermitCard | None = None
        self.position = Position.POCKET
        self.offered = False  # at the gate, pushed by a hand, not presented by the machine
        self.entry_open = False
        self.pulled = False  # a card was snatched since the last command looked
        self.task: Task | None = None
        self.bin: list[PermitCard] = []
        self.binned = 0
        self.initialised = False
        self.restarts = 0
        self._powered_at_s = 0.0

    # --- time -----------------------------------------------------------------------------------

    def begin(self, name: str, seconds: float, finish: Callable[[float], None], whole: float = 1.0) -> None:
        """Begin a task that takes ``seconds`` in the field for its ``whole`` share."""
        now = time.monotonic()
        ends = now + self.level.seconds(seconds) * whole
        with self.lock:
            self.task = Task(name, now, ends, finish, whole)
        self.settle()

    def settle(self) -> None:
        """Finish the task whose time has come."""
        with self.lock:
            task = self.task
            if task is not None and time.monotonic() >= task.ends_s:
                self.task = None
                task.finish(task.whole)

    def stop_task(self) -> None:
        """Break off what is under way; what was done of it stays done."""
        with self.lock:
            task, self.task = self.task, None
            if task is not None:
                task.finish(task.share(time.monotonic()))

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` of the field pass."""
        time.sleep(self.level.seconds(seconds))

    # --- power ----------------------------------------------------------------------------------

    def powered(self) -> bool:
        """Tell whether the modules have power; also settles what is due."""
        self.settle()
        return time.monotonic() >= self._powered_at_s

    def lose_power(self, for_s: float) -> None:
        """The unit goes dark and starts again; the card stays where it is."""
        with self.lock:
            self.task = None
            self.initialised = self.entry_open = False
            self.restarts += 1
            self._powered_at_s = time.monotonic() + self.level.seconds(for_s)

    # --- the person -----------------------------------------------------------------------------

    def insert(self, card: PermitCard) -> None:
        """Push a card into the slot; drawn in at once when entry is open. Raises ``Refused``."""
        self.settle()
        with self.lock:
            if self.position is Position.BIN:
                self.card, self.position = None, Position.POCKET
            if self.card is not None:
                raise Refused("there is a card in the slot")
            self.card, self.position, self.offered, self.pulled = card, Position.GATE, True, False
            if self.entry_open and self.powered():
                self.draw_in()

    def take(self) -> PermitCard:
        """Take the card that lies at the gate; raises ``Refused``."""
        self.settle()
        with self.lock:
            if self.position is not Position.GATE or self.card is None or self.task is not None:
                raise Refused("no card lies at the gate")
            return self._leave()

    def pull(self) -> PermitCard:
        """Snatch the card while it goes in, or from the gate; raises ``Refused``."""
        self.settle()
        with self.lock:
            if self.position is not Position.GATE or self.card is None:
                raise Refused("the card is out of reach")
            self.pulled = self.task is not None
            self.task = None
            return self._leave()

    def draw_in(self) -> None:
        """Begin to draw the offered card to the RF position."""
        order = self.faults.take(DEVICE, "enter")
        fault = order.fault if order is not None else ""
        whole = order.share(0.0 if fault == "pulled" else 1.0) if order is not None else 1.0
        if fault == "pulled" and not whole:
            self.pull()
            self.pulled = True
            return
        self.offered = False
        self.begin("enter", ENTER_S, lambda share: self._entered(fault), whole)

    def _entered(self, fault: str) -> None:
        if fault == "pulled":
            self._leave()
            self.pulled = True
        else:
            self._arrive(Position.JAMMED if fault == "jam" else Position.RF)

    def _leave(self) -> PermitCard:
        card = self.card
        if card is None:
            raise Refused("no card")
        self.card, self.position, self.offered = None, Position.POCKET, False
        return card

    # --- the machine ----------------------------------------------------------------------------

    def misreads(self) -> bool:
        """Draw whether this reading fails."""
        return self.level.misreads(self.chance)

    def strike(self, operation: str) -> Order | None:
        """Tell the bench that ``operation`` begins."""
        return self.faults.take(DEVICE, operation, STATES)

    def move(self, operation: str, to: Position) -> bool:
        """Move the card; takes its time. False when it jams on the way or is snatched."""
        order = self.strike(operation)
        self.wait(MOVE_S * (order.share(1.0) if order is not None else 1.0))
        with self.lock:
            if self.card is None:
                return False
            if order is not None and order.fault == "jam":
                self._arrive(Position.JAMMED)
                return False
            if order is not None and order.fault == "pulled":
                self._leave()
                self.pulled = True
                return False
            self._arrive(to)
            if to is Position.BIN:
                self.bin.append(self.card)
                self.binned += 1
            return True

    def clear_jam(self) -> None:
        """Staff takes the jammed card out and lays it into the RF position again."""
        with self.lock:
            if self.position is Position.JAMMED:
                self._arrive(Position.RF)

    def empty(self) -> None:
        """Staff empties the machine; counters stay."""
        with self.lock:
            self.task = None
            self.card, self.position, self.offered, self.pulled = None, Position.POCKET, False, False
            self.bin.clear()

    def _arrive(self, position: Position) -> None:
        self.position = position
        self.offered = False
