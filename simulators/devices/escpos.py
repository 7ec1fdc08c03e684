"""ESC/POS cut into commands: how many bytes each takes, nothing about what it does.

Lengths after Epson's published command reference (names as there) with the Kanji (``FS``) group
that Chinese printers share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

DLE, ESC, FS, GS = 0x10, 0x1B, 0x1C, 0x1D
CONTROLS: Final = frozenset(b"\t\n\x0c\r\x18")

Length = int | Callable[[bytes], int | None]
"""Bytes after the two-byte code: a number, or a function of what follows (None: not all there)."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: ``code`` (``b"\\x1dV"``), its parameters; or text when ``code`` is empty."""

    code: bytes
    args: bytes = b""


def _until_nul(rest: bytes) -> int | None:
    at = rest.find(0)
    return at + 1 if at >= 0 else None


def _sized16(skip: int) -> Callable[[bytes], int | None]:
    def length(rest: bytes) -> int | None:
        if len(rest) < skip + 2:
            return None
        return skip + 2 + int.from_bytes(rest[skip : skip + 2], "little")

    return length


def _graphics32(rest: bytes) -> int | None:
    return 5 + int.from_bytes(rest[1:5], "little") if len(rest) >= 5 else None


def _bit_image(rest: bytes) -> int | None:
    if len(rest) < 3:
        return None
    columns = int.from_bytes(rest[1:3], "little")
    return 3 + columns * (3 if rest[0] in (32, 33) else 1)


def _raster(rest: bytes) -> int | None:
    if len(rest) < 6:
        return None
    return 6 + int.from_bytes(rest[2:4], "little") * int.from_bytes(rest[4:6], "little")


def _cut(rest: bytes) -> int | None:
    if not rest:
        return None
    return 1 if rest[0] in (0, 1, 48, 49) else 2


def _barcode(rest: bytes) -> int | None:
    if len(rest) < 2:
        return None
    if rest[0] >= 65:
        return 2 + rest[1]
    end = _until_nul(rest[1:])
    return None if end is None else 1 + end


def _real_time(rest: bytes) -> int | None:
    if not rest:
        return None
    return {1: 3, 2: 3, 8: 8}.get(rest[0], 1)


def _status(rest: bytes) -> int | None:
    if not rest:
        return None
    return 2 if rest[0] in (7, 8, 18) else 1


def _counter(rest: bytes) -> int | None:
    return 4 if rest else None


LENGTHS: Final[Mapping[bytes, Length]] = {
    b"\x10\x04": _status,
    b"\x10\x05": 1,
    b"\x10\x14": _real_time,
    **{b"\x1b" + bytes([c]): 0 for c in b"@2SLim<\x0c"},
    **{b"\x1b" + bytes([c]): 1 for c in b"!EG-aJdMtRrV{ 3=%KUeT?"},
    **{b"\x1b" + bytes([c]): 2 for c in b"$\\c"},
    b"\x1b\x06": 1,
    b"\x1bp": 3,
    b"\x1bW": 8,
    b"\x1bD": _until_nul,
    b"\x1b*": _bit_image,
    b"\x1b(": _sized16(1),
    **{b"\x1c" + bytes([c]): 0 for c in b"&."},
    **{b"\x1c" + bytes([c]): 1 for c in b"!-CW"},
    **{b"\x1c" + bytes([c]): 2 for c in b"Sp"},
    b"\x1c(": _sized16(1),
    **{b"\x1d" + bytes([c]): 0 for c in b":"},
    **{b"\x1d" + bytes([c]): 1 for c in b"!BHITabfhrwE/"},
    **{b"\x1d" + bytes([c]): 2 for c in b"LWP$\\"},
    b"\x1d^": 3,
    b"\x1dV": _cut,
    b"\x1dg": _counter,
    b"\x1dk": _barcode,
    b"\x1dv": _raster,
    b"\x1d(": _sized16(1),
    b"\x1d8": _graphics32,
}


def next_command(buffer: bytes) -> tuple[Command, int] | None:
    """Return the first command of ``buffer`` and the bytes it takes; None when it is not all there.

    Text runs up to the next control character. A code that is in no table takes its two bytes.
    """
    if not buffer:
        return None
    first = buffer[0]
    if first in CONTROLS:
        return Command(buffer[:1]), 1
    if first in (DLE, ESC, FS, GS):
        if len(buffer) < 2:
            return None
        code = buffer[:2]
        length = LENGTHS.get(code, 0)
        size = length(buffer[2:]) if callable(length) else length
        if size is None or len(buffer) < 2 + size:
            return None
        return Command(code, buffer[2 : 2 + size]), 2 + size
    end = next((at for at, b in enumerate(buffer) if b in CONTROLS or b in (DLE, ESC, FS, GS)), len(buffer))
    return Command(b"", buffer[:end]), end


def take_real_time(buffer: bytes) -> tuple[list[tuple[bytes, Command]], bytes]:
    """Return the real-time commands of ``buffer``, each with the bytes before it, and what follows.

    A printer that is busy or stopped finds them in what waits, even inside other data.
    """
    found: list[tuple[bytes, Command]] = []
    before = b""
    while (at := buffer.find(DLE)) >= 0:
        cut = next_command(buffer[at:]) if buffer[at + 1 : at + 2] in (b"\x04", b"\x05", b"\x14") else None
        if cut is None:
            before += buffer[: at + 1]
            buffer = buffer[at + 1 :]
        else:
            found.append((before + buffer[:at], cut[0]))
            before = b""
            buffer = buffer[at + cut[1] :]
    return found, before + buffer


def words(direction: str, data: bytes) -> str:
    """Put bytes of this wire into words for the line tap: names of commands, never the text."""
    if direction == "from_device":
        return "status " + data.hex(" ") if len(data) <= 4 else f"{len(data)} bytes"
    said: list[str] = []
    while (cut := next_command(data)) is not None and len(said) < 12:
        command, size = cut
        said.append(_name(command))
        data = data[size:]
    return ", ".join(said) + (" ..." if data else "")


def _name(command: Command) -> str:
    if not command.code:
        return f"text of {len(command.args)} bytes"
    head = {DLE: "DLE", ESC: "ESC", FS: "FS", GS: "GS"}.get(command.code[0])
    if head is None:
        return {0x0A: "LF", 0x0D: "CR", 0x09: "HT", 0x0C: "FF", 0x18: "CAN"}[command.code[0]]
    second = command.code[1]
    letter = chr(second) if second > 32 else {4: "EOT", 5: "ENQ", 20: "DC4"}.get(second, f"{second:02X}")
    few = " ".join(str(b) for b in command.args[:4])
    return f"{head} {letter} {few}".rstrip() + (" ..." if len(command.args) > 4 else "")
