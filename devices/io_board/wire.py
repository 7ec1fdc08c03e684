"""pymodbus over a link, so that its wire can be recorded and replayed as any other."""

from __future__ import annotations

from collections.abc import Callable

import serial
from pymodbus.client import ModbusSerialClient

from devices.link import Link, LinkLost, serial_address


class LinkClient(ModbusSerialClient):
    """Modbus RTU on ``link``; an answer may take ``answer_s``. ``passes`` sees each packet (sent, bytes)."""

    def __init__(
        self, link: Link, answer_s: float, retries: int, passes: Callable[[bool, bytes], bytes]
    ) -> None:
        _, baud, _ = serial_address(link.url)
        super().__init__(link.url, baudrate=baud, timeout=answer_s, retries=retries, trace_packet=passes)
        self._link = link
        self._answer_s = answer_s

    def connect(self) -> bool:
        """Open the link; False when it is not there."""
        if self.socket is None:
            try:
                self._link.open()
            except LinkLost:
                return False
            self.socket = _Port(self._link, self._answer_s)  # type: ignore[assignment]
        return True


class _Port:
    """What pymodbus uses of a pyserial port."""

    def __init__(self, link: Link, answer_s: float) -> None:
        self._link = link
        self._answer_s = answer_s
        self._heard = b""
        self.is_open = True

    @property
    def in_waiting(self) -> int:
        """How many bytes have arrived; raises ``SerialException`` when the wire is gone."""
        while more := self._read(4096, 0):
            self._heard += more
        return len(self._heard)

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes; fewer when an answer's time went by."""
        if not self._heard:
            self._heard = self._read(size, self._answer_s)
        data, self._heard = self._heard[:size], self._heard[size:]
        return data

    def write(self, data: bytes) -> int:
        try:
            self._link.write(data)
        except LinkLost as error:
            raise serial.SerialException(str(error)) from error
        return len(data)

    def close(self) -> None:
        self.is_open = False
        self._link.close()

    def _read(self, size: int, timeout_s: float) -> bytes:
        try:
            return self._link.read(size, timeout_s)
        except LinkLost as error:
            raise serial.SerialException(str(error)) from error
