"""IPP requests to bytes and answers back (RFC 8010), strictly: what does not add up is no answer."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

VERSION: Final = b"\x02\x00"
_HEAD: Final = struct.Struct(">2sHI")
_LENGTH: Final = struct.Struct(">H")
_INTEGER: Final = struct.Struct(">i")


class BadMessage(ValueError):
    """Bytes that are no IPP message."""


class Operation(IntEnum):
    """The operations that the driver asks for (RFC 8011, 5.4.15)."""

    PRINT_JOB = 0x02
    CANCEL_JOB = 0x08
    GET_JOB_ATTRIBUTES = 0x09
    GET_JOBS = 0x0A
    GET_PRINTER_ATTRIBUTES = 0x0B


class Group(IntEnum):
    """Delimiter tags (RFC 8010, 3.5.1)."""

    OPERATION = 0x01
    JOB = 0x02
    END = 0x03
    PRINTER = 0x04


class Tag(IntEnum):
    """Value tags (RFC 8010, 3.5.2) that are sent or understood; all others are kept as bytes."""

    INTEGER = 0x21
    BOOLEAN = 0x22
    ENUM = 0x23
    BEGIN_COLLECTION = 0x34
    TEXT_WITH_LANGUAGE = 0x35
    NAME_WITH_LANGUAGE = 0x36
    END_COLLECTION = 0x37
    TEXT = 0x41
    NAME = 0x42
    KEYWORD = 0x44
    URI = 0x45
    CHARSET = 0x47
    LANGUAGE = 0x48
    MEDIA_TYPE = 0x49


Value = int | bool | str | bytes
Attributes = Mapping[str, Sequence[Value]]
_STRINGS: Final = {
    Tag.TEXT,
    Tag.NAME,
    Tag.KEYWORD,
    Tag.URI,
    Tag.CHARSET,
    Tag.LANGUAGE,
    Tag.MEDIA_TYPE,
    Tag.TEXT_WITH_LANGUAGE,
    Tag.NAME_WITH_LANGUAGE,
}


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a request, with one value or several of the same kind."""

    tag: Tag
    name: str
    values: Sequence[Value]


@dataclass(frozen=True, slots=True)
class Answer:
    """A printer's answer: the status code, and the attribute groups in their order."""

    status: int
    request_id: int
    groups: Sequence[tuple[int, Attributes]] = field(default_factory=list)

    def of(self, group: Group) -> list[Attributes]:
        """Return the attributes of every group of this kind."""
        return [attributes for tag, attributes in self.groups if tag == group]


def request(operation: Operation, request_id: int, groups: Mapping[Group, Sequence[Attribute]]) -> bytes:
    """Return a request without document; the document follows it as it is."""
    parts = [_HEAD.pack(VERSION, operation, request_id)]
    for group, attributes in groups.items():
        parts.append(bytes([group]))
        for attribute in attributes:
            for at, value in enumerate(attribute.values):
                name = attribute.name.encode("ascii") if at == 0 else b""
                data = _encoded(value)
                parts += [
                    bytes([attribute.tag]),
                    _LENGTH.pack(len(name)),
                    name,
                    _LENGTH.pack(len(data)),
                    data,
                ]
    return b"".join([*parts, bytes([Group.END])])


def answer(data: bytes) -> Answer:
    """Read an answer; raises ``BadMessage``. What collections hold is passed over."""
    if len(data) < _HEAD.size:
        raise BadMessage(f"{len(data)} bytes are no answer")
    version, status, request_id = _HEAD.unpack_from(data)
    if version[0] not in (1, 2):
        raise BadMessage(f"version {version[0]}.{version[1]}")
    groups: list[tuple[int, dict[str, list[Value]]]] = []
    values: list[Value] | None = None
    depth = 0
    for tag, name, value in _fields(data, _HEAD.size):
        if tag < 0x10:
            groups.append((tag, {}))
            values = None
        elif not groups or depth < 0:
            raise BadMessage("a value outside of any group")
        elif depth or tag in (Tag.BEGIN_COLLECTION, Tag.END_COLLECTION):
            depth += (tag == Tag.BEGIN_COLLECTION) - (tag == Tag.END_COLLECTION)
            values = [] if name else values
        else:
            if name:
                values = groups[-1][1].setdefault(name, [])
            if values is None:
                raise BadMessage("a further value of nothing")
            values.append(_decoded(tag, value))
    if depth:
        raise BadMessage("a collection without end")
    return Answer(status, request_id, groups)


def _fields(data: bytes, at: int) -> Iterator[tuple[int, str, bytes]]:
    """Yield (tag, name, value) until the end tag; group tags have neither."""
    try:
        while (tag := data[at]) != Group.END:
            at += 1
            if tag < 0x10:
                yield tag, "", b""
                continue
            (size,) = _LENGTH.unpack_from(data, at)
            name = data[at + 2 : at + 2 + size].decode("ascii")
            at += 2 + size
            (size,) = _LENGTH.unpack_from(data, at)
            value = data[at + 2 : at + 2 + size]
            at += 2 + size
            yield tag, name, value
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise BadMessage("the attributes have no end") from error


def _counted(data: bytes) -> bytes:
    return _LENGTH.pack(len(data)) + data


def _encoded(value: Value) -> bytes:
    if isinstance(value, bool):
        return bytes([value])
    if isinstance(value, int):
        return _INTEGER.pack(value)
    return value.encode("utf-8") if isinstance(value, str) else value


def _decoded(tag: int, data: bytes) -> Value:
    if tag in (Tag.INTEGER, Tag.ENUM):
        if len(data) != 4:
            raise BadMessage(f"a number of {len(data)} bytes")
        number: int = _INTEGER.unpack(data)[0]
        return number
    if tag == Tag.BOOLEAN:
        if data not in (b"\x00", b"\x01"):
            raise BadMessage(f"{data[:4].hex()} is neither true nor false")
        return data == b"\x01"
    if tag in (Tag.TEXT_WITH_LANGUAGE, Tag.NAME_WITH_LANGUAGE):
        data = _without_language(data)
    if tag in _STRINGS:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadMessage(f"no text: {data[:40]!r}") from error
    return data


def _without_language(data: bytes) -> bytes:
    """Return the text of a value that is a counted language and a counted text."""
    try:
        (language,) = _LENGTH.unpack_from(data)
        (size,) = _LENGTH.unpack_from(data, 2 + language)
    except struct.error as error:
        raise BadMessage("a text with half a language") from error
    if len(data) != 4 + language + size:
        raise BadMessage("a text with a language of another length")
    return data[4 + language :]
