"""The chain of events, and how a head is written: word for word."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from kiosk.journal import Head, JournalRefused, chain
from kiosk.journal.records import Event
from tests.trust.journal_parts.written import ID, linked


def test_a_link_is_the_hash_of_the_canonical_fields() -> None:
    text = (
        '{"body":"{}","kind":"noted","mono_ns":7,"number":1,'
        f'"prev":"{"00" * 32}","seq":2,"visit":"v","wall":"w"}}'
    )
    assert chain.link(bytes(32), 1, "v", 2, "noted", "{}", "w", 7) == hashlib.sha256(text.encode()).digest()
    assert chain.beginning("id") == Head(0, hashlib.sha256(b"kiosk journal v1 id").digest())


def test_what_is_wrong_with_a_chain_is_said_exactly() -> None:
    start, good = chain.beginning(ID), linked(5)
    heads = [start, *(Head(row[0], row[8]) for row in good)]

    def faults(made: list[chain.Row], expect: Head | None = None) -> list[str]:
        return list(chain.faults(made, start, expect))

    assert faults(good) == []
    for head in heads:
        assert faults(good, head) == [], head
    assert faults([], start) == []
    assert faults(good[:3], heads[5]) == ["events 4 to 5 are missing at the end"]
    assert faults([], heads[5]) == ["events 1 to 5 are missing at the end"]
    assert faults(good, Head(3, bytes(32))) == ["event 3 is not the one that was known"]
    assert faults(good, Head(5, bytes(32))) == ["event 5 is not the one that was known"]
    assert faults([*good[:2], *good[3:]]) == ["event 3 is missing"]
    assert faults(good[1:]) == ["event 1 is missing"]
    for field, value in ((1, "w"), (2, 9), (3, "other"), (4, "[]"), (5, "x"), (6, 1)):
        row: Any = [*good[2][:field], value, *good[2][field + 1 :]]
        assert faults([*good[:2], tuple(row), *good[3:]]) == ["event 3 was changed"], field
    other = chain.link(bytes(32), 3, "v", 3, "noted", "{}", "w", 0)
    torn: chain.Row = (3, "v", 3, "noted", "{}", "w", 0, bytes(32), other)
    assert faults([*good[:2], torn, *good[3:]]) == [
        "event 3 does not follow the one before it",
        "event 4 does not follow the one before it",
    ]


def test_a_row_becomes_an_event() -> None:
    (row,) = linked(1)
    made = chain.event_of((*row[:4], '{"a":1}', *row[5:]))
    assert made == Event(1, "v", 1, "noted", {"a": 1}, "w", 0, row[7], row[8])


def test_refusals_and_heads_in_words() -> None:
    assert str(JournalRefused("in-use")) == "in-use"
    refused = JournalRefused("in-use", "journal.db")
    assert (str(refused), refused.code, refused.detail) == ("in-use: journal.db", "in-use", "journal.db")
    assert JournalRefused("in-use").detail == ""
    head = Head(7, bytes(range(32)))
    assert Head.parse(str(head)) == head
    for wrong in ("7", "7:00", "x:" + "00" * 32, "7:" + "00" * 31, "7:" + "00" * 33, "7:zz"):
        with pytest.raises(ValueError):
            Head.parse(wrong)
    with pytest.raises(ValueError, match=r"a head is number:64 hex digits, not '7:00'"):
        Head.parse("7:00")
