"""Running SANE's ``scanimage``: options in, bytes out of its standard output, its status in words.

``scanimage`` ends with the number of the SANE status that stopped the scan (SANE standard 1.06, 4.2.7), and
with 1 when the device could not be opened or an option not set; then its message names the status. It rounds
what the scanner can't do, says so on standard error, and succeeds: what was rounded is returned, for the
caller to judge.
"""

from __future__ import annotations

import os
import re
import selectors
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

SCANIMAGE: Final = "scanimage"
_CHUNK: Final = 1 << 16
_MOST_WORDS: Final = 1 << 14
_END_S: Final = 2.0
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


@dataclass(frozen=True, slots=True)
class ScanImage:
    """The program; ``environment`` is added to that of the kiosk (``SANE_CONFIG_DIR``)."""

    program: str = SCANIMAGE
    environment: Mapping[str, str] | None = None

    def run(self, *options: str, timeout_s: float, most_bytes: int) -> Output:
        """Run the program and return what it wrote; no file is ever written.

        Raises ``ScanFailed``, ``NotInstalled``, ``TookTooLong``, ``TooMuch``.
        """
        environment = {**os.environ, "LC_ALL": "C", **(self.environment or {})}
        try:
            running = subprocess.Popen(
                [self.program, *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
            )
        except FileNotFoundError as error:
            raise NotInstalled(self.program) from error
        with running:
            try:
                data, words = _drain(running, time.monotonic() + timeout_s, most_bytes)
                running.wait(_END_S)
            except subprocess.TimeoutExpired:
                raise TookTooLong("does not end") from None
            finally:
                if running.poll() is None:
                    running.kill()
        if running.returncode != 0:
            raise _failure(running.returncode, words)
        return Output(data, tuple(_ROUNDED.findall(words)))


def _drain(running: subprocess.Popen[bytes], deadline_s: float, most_bytes: int) -> tuple[bytes, str]:
    """Read both outputs to their ends; of the messages the last ``_MOST_WORDS`` bytes are kept."""
    assert running.stdout is not None
    assert running.stderr is not None
    data, words = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(running.stdout, selectors.EVENT_READ, data)
        selector.register(running.stderr, selectors.EVENT_READ, words)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline_s - time.monotonic()))
            if not ready:
                raise TookTooLong(f"{len(data)} bytes so far")
            for key, _ in ready:
                piece = os.read(key.fd, _CHUNK)
                key.data.extend(piece)
                if not piece:
                    selector.unregister(key.fileobj)
            if len(data) > most_bytes:
                raise TooMuch(f"more than {most_bytes} bytes")
            del words[:-_MOST_WORDS]
    return bytes(data), words.decode("utf-8", "replace")


def _failure(code: int, words: str) -> ScanFailed:
    message = words.strip().splitlines()[-1] if words.strip() else f"ended with {code}"
    opening = "open of device" in message
    if code in set(Status) and code != Status.UNSUPPORTED:
        return ScanFailed(Status(code), opening, message)
    named = [status for reason, status in _STATUS_OF_MESSAGE.items() if reason in message]
    otherwise = Status.UNSUPPORTED if code == Status.UNSUPPORTED else Status.IO_ERROR
    return ScanFailed(named[0] if named else otherwise, opening, message)
