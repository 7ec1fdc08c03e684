"""Receipt printer, 80 mm thermal with cutter: an ESC/POS interpreter that keeps what it printed.

Status as Epson's, Bixolon's and Citizen's manuals agree: four real-time bytes with bits 1 and 4 set,
answered also while printing or stopped; automatic status back of four bytes; ``GS r``, ``GS I``,
``GS g``. Text is GB 18030 while the Kanji mode is on (as it is at power-on in Chinese models).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from simulators.devices.escpos import Command, next_command, take_real_time
from simulators.devices.receipt_paper import Receipt
from simulators.devices.receipt_press import Press
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
    "offline": "somebody took it off line at its key",
    "noAnswer": "takes bytes and says nothing",
}
_STOPS: Final = ("paperOut", "coverOpen", "cutterFault", "headHot", "hardwareError", "offline")
LINE_S: Final = 0.02
ROW_S: Final = LINE_S / 24
CUT_S: Final = 0.35
MAKER, MODEL, FIRMWARE, SERIAL = "OPEN BENCH", "SIM-80", "1.00", "RP9900001"
LINE_COUNTER, CUT_COUNTER, EVER = 20, 50, 128


class _StoppedHere(Exception):
    """Printing stopped before the command was done."""


class ReceiptPrinter:
    """The printer; ``serve`` runs in the wire's thread, the rest is what a person does."""

    def __init__(self, level: Level, faults: Faults) -> None:
        self._level = level
        self._faults = faults
        self._paper = "full"
        self._struck: set[str] = set()
        self._receipts: list[Receipt] = []
        self._in_slot = 0
        self._press = Press()
        self._cuts = 0
        self._zeroed: dict[int, int] = {}
        self._wire: WakingWire | None = None
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
        return self._press.unknown

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

    def set_cover(self, opened: bool) -> None:
        """Open the cover, or close it."""
        self._struck.discard("coverOpen")
        if opened:
            self._struck.add("coverOpen")
        self._faults.clear(NAME, "coverOpen")
        self._nudge()

    def take(self) -> None:
        """Tear off what hangs in the slot."""
        self._in_slot = 0

    def printed(self) -> list[Receipt]:
        """Return the receipts cut so far, oldest first, and what printing stopped in."""
        return [*self._receipts, *([] if self._press.empty else [self._press.piece()])]

    def reset(self) -> None:
        """Begin anew with a full roll and nothing printed."""
        self._press.cut_off(torn=True)
        self._receipts.clear()
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
                self._press.setup()
                self._tear()
            return command.args[0] == 2
        elif command.code == b"\x10\x14" and command.args[:1] == b"\x08":
            self._press.setup()
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
            self._press.write(args)
            return 0.0
        match code:
            case b"\n":
                return self._line()
            case b"\r" | b"\x18" | b"\x0c":
                pass
            case b"\t":
                self._press.tab()
            case b"\x1b@":
                self._press.setup()
            case b"\x1bd":
                return sum(self._line() for _ in range(args[0]))
            case b"\x1bJ":
                took = self._line() if self._press.waiting else 0.0
                self._press.feed(args[0])
                return took
            case b"\x1b*":
                self._press.bit_image(args)
            case b"\x1dv":
                return self._press.raster(args) * ROW_S
            case b"\x1d(" if args[:1] == b"k":
                self._press.symbol(args[3:])
            case b"\x1d(" if args[:1] == b"L":
                return self._press.graphics(args[3:]) * ROW_S
            case b"\x1d8" if args[:1] == b"L":
                return self._press.graphics(args[5:]) * ROW_S
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
                self._press.styling(code, args)
        return 0.0

    # --- printing ---

    def _line(self) -> float:
        """Print the current line and feed; raises ``_StoppedHere`` when the paper ends here."""
        struck = self._faults.take(NAME, "print")
        if struck is not None:
            self._struck.add(struck.fault)
        if self._stopped():
            raise _StoppedHere
        self._press.put_line()
        return LINE_S

    def _cut(self, args: bytes) -> float:
        if self._press.waiting:
            self._line()
        struck = self._faults.take(NAME, "cut")
        if struck is not None:
            self._struck.add(struck.fault)
        if self._stopped():
            raise _StoppedHere
        if args[:1] and args[0] >= 65 and len(args) > 1:
            self._press.feed(args[1])
        self._cuts += 1
        self._finish(torn=False)
        return CUT_S

    def _tear(self) -> None:
        """End the piece of paper that printing stopped in."""
        if not self._press.empty or self._press.waiting:
            self._finish(torn=True)

    def _finish(self, torn: bool) -> None:
        piece = self._press.cut_off(torn)
        if piece is not None:
            self._receipts.append(piece)
            self._in_slot += 1

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
        count = {LINE_COUNTER: self._press.lines, CUT_COUNTER: self._cuts}.get(number % EVER, 0)
        if args[0] == ord("0"):
            self._zeroed[number] = count
        else:
            since = self._zeroed.get(number, 0) if number < EVER else 0
            self._say(wire, b"_" + str(count - since).encode() + b"\0")

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
