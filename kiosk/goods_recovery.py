"""What recovery asks about the goods of a service: what was paid for, printed, dispensed, submitted.

Money, the permit and the receipt are the same for every service, and ``kiosk.recovery`` asks about
them itself. What the person came for differs: each service that hands something out, or decides
something, has one ``GoodsRecovery`` under its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kiosk.journal import VisitRecord


class GoodsState(StrEnum):
    """What the person has of what they came for."""

    NOTHING = "nothing"
    """Nothing of it: their money goes back."""
    WHOLE = "whole"
    """All of it, or it lies there for them: their money stays."""
    HALF = "half"
    """Something of it that should not be so: their money goes back, and staff see to the rest."""
    UNKNOWN = "unknown"
    """Nobody can tell: they may have all of it. Staff look before any money moves."""


@dataclass(frozen=True, slots=True)
class Goods:
    """What recovery found; ``reason`` is the word that staff are told for ``HALF`` and ``UNKNOWN``."""

    state: GoodsState
    reason: str = ""

    @property
    def whole(self) -> bool:
        return self.state is GoodsState.WHOLE


NO_GOODS = Goods(GoodsState.NOTHING)


class GoodsRecovery(Protocol):
    """How one service's goods are asked about. Every method asks first, so that it may be killed and
    begun again, and journals each step before the next."""

    async def settle(self, visit: str) -> Goods:
        """Conclude what is open about a dead visit's goods: ask, finish what may be finished (paid,
        begun, and asked not to be done yet), tell the back office; return what there is.
        """
        ...

    async def ask_again(self, record: VisitRecord) -> None:
        """Ask a device, back again, about an ended visit's effect that is still a question."""
        ...

    def taken(self, record: VisitRecord) -> bool:
        """Tell whether the person has the goods in their hands: only then are they delivered."""
        ...


class NoGoods:
    """A service that hands nothing out and decides nothing."""

    async def settle(self, visit: str) -> Goods:
        return NO_GOODS

    async def ask_again(self, record: VisitRecord) -> None:
        return

    def taken(self, record: VisitRecord) -> bool:
        return False
