"""Links that keep a trace of what passes, and links that replay one as a device would.

``serial:///dev/ttyUSB0?baud=115200&record=/tmp/reader.trace`` records; ``replay:///tmp/reader.trace`` is that
device again: it says what it said then, as long as the host says byte for byte what it said then. Neither
is for a machine that serves the public: the site's settings refuse both there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from devices.byte_link import Link, LinkLost, Tunable
from devices.trace import Event, Sign, read_trace

Words = Callable[[Sign, bytes], str]
RECORD: Final = "record"
REPLAY: Final = "replay"


class TraceDiffers(Exception):
    """The host says something else than in the trace. Not a lost wire, so that no driver hides it."""


def taken_apart(url: str) -> tuple[str, Path | None]:
    """Return the URL without ``record``, and the file that it named."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    files = [value for key, value in query if key == RECORD]
    if not files:
        return url, None
    rest = urlencode([pair for pair in query if pair[0] != RECORD], safe=":/")
    return parts._replace(query=rest).geturl(), Path(files[-1])


def tapped(url: str, link: Link) -> Link:
    """Return ``link``, recorded or replaced by a trace as the query of its driver's ``url`` says.

    For URLs that tell more than a wire's place (``ipp:``, ``nut:``, ``sane:``): ``record=FILE`` keeps a
    trace, ``replay=FILE`` is that device again. Raises ``TraceError`` or ``OSError``.
    """
    query = parse_qs(urlsplit(url).query)
    if REPLAY in query:
        return replayed(f"replay://{query[REPLAY][-1]}")
    return recorded(link, Path(query[RECORD][-1])) if RECORD in query else link


def recorded(link: Link, file: Path, words: Words | None = None) -> Link:
    """Return ``link`` with all that passes written to ``file``, which is made anew and for this user only."""
    kind = TunableRecordingLink if isinstance(link, Tunable) else RecordingLink
    return kind(link, file, words)


def replayed(url: str) -> ReplayLink:
    """Return the device of the trace that ``url`` names; raises ``TraceError`` or ``OSError``."""
    parts = urlsplit(url)
    events = read_trace(Path(unquote(parts.netloc + parts.path)))
    tuned = any(event.sign is Sign.SPEED for event in events)
    return (TunableReplayLink if tuned else ReplayLink)(url, events)


class RecordingLink:
    """A link that writes a trace. Each event is in the file before the call returns."""

    def __init__(self, link: Link, file: Path, words: Words | None = None) -> None:
        self.url = link.url
        self._link = link
        self._file = file
        self._words = words
        self._began_s: float | None = None
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))

    def open(self) -> None:
        try:
            self._link.open()
        except LinkLost:
            self._note(Sign.REFUSED)
            raise

    def close(self) -> None:
        self._link.close()

    def read(self, size: int, timeout_s: float) -> bytes:
        try:
            data = self._link.read(size, timeout_s)
        except LinkLost:
            self._note(Sign.LOST)
            raise
        if data:
            self._note(Sign.FROM_DEVICE, data)
        return data

    def write(self, data: bytes) -> None:
        try:
            self._link.write(data)
        except LinkLost:
            self._note(Sign.LOST)
            raise
        self._note(Sign.TO_DEVICE, data)

    def discard_input(self) -> None:
        """Throw away what has arrived unread; the trace keeps it."""
        try:
            while data := self._link.read(4096, 0):
                self._note(Sign.DISCARDED, data)
            self._discard_rest()
        except LinkLost:
            self._note(Sign.LOST)
            raise

    def _discard_rest(self) -> None:
        """Throw away what the link holds beside its bytes."""
        self._link.discard_input()

    def _note(self, sign: Sign, data: bytes = b"", baud: int = 0) -> None:
        now_s = time.monotonic()
        if self._began_s is None:
            self._began_s = now_s
        words = self._words(sign, data) if self._words is not None and data else ""
        with self._file.open("a", encoding="utf-8") as trace:
            trace.write(Event(sign, data, baud, now_s - self._began_s, words).text())


class TunableRecordingLink(RecordingLink):
    """A recording link whose speed can be changed: a byte stream."""

    def _discard_rest(self) -> None:
        """Do nothing: beside its bytes a stream holds nothing, and what came just now must not go unnoted."""

    def set_baud(self, baud: int) -> None:
        assert isinstance(self._link, Tunable)
        self._link.set_baud(baud)
        self._note(Sign.SPEED, baud=baud)


