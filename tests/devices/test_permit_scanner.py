"""The imager's lines, whole, split, disturbed or missing."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.base import Fault, Retry
from devices.hearing import Timing, Wire
from devices.permit_unit.scanner import Identity, Scanner
from tests.devices.permit_housing import LINE
from tests.devices.scripted_link import ScriptedLink, in_pieces

TRIGGER, STOP = bytes.fromhex("16 54 0D"), bytes.fromhex("16 55 0D")
WHO = b"REVINFProduct Name: Imager 7580\r\nSoftware Revision: 31\r\nSerial Number: 0099\r\n\x06."


def scanner(*pieces: bytes) -> tuple[Scanner, ScriptedLink]:
    def answer(data: bytes) -> Iterable[bytes]:
        return [] if data == STOP else pieces

    link = ScriptedLink(answer)
    return Scanner(Wire(link, "permit_unit", "scanner", Timing())), link


@given(st.lists(st.integers(0, 100), max_size=20), st.sampled_from(["", "HK-G-1", "签注 HKG"]))
def test_line_and_code_come_whole_in_any_pieces(cuts: list[int], code: str) -> None:
    stream = LINE.encode() + b"\r" + (code.encode() + b"\r" if code else b"")
    imager, link = scanner(*in_pieces(stream, cuts))
    assert imager.line() == LINE
    assert imager.code() == code
    assert link.written == [TRIGGER, STOP] * 4


def test_the_code_is_not_waited_for_when_the_line_is_wanted() -> None:
    imager, link = scanner(LINE.encode() + b"\r", b"HK-G-1\r")
    assert imager.line() == LINE
    assert link.pieces == [b"HK-G-1\r"]
    assert link.written[-1] == STOP


def test_a_code_alone_is_no_printed_line() -> None:
    imager, _ = scanner(b"HK-G-1\r")
    assert imager.code() == "HK-G-1"
    with pytest.raises(Retry):
        imager.line()


@pytest.mark.parametrize(
    "pieces", [[], [b"\r\r"], [LINE.encode()], [b"\xff\xfe\r"], [b"\x00\x01\r"], [bytes(5000)] * 2], ids=len
)
def test_nothing_whole_is_nothing_read_and_the_light_goes_out(pieces: list[bytes]) -> None:
    for read in ("line", "code"):
        imager, link = scanner(*pieces)
        with pytest.raises(Retry) as unread:
            getattr(imager, read)()
        assert unread.value.code == "readFailed"
        assert link.written[-1] == STOP


def test_a_line_with_a_lost_character_is_not_the_printed_line() -> None:
    with pytest.raises(Retry):
        scanner(LINE[:-1].encode() + b"\r")[0].line()


def looks(*answers: list[bytes]) -> Scanner:
    script = iter(answers)
    link = ScriptedLink(lambda data: [] if data == STOP else next(script))
    return Scanner(Wire(link, "permit_unit", "scanner", Timing()))


def test_two_of_three_readings_must_agree() -> None:
    line, disturbed = LINE.encode() + b"\r", LINE.replace("4", "1", 1).encode() + b"\r"
    assert looks([disturbed], [line], [line]).line() == LINE
    assert looks([], [line], [line]).line() == LINE
    assert looks([line, b"HKG\r"], [line, b"HKX\r"], [line, b"HKG\r"]).code() == "HKG"
    with pytest.raises(Retry) as unread:
        looks([disturbed], [line], [b"CS" + line[3:]]).line()
    assert unread.value.code == "readFailed"


def test_what_was_left_unread_is_not_seen() -> None:
    imager, link = scanner(LINE.encode() + b"\r")
    link.pieces.append(b"SOMEBODY-ELSE\r")
    assert imager.code() == ""


@given(st.lists(st.integers(0, 100), max_size=20))
def test_the_imager_tells_what_it_is(cuts: list[int]) -> None:
    imager, link = scanner(*in_pieces(WHO, cuts))
    assert imager.identify() == Identity("Imager 7580", "31", "0099")
    assert link.written == [bytes.fromhex("16 4D 0D") + b"REVINF."]


@pytest.mark.parametrize(
    ("pieces", "code"),
    [
        ([], "timeOut"),
        ([WHO[:20]], "timeOut"),
        ([b"REVINF\x05."], "invalidData"),
        ([bytes(3000)] * 2, "invalidData"),
    ],
)
def test_an_imager_that_does_not_say_what_it_is_is_a_fault(pieces: list[bytes], code: str) -> None:
    with pytest.raises(Fault) as fault:
        scanner(*pieces)[0].identify()
    assert fault.value.code == code
