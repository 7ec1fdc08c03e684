"""The devices that a cabinet may have beside those of the first service: scanners and a card dispenser."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simulators.catalogue import Entry
from simulators.counting_wire import CountingWire
from simulators.devices import barcode_scanner, card_dispenser, document_scanner
from simulators.devices.barcode_scanner import BarcodeScanner
from simulators.devices.card_dispenser import CardDispenser
from simulators.devices.document_scanner import DocumentScanner
from simulators.faults import Faults
from simulators.level import Level
from simulators.recorder import Recorder

UNITS: Final = 2
"""How many units the card dispenser has, at the addresses 0, 1, …"""


@dataclass(frozen=True, slots=True)
class SerialDevice:
    """A device on a serial line: the link's name, its speed, what its URL says besides, who serves it."""

    link: str
    baud: int
    query: str
    serve: Callable[[Any], None]
    words: Callable[[str, bytes], str]


class SideCabinet:
    """The devices; ``folder`` is for the document scanner's configuration."""

    def __init__(self, level: Level, faults: Faults, chance: random.Random, folder: Path) -> None:
        self._level = level
        self._faults = faults
        self.barcode_reader = BarcodeScanner(level, faults, chance)
        self.card_dispenser = CardDispenser(level, faults, UNITS)
        self.document_scanner = DocumentScanner(folder, level, faults)

    def serial_devices(self) -> Iterator[SerialDevice]:
        """Yield what is to be put on a wire."""
        protocol = f"&protocol={self.barcode_reader.protocol}"
        addresses = "&address=" + ",".join(str(address) for address in range(UNITS))
        reader, dispenser = self.barcode_reader, self.card_dispenser
        yield SerialDevice("barcode_reader", 115200, protocol, reader.serve, barcode_scanner.words)
        yield SerialDevice("card_dispenser", 9600, addresses, dispenser.serve, card_dispenser.words)

    def networked(
        self, recorder: Recorder, chance: random.Random
    ) -> Iterator[tuple[CountingWire, str, Callable[[Any], None]]]:
        """Yield what is reached over TCP: its wire, its link's URL, who serves it."""
        glass = CountingWire(document_scanner.NAME, self._level, self._faults, recorder, chance)
        recorder.describe(document_scanner.NAME, document_scanner.words)
        yield glass, self.document_scanner.link(glass), self.document_scanner.serve

    @property
    def entries(self) -> Mapping[str, Entry]:
        """What each device can be told to get wrong."""
        return {
            barcode_scanner.NAME: Entry(
                barcode_scanner.FAULTS, barcode_scanner.OPERATIONS, barcode_scanner.MIDWAY
            ),
            card_dispenser.NAME: Entry(
                card_dispenser.FAULTS, card_dispenser.OPERATIONS, card_dispenser.MIDWAY
            ),
            document_scanner.NAME: Entry(
                document_scanner.FAULTS, document_scanner.OPERATIONS, document_scanner.MIDWAY
            ),
        }

    def world(self) -> Mapping[str, Any]:
        """Return what is shown, stacked and taken, as JSON values."""
        reader = self.barcode_reader
        return {
            "code": {"shown": reader.shown, "reading": reader.reading},
            "dispenser": self.card_dispenser.world(),
        }

    def reset(self) -> None:
        """Begin anew: nothing shown, nothing stacked."""
        self.barcode_reader.reset()
        self.card_dispenser.reset()
