"""Receipt printer, 80 mm thermal with cutter: an ESC/POS interpreter that keeps what it printed.

Status as Epson's, Bixolon's and Citizen's manuals agree: four real-time bytes with bits 1 and 4 set,
answered also while printing or stopped; automatic status back of four bytes; ``GS r``, ``GS I``,
``GS g``. Text is GB 18030 while the Kanji mode is on (as it is at power-on in Chinese models).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Final

import numpy as np

from simulators.devices.escpos import Command, next_command, take_real_time
from simulators.devices.receipt_paper import (
    WIDTH_DOTS,
    Block,
    Feed,
    Line,
    Receipt,
    Run,
    Style,
    cells,
    qr_block,
)
from simulators.faults import Faults
from simulators.level import Level
from simulators.wire import WakingWire, WireClosed

NAME: Final = "receipt_printer"
OPERATIONS: Final = ("print", "cut", "status")
FAULTS: Final[Mapping[str, str]] = {
    "paperLow": "the roll is near its end",
    "paperOut": "no paper: printing stops until paper is put in",
    "coverOpen": "the cover is open: printing stops until it is closed",
    "cutterFault": "the knife is stuck: printing stops until the fault is cleared and recovered",
    "headHot": "the head is too hot: printing stops until the fault is cleared",
    "hardwareError": "an error that only power-off ends",
    "noAnswer": "takes bytes and says nothing",
}
_STOPS: Final = ("paperOut", "coverOpen", "cutterFault", "headHot", "hardwareError")
LINE_S: Final = 0.02
CUT_S: Final = 0.35
MAKER, MODEL, FIRMWARE, SERIAL = "OPEN BENCH", "SIM-80", "1.00", "RP9900001"
LINE_COUNTER, CUT_COUNTER, EVER = 20, 50, 128
DEFAULT_FEED_DOTS: Final = 30


class _StoppedHere(Exception):
    """Printing stopped before the command was done."""


class ReceiptPrinter:
    """The printer; ``serve`` runs in the wire's thread, the rest is what a person does."""

    def __init__(self, level: Level, faults: Faults) -> None:
        self._level = level
        self._faults = faults
        self._lock = threading.Lock()
        self._paper = "full"
        self._struck: set[str] = set()
        self._receipts: list[Receipt] = []
        self._in_slot = 0
        self._counters = {LINE_COUNTER: 0, CUT_COUNTER: 0}
        self._unknown = 0
        self._wire: WakingWire | None = None
        self._receipt = Receipt()
        self._current = Line()
        self._setup()
        self._status_back = 0
        self._told = b""
        faults.watch(self._nudge)

    # --- what a person does ---

    @property
    def paper(self) -> str:
        """Return ``full``, ``low`` or ``out``."""
        if self._has("paperOut"):
            return "out"
        return "low" if self._has("paperLow") else self._paper

    @property
    def in_slot(self) -> bool:
        """Tell whether a cut receipt hangs in the slot."""
        return self._in_slot > 0

    @property
    def unknown_commands(self) -> int:
        """Return how many commands came that this printer does not know."""
        return self._unknown

    def set_paper(self, paper: str) -> None:
        """Say how much is on the roll: ``full`` (a new roll also mends ``paperOut``), ``low``, ``out``."""
        if paper not in ("full", "low", "out"):
            raise ValueError("paper: one of full, low, out")
        self._paper = paper
        self._struck -= {"paperOut", "paperLow"}
        if paper == "out":
            self._struck.add("paperOut")
        for fault in ("paperOut", "paperLow"):
            self._faults.clear(NAME, fault)
        self._nudge()

    def take(self) -> None:
        """Tear off what hangs in the slot."""
        self._in_slot = 0

    def printed(self) -> list[Receipt]:
        """Return the receipts cut so far, oldest first, and what printing stopped in."""
        with self._lock:
            left = [] if self._receipt.empty else [Receipt(list(self._receipt.elements), torn=True)]
            return [*self._receipts, *left]

    def reset(self) -> None:
        """Begin anew with a full roll and nothing printed."""
        with self._lock:
            self._receipts.clear()
            self._new_receipt()
            self._in_slot = 0
            self._struck.clear()
            self._paper = "full"
        self._nudge()

    # --- the wire ---

    def serve(self, wire: WakingWire) -> None:
        """Print what comes until the wire is closed."""
        self._wire = wire
        buffer = b""
        try:
            while True:
                buffer = self._work_off(buffer + wire.read(None), wire)
                self._tell(wire)
        except WireClosed:
            return
        finally:
            self._wire = None

    def _work_off(self, buffer: bytes, wire: WakingWire) -> bytes:
        """Do what can be done of ``buffer``; return the rest."""
        while True:
            if self._stopped():
                buffer = self._real_time(buffer, wire)
                if self._stopped():
                    return buffer
            cut = next_command(buffer)
            if cut is None:
                return buffer
            command, size = cut
            try:
                seconds = self._run(command, wire)
            except _StoppedHere:
                continue  # the command is done again when printing goes on
            buffer = buffer[size:]
            busy_until = time.monotonic() + self._level.seconds(seconds)
            while (left := busy_until - time.monotonic()) > 0:
                buffer = self._real_time(buffer + wire.read(left), wire)

    def _real_time(self, buffer: bytes, wire: WakingWire) -> bytes:
        """Obey the real-time commands in ``buffer``; return what else waits."""
        self._tell(wire)
        found, tail = take_real_time(buffer)
        waiting = b""
        for before, command in found:
            waiting = b"" if self._run_real_time(command, wire) else waiting + before
        return waiting + tail

    def _run_real_time(self, command: Command, wire: WakingWire) -> bool:
        """Answer a real-time command; return whether it empties the buffer."""
        if command.code == b"\x10\x04":
            struck = self._faults.take(NAME, "status")
            if not (struck and struck.fault == "noAnswer"):
                self._say(wire, bytes([self._real_time_status(command.args[0])]))
        elif command.code == b"\x10\x05" and command.args[0] in (1, 2):
            self._struck -= {"cutterFault", "headHot"}
            if command.args[0] == 2:
                self._setup()
                self._tear()
            return command.args[0] == 2
        elif command.code == b"\x10\x14" and command.args[:1] == b"\x08":
            self._setup()
            self._tear()
            return True
        return False

    def _real_time_status(self, which: int) -> int:
        bits = 0x12
        match which:
            case 1:
                bits |= 0x08 if self._stopped() else 0
            case 2:
                bits |= 0x04 if self._has("coverOpen") else 0
                bits |= 0x20 if self._has("paperOut") else 0
                bits |= 0x40 if self._error else 0
            case 3:
                bits |= 0x08 if self._has("cutterFault") else 0
                bits |= 0x20 if self._has("hardwareError") else 0
                bits |= 0x40 if self._has("headHot") else 0
            case 4:
                bits |= 0x0C if self.paper != "full" else 0
                bits |= 0x60 if self.paper == "out" else 0
        return bits

    def _automatic_status(self) -> bytes:
        first = 0x10 | (0x08 if self._stopped() else 0) | (0x20 if self._has("coverOpen") else 0)
        second = (
            (0x08 if self._has("cutterFault") else 0)
            | (0x20 if self._has("hardwareError") else 0)
            | (0x40 if self._has("headHot") else 0)
        )
        third = (0x03 if self.paper != "full" else 0) | (0x0C if self.paper == "out" else 0)
        return bytes([first, second, third, 0x0F])

    def _tell(self, wire: WakingWire) -> None:
        """Send the automatic status when it changed since it was told."""
        if self._status_back and (now := self._automatic_status()) != self._told:
            self._told = now
            self._say(wire, now)

    def _say(self, wire: WakingWire, data: bytes) -> None:
        if not self._has("noAnswer"):
            wire.write(data)

    def _run(self, command: Command, wire: WakingWire) -> float:
        """Do one command; return the mechanical time it takes in seconds."""
        code, args = command.code, command.args
        if code[:1] == b"\x10":
            self._run_real_time(command, wire)
            return 0.0
        if not code:
            self._write(args)
            return 0.0
        match code:
            case b"\n":
                return self._line()
            case b"\r" | b"\x18" | b"\x0c":
                pass
            case b"\t":
                self._write(b" " * (8 - cells(self._current.text) % 8))
            case b"\x1b@":
                self._setup()
            case b"\x1bd":
                return sum(self._line() for _ in range(args[0]))
            case b"\x1bJ":
                took = self._line() if self._current.runs else 0.0
                self._put(Feed(args[0]))
                return took
            case b"\x1b*":
                self._bit_image(args)
            case b"\x1dv":
                return self._raster(args)
            case b"\x1d(" if args[:1] == b"k":
                self._symbol(args[3:])
            case b"\x1d(" if args[:1] == b"L":
                return self._graphics(args[3:])
            case b"\x1d8" if args[:1] == b"L":
                return self._graphics(args[5:])
            case b"\x1dV" | b"\x1bi" | b"\x1bm":
                return self._cut(args)
            case b"\x1da":
                self._status_back = args[0]
                self._told = b""
            case b"\x1dr":
                self._say(wire, bytes([self._paper_sensor() if args[0] in (1, 49) else 0]))
            case b"\x1dI":
                self._say(wire, self._identity(args[0]))
            case b"\x1dg":
                self._maintenance(args, wire)
            case _:
                self._styling(code, args)
        return 0.0

    # --- printing ---

    def _setup(self) -> None:
        self._style = Style()
        self._kanji = True
        self._kanji_size = False
        self._feed_dots = DEFAULT_FEED_DOTS
        self._qr_module, self._qr_level, self._qr_data = 3, "L", b""
        self._graphic: Block | None = None
        self._pending = b""

    def _new_receipt(self) -> None:
        self._receipt = Receipt()
        self._current = Line()

    def _write(self, data: bytes) -> None:
        data = self._pending + data
        self._pending = b""
        if self._kanji:
            text = data.decode("gb18030", "replace")
            if text.endswith("\ufffd"):
                # The rest of a character may come with the next bytes.
                for size in (1, 2, 3):
                    try:
                        text = data[:-size].decode("gb18030")
                    except UnicodeDecodeError:
                        continue
                    self._pending = data[-size:]
                    break
        else:
            text = data.decode("cp437")
        for character in text:
            if (cells(self._current.text) + cells(character)) * self._style.width * 12 > WIDTH_DOTS:
                self._put_line()
            self._current.runs.append(Run(character, self._style))

    def _line(self) -> float:
        """Print the current line and feed; raises ``_StoppedHere`` when the paper ends here."""
        struck = self._faults.take(NAME, "print")
        if struck is not None:
            self._struck.add(struck.fault)
        if self._stopped():
            raise _StoppedHere
        self._put_line()
        return LINE_S

    def _put_line(self) -> None:
        self._counters[LINE_COUNTER] += 1
        self._current.feed_dots = self._feed_dots
        self._put(self._current)
        self._current = Line()

    def _put(self, element: Line | Block | Feed) -> None:
        with self._lock:
            self._receipt.elements.append(element)

    def _cut(self, args: bytes) -> float:
        if self._current.runs:
            self._line()
        struck = self._faults.take(NAME, "cut")
        if struck is not None:
            self._struck.add(struck.fault)
        if self._stopped():
            raise _StoppedHere
        if args[:1] and args[0] >= 65 and len(args) > 1:
            self._put(Feed(args[1]))
        self._counters[CUT_COUNTER] += 1
        self._finish(torn=False)
        return CUT_S

    def _tear(self) -> None:
        """End the piece of paper that printing stopped in."""
        if not self._receipt.empty or self._current.runs:
            self._finish(torn=True)

    def _finish(self, torn: bool) -> None:
        with self._lock:
            if not self._receipt.empty:
                self._receipt.torn = torn
                self._receipts.append(self._receipt)
                self._in_slot += 1
            self._new_receipt()

    def _symbol(self, args: bytes) -> None:
        """``GS ( k`` for QR codes (cn = 49)."""
        if len(args) < 2 or args[0] != 49:
            self._unknown += 1
            return
        match args[1]:
            case 65:
                pass  # the model: only model 2 is made
            case 67:
                self._qr_module = max(1, min(16, args[2]))
            case 69:
                self._qr_level = "LMQH"[(args[2] - 48) % 4]
            case 80:
                self._qr_data = args[3:]
            case 81:
                self._put(qr_block(self._qr_data, self._qr_module, self._qr_level, self._style.align))
            case _:
                self._unknown += 1

    def _raster(self, args: bytes) -> float:
        rows = int.from_bytes(args[4:6], "little")
        scale_x, scale_y = 1 + (args[0] & 1), 1 + (args[0] >> 1 & 1)
        self._image(args[6:], rows, scale_x, scale_y)
        return rows / 24 * LINE_S

    def _graphics(self, args: bytes) -> float:
        """``GS ( L`` and ``GS 8 L``: store raster graphics (function 112), print them (2, 50)."""
        if len(args) >= 10 and args[1] == 112:
            rows = int.from_bytes(args[8:10], "little")
            self._graphic = self._dots(args[10:], rows, args[3], args[4])
            return 0.0
        if len(args) >= 2 and args[1] in (2, 50) and self._graphic is not None:
            block, self._graphic = self._graphic, None
            self._put(block)
            return block.dots.shape[0] / 24 * LINE_S
        self._unknown += 1
        return 0.0

    def _image(self, data: bytes, rows: int, scale_x: int, scale_y: int) -> None:
        if rows:
            self._put(self._dots(data, rows, scale_x, scale_y))

    def _dots(self, data: bytes, rows: int, scale_x: int, scale_y: int) -> Block:
        bits = np.unpackbits(np.frombuffer(data, np.uint8).reshape(rows, -1), axis=1).astype(np.bool_)
        scaled = np.kron(bits, np.ones((scale_y, scale_x), dtype=np.bool_))
        return Block(scaled[:, :WIDTH_DOTS], self._style.align)

    def _bit_image(self, args: bytes) -> None:
        """``ESC *``: columns of 8 or 24 dots, put on the paper as a block of its own."""
        deep = 3 if args[0] in (32, 33) else 1
        columns = np.frombuffer(args[3:], np.uint8).reshape(-1, deep)
        dots = np.unpackbits(columns, axis=1).T.astype(np.bool_)
        self._put(Block(dots[:, :WIDTH_DOTS], self._style.align))

    def _styling(self, code: bytes, args: bytes) -> None:
        s, n = self._style, args[0] if args else 0
        match code:
            case b"\x1b!":
                s = Style(bool(n & 8), bool(n & 128), s.invert, 1 + (n >> 5 & 1), 1 + (n >> 4 & 1), s.align)
            case b"\x1bE" | b"\x1bG":
                s = Style(bool(n & 1), s.underline, s.invert, s.width, s.height, s.align)
            case b"\x1b-" | b"\x1c-":
                s = Style(s.bold, n % 48 > 0, s.invert, s.width, s.height, s.align)
            case b"\x1dB":
                s = Style(s.bold, s.underline, bool(n & 1), s.width, s.height, s.align)
            case b"\x1d!":
                s = Style(s.bold, s.underline, s.invert, (n >> 4 & 7) + 1, (n & 7) + 1, s.align)
            case b"\x1c!":
                s = Style(s.bold, bool(n & 128), s.invert, 1 + (n >> 2 & 1), 1 + (n >> 3 & 1), s.align)
            case b"\x1cW":
                s = Style(s.bold, s.underline, s.invert, 1 + (n & 1), 1 + (n & 1), s.align)
            case b"\x1ba":
                s = Style(s.bold, s.underline, s.invert, s.width, s.height, n % 48)
            case b"\x1b2":
                self._feed_dots = DEFAULT_FEED_DOTS
            case b"\x1b3":
                self._feed_dots = n
            case b"\x1c&":
                self._kanji = True
            case b"\x1c.":
                self._kanji = False
            case _ if code not in _HARMLESS:
                self._unknown += 1
        self._style = s

    # --- answers ---

    def _paper_sensor(self) -> int:
        return (0x03 if self.paper != "full" else 0) | (0x0C if self.paper == "out" else 0)

    def _identity(self, which: int) -> bytes:
        if which in (1, 2, 3, 49, 50, 51):
            return bytes([{1: 0x20, 2: 0x02, 3: 0x01}[which % 48]])
        said = {65: FIRMWARE, 66: MAKER, 67: MODEL, 68: SERIAL, 69: "CHINA GB18030"}.get(which, "")
        return b"_" + said.encode() + b"\0"

    def _maintenance(self, args: bytes, wire: WakingWire) -> None:
        """``GS g 0`` sets a counter to zero, ``GS g 2`` sends it; from 128 on they count for ever."""
        number = int.from_bytes(args[2:4], "little")
        if args[0] == 0:
            if number in self._counters:
                self._counters[number] = 0
        else:
            count = self._counters.get(number % EVER, 0)
            self._say(wire, b"_" + str(count).encode() + b"\0")

    # --- state ---

    @property
    def _error(self) -> bool:
        return self._has("cutterFault") or self._has("headHot") or self._has("hardwareError")

    def _stopped(self) -> bool:
        return any(self._has(fault) for fault in _STOPS)

    def _has(self, fault: str) -> bool:
        return fault in self._struck or fault in self._faults.standing(NAME)

    def _nudge(self) -> None:
        wire = self._wire
        if wire is not None:
            wire.nudge()


_HARMLESS: Final = frozenset(
    {b"\x1b" + bytes([c]) for c in b"MtR{ 3=c$\\DLSpV<Urv%?TWKe\x06"}
    | {b"\x1c" + bytes([c]) for c in b"SCp("}
    | {b"\x1d" + bytes([c]) for c in b"bfhwHLWPT:/^E$\\("}
    | {b"\x1b("}
)
