"""What a link counts: bytes, messages, answers, repeats, losses."""

from __future__ import annotations

import pytest

from devices.byte_link import Link, LinkLost, Tunable
from devices.counting import CountedLink, WireCounts, counted


class Unit:
    """A link that answers what it is told to."""

    url = "unit:"

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.gone = False

    def open(self) -> None:
        if self.gone:
            raise LinkLost("gone")

    def close(self) -> None: ...

    def read(self, size: int, timeout_s: float) -> bytes:
        self.open()
        return self.answers.pop(0) if self.answers else b""

    def write(self, data: bytes) -> None:
        self.open()

    def discard_input(self) -> None: ...


class TunableUnit(Unit):
    baud = 0

    def set_baud(self, baud: int) -> None:
        self.baud = baud


def counting(unit: Unit) -> CountedLink:
    link: Link = unit
    return counted(link)


def test_an_answer_in_two_pieces_is_one() -> None:
    unit = Unit()
    link = counting(unit)
    unit.answers = [b"ab", b"c"]
    link.write(b"?")
    assert (link.read(9, 0), link.read(9, 0), link.read(9, 0)) == (b"ab", b"c", b"")
    assert link.counts == WireCounts(bytes_out=1, bytes_in=3, messages_out=1, answered=1)


def test_said_again_into_silence_is_a_repeat_and_a_poll_is_none() -> None:
    unit = Unit()
    link = counting(unit)
    for answer in (b"", b"ok", b"ok"):
        unit.answers = [answer]
        link.write(b"?")
        link.read(9, 0)
    assert (link.counts.messages_out, link.counts.answered, link.counts.repeats) == (3, 2, 1)


def test_a_wire_that_is_gone_is_counted_wherever_it_shows() -> None:
    unit = Unit()
    unit.gone = True
    link = counting(unit)
    for act in (link.open, lambda: link.read(1, 0), lambda: link.write(b"?")):
        with pytest.raises(LinkLost):
            act()
    assert link.counts == WireCounts(losses=3)


def test_a_tunable_link_stays_tunable_and_another_does_not_become_it() -> None:
    unit = TunableUnit()
    link = counting(unit)
    assert isinstance(link, Tunable)
    link.set_baud(57600)
    assert unit.baud == 57600
    assert not isinstance(counting(Unit()), Tunable)


def test_several_wires_add_up() -> None:
    assert WireCounts.total([]) == WireCounts()
    assert WireCounts.total([WireCounts(1, 2, 3, 4, 5, 6), WireCounts(1, 1, 1, 1, 1, 1)]) == WireCounts(
        2, 3, 4, 5, 6, 7
    )
