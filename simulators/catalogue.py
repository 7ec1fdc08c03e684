"""Which faults there are: by device, with the operations they can strike at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simulators import link_faults
from simulators.faults import Order


class UnknownFault(ValueError):
    """No device of the bench can do this; the text says what there is."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a device (or a link) can be told to get wrong. No ``operations``: any name is taken.

    ``midway`` are those operations that a fault can strike when a ``share`` of them is done.
    ``states_only``: it has no operations, what is ordered stands until it is called off.
    """

    faults: Mapping[str, str]
    operations: tuple[str, ...] = ()
    midway: tuple[str, ...] = ()
    states_only: bool = False


class Catalogue:
    """All faults of one bench."""

    def __init__(self, devices: Mapping[str, Entry], links: Iterable[str]) -> None:
        self._devices = devices
        self._links = tuple(links)

    def check(self, order: Order) -> None:
        """Raise ``UnknownFault`` when nothing on the bench would obey ``order``."""
        entries = self._entries(order.device)
        if not entries:
            known = sorted({*self._devices, *self._links})
            raise UnknownFault(f"no device {order.device!r}: one of {', '.join(known)}")
        fitting = [e for e in entries if order.fault in e.faults]
        if not fitting:
            known = sorted(name for e in entries for name in e.faults)
            raise UnknownFault(f"{order.device} has no fault {order.fault!r}: one of {', '.join(known)}")
        known = sorted(name for e in fitting for name in e.operations)
        if order.operation is None:
            if order.probability < 1:
                raise UnknownFault("a state has no probability: name an operation to draw at")
        elif all(e.states_only for e in fitting):
            raise UnknownFault(f"{order.device} has no operations: its faults stand until called off")
        elif not any(not e.operations or order.operation in e.operations for e in fitting):
            raise UnknownFault(f"no operation {order.operation!r}: one of {', '.join(known)}")
        if "share" in order.args and not any(order.operation in e.midway for e in fitting):
            midway = sorted(name for e in fitting for name in e.midway)
            raise UnknownFault(f"half-way through an operation: one of {', '.join(midway) or 'none here'}")

    def plain(self) -> dict[str, Any]:
        """Return the catalogue as plain values."""
        return {
            "devices": {
                name: {
                    "faults": dict(e.faults),
                    "operations": list(e.operations),
                    "midway": list(e.midway),
                    "states_only": e.states_only,
                }
                for name, e in self._devices.items()
            },
            "links": {
                "names": list(self._links),
                "faults": dict(link_faults.FAULTS),
                "operations": list(link_faults.OPERATIONS),
                "states_only": False,
            },
        }

    def _entries(self, device: str) -> list[Entry]:
        entries = [self._devices[device]] if device in self._devices else []
        if device in self._links:
            entries.append(Entry(link_faults.FAULTS, link_faults.OPERATIONS))
        return entries
