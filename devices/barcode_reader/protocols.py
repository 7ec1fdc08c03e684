"""Two makers' words for the same four things: do not read by yourself, read, stop, what are you.

Honeywell area imagers (user guides of N86, N431x, Vuquest: "Serial programming commands"): ``SYN T CR`` and
``SYN U CR`` trigger and stop and have no answer. Menu commands are ``SYN M CR``, the command, and where to
store it (``!`` volatile, ``.`` for good); they are echoed with ACK, ENQ (unknown) or NAK (value out of range)
before that mark. ``PAPHHF`` is manual trigger, ``REVINF`` tells product, revision, serial number.

Newland scan engines (UDI; user guides of FM530, HR52: "Use of programming command"): ``~ SOH 0000``, ``#``
(temporary) or ``@`` (permanent), the command, ``; ETX``. The answer ``STX SOH 0000``, mark, command, data,
ACK or NAK, ``; ETX`` is as public drivers have it. ``SCNTRG1`` and ``SCNTRG0`` trigger and stop, ``SCNMOD0``
is reading while triggered only, ``QRYSYS`` tells what the engine is.

Settings are volatile here, so that a flash memory does not wear.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from devices.base import Fault, StaffAction
from devices.hearing import Wire

_REPLY_S: Final = 1.0
_LONGEST_REPLY: Final = 4096


@dataclass(frozen=True, slots=True)
class Identity:
    """What a scanner says it is."""

    product: str = ""
    revision: str = ""
    serial: str = ""


class ScannerProtocol(Protocol):
    """One maker's language. Every method raises ``Fault`` when the wire is gone or an answer is missing."""

    rearm_s: float
    """After this time without a code the trigger is given again, before the scanner's own time is over."""

    def set_up(self) -> None:
        """Have the scanner read only while it is triggered."""
        ...

    def trigger(self) -> bytes:
        """Begin to read; return what already came of a code behind the scanner's answer."""
        ...

    def stop(self) -> None: ...

    def identify(self) -> Identity: ...


class Honeywell:
    """Honeywell's menu commands."""

    rearm_s: float = 20.0  # their reading time is 30 s (TRGSTO30000)

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def set_up(self) -> None:
        self._menu(b"PAPHHF!")

    def trigger(self) -> bytes:
        self._wire.send(b"\x16T\r")
        return b""

    def stop(self) -> None:
        self._wire.send(b"\x16U\r")

    def identify(self) -> Identity:
        said = _fields(self._menu(b"REVINF.").removeprefix(b"REVINF"))
        return Identity(
            said.get("Product Name", ""), said.get("Software Revision", ""), said.get("Serial Number", "")
        )

    def _menu(self, command: bytes) -> bytes:
        self._wire.discard_input()
        self._wire.send(b"\x16M\r" + command)
        mark = command[-1:]
        ends = (b"\x06" + mark, b"\x05" + mark, b"\x15" + mark)
        answer = _heard(self._wire, command, lambda heard: heard.endswith(ends))
        if not answer.endswith(ends[0]):
            raise _refused(self._wire, command)
        return answer[: -len(ends[0])]


class Newland:
    """Newland's unified serial commands (UDI)."""

    rearm_s: float = 2.5  # their reading time is 3 s unless set otherwise

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def set_up(self) -> None:
        self._command(b"SCNMOD0")

    def trigger(self) -> bytes:
        return self._command(b"SCNTRG1")[1]

    def stop(self) -> None:
        self._command(b"SCNTRG0")

    def identify(self) -> Identity:
        said = _fields(self._command(b"QRYSYS")[0])
        return Identity(
            said.get("Product Name", ""), said.get("Firmware Version", ""), said.get("Serial Number", "")
        )

    def _command(self, command: bytes) -> tuple[bytes, bytes]:
        """Return (the answer's data, what came behind the answer)."""
        self._wire.discard_input()
        self._wire.send(b"~\x010000#" + command + b";\x03")
        head = b"\x02\x010000#" + command
        ends = (b"\x06;\x03", b"\x15;\x03")
        answer = _heard(
            self._wire, command, lambda heard: head in heard and any(end in heard for end in ends)
        )
        body = answer[answer.index(head) + len(head) :]
        at = min(body.find(end) for end in ends if end in body)
        if body[at : at + 3] != ends[0]:
            raise _refused(self._wire, command)
        return body[:at], body[at + 3 :]


PROTOCOLS: Final[dict[str, Callable[[Wire], ScannerProtocol]]] = {"honeywell": Honeywell, "newland": Newland}


def _heard(wire: Wire, command: bytes, whole: Callable[[bytes], bool]) -> bytes:
    answer, deadline = b"", wire.timing.now() + _REPLY_S
    while not whole(answer):
        left_s = deadline - wire.timing.now()
        data = wire.receive(left_s) if left_s > 0 else b""
        if not data and not answer:
            raise wire.silent(command.decode("ascii"))
        answer += data
        if not data or len(answer) > _LONGEST_REPLY:
            raise wire.garbled(command.decode("ascii"))
    return answer


def _refused(wire: Wire, command: bytes) -> Fault:
    what = command.decode("ascii")
    return Fault(wire.name, "unsupportedCommand", StaffAction.CONFIGURATION, f"the scanner refuses {what}")


def _fields(answer: bytes) -> dict[str, str]:
    lines = answer.decode("ascii", "replace").splitlines()
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
