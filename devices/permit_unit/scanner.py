"""The imager over the permit's path: the machine-readable line on its face, the code of its strip.

Serial commands of Honeywell's area imagers, as their user guides give them: ``SYN T CR`` starts reading,
``SYN U CR`` stops, each thing read comes as text and CR; ``SYN M CR REVINF.`` tells what the imager is, ended
by ACK and a full stop. That both sides of the permit are seen at one place, and that the printed line comes
first, is the layout of this housing; unchecked against a real unit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from devices.base import Retry
from devices.permit_unit.wire import NAME, Wire

TRIGGER: Final = b"\x16T\r"
STOP: Final = b"\x16U\r"
IDENTIFY: Final = b"\x16M\rREVINF."

_FIRST_LINE_S: Final = 2.0
_NEXT_LINE_S: Final = 0.4
_IDENTITY_S: Final = 1.0
_LONGEST: Final = 4096
_IDENTITY_END: Final = b"\x06."

_PRINTED_LINE: Final = re.compile(r"[A-Z]{2}[A-Z0-9<]{28}")


@dataclass(frozen=True, slots=True, repr=False)
class Seen:
    """What one look showed: the 30 characters of the printed line, the strip's code, or ""."""

    line: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    product: str = ""
    revision: str = ""
    serial: str = ""


class Scanner:
    """Speaks with the imager. Every method raises ``Fault`` when its wire is gone."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def look(self) -> Seen:
        """Read once (≤ 2 s and 0.4 s for each thing seen); raises ``Retry`` readFailed when nothing is.

        An imager that sees nothing says nothing, so silence here does not tell a dead imager; ``identify``
        does.
        """
        self._wire.discard_input()
        self._wire.send(TRIGGER)
        try:
            texts = self._lines()
        finally:
            self._wire.send(STOP)
        line = next((text for text in texts if _PRINTED_LINE.fullmatch(text)), "")
        code = next((text for text in texts if text != line), "")
        if not line and not code:
            raise Retry(NAME, "readFailed", "the imager sees neither printed line nor code")
        return Seen(line, code)

    def identify(self) -> Identity:
        """Ask the imager what it is; raises ``Fault`` when it does not answer."""
        self._wire.discard_input()
        self._wire.send(IDENTIFY)
        answer = b""
        while not answer.endswith(_IDENTITY_END):
            data = self._wire.receive(_IDENTITY_S)
            if not data:
                raise self._wire.silent("identity")
            answer += data
            if len(answer) > _LONGEST or b"\x05" in answer:
                raise self._wire.garbled("identity")
        text = answer.removesuffix(_IDENTITY_END).decode("ascii", "replace").removeprefix("REVINF")
        said = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
        return Identity(
            said.get("Product Name", ""), said.get("Software Revision", ""), said.get("Serial Number", "")
        )

    def _lines(self) -> list[str]:
        """Return the CR-ended texts that came before the imager fell silent; half a line doesn't count."""
        received = b""
        timeout_s = _FIRST_LINE_S
        while len(received) < _LONGEST and (data := self._wire.receive(timeout_s)):
            received += data
            timeout_s = _NEXT_LINE_S
        whole = received.split(b"\r")[:-1]
        return [text for raw in whole if (text := _text(raw))]


def _text(raw: bytes) -> str:
    """Return a line as text, "" when it is no UTF-8 or holds control characters: a disturbed line."""
    try:
        text = raw.decode("utf-8").strip("\n")
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""
