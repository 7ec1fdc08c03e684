"""The imager over the permit's path: the machine-readable line on its face, the code of its strip.

Serial commands of Honeywell's area imagers, as their user guides give them: ``SYN T CR`` starts reading,
``SYN U CR`` stops, each thing read comes as text and CR; ``SYN M CR REVINF.`` tells what the imager is, ended
by ACK and a full stop. That both sides of the permit are seen at one place, and that the printed line comes
first, is the layout of this housing; unchecked against a real unit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from devices.base import Retry
from devices.hearing import Wire

TRIGGER: Final = b"\x16T\r"
STOP: Final = b"\x16U\r"
IDENTIFY: Final = b"\x16M\rREVINF."

_FIRST_LINE_S: Final = 1.0
_NEXT_LINE_S: Final = (0.1, 0.4, 0.4)
"""How long the next line may take, look by look: that there is none is believed only after a long wait."""
_IDENTITY_S: Final = 1.0
_LONGEST: Final = 4096
_IDENTITY_END: Final = b"\x06."

_PRINTED_LINE: Final = re.compile(r"[A-Z]{2}[A-Z0-9<]{28}")


@dataclass(frozen=True, slots=True)
class Identity:
    product: str = ""
    revision: str = ""
    serial: str = ""


class Scanner:
    """Speaks with the imager. Every method raises ``Fault`` when its wire is gone."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def line(self) -> str:
        """Return the 30 characters of the printed line (≤ 3 s; milliseconds beyond two decodings).

        Raises ``Retry`` readFailed when they are not seen. An imager that sees nothing says nothing, so this
        silence does not tell a dead imager; ``identify`` does.
        """
        return self._agreed(self._line_once)

    def code(self) -> str:
        """Return the strip's code, "" when the printed line is seen and no code (≤ 3 s).

        Raises ``Retry`` readFailed when neither is seen: then nobody knows whether there is a code.
        """
        return self._agreed(self._code_once)

    def _agreed(self, read: Callable[[float], str | None]) -> str:
        """Return what two looks agree on.

        The wire has no check of its own, and a disturbed character would be taken for a forged permit or a
        failed print. Of three looks two must say the same; two that see nothing end it.
        """
        readings: list[str | None] = []
        for next_line_s in _NEXT_LINE_S:
            reading = read(next_line_s)
            if reading in readings:
                if reading is None:
                    break
                return reading
            readings.append(reading)
        raise Retry(
            self._wire.name, "readFailed", "nothing seen" if None in readings else "no two readings agree"
        )

    def _line_once(self, next_line_s: float) -> str | None:
        with closing(self._look(next_line_s)) as texts:
            return next((text for text in texts if _PRINTED_LINE.fullmatch(text)), None)

    def _code_once(self, next_line_s: float) -> str | None:
        seen = None
        with closing(self._look(next_line_s)) as texts:
            for text in texts:
                if not _PRINTED_LINE.fullmatch(text):
                    return text
                seen = ""
        return seen

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

    def _look(self, next_line_s: float) -> Generator[str]:
        """Trigger the imager and yield each CR-ended text, until it falls silent or enough is known.

        Half a line does not count.
        """
        self._wire.discard_input()
        self._wire.send(TRIGGER)
        try:
            received = b""
            timeout_s = _FIRST_LINE_S
            while len(received) < _LONGEST and (data := self._wire.receive(timeout_s)):
                *whole, received = (received + data).split(b"\r")
                yield from filter(None, map(_text, whole))
                timeout_s = next_line_s
        finally:
            self._wire.send(STOP)


def _text(raw: bytes) -> str:
    """Return a line as text, "" when it is no UTF-8 or holds control characters: a disturbed line."""
    try:
        text = raw.decode("utf-8").strip("\n")
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""