class ReplayLink:
    """A device that says what it said in a trace. Where it was silent then, it is silent at once.

    A write that differs raises ``TraceDiffers``, and so does everything after it.
    """

    def __init__(self, url: str, events: Sequence[Event]) -> None:
        self.url = url
        self._events = list(events)
        self._at = 0
        self._done = 0  # bytes of the event at ``_at``
        self._difference: str | None = None

    def open(self) -> None:
        """Open the wire, if it could be opened then; raises ``LinkLost``."""
        if self._next(Sign.REFUSED) is not None:
            self._pass()
            raise LinkLost(f"{self.url}: could not be opened")

    def close(self) -> None:
        """Leave the trace where it is: the host may open the wire again."""

    def read(self, size: int, timeout_s: float) -> bytes:
        self._lose()
        event = self._next(Sign.FROM_DEVICE)
        if event is None:
            return b""
        data = event.data[self._done : self._done + size]
        self._advance(len(data))
        return data

    def write(self, data: bytes) -> None:
        self._lose()
        written = data
        while data:
            event = self._next(Sign.TO_DEVICE)
            if event is None:
                self._differ(f"the host says {_hex(written)}, but {self._instead()}")
                return
            expected = event.data[self._done : self._done + len(data)]
            if data[: len(expected)] != expected:
                self._differ(
                    _difference(written, written[: len(written) - len(data)] + event.data[self._done :])
                )
            self._advance(len(expected))
            data = data[len(expected) :]

    def discard_input(self) -> None:
        self._lose()
        while self._next(Sign.DISCARDED) is not None:
            self._pass()

    def finish(self) -> None:
        """Raise ``TraceDiffers`` unless all of the trace was played."""
        self._raise_again()
        while self._next(Sign.DISCARDED) is not None:
            self._pass()
        if self._at < len(self._events):
            self._differ(f"the host has ended, but {self._instead()}")

    # --- inside ---

    def _next(self, sign: Sign) -> Event | None:
        """Return the event whose turn it is, if it is a ``sign``; what was thrown away then is passed by."""
        self._raise_again()
        while sign is not Sign.DISCARDED and self._is_next(Sign.DISCARDED):
            self._pass()
        return self._events[self._at] if self._is_next(sign) else None

    def _is_next(self, sign: Sign) -> bool:
        return self._at < len(self._events) and self._events[self._at].sign is sign

    def _lose(self) -> None:
        if self._next(Sign.LOST) is not None:
            self._pass()
            raise LinkLost(f"{self.url}: lost")

    def _advance(self, size: int) -> None:
        self._done += size
        if self._done == len(self._events[self._at].data):
            self._pass()

    def _pass(self) -> None:
        self._at += 1
        self._done = 0

    def _instead(self) -> str:
        if self._at == len(self._events):
            return "the trace has ended"
        event = self._events[self._at]
        rest = _hex(event.data[self._done :]) or str(event.baud or "")
        return f"in the trace comes {event.sign} {rest}".rstrip() + (
            f" ({event.words})" if event.words else ""
        )

    def _differ(self, what: str) -> None:
        self._difference = f"{self.url}, event {self._at + 1}: {what}"
        self._raise_again()

    def _raise_again(self) -> None:
        if self._difference is not None:
            raise TraceDiffers(self._difference)


class TunableReplayLink(ReplayLink):
    """A replay of a host that changed the wire's speed."""

    def set_baud(self, baud: int) -> None:
        event = self._next(Sign.SPEED)
        if event is None or event.baud != baud:
            self._differ(f"the host speaks at {baud} baud, but {self._instead()}")
        self._pass()


def _difference(written: bytes, expected: bytes) -> str:
    at = next(n for n, (ours, theirs) in enumerate(zip(written, expected, strict=False)) if ours != theirs)
    return f"byte {at}: the host says {_hex(written)}, in the trace it says {_hex(expected)}"


def _hex(data: bytes) -> str:
    shown = data[:48].hex(" ").upper()
    return f"{shown} … ({len(data)} bytes)" if len(data) > 48 else shown
