"""Document scanner: SANE's own ``test`` backend at the end of a wire, and what can go wrong with it.

The backend is SANE's, not ours; ``scan_relay`` stands where the kiosk's ``scanimage`` stands, so that a run
has a wire, which can be watched and cut as any other. Errors are said here in SANE's words and numbers, after
a run that went well: the backend can be told to fail too, but then hangs now and then on a busy machine (it
waits for a thread of its own that it has cancelled).
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from simulators import scan_relay
from simulators.counting_wire import CountingWire
from simulators.faults import Faults, Order
from simulators.level import Level
from simulators.recorder import TO_DEVICE
from simulators.wire import WireClosed

NAME: Final = "document_scanner"
OPERATIONS: Final = ("scan", "status", "list")
MIDWAY: Final = ("scan",)
FAULTS: Final[Mapping[str, str]] = {
    "jammed": "a sheet is stuck in the feeder",
    "noMedia": "the feeder is empty",
    "coverOpen": "the cover is open",
    "deviceBusy": "another program has the scanner",
    "ioError": "the line to the scanner fails",
    "accessDenied": "the kiosk may not use the scanner",
    "cancelled": "somebody pressed the scanner's own cancel key",
    "endsEarly": "the picture ends early, and SANE calls it success",
    "noMemory": "SANE has no memory",
    "unsupported": "the scanner does not know the operation",
    "coarse": "the scanner can do no more than 75 dpi, and rounds",
    "fine": "the scanner can do no less than 1200 dpi, and rounds",
    "noAnswer": "hears and says nothing",
}
_STATUS: Final[Mapping[str, tuple[int, str]]] = {  # of sane.h, with sane_strstatus' words
    "unsupported": (1, "Operation not supported"),
    "cancelled": (2, "Operation was canceled"),
    "deviceBusy": (3, "Device busy"),
    "jammed": (6, "Document feeder jammed"),
    "noMedia": (7, "Document feeder out of documents"),
    "coverOpen": (8, "Scanner cover is open"),
    "ioError": (9, "Error during device I/O"),
    "noMemory": (10, "Out of memory"),
    "accessDenied": (11, "Access to resource has been denied"),
}
_AT_OPENING: Final = ("deviceBusy", "ioError", "noMemory", "accessDenied")
"""What shows already when the scanner is opened, unless it is to strike half-way through a scan."""
_RESOLUTIONS: Final[Mapping[str, tuple[int, int]]] = {"coarse": (50, 75), "fine": (1200, 1200)}
_USUAL: Final = (50, 1200)
PICTURES: Final = ("Color pattern", "Grid", "Solid black", "Solid white")
SCAN_S: Final = 6.0
HANGS_S: Final = 10.0
"""SANE's backend now and then never ends on a busy machine: after this long it is run once more."""
RUN_S: Final = 40.0


