"""Running SANE's ``scanimage``: options in, bytes out of its standard output, its status in words.

``scanimage`` ends with the number of the SANE status that stopped the scan (SANE standard 1.06, 4.2.7), and
with 1 when the device could not be opened or an option not set; then its message names the status. It rounds
what the scanner can't do, says so on standard error, and succeeds: what was rounded is returned, for the
caller to judge.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from devices.document_scanner.program import Run, request, whole
from devices.link import Link, LinkLost

SCANIMAGE: Final = "scanimage"
_CHUNK: Final = 1 << 16
_ROUNDED: Final = re.compile(r"rounded value of (\S+) from (\S+) to (\S+)")


class Status(IntEnum):
    """``SANE_Status``."""

    UNSUPPORTED = 1
    CANCELLED = 2
    DEVICE_BUSY = 3
    INVAL = 4
    EOF = 5
    JAMMED = 6
    NO_DOCS = 7
    COVER_OPEN = 8
    IO_ERROR = 9
    NO_MEM = 10
    ACCESS_DENIED = 11


_STATUS_OF_MESSAGE: Final = {
    "Invalid argument": Status.INVAL,
    "Operation was canceled": Status.CANCELLED,
    "Device busy": Status.DEVICE_BUSY,
    "Error during device I/O": Status.IO_ERROR,
    "Out of memory": Status.NO_MEM,
    "Access to resource has been denied": Status.ACCESS_DENIED,
}


class ScanFailed(Exception):
    """``status`` is why; ``opening`` that the device could not even be opened; the text is the program's."""

    def __init__(self, status: Status, opening: bool, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.opening = opening


class NotInstalled(Exception):
    """There is no ``scanimage`` on this machine."""


class TookTooLong(Exception):
    """The program did not end in time and was ended."""


class TooMuch(Exception):
    """More came than was asked for; the program was ended."""


@dataclass(frozen=True, slots=True)
class Output:
    """What the program wrote, and each option that it rounded: name, wanted, taken."""

    data: bytes
    rounded: tuple[tuple[str, str, str], ...]


class ScanImage:
    """The program at the other end of ``link``."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def run(self, *options: str, timeout_s: float, most_bytes: int) -> Output:
        """Run the program and return what it wrote; no file is ever written.

        Raises ``ScanFailed``, ``NotInstalled``, ``TookTooLong``, ``TooMuch``.
        """
        try:
            self._link.open()
            self._link.write(request(options, most_bytes))
            ended = self._heard(time.monotonic() + timeout_s)
        except LinkLost as error:
            raise NotInstalled(str(error)) from error
        finally:
            self._link.close()
        if ended.code is None:
            raise TooMuch(f"more than {most_bytes} bytes")
        if ended.code != 0:
            raise _failure(ended.code, ended.words)
        return Output(ended.data, tuple(_ROUNDED.findall(ended.words)))

    def _heard(self, deadline_s: float) -> Run:
        heard = b""
        while (run := whole(heard)) is None:
            piece = self._link.read(_CHUNK, max(0.0, deadline_s - time.monotonic()))
            if not piece:
                raise TookTooLong("does not end")
            heard += piece
        return run


def _failure(code: int, words: str) -> ScanFailed:
    message = words.strip().splitlines()[-1] if words.strip() else f"ended with {code}"
    opening = "open of device" in message
    if code in set(Status) and code != Status.UNSUPPORTED:
        return ScanFailed(Status(code), opening, message)
    named = [status for reason, status in _STATUS_OF_MESSAGE.items() if reason in message]
    otherwise = Status.UNSUPPORTED if code == Status.UNSUPPORTED else Status.IO_ERROR
    return ScanFailed(named[0] if named else otherwise, opening, message)
