"""A pyusb backend that knows one device: the simulated ID-card reader, 0400:C35A.

Used inside the kiosk's process by its link's URL: ``usb:0400:c35a?...&backend=
simulators.devices.id_card_usb:backend&port=N``. Transfers go over TCP to the bench
(``simulators.usb_relay``); a cable pulled there is error 19 (no such device) here.
"""

from __future__ import annotations

import socket
import struct
import time
from array import array
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, Final

import usb.backend
import usb.core

_MESSAGE: Final = struct.Struct(">BI")
_VENDOR, _PRODUCT = 0x0400, 0xC35A
_ENDPOINTS: Final[Mapping[str, tuple[int, ...]]] = {
    "bulk": (0x81, 0x02),
    "pipes": (0x81, 0x02, 0x85, 0x06),
}
_CONNECT_S: Final = 2.0
_NO_DEVICE, _TIMED_OUT = 19, 110


def backend(query: Mapping[str, str]) -> Backend:
    """Return the backend for the reader that the relay on ``query["port"]`` serves."""
    return Backend(int(query["port"]), query.get("form", "bulk"))


class _Cable:
    """The open connection to the relay, with what has arrived for each endpoint."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), _CONNECT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = b""
        self._transfers: dict[int, deque[bytes]] = defaultdict(deque)

    def close(self) -> None:
        self._socket.close()

    def write(self, endpoint: int, data: bytes) -> None:
        try:
            self._socket.sendall(_MESSAGE.pack(endpoint, len(data)) + data)
        except OSError as error:
            raise _gone() from error

    def read(self, endpoint: int, timeout_s: float) -> bytes:
        """Return the next transfer of ``endpoint``; raises ``USBTimeoutError``."""
        deadline = time.monotonic() + timeout_s
        while not self._transfers[endpoint]:
            left = deadline - time.monotonic()
            if left <= 0:
                raise usb.core.USBTimeoutError("timed out", -7, _TIMED_OUT)
            self._socket.settimeout(left)
            try:
                more = self._socket.recv(65536)
            except TimeoutError:
                continue
            except OSError as error:
                raise _gone() from error
            if not more:
                raise _gone()
            self._take(more)
        return self._transfers[endpoint].popleft()

    def keep(self, endpoint: int, rest: bytes) -> None:
        """Put back what a read had no room for."""
        self._transfers[endpoint].appendleft(rest)

    def _take(self, more: bytes) -> None:
        self._unread += more
        while len(self._unread) >= _MESSAGE.size:
            endpoint, size = _MESSAGE.unpack_from(self._unread)
            if len(self._unread) < _MESSAGE.size + size:
                return
            self._transfers[endpoint].append(self._unread[_MESSAGE.size : _MESSAGE.size + size])
            self._unread = self._unread[_MESSAGE.size + size :]


class Backend(usb.backend.IBackend):  # type: ignore[misc]
    """One device with one configuration and one interface of bulk endpoints."""

    def __init__(self, port: int, form: str) -> None:
        self._port = port
        self._form = form

    def enumerate_devices(self) -> Iterator[int]:
        try:
            self.open_device(1).close()
        except usb.core.USBError:
            return
        yield 1

    def get_device_descriptor(self, dev: int) -> Any:
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x0110, bDeviceClass=0, bDeviceSubClass=0,
            bDeviceProtocol=0, bMaxPacketSize0=64, idVendor=_VENDOR, idProduct=_PRODUCT, bcdDevice=0x0100,
            iManufacturer=0, iProduct=0, iSerialNumber=0, bNumConfigurations=1,
            bus=1, address=1, port_number=1, port_numbers=(1,), speed=2,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: int, config: int) -> Any:
        if config:
            raise IndexError(config)
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=0, bNumInterfaces=1, bConfigurationValue=1,
            iConfiguration=0, bmAttributes=0x80, bMaxPower=250, extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(self, dev: int, intf: int, alt: int, config: int) -> Any:
        if intf or alt or config:
            raise IndexError(intf)
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=0,
            bNumEndpoints=len(_ENDPOINTS[self._form]), bInterfaceClass=0xFF, bInterfaceSubClass=0,
            bInterfaceProtocol=0, iInterface=0, extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev: int, ep: int, intf: int, alt: int, config: int) -> Any:
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=_ENDPOINTS[self._form][ep], bmAttributes=2,
            wMaxPacketSize=64, bInterval=0, bRefresh=0, bSynchAddress=0, extra_descriptors=[],
        )  # fmt: skip

    def open_device(self, dev: int) -> _Cable:
        try:
            return _Cable(self._port)
        except OSError as error:
            raise _gone() from error

    def close_device(self, dev_handle: _Cable) -> None:
        dev_handle.close()

    def set_configuration(self, dev_handle: _Cable, config_value: int) -> None:
        """There is only one."""

    def get_configuration(self, dev_handle: _Cable) -> int:
        return 1

    def set_interface_altsetting(self, dev_handle: _Cable, intf: int, altsetting: int) -> None:
        """There is only one."""

    def claim_interface(self, dev_handle: _Cable, intf: int) -> None:
        """Nobody else is there to claim it."""

    def release_interface(self, dev_handle: _Cable, intf: int) -> None:
        """Nobody else is there to claim it."""

    def is_kernel_driver_active(self, dev_handle: _Cable, intf: int) -> bool:
        return False

    def clear_halt(self, dev_handle: _Cable, ep: int) -> None:
        """Endpoints never halt here."""

    def reset_device(self, dev_handle: _Cable) -> None:
        """The device has no state of its own on the bus."""

    def bulk_write(self, dev_handle: _Cable, ep: int, intf: int, data: Any, timeout: int) -> int:
        raw = bytes(data)
        dev_handle.write(ep, raw)
        return len(raw)

    def bulk_read(self, dev_handle: _Cable, ep: int, intf: int, buff: array[int], timeout: int) -> int:
        data = dev_handle.read(ep, timeout / 1000)
        room = len(buff) * buff.itemsize
        if len(data) > room:
            dev_handle.keep(ep, data[room:])
            data = data[:room]
        buff[: len(data)] = array(buff.typecode, data)
        return len(data)


def _gone() -> usb.core.USBError:
    return usb.core.USBError("no such device", -4, _NO_DEVICE)