class DocumentScanner:
    """The scanner; ``folder`` becomes its configuration. ``serve`` runs in the wire's thread."""

    def __init__(self, folder: Path, level: Level, faults: Faults) -> None:
        self._folder = folder.resolve()
        self.program = self._folder / "scanimage"
        self._level = level
        self._faults = faults
        self._picture = PICTURES[0]

    # --- what a person does ---

    def lay(self, picture: str) -> None:
        """Lay one of ``PICTURES`` on the glass; raises ``ValueError``."""
        if picture not in PICTURES:
            raise ValueError(f"picture: one of {', '.join(PICTURES)}")
        self._picture = picture

    # --- the wire ---

    def link(self, wire: CountingWire) -> str:
        """Put down the program that leads to ``wire``; return the link's URL."""
        self._folder.mkdir(parents=True, exist_ok=True)
        command = shlex.join([sys.executable, "-I", "-S", str(Path(scan_relay.__file__).resolve())])
        self.program.write_text(f'#!/bin/sh\nexec {command} {wire.port} "$@"\n')
        self.program.chmod(0o700)
        return f"sane:test:0?program={self.program}&simulated=1"

    def serve(self, wire: CountingWire) -> None:
        """Answer runs until the wire is closed."""
        heard, host = b"", 0
        try:
            while True:
                more = wire.read(None)
                if wire.hosts != host:
                    heard, host = b"", wire.hosts
                heard += more
                try:
                    if len(heard) < scan_relay.size(heard):
                        continue
                    answer = self._answer([str(option) for option in json.loads(scan_relay.unframed(heard))])
                except (ValueError, TypeError):
                    answer = scan_relay.packed(*_STATUS["ioError"], b"")
                heard = b""
                if answer:
                    wire.write(answer)
        except WireClosed:
            return

    def _answer(self, options: list[str]) -> bytes:
        operation = _operation(options)
        struck = self._faults.take(NAME, operation)
        faults = {**self._faults.standing(NAME), **({struck.fault: struck} if struck is not None else {})}
        if "noAnswer" in faults:
            return b""
        wrong = next((order for fault, order in faults.items() if fault in _STATUS), None)
        if wrong is not None and wrong.fault in _AT_OPENING and "share" not in wrong.args:
            return scan_relay.packed(1, f"scanimage: open of device test:0 failed: {_words_of(wrong)}\n", b"")
        code, said, picture = self._run(options, faults)
        if operation != "scan" or code != 0:
            return scan_relay.packed(code, said, picture)
        if wrong is not None:
            code, said = _STATUS[wrong.fault][0], f"{said}scanimage: sane_read: {_words_of(wrong)}\n"
            picture = _part(picture, wrong.share())
        elif "endsEarly" in faults:
            picture = _part(picture, faults["endsEarly"].share())
        time.sleep(self._level.seconds(SCAN_S) * (wrong.share() if wrong is not None else 1.0))
        return scan_relay.packed(code, said, picture)

    def _run(self, options: list[str], faults: Mapping[str, Order]) -> tuple[int, str, bytes]:
        """Have SANE do it, with its configuration for this run; return code, words and picture."""
        least, most = next((span for fault, span in _RESOLUTIONS.items() if fault in faults), _USUAL)
        (self._folder / "dll.conf").write_text("test\n")
        (self._folder / "test.conf").write_text(
            f'test-picture "{self._picture}"\ngeometry_max 300.0\n'
            f"resolution_min {least}.0\nresolution_max {most}.0\nresolution {least}.0\n"
        )
        environment = {**os.environ, "LC_ALL": "C", "SANE_CONFIG_DIR": str(self._folder)}
        try:
            ended = _ended(["scanimage", *options], environment)
        except FileNotFoundError:
            return 1, scan_relay.NO_DEVICE, b""  # SANE is not installed
        return ended.returncode, ended.stderr.decode("utf-8", "replace"), ended.stdout


def _ended(command: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Run SANE's program to its end; raises ``subprocess.TimeoutExpired`` when it hangs twice."""
    try:
        return subprocess.run(command, env=environment, capture_output=True, timeout=HANGS_S, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.run(command, env=environment, capture_output=True, timeout=RUN_S, check=False)


def words(direction: str, data: bytes) -> str:
    """Describe what passes: the run's options, or how it ended."""
    try:
        if direction == TO_DEVICE:
            return " ".join(json.loads(scan_relay.unframed(data)))
        code, said, picture = scan_relay.unpacked(data)
    except (ValueError, TypeError):
        return f"{len(data)} bytes"
    return f"ended with {code}, {len(picture)} bytes {said.strip()}".rstrip()


def _operation(options: list[str]) -> str:
    if "--dont-scan" in options:
        return "status"
    return "list" if {"-f", "-L"} & set(options) else "scan"


def _words_of(order: Order) -> str:
    return _STATUS[order.fault][1]


def _part(picture: bytes, share: float) -> bytes:
    """Return the head of a PNM picture, and a share of its dots."""
    head = picture.find(b"255\n") + 4
    return picture[: head + int((len(picture) - head) * share)]
