"""The simulated I/O board, frame by frame: published checksums, limits, hostile bytes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.devices.io_board import IoBoard, crc, words
from simulators.faults import Faults
from simulators.recorder import FROM_DEVICE, TO_DEVICE
from simulators.wire import WireClosed


class Pieces:
    """A wire on which these pieces come, and then no more; an empty one is a stillness."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.pieces = list(pieces)
        self.answers: list[bytes] = []

    def read(self, timeout_s: float | None) -> bytes:
        if not self.pieces:
            raise WireClosed("line")
        return self.pieces.pop(0)

    def write(self, data: bytes) -> None:
        self.answers.append(data)

    def set_baud(self, baud: int) -> None:
        """A test has no speed."""


def framed(data: str) -> bytes:
    body = bytes.fromhex(data)
    return body + crc(body)


def ask(*pieces: bytes) -> list[bytes]:
    wire = Pieces(pieces)
    IoBoard(Faults()).serve(wire)
    return wire.answers


@pytest.mark.parametrize(
    "frame", ["01 03 00 00 00 0A C5 CD", "11 03 00 6B 00 03 76 87", "11 01 00 13 00 25 0E 84"]
)
def test_published_checksums(frame: str) -> None:
    data = bytes.fromhex(frame)
    assert crc(data[:-2]) == data[-2:]


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("01 02 00 00 00 10", "01 02 02 3F 00"),
        ("01 01 00 00 00 02", "01 01 01 00"),
        ("01 05 00 00 FF 00", "01 05 00 00 FF 00"),
        ("01 05 00 00 12 34", "01 85 03"),
        ("01 06 00 07 00 04", "01 06 00 07 00 04"),
        ("01 06 00 07 00 05", "01 86 03"),
        ("01 06 00 08 00 01", "01 86 02"),
        ("01 0F 00 00 00 02 01 03", "01 0F 00 00 00 02"),
        ("01 0F 00 00 00 09 01 03", "01 8F 03"),
        ("01 10 00 00 00 02 04 00 01 00 02", "01 10 00 00 00 02"),
        ("01 10 00 00 00 02 02 00 01", "01 90 03"),
        ("01 10 00 07 00 02 04 00 01 00 02", "01 90 02"),
        ("01 03 00 00 00 00", "01 83 03"),
        ("01 03 00 00 00 09", "01 83 02"),
        ("01 04 00 00 00 01", "01 84 01"),
        ("01 63 00 00 00 01", "01 E3 01"),
        ("01 2B 0E 09 00", "01 AB 01"),
    ],
)
def test_requests_and_what_is_refused(request_: str, answer: str) -> None:
    assert ask(framed(request_)) == [framed(answer)]


@pytest.mark.parametrize("request_", ["02 02 00 00 00 10", "00 05 00 00 FF 00"])
def test_frames_for_others_and_for_all_get_no_answer(request_: str) -> None:
    assert ask(framed(request_)) == []


@given(cuts=st.lists(st.integers(1, 15), max_size=8, unique=True))
def test_two_frames_in_any_pieces(cuts: list[int]) -> None:
    data = framed("01 02 00 00 00 10") + framed("01 01 00 00 00 02")
    places = [0, *sorted(cuts), len(data)]
    answers = ask(*(data[a:b] for a, b in pairwise(places)))
    assert answers == [framed("01 02 02 3F 00"), framed("01 01 01 00")]


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8))
def test_garbage_then_stillness_then_a_frame(garbage: list[bytes]) -> None:
    assert ask(*garbage, b"", framed("01 01 00 00 00 02"))[-1] == framed("01 01 01 00")


def test_frames_in_words() -> None:
    assert words(TO_DEVICE, framed("01 02 00 00 00 10")) == "read inputs 00 00 00 10"
    assert words(FROM_DEVICE, framed("01 83 02")) == "read registers: exception 2"
    assert words(FROM_DEVICE, b"\x01") == "1 bytes"
