"""The imager's wire: a Honeywell serial engine.

From the maker's public user guides: trigger ``16 54 0D``, stop ``16 55 0D``, menu commands
``16 4D 0D`` + text + ``.`` answered by text and ``06`` or ``05``. Each line read is sent as text and
CR. In this cabinet it sees the face's OCR-B line and, over a mirror, the strip's code; both only
while the card lies in the RF position.
"""

from __future__ import annotations

from typing import Final

from simulators.permit.carriage import Carriage, Position
from simulators.wire import Wire

TRIGGER: Final = b"\x16T\r"
STOP: Final = b"\x16U\r"
MENU: Final = b"\x16M\r"
REVISION: Final = b"REVINF"
SCAN_S: Final = 0.25
MAX_MENU: Final = 64
IDENTITY: Final = (
    b"REVINFProduct Name: Simulated imager\r\nSoftware Revision: SIM 1.0\r\nSerial Number: SIM0000002\r\n"
)


class Scanner:
    """The imager module: serves its wire over the shared carriage."""

    def __init__(self, carriage: Carriage) -> None:
        self._carriage = carriage
        self._buffer = bytearray()

    def serve(self, wire: Wire) -> None:
        """Serve until ``WireClosed`` comes out of the wire."""
        while True:
            data = wire.read(None)
            if not self._carriage.powered():
                self._buffer.clear()
                continue
            self._buffer += data
            while self._take(wire):
                pass

    def _take(self, wire: Wire) -> bool:
        buffer = self._buffer
        if len(buffer) < 3:
            return False
        command = bytes(buffer[:3])
        if command == MENU:
            end = buffer.find(b".")
            if end < 0 and len(buffer) <= MAX_MENU:
                return False
            menu = bytes(buffer[3:end]) if end >= 0 else b""
            del buffer[: end + 1 if end >= 0 else len(buffer)]
            wire.write(IDENTITY + b"\x06." if menu == REVISION else menu + b"\x05.")
            return True
        if command == TRIGGER:
            del buffer[:3]
            self._scan(wire)
            return True
        # The stop command has no answer; a byte that begins nothing is passed over.
        del buffer[: 3 if command == STOP else 1]
        return True

    def _scan(self, wire: Wire) -> None:
        carriage = self._carriage
        carriage.wait(SCAN_S)
        for line in self._seen():
            wire.write(line.encode("utf-8") + b"\r")

    def _seen(self) -> list[str]:
        carriage = self._carriage
        order = carriage.strike("scan")
        carriage.settle()
        with carriage.lock:
            card = carriage.card
            if card is None or carriage.position is not Position.RF or card.wrong_way_round:
                return []
            unreadable = order is not None and order.fault == "unreadable"
            if unreadable or carriage.misreads():
                return []
            return [line for line in (card.mrz, card.code()) if line]
