"""A USB cable to the kiosk's process: transfers as messages over TCP on loopback.

The kiosk opens the device through pyusb with ``simulators.devices.id_card_usb`` as backend, which
speaks to this relay. A message is ``endpoint | length (4, big-endian) | bytes``; the first one, from
here, has endpoint 0 and names the form.

Forms, both documented for the SAM module: ``bulk`` (a whole frame in one transfer out and one in) and
``pipes`` (header by 0x02 and 0x81, the rest by 0x06 and 0x85).
"""

from __future__ import annotations

import random
import struct
from typing import Final

from simulators.faults import Faults
from simulators.level import Level
from simulators.recorder import Recorder
from simulators.wire import TcpWire

HEADER: Final = struct.Struct(">BI")
PREAMBLE_AND_LENGTH: Final = 7


class UsbRelay(TcpWire):
    """The device's end of the cable, a byte stream for the device."""

    def __init__(
        self,
        link: str,
        form: str,
        level: Level,
        faults: Faults,
        recorder: Recorder,
        chance: random.Random,
    ) -> None:
        self.form = form
        self._messages = b""
        super().__init__(link, level, faults, recorder, chance)

    def _met(self) -> None:
        self._messages = b""
        super()._send(message(0, self.form.encode()))

    def _receive(self, timeout_s: float | None) -> bytes:
        self._messages += super()._receive(timeout_s)
        heard = b""
        while len(self._messages) >= HEADER.size:
            _, size = HEADER.unpack_from(self._messages)
            if len(self._messages) < HEADER.size + size:
                break
            heard += self._messages[HEADER.size : HEADER.size + size]
            self._messages = self._messages[HEADER.size + size :]
        return heard

    def _send(self, data: bytes) -> None:
        if self.form == "bulk":
            parts = [(0x81, data)]
        else:
            parts = [(0x81, data[:PREAMBLE_AND_LENGTH]), (0x85, data[PREAMBLE_AND_LENGTH:])]
        super()._send(b"".join(message(endpoint, part) for endpoint, part in parts if part))


def message(endpoint: int, data: bytes) -> bytes:
    """Return one transfer as it goes over the relay."""
    return HEADER.pack(endpoint, len(data)) + data
