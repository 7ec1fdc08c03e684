"""The housing of the machine and what stands in it: doors and lights, mains power, a document printer."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from simulators.catalogue import Entry
from simulators.devices import document_printer, io_board, ups
from simulators.devices.document_printer import DocumentPrinter
from simulators.devices.io_board import IoBoard
from simulators.devices.ups import Ups
from simulators.faults import Faults
from simulators.http_wire import HttpWire
from simulators.level import Level
from simulators.recorder import Recorder
from simulators.wire import Line, TcpWire

BOARD_BAUD: Final = 9600


class Housing:
    """The devices; acts come from the world, wires are put up by the bench."""

    def __init__(self, level: Level, faults: Faults) -> None:
        self._level = level
        self._faults = faults
        self.document_printer = DocumentPrinter(level, faults)
        self.io_board = IoBoard(faults)
        self.ups = Ups(faults)

    def networked(
        self, recorder: Recorder, chance: random.Random
    ) -> Iterator[tuple[Line, str, Callable[[Any], None]]]:
        """Yield what is reached over TCP: its wire, its link's URL, who serves it."""
        paper = HttpWire(document_printer.NAME, self._level, self._faults, recorder, chance)
        url = f"ipp://127.0.0.1:{paper.port}{document_printer.PATH}?simulated=1"
        yield paper, url, self.document_printer.serve
        power = TcpWire(ups.NAME, self._level, self._faults, recorder, chance)
        yield power, f"nut://127.0.0.1:{power.port}/{ups.UPS}?simulated=1", self.ups.serve

    @property
    def words(self) -> Mapping[str, Callable[[str, bytes], str]]:
        """Who describes the bytes on each link."""
        return {module.NAME: module.words for module in (document_printer, io_board, ups)}

    @property
    def entries(self) -> Mapping[str, Entry]:
        """What each device can be told to get wrong."""
        return {
            module.NAME: Entry(module.FAULTS, module.OPERATIONS)
            for module in (document_printer, io_board, ups)
        }

    def world(self) -> Mapping[str, Any]:
        """Return doors, lights, power and printer as JSON values."""
        return {
            "document_printer": self.document_printer.world(),
            "io_board": self.io_board.world(),
            "ups": self.ups.world(),
        }

    def pages(self) -> list[dict[str, Any]]:
        """Return the printed sides as pictures, oldest first."""
        return [
            {
                "job": page.name,
                "page": page.number + 1,
                "text": page.text(),
                "png": base64.b64encode(page.png()).decode(),
            }
            for page in self.document_printer.printed()
        ]

    def reset(self) -> None:
        """Begin anew: doors locked, mains on, printer empty and in order."""
        self.document_printer.reset()
        self.io_board.reset()
        self.ups.reset()
