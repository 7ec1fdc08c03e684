"""Barcode scanner on a serial line, in Honeywell's or Newland's language, before which a person holds a code.

From the makers' public user guides. Out of the box it reads whatever is held before it (presentation,
sense mode); told ``PAPHHF`` or ``SCNMOD0`` it reads only while it is triggered, for its reading time. Every
code is sent as its bytes and CR, once each time it is triggered.
"""

from __future__ import annotations

import io
import random
import time
from collections.abc import Mapping
from typing import Final

import zxingcpp
from PIL import Image, UnidentifiedImageError

from simulators.faults import Faults
from simulators.level import Level
from simulators.wire import WakingWire

NAME: Final = "barcode_reader"
PROTOCOLS: Final = ("honeywell", "newland")
OPERATIONS: Final = ("read", "command")
FAULTS: Final[Mapping[str, str]] = {
    "unreadable": "this reading fails; the next one comes at once (read)",
    "brokenOff": "half the code (args share: 0.5) comes and nothing more (read)",
    "refused": "the scanner does not take the command (command)",
    "babbles": "the answer has no end (command)",
    "noAnswer": "state: hears and says nothing",
    "dark": "state: answers, and sees no code",
}
STATES: Final = ("noAnswer", "dark")
MIDWAY: Final = ("read",)
READ_S: Final = 0.15
LOOK_S: Final = 0.05
READING_TIME_S: Final[Mapping[str, float]] = {"honeywell": 30.0, "newland": 3.0}
MAX_COMMAND: Final = 256
BABBLE: Final = 8192
MOST_WORDS: Final = 80  # of a code are told to whoever watches the wire
PRODUCT, REVISION, SERIAL = "Simulated scanner", "SIM 1.0", "BC9900001"

SYN_M, SYN_T, SYN_U = b"\x16M\r", b"\x16T\r", b"\x16U\r"
UDI_ASKS, UDI_ANSWERS, UDI_ENDS = b"~\x010000", b"\x02\x010000", b";\x03"


