"""Simulated devices on a wire of their own, for tests of one device."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import serial

from simulators.faults import Faults
from simulators.level import IDEAL, Level
from simulators.recorder import Recorder
from simulators.wire import Line, PtyWire, TcpWire


@dataclass
class Room:
    """What a device needs to run: level, faults, chance, line tap."""

    level: Level = IDEAL
    faults: Faults = field(default_factory=Faults)
    recorder: Recorder = field(default_factory=Recorder)
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def pty(self, folder: Path, baud: int = 115200, link: str = "line") -> PtyWire:
        return PtyWire(link, folder / link, self.level, self.faults, self.recorder, self.chance, baud)

    def tcp(self, link: str = "line", address: str = "127.0.0.1", port: int = 0) -> TcpWire:
        return TcpWire(link, self.level, self.faults, self.recorder, self.chance, port, address)


@contextmanager
def served(line: Line, serve: Callable[[Any], None]) -> Iterator[None]:
    """Run ``serve`` on ``line`` in a thread until the block ends."""
    thread = threading.Thread(target=serve, args=(line,))
    thread.start()
    try:
        yield
    finally:
        line.close()
        thread.join()


@contextmanager
def opened(path: Path, baud: int = 115200, timeout_s: float = 2.0) -> Iterator[serial.Serial]:
    """Open a pty as a host does."""
    with serial.Serial(str(path), baud, timeout=timeout_s) as port:
        yield port
