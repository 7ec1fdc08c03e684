"""A PN532 contactless reader on a pty, with a simulated chip in its field: what libnfc's clients need of it.

From NXP's PN532 user manual (UM0701-02): ``00 00 FF LEN LCS`` (or the extended form with two length bytes),
data, ``DCS 00``; each frame is acknowledged by ``00 00 FF 00 FF 00``; data begin with D4 towards the reader,
with D5 from it.
"""

from __future__ import annotations

import os
import select
import threading
import tty
from types import TracebackType

from simulators.permit.chip import Chip

ACK = b"\x00\x00\xff\x00\xff\x00"
PN532_V1_6 = bytes([0x32, 1, 6, 7])
TYPE_A_CHIP = bytes.fromhex("0101 0004 20 04 08A1B2C3 05 78807002")  # one target: number, ATQA, SAK, UID, ATS


class Pn532:
    """The reader; use as a context. ``commands`` are the APDUs that reached the chip."""

    def __init__(self, chip: Chip) -> None:
        self.commands: list[bytes] = []
        self._chip = chip
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.path = os.ttyname(self._theirs)
        self._alarm = os.eventfd(0)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Pn532:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.eventfd_write(self._alarm, 1)
        self._thread.join()
        for descriptor in (self._ours, self._theirs, self._alarm):
            os.close(descriptor)

    def _serve(self) -> None:
        heard = b""
        while self._alarm not in (ready := select.select([self._ours, self._alarm], [], [])[0]):
            assert self._ours in ready
            heard += os.read(self._ours, 4096)
            while (cut := _cut(heard)) is not None:
                command, heard = cut
                if command:
                    os.write(self._ours, ACK + _frame(bytes([0xD5, command[1] + 1]) + self._obey(command)))

    def _obey(self, command: bytes) -> bytes:
        match command[1]:
            case 0x00:  # tests the line: the same comes back
                return command[2:]
            case 0x02:
                return PN532_V1_6
            case 0x06:
                return bytes(len(command[2:]) // 2)
            case 0x4A if command[3] == 0:  # 106 kbit/s type A
                self._chip.power()
                return TYPE_A_CHIP
            case 0x4A:
                return b"\x00"
            case 0x40:
                self.commands.append(command[3:])
                return b"\x00" + self._chip.exchange(command[3:], lambda operation: None)
            case _:
                return b""


def _frame(data: bytes) -> bytes:
    if len(data) < 256:
        head = bytes([len(data), -len(data) & 0xFF])
    else:
        size = len(data).to_bytes(2, "big")
        head = b"\xff\xff" + size + bytes([-sum(size) & 0xFF])
    return b"\x00\x00\xff" + head + data + bytes([-sum(data) & 0xFF, 0])


def _cut(heard: bytes) -> tuple[bytes, bytes] | None:
    """Return (the first frame's data, the rest); the data of an acknowledgement are empty."""
    at = heard.find(b"\x00\xff")
    if at < 0 or len(heard) < at + 7:
        return None
    if heard[at + 2 : at + 4] == b"\x00\xff":
        return b"", heard[at + 4 :]
    start, size = at + 4, heard[at + 2]
    if heard[at + 2 : at + 4] == b"\xff\xff":
        start, size = at + 7, int.from_bytes(heard[at + 4 : at + 6], "big")
    if len(heard) < start + size + 2:
        return None
    return heard[start : start + size], heard[start + size + 2 :]
