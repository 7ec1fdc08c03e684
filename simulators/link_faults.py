"""What can go wrong on a wire itself, whatever device is at its end.

Operations: ``answer`` (bytes on their way to the host) and ``request`` (bytes on their way to the
device). Without an operation a fault stands: at every answer, for ``silent`` and ``echo`` at every
request.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from simulators.faults import Faults, Order

FAULTS: Final[Mapping[str, str]] = {
    "drop": "the bytes are lost",
    "corrupt": "one byte is changed (args at: index, default by chance)",
    "split": "the bytes come in two pieces (args at: index, pause_s: 0.05)",
    "glue": "the bytes are held and come together with the next ones",
    "delay": "the bytes come late (args seconds: 1.0)",
    "echo": "the host hears its own request before the answer",
    "disconnect": "the cable is out until the fault is cleared (args for_s: plugged in again by itself)",
    "silent": "the device hears nothing",
    "garbage": "other bytes come instead, as many",
    "half": "only the first half comes",
}
OPERATIONS: Final = ("answer", "request")
_STANDING_AT_REQUEST: Final = {"silent", "echo"}


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes to pass on after ``wait_s`` seconds."""

    wait_s: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Passing:
    """What becomes of bytes: the pieces that go on, what the host hears back, a cable pulled."""

    pieces: tuple[Piece, ...]
    echo: bytes = b""
    disconnect: Order | None = None


class LinkFaults:
    """The faults ordered for one link, applied to what passes on it."""

    def __init__(self, link: str, faults: Faults, chance: random.Random) -> None:
        self.link = link
        self._faults = faults
        self._chance = chance
        self._held = b""

    @property
    def unplugged(self) -> bool:
        """Tell whether the cable is to be out."""
        return "disconnect" in self._faults.standing(self.link)

    def answer(self, data: bytes) -> Passing:
        """Return what becomes of ``data`` on its way to the host."""
        held, self._held = self._held, b""
        return self._pass("answer", held + data)

    def request(self, data: bytes) -> Passing:
        """Return what becomes of ``data`` on its way to the device."""
        return self._pass("request", data)

    def _pass(self, operation: str, data: bytes) -> Passing:
        orders = [
            order
            for name, order in self._faults.standing(self.link).items()
            if name in FAULTS
            and name != "disconnect"
            and (name in _STANDING_AT_REQUEST) == (operation == "request")
        ]
        struck = self._faults.take(self.link, operation)
        if struck is not None:
            orders.append(struck)
        passing = Passing((Piece(0.0, data),))
        for order in orders:
            passing = self._apply(order, passing, data)
        return passing

    def _apply(self, order: Order, passing: Passing, data: bytes) -> Passing:
        args = order.args
        match order.fault:
            case "drop" | "silent":
                pieces: tuple[Piece, ...] = ()
            case "corrupt":
                at = int(args.get("at", self._chance.randrange(len(data)))) % len(data)
                pieces = (Piece(0.0, data[:at] + bytes([data[at] ^ 0x5A]) + data[at + 1 :]),)
            case "split":
                at = int(args.get("at", len(data) // 2))
                pause_s = float(args.get("pause_s", 0.05))
                pieces = (Piece(0.0, data[:at]), Piece(pause_s, data[at:]))
            case "glue":
                self._held = data
                pieces = ()
            case "delay":
                pieces = (Piece(float(args.get("seconds", 1.0)), data),)
            case "garbage":
                pieces = (Piece(0.0, self._chance.randbytes(len(data))),)
            case "half":
                pieces = (Piece(0.0, data[: len(data) // 2]),)
            case "echo":
                return Passing(passing.pieces, echo=data)
            case "disconnect":
                return Passing((), disconnect=order)
            case _:
                return passing
        return Passing(pieces, passing.echo, passing.disconnect)
