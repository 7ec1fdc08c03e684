"""The reader's two USB forms as a byte-stream link, through pyusb.

``usb:0400:c35a?form=bulk``
    One bulk OUT and one bulk IN endpoint on interface 0; a frame a transfer (the shipped Android
    drivers).
``usb:0400:c35a?form=pipes``
    Two pairs: preamble and length over the first OUT and IN pipe (0x02, 0x81), the rest over the
    second (0x06, 0x85) (the SAM module's vendor document).

Endpoints are found by direction, in the order of their addresses. ``backend=package.module:function``
names a function that takes the rest of the URL's query (a dict of strings) and returns a pyusb
``IBackend``; it is imported only when named. Without it pyusb takes libusb.
"""

from __future__ import annotations

import importlib
import struct
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import usb.core
import usb.util

from devices.counting import counted
from devices.id_card_reader.frames import HEADER_SIZE, PREAMBLE
from devices.link import Link, LinkLost, open_link
from devices.recording import recorded, taken_apart

_TRANSFER_SIZE: Final = 4096  # what the shipped drivers ask for; no packet can overflow it
_WRITE_TIMEOUT_MS: Final = 2000
_PREAMBLE_SHORT: Final = PREAMBLE[1:]  # receivers accept a preamble whose first AA was lost


def open_card_link(url: str) -> Link:
    """Return the (not yet opened) link to a card reader: ``usb:…`` or any byte-stream URL."""
    if urlsplit(url).scheme != "usb":
        return open_link(url)
    url, trace = taken_apart(url)
    link = counted(UsbLink(url))
    return link if trace is None else recorded(link, trace)


class UsbLink:
    """A card reader's endpoints as one byte stream. Not opened by the constructor.

    Raises ``ValueError`` for a URL that is not of the forms above.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        self._vendor, self._product = (int(number, 16) for number in parts.path.split(":"))
        self._form = query.get("form", "bulk")
        if self._form not in {"bulk", "pipes"}:
            raise ValueError(f"{url}: form is bulk or pipes")
        self._backend_name = query.pop("backend", "")
        self._query = query
        self._device: Any = None
        self._out: list[Any] = []
        self._in: list[Any] = []
        self._unread = bytearray()
        self._header = bytearray()
        self._body_left = 0

    def open(self) -> None:
        """Claim the reader's interface; raises ``LinkLost`` when it is not there."""
        try:
            backend = _backend(self._backend_name, self._query) if self._backend_name else None
            device = usb.core.find(idVendor=self._vendor, idProduct=self._product, backend=backend)
            if device is None:
                raise LinkLost(f"{self.url}: no such device")
            self._claim(device)
        except (usb.core.USBError, usb.core.NoBackendError, OSError) as error:
            raise LinkLost(f"{self.url}: {error}") from error

    def close(self) -> None:
        if self._device is not None:
            usb.util.dispose_resources(self._device)
            self._device = None
        self._forget()

    def read(self, size: int, timeout_s: float) -> bytes:
        if not self._unread:
            self._unread += self._transfer_in(timeout_s)
        data = bytes(self._unread[:size])
        del self._unread[:size]
        return data

    def write(self, data: bytes) -> None:
        if self._form == "bulk":
            self._transfer_out(self._out_pipe(0), data)
        else:
            self._transfer_out(self._out_pipe(0), data[:HEADER_SIZE])
            self._transfer_out(self._out_pipe(1), data[HEADER_SIZE:])

    def discard_input(self) -> None:
        """Throw away what has arrived unread, on every IN pipe."""
        self._forget()
        for pipe in range(len(self._in)):
            while self._receive(pipe, 0):
                pass

    def _claim(self, device: Any) -> None:
        try:
            if device.is_kernel_driver_active(0):
                device.detach_kernel_driver(0)
        except NotImplementedError:
            pass  # a backend without kernel drivers
        device.set_configuration()
        interface = device.get_active_configuration()[(0, 0)]
        usb.util.claim_interface(device, 0)
        pipes = sorted(interface.endpoints(), key=lambda pipe: pipe.bEndpointAddress & 0x0F)
        bulk = [p for p in pipes if usb.util.endpoint_type(p.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK]
        self._out = [p for p in bulk if _direction(p) == usb.util.ENDPOINT_OUT]
        self._in = [p for p in bulk if _direction(p) == usb.util.ENDPOINT_IN]
        wanted = 1 if self._form == "bulk" else 2
        if len(self._out) < wanted or len(self._in) < wanted:
            usb.util.dispose_resources(device)
            raise LinkLost(f"{self.url}: {len(self._out)} OUT and {len(self._in)} IN bulk pipes")
        self._device = device

    def _transfer_in(self, timeout_s: float) -> bytes:
        """Take one transfer from the pipe whose turn it is."""
        if self._form == "bulk":
            return self._receive(0, timeout_s)
        if self._body_left:
            body = self._receive(1, timeout_s)
            self._body_left = max(0, self._body_left - len(body))
            return body
        header = self._receive(0, timeout_s)
        self._header += header
        self._expect_body()
        return header

    def _expect_body(self) -> None:
        """Once a whole header has come, expect its body on the other pipe."""
        at = self._header.find(_PREAMBLE_SHORT)
        length_at = at + len(_PREAMBLE_SHORT)
        if at >= 0 and len(self._header) >= length_at + 2:
            (self._body_left,) = struct.unpack_from(">H", self._header, length_at)
            self._header.clear()

    def _receive(self, pipe: int, timeout_s: float) -> bytes:
        if self._device is None:
            raise LinkLost(f"{self.url}: not open")
        try:
            # A libusb timeout of 0 would wait for ever.
            return bytes(self._in[pipe].read(_TRANSFER_SIZE, max(1, round(timeout_s * 1000))))
        except usb.core.USBTimeoutError:
            return b""
        except usb.core.USBError as error:
            raise LinkLost(f"{self.url}: {error}") from error

    def _out_pipe(self, number: int) -> Any:
        if self._device is None:
            raise LinkLost(f"{self.url}: not open")
        return self._out[number]

    def _transfer_out(self, pipe: Any, data: bytes) -> None:
        try:
            while data:
                written = pipe.write(data, _WRITE_TIMEOUT_MS)
                if not written:
                    raise LinkLost(f"{self.url}: the reader takes no more bytes")
                data = data[written:]
        except usb.core.USBError as error:
            raise LinkLost(f"{self.url}: {error}") from error

    def _forget(self) -> None:
        self._unread.clear()
        self._header.clear()
        self._body_left = 0


def _direction(pipe: Any) -> int:
    return int(usb.util.endpoint_direction(pipe.bEndpointAddress))


def _backend(name: str, query: Mapping[str, str]) -> Any:
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)(dict(query))
