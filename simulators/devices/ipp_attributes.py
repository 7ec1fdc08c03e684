"""IPP messages from the printer's side (RFC 8010): requests to values, values to answers."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

OPERATION, JOB, END, PRINTER, UNSUPPORTED = 0x01, 0x02, 0x03, 0x04, 0x05
NO_VALUE, INTEGER, BOOLEAN, ENUM = 0x13, 0x21, 0x22, 0x23
RESOLUTION, RANGE, TEXT, NAME = 0x32, 0x33, 0x41, 0x42
KEYWORD, URI, SCHEME, CHARSET, LANGUAGE, MIME = 0x44, 0x45, 0x46, 0x47, 0x48, 0x49
GROUPS: Final = range(0x10)

Value = tuple[int, bytes]
"""A value's tag and its bytes as they go over the wire."""

Pairs = dict[str, list[Value]]


class Malformed(ValueError):
    """A request that is no IPP message; ``request_id`` is 0 when not even that could be read."""

    def __init__(self, why: str, request_id: int = 0) -> None:
        super().__init__(why)
        self.request_id = request_id


@dataclass
class Request:
    """A request: the operation's attributes in their order, the job's wishes, the document."""

    version: tuple[int, int]
    operation: int
    request_id: int
    attributes: Pairs = field(default_factory=dict)
    wishes: Pairs = field(default_factory=dict)
    document: bytes = b""

    def text(self, name: str) -> str | None:
        """Return the first value of an attribute as text, None when there is none."""
        values = self.attributes.get(name)
        return values[0][1].decode("utf-8", errors="replace") if values else None

    def texts(self, name: str) -> list[str]:
        return [data.decode("utf-8", errors="replace") for _, data in self.attributes.get(name, [])]

    def number(self, name: str) -> int | None:
        """Return the first value of an attribute as a number, None when it is none."""
        values = self.attributes.get(name)
        if not values or values[0][0] not in (INTEGER, ENUM) or len(values[0][1]) != 4:
            return None
        return int.from_bytes(values[0][1], "big", signed=True)

    def flag(self, name: str) -> bool:
        values = self.attributes.get(name, [])
        return bool(values) and values[0][1] == b"\x01"


def parse(data: bytes) -> Request:
    """Read a request; raises ``Malformed``."""
    if len(data) < 9:
        raise Malformed("too short")
    major, minor, operation, request_id = struct.unpack(">BBHI", data[:8])
    request = Request((major, minor), operation, request_id)
    groups: dict[int, Pairs] = {OPERATION: request.attributes, JOB: request.wishes}
    group: Pairs | None = None
    values: list[Value] = []
    at = 8
    try:
        while data[at] != END:
            tag = data[at]
            at += 1
            if tag in GROUPS:
                group = groups.setdefault(tag, {})
                continue
            name, at = _piece(data, at)
            value, at = _piece(data, at)
            if group is None:
                raise Malformed("an attribute before any group", request_id)
            if name:
                values = []
                if group.setdefault(name.decode("ascii"), values) is not values:
                    raise Malformed(f"{name!r} twice", request_id)
            values.append((tag, value))
    except (IndexError, UnicodeDecodeError) as error:
        raise Malformed("attributes without end", request_id) from error
    request.document = data[at + 1 :]
    return request


def answer(
    version: tuple[int, int], status: int, request_id: int, groups: Iterable[tuple[int, Pairs]]
) -> bytes:
    """Return an answer, with the operation's attributes that each has."""
    said = struct.pack(">BBHI", *version, status, request_id)
    first: tuple[int, Pairs] = (
        OPERATION,
        {"attributes-charset": charset("utf-8"), "attributes-natural-language": language("en")},
    )
    for tag, pairs in (first, *groups):
        said += bytes([tag])
        for name, values in pairs.items():
            for at, (kind, data) in enumerate(values):
                key = name.encode() if at == 0 else b""
                said += bytes([kind]) + struct.pack(">H", len(key)) + key
                said += struct.pack(">H", len(data)) + data
    return said + bytes([END])


def integer(*numbers: int) -> list[Value]:
    return [(INTEGER, struct.pack(">i", number)) for number in numbers]


def enum(*numbers: int) -> list[Value]:
    return [(ENUM, struct.pack(">i", number)) for number in numbers]


def boolean(yes: bool) -> list[Value]:
    return [(BOOLEAN, bytes([yes]))]


def between(low: int, high: int) -> list[Value]:
    return [(RANGE, struct.pack(">ii", low, high))]


def dots(per_inch: int) -> list[Value]:
    return [(RESOLUTION, struct.pack(">iib", per_inch, per_inch, 3))]


def keyword(*words: str) -> list[Value]:
    return [(KEYWORD, word.encode()) for word in words]


def text(said: str) -> list[Value]:
    return [(TEXT, said.encode())]


def name(said: str) -> list[Value]:
    return [(NAME, said.encode())]


def uri(*addresses: str) -> list[Value]:
    return [(URI, address.encode()) for address in addresses]


def charset(said: str) -> list[Value]:
    return [(CHARSET, said.encode())]


def language(said: str) -> list[Value]:
    return [(LANGUAGE, said.encode())]


def mime(*types: str) -> list[Value]:
    return [(MIME, said.encode()) for said in types]


def no_value() -> list[Value]:
    return [(NO_VALUE, b"")]


def _piece(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the counted bytes at ``at`` and where they end; raises ``IndexError``."""
    size = data[at] << 8 | data[at + 1]
    end = at + 2 + size
    if end > len(data):
        raise IndexError
    return data[at + 2 : end], end
