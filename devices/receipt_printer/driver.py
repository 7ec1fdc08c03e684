"""Driver of an ESC/POS receipt printer, serial or TCP.

The job ends with ``GS r 1``, which the printer answers after it has done all before it: that answer,
and nothing else, means printed. Until it comes the real-time status is asked four times a second, so
that paper out or an open cover in the middle is told by its own word.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Final

from devices.base import Capabilities, DeviceError, Fault, StaffAction, State, Status
from devices.interfaces import ReceiptLine
from devices.link import Link
from devices.receipt_printer import commands
from devices.receipt_printer.raster import MissingGlyphError, keep_open
from devices.receipt_printer.replies import Kind, Reply, ReplyReader
from devices.receipt_printer.status import (
    ERROR_CAUSE,
    OFFLINE_CAUSE,
    PAPER,
    PRINTER,
    StatusBytes,
    status_from,
)
from devices.wired import Wired, status_of

_READ_SIZE: Final = 256
_ANSWER_S: Final = 0.5
_IDENTITY_S: Final = 0.5
_TRIES: Final = 2
_LOOK_EVERY_S: Final = 0.25
_LOOKS_BEFORE_ASKING_AGAIN: Final = 4
_JOB_S: Final = 10.0
_FIRMWARE, _MAKER, _MODEL, _SERIAL = 65, 66, 67, 68
_CUTS: Final = 50
CUTTER_OPERATIONS: Final = "cutterOperations"


class EscPosPrinter(Wired):
    """``interfaces.ReceiptPrinter`` over ESC/POS.

    ``font`` draws the lines with characters outside GBK, such as rare characters of names.
    """

    def __init__(self, link: Link, font: Path, name: str = "receipt_printer", job_s: float = _JOB_S) -> None:
        super().__init__(link, name)
        self._font: Final = font
        keep_open(font)
        self._job_s: Final = job_s
        self._reader: Final = ReplyReader()
        self._inbox: list[Reply] = []

    def status(self) -> Status:
        """Ask for all four status bytes; silence, or a byte with wrong fixed bits, is a fault."""
        try:
            with self._wire() as link:
                self._forget(link)
                return self._status(link)
        except DeviceError as error:
            return status_of(error)

    def capabilities(self) -> Capabilities:
        """Ask who made the printer; what it does not tell stays "" (older models know no ``GS I``)."""
        with self._wire() as link:
            told = {}
            for number in (_MAKER, _MODEL, _FIRMWARE, _SERIAL):
                answer = self._block(link, commands.identity_request(number))
                if answer is None:
                    break
                told[number] = answer
        return Capabilities(
            maker=told.get(_MAKER, ""),
            model=told.get(_MODEL, ""),
            firmware=told.get(_FIRMWARE, ""),
            serial=told.get(_SERIAL, ""),
            more={"fontCharset": commands.FONT_CHARSET},
        )

    def reset(self) -> None:
        """Leave an error that can be left, forget jobs half done; raises ``Fault`` if trouble stays."""
        with self._wire() as link:
            self._forget(link)
            link.write(commands.RECOVER_AND_CLEAR + commands.INITIALISE)
            self._require(self._status(link))

    def counters(self) -> Mapping[str, int]:
        """Return the number of cuts, or nothing from a printer that keeps no counts.

        Raises ``Fault`` when the printer answers nothing at all.
        """
        with self._wire() as link:
            cuts = self._block(link, commands.counter_request(_CUTS))
            if cuts is None:
                self._status(link)
                return {}
        if not (cuts.isascii() and cuts.isdigit()):
            raise self._broken(f"counter {cuts!r}")
        return {CUTTER_OPERATIONS: int(cuts)}

    def print(self, lines: Sequence[ReceiptLine]) -> None:
        """Print, cut and wait until the printer says it is done (≤ 10 s).

        Raises ``Fault``: paperOut, coverOpen, cutterFault, hardwareError, deviceBusy (head hot),
        offline, noDevice, timeOut, invalidData, or charSetData when no font has a character. What
        was not printed then is cleared, so that new paper does not bring out a stranger's receipt.
        """
        try:
            job = commands.receipt(lines, self._font)
        except (MissingGlyphError, OSError) as error:
            raise Fault(self.name, "charSetData", StaffAction.CONFIGURATION, str(error)) from error
        with self._wire() as link:
            self._forget(link)
            self._require(self._status(link))
            link.write(job)
            try:
                self._wait_until_done(link)
            except Fault:
                link.write(commands.CLEAR_BUFFERS)
                raise

    def _wait_until_done(self, link: Link) -> None:
        """Wait for the answer to ``GS r``, and ask again now and then: an answer can get lost."""
        deadline = time.monotonic() + self._job_s
        for look in count(1):
            if self._next(link, Kind.TRANSMITTED, _LOOK_EVERY_S) is not None:
                return
            status = self._status(link)
            if self._next(link, Kind.TRANSMITTED, 0) is not None:
                return  # the trouble came after the job
            if status.state is not State.DEVICE_BUSY:  # a hot head goes on by itself
                self._require(status)
            if time.monotonic() > deadline:
                break
            if look % _LOOKS_BEFORE_ASKING_AGAIN == 0:
                link.write(commands.TELL_WHEN_DONE)
        raise self._silent(f"not done after {self._job_s} s")

    def _require(self, status: Status) -> None:
        if status.fault is not None:
            raise Fault(self.name, status.fault, status.action or StaffAction.RESET)

    def _status(self, link: Link) -> Status:
        return status_from(
            StatusBytes(*(self._real_time(link, n) for n in (PRINTER, OFFLINE_CAUSE, ERROR_CAUSE, PAPER)))
        )

    def _real_time(self, link: Link, number: int) -> int:
        while self._next(link, Kind.REAL_TIME, 0) is not None:
            pass  # a late answer is not taken for this one's
        for _ in range(_TRIES):
            link.write(commands.status_request(number))
            reply = self._next(link, Kind.REAL_TIME, _ANSWER_S)
            if reply is not None:
                return reply.data[0]
        raise self._silent(f"no answer to DLE EOT {number}")

    def _block(self, link: Link, question: bytes) -> str | None:
        self._forget(link)
        link.write(question)
        reply = self._next(link, Kind.BLOCK, _IDENTITY_S)
        return None if reply is None else reply.data.decode("ascii", errors="replace")

    def _next(self, link: Link, kind: Kind, timeout_s: float) -> Reply | None:
        """Return the first reply of ``kind``; others wait in the inbox, save those nobody asked for.

        Raises ``Fault`` invalidData for a byte that is of no kind.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            for reply in self._inbox:
                if reply.kind is kind:
                    self._inbox.remove(reply)
                    return reply
            data = link.read(_READ_SIZE, max(0.0, deadline - time.monotonic()))
            if not data:
                return None
            for reply in self._reader.feed(data):
                if reply.kind is Kind.UNKNOWN:
                    raise self._broken(f"byte {reply.data.hex()} is no status")
                if reply.kind not in {Kind.AUTOMATIC, Kind.CLEARED}:
                    self._inbox.append(reply)

    def _forget(self, link: Link) -> None:
        link.discard_input()
        self._reader.clear()
        self._inbox.clear()

    def _broken(self, detail: str) -> Fault:
        return Fault(self.name, "invalidData", StaffAction.RESET, detail)
