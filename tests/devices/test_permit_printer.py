"""The print station's conversation, and the strip as its image commands carry it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.base import Fault, StaffAction
from devices.hearing import Timing, Wire
from devices.permit_unit.printer import Printer
from devices.permit_unit.strip import COLUMNS, ROWS, image_commands
from tests.devices.permit_housing import Minutes, printer_framed
from tests.devices.scripted_link import ScriptedLink

ACK, NAK, ENQ = b"\x06", b"\x15", b"\x05"
STATUS = bytes.fromhex("02 06 20 00 00 00 03 25")


def told(command: int, position: int = 0x30, error: int = 0x30, job: int = 0x30) -> bytes:
    return printer_framed(bytes([command, position, error, job]))


def conversation(*answers: Iterable[bytes]) -> tuple[Printer, ScriptedLink]:
    """Return a print station that answers each thing written with the next of ``answers``."""
    script = iter(answers)
    link = ScriptedLink(lambda _: next(script, []))
    minutes = Minutes()
    return Printer(Wire(link, "permit_unit", "printer", Timing(minutes.now, minutes.pause))), link


def test_the_reply_comes_only_when_asked_for() -> None:
    printer, link = conversation([ACK], [told(0x20, position=0x31)])
    assert printer.has_card()
    assert link.written == [STATUS, ENQ]


def test_a_running_command_is_asked_about_until_it_ends() -> None:
    printer, link = conversation([ACK], [told(0x7D, job=0x33)], [told(0x7D, job=0x33)], [told(0x7D)])
    printer.erase()
    assert link.written.count(ENQ) == 3


@pytest.mark.parametrize("first", [[], [NAK], [b"\x77"]], ids=["lost", "refused", "noise"])
def test_a_command_that_was_not_taken_is_sent_again(first: list[bytes]) -> None:
    printer, link = conversation(first, [ACK], [told(0x20)])
    assert not printer.has_card()
    assert link.written == [STATUS, STATUS, ENQ]


@pytest.mark.parametrize(
    "first", [[], [told(0x20)[:-1] + b"\xff"], [told(0x20)[:5]], [told(0x10)], [b"\x02\x01"]]
)
def test_a_reply_that_is_no_reply_is_asked_for_again(first: list[bytes]) -> None:
    printer, link = conversation([ACK], first, [told(0x20)])
    assert not printer.has_card()
    assert link.written == [STATUS, ENQ, ENQ]


def test_handing_back_needs_no_acknowledgement_and_is_sent_once() -> None:
    printer, link = conversation([], [told(0x80, position=0x34, job=0x33)], [told(0x80)])
    printer.hand_back()
    assert [data for data in link.written if data != ENQ] == [bytes.fromhex("02 06 80 00 00 00 03 85")]


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([], "timeOut"),
        ([[ACK]], "timeOut"),
        ([[ACK], *[[told(0x7D, job=0x33)]] * 500], "timeOut"),
        ([[ACK], *[[told(0x7D)[:-1] + b"\xff"]] * 3], "invalidData"),
        ([[ACK], [told(0x7D, job=0x32)]], "sequenceError"),
        ([[ACK], [told(0x7D, job=0x99)]], "sequenceError"),
        ([[ACK], [told(0x7D, position=0x32)]], "hardwareError"),
        ([[ACK], [told(0x7D, error=0x33)]], "mediaJam"),
        ([[ACK], [told(0x7D, error=0x00)]], "hardwareError"),
    ],
)
def test_nothing_but_success_is_success(answers: list[list[bytes]], code: str) -> None:
    printer, _ = conversation(*answers)
    with pytest.raises(Fault) as fault:
        printer.erase()
    assert fault.value.code == code


def test_a_station_that_does_not_stop_sending_is_a_fault() -> None:
    printer, _ = conversation([ACK], [b"\x02\x01", *[bytes(1000)] * 8])
    with pytest.raises(Fault) as fault:
        printer.has_card()
    assert (fault.value.code, fault.value.action) == ("invalidData", StaffAction.MAINTENANCE)


@given(st.integers(0, ROWS - 1), st.integers(0, COLUMNS - 1), st.integers(1, 40), st.integers(1, 200))
def test_a_block_of_ink_arrives_where_it_was_drawn(top: int, left: int, height: int, width: int) -> None:
    picture = np.full((ROWS, COLUMNS), 255, np.uint8)
    picture[top : top + height, left : left + width] = 0
    arrived = np.zeros((ROWS, COLUMNS), bool)
    commands = image_commands(picture)
    for number, data in enumerate(commands):
        assert len(data) <= 249
        assert data[0] == (0x31 if number == len(commands) - 1 else 0x30)
        assert data[1] == (0x31 if number else 0x30)
        first, rows = int.from_bytes(data[2:4], "big"), data[5]
        packed = np.frombuffer(data[6:], np.uint8).reshape(rows, data[4])
        arrived[first : first + rows] = np.unpackbits(packed, axis=1)
    assert np.array_equal(arrived, picture == 0)


def test_an_empty_strip_still_clears_the_buffer_and_prints() -> None:
    assert image_commands(np.full((ROWS, COLUMNS), 255, np.uint8)) == [bytes.fromhex("31 30 00 00 50 00")]


def test_black_is_everything_darker_than_the_middle() -> None:
    picture = np.full((ROWS, COLUMNS), 128, np.uint8)
    picture[0, :8] = [127, 128, 0, 255, 127, 128, 0, 255]
    assert image_commands(picture) == [bytes.fromhex("31 30 00 00 50 01") + b"\xaa" + bytes(79)]
