"""A chip in a PC/SC reader, over the system's own library: ``pcsc:Reader name`` as ``pcsc_scan`` lists it.

Six functions of PC/SC (PC/SC Workgroup, part 5) in the form of pcsc-lite, called directly: its Python binding
comes without a wheel for Linux and would want a compiler and SWIG on every kiosk.
"""

from __future__ import annotations

import ctypes
from typing import Final
from urllib.parse import unquote

from devices.base import DeviceError, Fault, Retry, StaffAction

_SCOPE_SYSTEM: Final = 2
_EXCLUSIVE: Final = 1
_T1: Final = 2  # what readers of contactless chips offer (PC/SC part 3)
_RESET_CARD: Final = 1
_LONGEST_ATR: Final = 33
_LONGEST_RESPONSE: Final = 258
_LONGEST_NAME: Final = 256

_OK: Final = 0
_RETRY: Final = {
    0x8010000C: ("invalidMedia", "no card"),
    0x80100066: ("invalidMedia", "the card does not answer"),
    0x8010000F: ("invalidMedia", "the card does not speak T=1"),
    0x80100016: ("readFailed", "transmission failed"),
    0x8010002F: ("readFailed", "transmission failed"),
    0x80100067: ("readFailed", "the card has no power"),
    0x80100068: ("readFailed", "the card was reset"),
    0x80100069: ("readFailed", "the card was removed"),
}
_FAULT: Final = {
    0x80100009: ("noDevice", StaffAction.MAINTENANCE, "no such reader"),
    0x8010000A: ("timeOut", StaffAction.RESET, "the reader does not answer"),
    0x8010000B: ("deviceBusy", StaffAction.RESET, "another program has the card"),
    0x80100017: ("noDevice", StaffAction.MAINTENANCE, "the reader is gone"),
    0x8010001D: ("noDevice", StaffAction.MAINTENANCE, "pcscd does not run"),
    0x8010001E: ("noDevice", StaffAction.MAINTENANCE, "pcscd has ended"),
    0x8010002E: ("noDevice", StaffAction.MAINTENANCE, "there is no reader"),
}


class _IoRequest(ctypes.Structure):
    _fields_ = (("protocol", ctypes.c_ulong), ("size", ctypes.c_ulong))


class PcscReader:
    """``travel_chip.reading.ChipReader`` over PC/SC; ``device`` is whose part it is, for its errors."""

    def __init__(self, device: str, reader: str) -> None:
        self._device = device
        self._reader = reader
        self._context = ctypes.c_long()
        self._card = ctypes.c_long()
        self._has_context = False
        self._has_card = False

    def activate_chip(self) -> bytes:
        """Connect to the chip, alone, and return its answer to reset.

        Raises ``Retry`` invalidMedia without a chip that answers, ``Fault`` noDevice (no reader, no pcscd),
        deviceBusy, timeOut, hardwareError.
        """
        self.deactivate_chip()
        library = self._library()
        self._check("context", library.SCardEstablishContext(
            ctypes.c_ulong(_SCOPE_SYSTEM), None, None, ctypes.byref(self._context)
        ))  # fmt: skip
        self._has_context = True
        protocol = ctypes.c_ulong()
        self._check("connect", library.SCardConnect(
            self._context, self._reader.encode(), ctypes.c_ulong(_EXCLUSIVE), ctypes.c_ulong(_T1),
            ctypes.byref(self._card), ctypes.byref(protocol),
        ))  # fmt: skip
        self._has_card = True
        return self._answer_to_reset()

    def deactivate_chip(self) -> None:
        """Let the chip go, so that it forgets what was opened; harmless without one."""
        if self._has_card:
            self._has_card = False
            self._library().SCardDisconnect(self._card, ctypes.c_ulong(_RESET_CARD))
        if self._has_context:
            self._has_context = False
            self._library().SCardReleaseContext(self._context)

    def exchange(self, apdu: bytes) -> bytes:
        """Send a command APDU and return the response, SW1 SW2 last. Raises as ``activate_chip``."""
        if not self._has_card:
            raise Retry(self._device, "readFailed", "the chip is not activated")
        answer = ctypes.create_string_buffer(_LONGEST_RESPONSE)
        size = ctypes.c_ulong(_LONGEST_RESPONSE)
        request = _IoRequest(_T1, ctypes.sizeof(_IoRequest))
        self._check("transmit", self._library().SCardTransmit(
            self._card, ctypes.byref(request), apdu, ctypes.c_ulong(len(apdu)), None,
            answer, ctypes.byref(size),
        ))  # fmt: skip
        if size.value < 2:
            raise Fault(self._device, "invalidData", StaffAction.MAINTENANCE, "response without status word")
        return answer.raw[: size.value]

    def _answer_to_reset(self) -> bytes:
        name = ctypes.create_string_buffer(_LONGEST_NAME)
        atr = ctypes.create_string_buffer(_LONGEST_ATR)
        name_size, atr_size = ctypes.c_ulong(_LONGEST_NAME), ctypes.c_ulong(_LONGEST_ATR)
        state, protocol = ctypes.c_ulong(), ctypes.c_ulong()
        self._check("status", self._library().SCardStatus(
            self._card, name, ctypes.byref(name_size), ctypes.byref(state), ctypes.byref(protocol),
            atr, ctypes.byref(atr_size),
        ))  # fmt: skip
        return atr.raw[: atr_size.value]

    def _library(self) -> ctypes.CDLL:
        try:
            library = ctypes.CDLL("libpcsclite.so.1")
        except OSError as error:
            why = "libpcsclite is not installed"
            raise Fault(self._device, "noDevice", StaffAction.CONFIGURATION, why) from error
        for name in ("EstablishContext", "Connect", "Disconnect", "Transmit", "Status", "ReleaseContext"):
            getattr(library, f"SCard{name}").restype = ctypes.c_long
        return library

    def _check(self, doing: str, result: int) -> None:
        code = result & 0xFFFFFFFF
        if code != _OK:
            raise _exception(self._device, code, f"{doing} {self._reader!r}")


def open_pcsc_reader(url: str, device: str) -> PcscReader:
    """Return the reader that ``pcsc:Reader name`` names; raises ``ValueError`` for another kind of link."""
    scheme, _, rest = url.partition(":")
    name = unquote(rest.partition("?")[0])
    if scheme != "pcsc" or not name:
        raise ValueError(f"{url!r}: a PC/SC reader's link is pcsc:NAME")
    return PcscReader(device, name)


def _exception(device: str, code: int, doing: str) -> DeviceError:
    if code in _RETRY:
        word, meaning = _RETRY[code]
        return Retry(device, word, f"{doing}: {meaning}")
    word, action, meaning = _FAULT.get(code, ("hardwareError", StaffAction.MAINTENANCE, "error"))
    return Fault(device, word, action, f"{doing}: {meaning} ({code:08X})")