class BarcodeScanner:
    """The scanner; ``serve`` runs in the wire's thread, ``show`` and ``hide`` are what a person does."""

    def __init__(
        self, level: Level, faults: Faults, chance: random.Random, protocol: str = "honeywell"
    ) -> None:
        if protocol not in PROTOCOLS:
            raise ValueError(f"protocol: one of {', '.join(PROTOCOLS)}")
        self.protocol = protocol
        self._level = level
        self._faults = faults
        self._chance = chance
        self._shown = b""
        self._by_itself = True
        self._seen = b""
        self._until_s = 0.0
        self._buffer = b""
        self._wire: WakingWire | None = None

    # --- what a person does ---

    @property
    def reading(self) -> bool:
        """Tell whether the light is on: it was triggered and has not read yet."""
        return time.monotonic() < self._until_s

    @property
    def shown(self) -> str:
        """What is held before the scanner."""
        return self._shown.decode("utf-8", "replace")

    def show(self, text: str = "", picture: bytes = b"") -> None:
        """Hold a code before the scanner: its text, or a picture in which it is looked for.

        A picture without a code is held there all the same: nothing is read. Raises ``ValueError`` for
        bytes that are no picture.
        """
        self._shown = _code_in(picture) if picture else text.encode("utf-8")
        self._seen = b""
        self._nudge()

    def hide(self) -> None:
        """Take the code away."""
        self._shown = self._seen = b""

    def reset(self) -> None:
        """Begin anew with nothing shown."""
        self.hide()
        self._until_s = 0.0

    # --- the wire ---

    def serve(self, wire: WakingWire) -> None:
        """Serve until ``WireClosed`` comes out of the wire."""
        self._wire = wire
        while True:
            self._buffer += wire.read(LOOK_S if self._looking() else None)
            if "noAnswer" in self._faults.standing(NAME):
                self._buffer = b""
                continue
            while self._take(wire):
                pass
            if self._looking():
                self._look(wire)

    def _looking(self) -> bool:
        by_itself = self._by_itself and self._seen != self._shown
        return bool(self._shown) and (self.reading or by_itself)

    def _look(self, wire: WakingWire) -> None:
        order = self._faults.take(NAME, "read", STATES)
        fault = order.fault if order is not None else ""
        time.sleep(self._level.seconds(READ_S))
        dark = "dark" in self._faults.standing(NAME)
        if dark or fault == "unreadable" or self._level.misreads(self._chance):
            return
        self._until_s = 0.0
        self._seen = code = self._shown
        broken_off = order is not None and order.fault == "brokenOff"
        wire.write(code[: int(len(code) * order.share(0.5))] if order and broken_off else code + b"\r")

    def _take(self, wire: WakingWire) -> bool:
        """Take one command off the buffer; False when nothing whole is there."""
        return self._take_honeywell(wire) if self.protocol == "honeywell" else self._take_newland(wire)

    def _take_honeywell(self, wire: WakingWire) -> bool:
        buffer = self._buffer
        if len(buffer) < 3:
            return False
        if buffer.startswith(SYN_M):
            ends = [at for mark in b".!" if (at := buffer.find(mark, 3)) >= 0]
            if not ends:
                if len(buffer) > MAX_COMMAND:
                    self._buffer = b""
                return False
            end = min(ends)
            command, mark, self._buffer = buffer[3:end], buffer[end : end + 1], buffer[end + 1 :]
            said, status = self._obey(command)
            if status != "silent":
                wire.write(said + {"ok": b"\x06", "refused": b"\x15"}.get(status, b"\x05") + mark)
            return True
        if buffer.startswith((SYN_T, SYN_U)):
            self._buffer = buffer[3:]
            self._trigger(buffer.startswith(SYN_T))
        else:
            self._buffer = buffer[1:]
        return True

    def _take_newland(self, wire: WakingWire) -> bool:
        start = self._buffer.find(UDI_ASKS)
        end = self._buffer.find(UDI_ENDS, start)
        if start < 0 or end < 0:
            if len(self._buffer) > MAX_COMMAND:
                self._buffer = b""
            return False
        asked, self._buffer = self._buffer[start + len(UDI_ASKS) : end], self._buffer[end + 2 :]
        said, status = self._obey(asked[1:])
        if status != "silent":
            wire.write(UDI_ANSWERS + asked[:1] + said + (b"\x06" if status == "ok" else b"\x15") + UDI_ENDS)
        return True

    def _obey(self, command: bytes) -> tuple[bytes, str]:
        """Do a command; return what is said and ``ok``, ``refused``, ``unknown`` or ``silent``."""
        order = self._faults.take(NAME, "command", STATES)
        if "noAnswer" in self._faults.standing(NAME):
            return b"", "silent"
        if order is not None and order.fault == "babbles":
            return b"." * BABBLE, "ok"
        if order is not None:
            return command, "refused"
        match self.protocol, command:
            case ("honeywell", b"PAPHHF") | ("newland", b"SCNMOD0"):
                self._by_itself = False
            case ("honeywell", b"PAPPPM") | ("newland", b"SCNMOD2"):
                self._by_itself = True
            case ("newland", b"SCNTRG1" | b"SCNTRG0"):
                self._trigger(command.endswith(b"1"))
            case ("honeywell", b"REVINF"):
                return command + _identity("Software Revision"), "ok"
            case ("newland", b"QRYSYS"):
                return command + _identity("Firmware Version"), "ok"
            case _:
                return command, "unknown"
        return command, "ok"

    def _trigger(self, on: bool) -> None:
        self._until_s = time.monotonic() + READING_TIME_S[self.protocol] if on else 0.0

    def _nudge(self) -> None:
        if self._wire is not None:
            self._wire.nudge()


def words(direction: str, data: bytes) -> str:
    """Say what passes between host and scanner."""
    if direction == "from_device":
        if data.startswith(UDI_ANSWERS):
            return "answers " + data[len(UDI_ANSWERS) + 1 :].decode("utf-8", "replace").strip("\x06\x15;\x03")
        said = ascii(data[:MOST_WORDS].decode("utf-8", "replace"))
        return f"sees {said}" + (" …" if len(data) > MOST_WORDS else "")
    names = {SYN_T: "read", SYN_U: "stop reading"}
    plain = data.removeprefix(SYN_M).removeprefix(UDI_ASKS).removesuffix(UDI_ENDS)
    return names.get(data, plain.decode("latin-1"))


def _identity(revision: str) -> bytes:
    lines = (f"Product Name: {PRODUCT}", f"{revision}: {REVISION}", f"Serial Number: {SERIAL}", "")
    return "\r\n".join(lines).encode("ascii")


def _code_in(picture: bytes) -> bytes:
    try:
        with Image.open(io.BytesIO(picture)) as image:
            found = zxingcpp.read_barcodes(image.convert("L"))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise ValueError("no picture") from error
    return bytes(found[0].bytes) if found else b""
