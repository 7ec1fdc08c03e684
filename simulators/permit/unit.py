"""The permit unit as one thing: three modules on three wires around one card."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from simulators.faults import Faults
from simulators.level import Level
from simulators.permit.card import PermitCard, as_png
from simulators.permit.carriage import DEVICE, Carriage, Refused
from simulators.permit.printer import Printer
from simulators.permit.scanner import Scanner
from simulators.permit.transport import Transport
from simulators.permit.words import WORDS

__all__ = ["FAULTS", "OPERATIONS", "WORDS", "PermitUnitSimulator", "PrintedStrip", "Refused"]

FAULTS: Final = {
    "jam": "the card is stuck on its way (enter, to_*, draw_in, hand_back, erase, print)",
    "pulled": "the person snatches the card (enter, to_rf, to_gate, to_bin, to_printer)",
    "not_taken": "the print station does not take the card from the transport (draw_in)",
    "error": "state: the transport answers an error of its table (args code: 51)",
    "print_fault": "the printer reports a head fault",
    "motor_fault": "the printer reports a motor fault (erase, print, draw_in)",
    "battery": "the printer reports its battery (erase, print, draw_in)",
    "power_lost": "the unit goes dark for `seconds` (3) half-way (or at `share`) through erase or print",
    "refused": "the chip answers a write with a memory failure (chip_write)",
    "no_answer": "the chip falls silent (chip_select, chip_read, chip_write)",
    "unreadable": "the imager reads nothing (scan)",
    "bin_full": "state: the retain bin is full",
    "chip_dead": "state: no chip answers",
    "foreign_card": "state: whatever is put in is some other chip card",
}
OPERATIONS: Final = (
    "enter",
    "to_rf",
    "to_printer",
    "to_gate",
    "to_bin",
    "draw_in",
    "hand_back",
    "erase",
    "print",
    "chip_select",
    "chip_read",
    "chip_write",
    "scan",
)
MIDWAY: Final = (
    "enter", "to_rf", "to_printer", "to_gate", "to_bin", "draw_in", "hand_back", "erase", "print",
)  # fmt: skip
"""The operations that a fault can strike half-way."""
_NO_CARD: Final = {"strip": {"code": "", "rewrites": 0}, "chip_endorsements": ""}


@dataclass(frozen=True, slots=True, repr=False)
class PrintedStrip:
    """A strip as it came from under the head: the code a reader finds on it, and its picture."""

    code: str
    png: bytes


class PermitUnitSimulator:
    """The unit. Each of ``transport``, ``scanner``, ``printer`` serves its wire in a thread of its own."""

    def __init__(self, level: Level, faults: Faults, chance: random.Random) -> None:
        self._carriage = Carriage(level, faults, chance)
        self.transport = Transport(self._carriage)
        self.scanner = Scanner(self._carriage)
        self.printer = Printer(self._carriage, self._keep_print)
        self.strips: list[PrintedStrip] = []
        self._own: PermitCard | None = None

    # --- what a person does -----------------------------------------------------------------------

    def insert(self, card: PermitCard, wrong_way_round: bool = False) -> None:
        """Push ``card`` in; it waits at the gate while entry is shut. Raises ``Refused``."""
        pushed = card
        if "foreign_card" in self._carriage.faults.standing(DEVICE):
            pushed = PermitCard.foreign()
        pushed.wrong_way_round = wrong_way_round
        self._carriage.insert(pushed)
        self._own = card

    def take(self) -> PermitCard:
        """Take the card from the gate; raises ``Refused``."""
        return self._handed(self._carriage.take())

    def pull(self) -> PermitCard:
        """Snatch the card on its way in, or from the gate; raises ``Refused``."""
        return self._handed(self._carriage.pull())

    def _handed(self, card: PermitCard) -> PermitCard:
        own, self._own = self._own, None
        return own or card

    # --- what the bench sees and does ---------------------------------------------------------------

    @property
    def where(self) -> str:
        """The card's position, in the words of ``Position``."""
        self._carriage.settle()
        return str(self._carriage.position)

    @property
    def card(self) -> PermitCard | None:
        """The card that is in the machine, or was retained last."""
        return self._carriage.card

    def world(self) -> Mapping[str, Any]:
        """Return where the card is (``offered``: not drawn in yet) and what is on it, as JSON values."""
        self._carriage.settle()
        with self._carriage.lock:
            card = self._carriage.card or self._own
            on_card = card.world() if card is not None else _NO_CARD
            place = {"where": str(self._carriage.position), "offered": self._carriage.offered}
            return {**place, "bin": self._carriage.binned, **on_card}

    def clear_jam(self) -> None:
        """Staff frees the card and lays it into the RF position."""
        self._carriage.clear_jam()

    def reset(self) -> None:
        """Empty the machine and forget what was printed; the bin's counter stays, as in the field."""
        self._carriage.empty()
        self.strips.clear()
        self._own = None

    def _keep_print(self, card: PermitCard) -> None:
        self.strips.append(PrintedStrip(card.code(), as_png(card.strip)))
