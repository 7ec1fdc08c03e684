"""IPP messages of the driver: the standard's example, collections passed over, hostile bytes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.document_printer.messages import (
    Attribute,
    BadMessage,
    Group,
    Operation,
    Tag,
    answer,
    request,
)


def field(tag: int, name: str, value: bytes) -> bytes:
    return struct.pack(">BH", tag, len(name)) + name.encode() + struct.pack(">H", len(value)) + value


HEAD = b"\x01\x01\x00\x00\x00\x00\x00\x01\x01" + b"".join(
    [field(0x47, "attributes-charset", b"utf-8"), field(0x48, "attributes-natural-language", b"en-us")]
)
EXAMPLE = HEAD + b"".join(
    [
        field(0x41, "status-message", b"successful-ok"),
        b"\x02",
        field(0x21, "job-id", struct.pack(">i", 147)),
        field(0x45, "job-uri", b"ipp://printer.example.com/ipp/print/pinetree/147"),
        field(0x23, "job-state", struct.pack(">i", 3)),
        b"\x03",
    ]
)
"""The answer to Print-Job as RFC 8010, appendix A.2, writes it out."""


def test_the_standards_example_is_read() -> None:
    told = answer(EXAMPLE)
    assert (told.status, told.request_id) == (0, 1)
    assert told.of(Group.JOB) == [
        {
            "job-id": [147],
            "job-uri": ["ipp://printer.example.com/ipp/print/pinetree/147"],
            "job-state": [3],
        }
    ]


def test_a_request_as_the_standard_lays_it_out() -> None:
    asked = request(
        Operation.GET_JOBS,
        123,
        {
            Group.OPERATION: [
                Attribute(Tag.CHARSET, "attributes-charset", ["utf-8"]),
                Attribute(Tag.KEYWORD, "requested-attributes", ["job-id", "job-name"]),
                Attribute(Tag.BOOLEAN, "my-jobs", [True]),
            ]
        },
    )
    assert asked == b"".join(
        [
            b"\x02\x00\x00\x0a\x00\x00\x00\x7b\x01",
            field(0x47, "attributes-charset", b"utf-8"),
            field(0x44, "requested-attributes", b"job-id"),
            field(0x44, "", b"job-name"),
            field(0x22, "my-jobs", b"\x01"),
            b"\x03",
        ]
    )


def test_collections_are_passed_over_and_what_follows_is_read() -> None:
    size = (
        field(0x34, "", b"")
        + field(0x4A, "", b"x-dimension")
        + field(0x21, "", bytes(4))
        + field(0x37, "", b"")
    )
    media = field(0x34, "media-col", b"") + field(0x4A, "", b"media-size") + size + field(0x37, "", b"")
    told = answer(HEAD + b"\x04" + media + field(0x23, "printer-state", struct.pack(">i", 4)) + b"\x03")
    assert told.of(Group.PRINTER) == [{"printer-state": [4]}]


def test_a_name_may_come_with_its_language() -> None:
    said = b"\x00\x05zh-cn\x00\x06" + "证明".encode()
    told = answer(HEAD + b"\x02" + field(0x36, "job-name", said) + b"\x03")
    assert told.of(Group.JOB) == [{"job-name": ["证明"]}]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x02\x00\x00\x00\x00\x00\x00",
        b"\x07\x00\x00\x00\x00\x00\x00\x01\x03",
        HEAD,
        EXAMPLE[:-1],
        EXAMPLE[:-20] + b"\x03",
        b"\x02\x00\x00\x00\x00\x00\x00\x01" + field(0x21, "job-id", bytes(4)) + b"\x03",
        HEAD + b"\x02" + field(0x21, "", bytes(4)) + b"\x03",
        HEAD + b"\x02" + field(0x21, "job-id", bytes(3)) + b"\x03",
        HEAD + b"\x02" + field(0x22, "my-jobs", b"\x02") + b"\x03",
        HEAD + b"\x02" + field(0x44, "job-state-reasons", b"\xff\xfe") + b"\x03",
        HEAD + b"\x02" + field(0x34, "media-col", b"") + b"\x03",
        HEAD + b"\x02" + field(0x36, "job-name", b"\x00\x02zh\x00\x09abc") + b"\x03",
        HEAD + b"\x02" + field(0x36, "job-name", b"\x00\x20zh") + b"\x03",
        HEAD + b"\x02" + field(0x37, "media-col", b"") + field(0x21, "a", bytes(4)) + b"\x03",
    ],
)
def test_what_does_not_add_up_is_no_answer(data: bytes) -> None:
    with pytest.raises(BadMessage):
        answer(data)


@given(st.binary(max_size=300), st.integers(0, 300))
def test_no_bytes_break_the_reader(noise: bytes, at: int) -> None:
    for data in (noise, EXAMPLE[:at] + noise, EXAMPLE[:at] + noise + EXAMPLE[at + len(noise) :]):
        try:
            told = answer(data)
        except BadMessage:
            continue
        assert 0 <= told.status <= 0xFFFF
