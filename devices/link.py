"""Links: the wire under a driver, chosen by URL.

=====================================  ==================================================
``serial:///dev/ttyUSB0?baud=115200``  a serial port (8N1 unless ``parity``/``bits`` say otherwise)
``socket://127.0.0.1:9100``            a TCP byte stream
``usb:0400:c35a?form=bulk``            a USB device through pyusb (opened by the driver that knows it)
``http://127.0.0.1:8081/video``        a stream opened by the driver itself (camera)
``replay:///tmp/reader.trace``         what a device said in a trace (see ``devices.recording``)
=====================================  ==================================================

Any byte stream with ``record=FILE`` in its query keeps a trace of all that passes. A link moves bytes and
knows no frames. Silence is an empty read; a wire that is gone raises ``LinkLost``.
"""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import serial

from devices.byte_link import Link, LinkLost, Tunable
from devices.counting import counted
from devices.recording import recorded, replayed, taken_apart

__all__ = ["Link", "LinkLost", "SerialLink", "Tunable", "open_link"]


class SerialLink:
    """A link over pyserial: a serial port, a pty, or a TCP socket."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._port: serial.SerialBase | None = None

    def open(self) -> None:
        """Open the wire; raises ``LinkLost`` when it is not there."""
        address, baud, parity = serial_address(self.url)
        try:
            self._port = serial.serial_for_url(
                address, baudrate=baud, parity=parity, timeout=0, write_timeout=5, exclusive=None
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise LinkLost(f"{self.url}: {error}") from error

    def close(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None

    def read(self, size: int, timeout_s: float) -> bytes:
        port = self._opened()
        deadline = time.monotonic() + timeout_s
        try:
            # One blocking read for the first byte, then whatever else has already arrived.
            port.timeout = timeout_s
            data: bytes = port.read(1)
            while data and len(data) < size and time.monotonic() < deadline:
                port.timeout = 0
                more: bytes = port.read(size - len(data))
                if not more:
                    break
                data += more
        except (serial.SerialException, OSError, TypeError) as error:
            raise LinkLost(f"{self.url}: {error}") from error
        return data

    def write(self, data: bytes) -> None:
        try:
            self._opened().write(data)
        except (serial.SerialException, OSError) as error:
            raise LinkLost(f"{self.url}: {error}") from error

    def discard_input(self) -> None:
        while self.read(4096, 0):
            pass

    def set_baud(self, baud: int) -> None:
        """Speak at ``baud`` from now on; a socket has no speed and takes no notice."""
        try:
            self._opened().baudrate = baud
        except (serial.SerialException, OSError, ValueError) as error:
            raise LinkLost(f"{self.url}: {error}") from error

    def _opened(self) -> serial.SerialBase:
        if self._port is None:
            raise LinkLost(f"{self.url}: not open")
        return self._port


def open_link(url: str) -> Link:
    """Return the (not yet opened) byte-stream link that ``url`` names.

    Raises ``ValueError`` for a scheme that is no byte stream or a trace that is none, ``OSError`` for a
    trace that can't be read or made.
    """
    url, trace = taken_apart(url)
    scheme = urlsplit(url).scheme
    if scheme == "replay":
        return replayed(url)
    if scheme in {"serial", "socket", "rfc2217"}:
        link = counted(SerialLink(url))
        return link if trace is None else recorded(link, trace)
    raise ValueError(f"no byte-stream link for {url!r}")


def serial_address(url: str) -> tuple[str, int, str]:
    """Return what pyserial opens for ``url`` (a path, or a URL of its own), the speed and the parity."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    baud = int(query.get("baud", ["115200"])[0])
    parity = query.get("parity", ["N"])[0].upper()
    if parts.scheme == "serial":
        return parts.path, baud, parity
    return f"{parts.scheme}://{parts.netloc}", baud, parity
