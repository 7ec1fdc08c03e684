"""Classes of devices with their wires, and exchanges that are spoken with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devices.base import Device
from devices.document_scanner.program import ProgramLink
from devices.link import Link, open_link
from devices.socket_link import SocketLink
from simulators.counting_wire import CountingWire
from simulators.faults import Order
from simulators.http_wire import HttpWire
from simulators.wire import Line
from tests.simulators.wiring import Room

Laying = Callable[[Room, Path, str, Any], tuple[Line, Link]]
"""Lays a wire from a simulated device: (room, folder, the wire's name, device) to its two ends."""


def serial_at(baud: int) -> Laying:
    """Lay a serial line."""

    def lay(room: Room, folder: Path, wire: str, device: Any) -> tuple[Line, Link]:
        return room.pty(folder, baud, wire), open_link(f"serial://{folder / wire}?baud={baud}")

    return lay


def tcp(room: Room, folder: Path, wire: str, device: Any) -> tuple[Line, Link]:
    """Lay a TCP connection."""
    line = room.tcp(wire)
    return line, open_link(f"socket://127.0.0.1:{line.port}")


def http(room: Room, folder: Path, wire: str, device: Any) -> tuple[Line, Link]:
    """Lay TCP on which each exchange has a connection of its own."""
    line = HttpWire(wire, room.level, room.faults, room.recorder, room.chance)
    return line, SocketLink("127.0.0.1", line.port)


def program(room: Room, folder: Path, wire: str, device: Any) -> tuple[Line, Link]:
    """Lay the wire of the scanner's program."""
    line = CountingWire(wire, room.level, room.faults, room.recorder, room.chance)
    device.link(line)
    return line, ProgramLink(str(device.program))


Act = Callable[[Callable[[Any], object]], object]
"""Has somebody do something at the simulator; with a trace alone nothing is done."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of devices: its simulator (of room and folder), its driver, and how its wires are laid."""

    name: str
    simulator: Callable[[Room, Path], Any]
    driver: Callable[[Mapping[str, Link]], Device]
    wires: Mapping[str, Laying]
    serve: Callable[[Any, str], Callable[[Any], None]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """``speak`` is given the opened driver and somebody who acts."""

    name: str
    kind: Kind
    speak: Callable[[Any, Act], None]

    @property
    def files(self) -> Mapping[str, str]:
        """Return the name of the trace by the wire's name."""
        if len(self.kind.wires) == 1:
            return dict.fromkeys(self.kind.wires, f"{self.name}.trace")
        return {wire: f"{self.name}.{wire}.trace" for wire in self.kind.wires}


Speeches = tuple[tuple[Kind, tuple[Callable[[Any, Act], None], ...]], ...]
"""What is spoken with devices of each kind; a function's name is its exchange's."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A simulated device with what can go wrong at it."""

    device: Any
    name: str
    room: Room

    def fault(self, fault: str, operation: str, nth: int = 1) -> None:
        self.room.faults.arm(Order(self.name, fault, operation, nth))


def alone(device: Any, wire: str) -> Callable[[Any], None]:
    """Return who serves the only wire of a device."""
    serve: Callable[[Any], None] = device.serve
    return serve
