"""A trace: what passed on a wire, as a text that people read and machines replay.

One event a line, long ones on several::

    # anything a person wants to say
       0.000 > AA AA AA 96 69 00 03 20 01 22                | find
       0.061 < AA AA AA 96 69 00 08 00 00 9F 00 00 00 00 97 | card found, 15 bytes

Seconds since the first event (left out where they do not matter), a sign, bytes in hex (for ``=`` a
speed), and after ``|`` words for the reader. A line with the sign ``+`` goes on with the bytes of the line
before it. A trace holds all that passed, so that one of a real card is personal data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

_BYTES_A_LINE: Final = 32
_MORE: Final = "+"
_LINE: Final = re.compile(r"\s*(?P<at_s>\d+\.\d+)?\s*(?P<sign>[><!=xo+])(?: (?P<bytes>[0-9A-F ]*))?")


class Sign(StrEnum):
    """What an event is."""

    TO_DEVICE = ">"
    FROM_DEVICE = "<"
    DISCARDED = "!"  # came from the device and was thrown away unread
    SPEED = "="  # the host speaks at another speed from here on
    LOST = "x"  # the wire was gone
    REFUSED = "o"  # the wire could not be opened


@dataclass(frozen=True, slots=True)
class Event:
    """Something that passed: ``data`` for the first three signs, ``baud`` for a change of speed."""

    sign: Sign
    data: bytes = b""
    baud: int = 0
    at_s: float | None = None
    words: str = ""

    def text(self) -> str:
        """Return the event as lines of a trace, each with its line feed."""
        time = "" if self.at_s is None else f"{self.at_s:8.3f} "
        rows = [self.data[at : at + _BYTES_A_LINE] for at in range(0, len(self.data), _BYTES_A_LINE)]
        first = str(self.baud) if self.sign is Sign.SPEED else _hex(rows[0] if rows else b"")
        said = " | " + " ".join(self.words.split()) if self.words else ""
        lines = [f"{time}{self.sign} {first}".rstrip() + said]
        lines += [f"{' ' * len(time)}{_MORE} {_hex(row)}" for row in rows[1:]]
        return "".join(line + "\n" for line in lines)


class TraceError(ValueError):
    """A text is no trace; tells the line."""


def read_trace(path: Path) -> tuple[Event, ...]:
    """Return the events of the file; raises ``TraceError`` or ``OSError``."""
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> tuple[Event, ...]:
    """Return the events of a trace's text; raises ``TraceError``."""
    events: list[Event] = []
    for number, line in enumerate(text.splitlines(), 1):
        code, _, words = line.partition("|")
        if not code.strip() or code.lstrip().startswith("#"):
            continue
        try:
            _take(events, code.rstrip(), words.strip())
        except ValueError as error:
            raise TraceError(f"line {number}: {error}") from None
    return tuple(events)


def settled(events: Iterable[Event]) -> Iterator[Event]:
    """Give the events as they are the same at every run: no times, an answer's pieces in one.

    Words are taken again for the whole by ``worded``, since those of pieces say little.
    """
    waiting: Event | None = None
    for event in events:
        event = replace(event, at_s=None, words="")
        if waiting is not None and event.sign is waiting.sign is Sign.FROM_DEVICE:
            waiting = replace(waiting, data=waiting.data + event.data)
            continue
        if waiting is not None:
            yield waiting
        waiting = event
    if waiting is not None:
        yield waiting


def worded(events: Iterable[Event], words: Callable[[Sign, bytes], str]) -> Iterator[Event]:
    """Give the events with what ``words`` says of their bytes."""
    for event in events:
        yield replace(event, words=words(event.sign, event.data)) if event.data else event


def _take(events: list[Event], code: str, words: str) -> None:
    found = _LINE.fullmatch(code)
    if found is None:
        raise ValueError("no event")
    rest = found["bytes"] or ""
    if found["sign"] == _MORE:
        if not events or not events[-1].data:
            raise ValueError("nothing to go on with")
        events[-1] = replace(events[-1], data=events[-1].data + bytes.fromhex(rest))
        return
    sign = Sign(found["sign"])
    at_s = None if found["at_s"] is None else float(found["at_s"])
    if sign is Sign.SPEED:
        events.append(Event(sign, baud=int(rest), at_s=at_s, words=words))
        return
    data = bytes.fromhex(rest)
    if bool(data) == (sign in (Sign.LOST, Sign.REFUSED)):
        raise ValueError(f"{sign} with {len(data)} bytes")
    events.append(Event(sign, data, at_s=at_s, words=words))


def _hex(data: bytes) -> str:
    return data.hex(" ").upper()
