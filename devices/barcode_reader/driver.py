"""The barcode reader over a serial line; the link's query ``protocol=honeywell|newland`` says which language.

The scanner must end each code with CR and nothing else, as most do from the works. The words are those of
XFS4IoT BarcodeReader.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import parse_qs, urlsplit

from devices.barcode_reader.protocols import PROTOCOLS, Identity
from devices.barcode_reader.text import CHARSETS, LARGEST, NotText, plain_text
from devices.base import Capabilities, DeviceError, Retry, State, Status
from devices.counting import WireCounts
from devices.hearing import Timing, Wire
from devices.link import Link, open_link
from devices.wired import status_of

NAME: Final = "barcode_reader"

_POLL_S: Final = 0.3
_QUIET_S: Final = 0.05
_BROKEN_OFF: Final = 4  # polls that bring nothing in the middle of a code
_BYTES_A_CHARACTER: Final = 4
_BABBLE: Final = 65536


class SerialBarcodeReader:
    """``interfaces.BarcodeReader``. ``longest`` is in characters; ``charset`` one of ``text.CHARSETS``."""

    name: str = NAME

    def __init__(
        self,
        link: Link,
        protocol: str = "honeywell",
        *,
        charset: str = "utf-8",
        longest: int = LARGEST,
        timing: Timing | None = None,
    ) -> None:
        self._wire = Wire(link, NAME, "scanner", timing or Timing())
        self._protocol = PROTOCOLS[protocol](self._wire)
        self._language = protocol
        self._charset = charset
        self._longest = longest
        self._identity = Identity()
        self._reading = False
        self._received = b""
        self._idle_polls = 0
        self._armed_s = 0.0

    # --- as every device -------------------------------------------------------------------------

    def open(self) -> None:
        try:
            self._wire.open()
            self.reset()
            self._identity = self._protocol.identify()
        except DeviceError:
            self.close()
            raise

    def close(self) -> None:
        self._reading = False
        self._wire.close()

    def reset(self) -> None:
        """Stop reading and have the scanner read only when it is told to."""
        self._reading = False
        self._protocol.stop()
        self._protocol.set_up()

    def status(self) -> Status:
        """Ask the scanner what it is; while it reads it is left alone."""
        if self._reading:
            return Status(State.ONLINE, {"scanner": "on"})
        try:
            self._protocol.identify()
        except DeviceError as error:
            lost = status_of(error)
            return Status(lost.state, {"scanner": "inoperative"}, lost.fault, lost.action)
        return Status(State.ONLINE, {"scanner": "off"})

    def capabilities(self) -> Capabilities:
        """Return what the scanner said of itself when it was opened."""
        return Capabilities(
            model=self._identity.product,
            firmware=self._identity.revision,
            serial=self._identity.serial,
            more={"protocol": self._language, "charset": self._charset, "longest": str(self._longest)},
        )

    def counters(self) -> Mapping[str, int]:
        """A scanner counts nothing that is evidence of an effect."""
        return {}

    def wire(self) -> WireCounts:
        """Return what has passed on the wire."""
        return self._wire.wire()

    # --- reading -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Forget what has come so far (it may be the last person's code) and begin to read."""
        self._wire.discard_input()
        self._received, self._idle_polls = self._arm(), 0
        self._reading = True

    def poll(self) -> str | None:
        """Return the code that was read, None while there is none (≤ 0.4 s; longer while a long one comes).

        Reading ends with the code. Raises ``Retry`` barcodeInvalid for one that is no text (see
        ``text.plain_text``), that holds a CR, or that breaks off.
        """
        if not self._reading:
            return None
        data = self._wire.receive(_POLL_S)
        self._received += data
        if b"\r" in self._received:
            return self._whole()
        if len(self._received) > self._most_bytes:
            raise self._invalid("too long")
        if data or not self._received:
            self._idle_polls = 0
        else:
            self._idle_polls += 1
            if self._idle_polls == _BROKEN_OFF:
                raise self._invalid("broken off")
        if not self._received and self._wire.timing.now() - self._armed_s > self._protocol.rearm_s:
            self._received = self._arm()
        return None

    def stop(self) -> None:
        """Stop reading; harmless when it has ended."""
        if self._reading:
            self._reading = False
            self._protocol.stop()
        self._received = b""

    # --- within ------------------------------------------------------------------------------------

    @property
    def _most_bytes(self) -> int:
        return self._longest * _BYTES_A_CHARACTER

    def _arm(self) -> bytes:
        self._armed_s = self._wire.timing.now()
        return self._protocol.trigger()

    def _whole(self) -> str:
        """Return the code; what still comes behind its CR shows that the code itself held a CR."""
        while len(self._received) <= self._most_bytes and (more := self._wire.receive(_QUIET_S)):
            self._received += more
        code, _, rest = self._received.partition(b"\r")
        if rest not in (b"", b"\n"):
            raise self._invalid("more than one line")
        try:
            text = plain_text(code, self._charset, self._longest)
        except NotText as error:
            raise self._invalid(str(error)) from error
        self._end()
        return text

    def _invalid(self, why: str) -> Retry:
        """End reading, let the rest go by, and return what to raise."""
        passed = 0
        while passed < _BABBLE and (data := self._wire.receive(_QUIET_S)):
            passed += len(data)
        self._end()
        return Retry(NAME, "barcodeInvalid", why)

    def _end(self) -> None:
        """Stop reading; that the scanner does not answer now must not cost the code that it has read."""
        with suppress(DeviceError):
            self.stop()
        self._received = b""


def open_barcode_reader(url: str) -> SerialBarcodeReader:
    """Return the (not yet opened) reader at ``url``; query ``protocol``, ``charset``, ``longest``.

    Raises ``ValueError`` for a protocol, charset or length that is none.
    """
    query = parse_qs(urlsplit(url).query)
    protocol = query.get("protocol", ["honeywell"])[0]
    charset = query.get("charset", ["utf-8"])[0]
    longest = int(query.get("longest", [str(LARGEST)])[0])
    if protocol not in PROTOCOLS:
        raise ValueError(f"{url!r}: protocol must be one of {', '.join(PROTOCOLS)}")
    if charset not in CHARSETS:
        raise ValueError(f"{url!r}: charset must be one of {', '.join(CHARSETS)}")
    if not 1 <= longest <= LARGEST:
        raise ValueError(f"{url!r}: longest must be 1 to {LARGEST}")
    return SerialBarcodeReader(open_link(url), protocol, charset=charset, longest=longest)
