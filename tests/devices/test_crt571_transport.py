"""The transport's conversation: what is said again, what never, and who must act on an error."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from devices.base import Fault, Retry, StaffAction
from devices.crt571.transport import Move, Position, Transport
from devices.hearing import Timing, Wire
from tests.devices.permit_housing import framed
from tests.devices.scripted_link import ScriptedLink

ACK, NAK = b"\x06", b"\x15"
INSIDE = framed(b"P10200")  # status: inside, no stacker, bin not full
RETAINED = framed(b"P\xa50000" + b"042")


def conversation(*answers: Iterable[bytes]) -> tuple[Transport, ScriptedLink]:
    """Return a transport whose unit answers each thing written with the next of ``answers``."""
    script = iter(answers)
    link = ScriptedLink(lambda _: next(script, []))
    return Transport(Wire(link, "permit_unit", "transport", Timing())), link


def test_command_acknowledgement_answer_acknowledgement() -> None:
    transport, link = conversation([ACK, INSIDE])
    assert transport.position() is Position.INSIDE
    assert link.written == [bytes.fromhex("F2 00 00 03 43 31 30 03 B0"), ACK]


@pytest.mark.parametrize("first", [[], [NAK], [b"\x00\x55"]], ids=["lost", "refused", "noise"])
def test_a_command_that_was_not_taken_is_sent_again(first: list[bytes]) -> None:
    transport, link = conversation(first, [ACK, INSIDE])
    assert transport.position() is Position.INSIDE
    assert link.written[0] == link.written[1]


def test_an_answer_without_acknowledgement_is_an_answer() -> None:
    transport, link = conversation([INSIDE])
    assert transport.position() is Position.INSIDE
    assert len(link.written) == 2


@pytest.mark.parametrize(
    "damaged",
    [
        [INSIDE[:-1] + b"\x00"],
        [INSIDE[:7]],
        [b"\xf2\x00\xff\xff\x15\x15\x06"],
        [INSIDE[:5], b"", INSIDE[5:]],
    ],
    ids=["check", "half", "length", "pause"],
)
def test_a_damaged_answer_is_asked_for_again(damaged: list[bytes]) -> None:
    transport, link = conversation([ACK, *damaged], [INSIDE])
    assert transport.position() is Position.INSIDE
    assert link.written[1:] == [NAK, ACK]


def test_three_damaged_answers_are_a_fault() -> None:
    bad = INSIDE[:-1] + b"\x00"
    transport, _ = conversation([ACK, bad], [bad], [bad])
    with pytest.raises(Fault) as garbled:
        transport.position()
    assert (garbled.value.code, garbled.value.action) == ("invalidData", StaffAction.MAINTENANCE)


def test_noise_without_end_is_a_fault() -> None:
    transport, _ = conversation([ACK, *[bytes(100)] * 20])
    with pytest.raises(Fault) as garbled:
        transport.position()
    assert garbled.value.code == "invalidData"


def test_silence_is_a_fault_never_an_answer() -> None:
    transport, link = conversation()
    with pytest.raises(Fault) as silent:
        transport.position()
    assert (silent.value.code, silent.value.action) == ("timeOut", StaffAction.RESET)
    assert len(link.written) == 3


def test_the_answer_to_an_earlier_command_is_not_taken_for_this_one() -> None:
    transport, link = conversation([ACK, INSIDE + RETAINED])
    assert transport.bin_count() == 42
    assert link.written[1:] == [ACK, ACK]


def test_what_was_left_unread_is_forgotten() -> None:
    transport, link = conversation([ACK, RETAINED])
    link.pieces.append(framed(b"P\xa50000" + b"007"))
    assert transport.bin_count() == 42


def test_a_question_taken_and_not_answered_is_asked_once_more() -> None:
    transport, link = conversation([ACK], [ACK], [ACK])
    with pytest.raises(Fault):
        transport.position()
    assert len(link.written) == 2


def test_the_chip_is_never_told_twice() -> None:
    transport, link = conversation([ACK])
    with pytest.raises(Fault) as silent:
        transport.exchange(bytes.fromhex("0CB000000D9701048E08ED6705417E96BA5500"))
    assert silent.value.code == "timeOut"
    assert len(link.written) == 1


def test_a_permit_is_never_told_twice_to_go_into_the_bin() -> None:
    transport, link = conversation([ACK], [ACK, framed(b"N2302")])
    with pytest.raises(Fault):
        transport.move(Move.BIN)
    assert len(link.written) == 1


@pytest.mark.parametrize(
    ("error", "kind", "code", "action"),
    [
        ("10", Fault, "mediaJam", StaffAction.CLEAR),
        ("12", Fault, "hardwareError", StaffAction.MAINTENANCE),
        ("13", Retry, "cardTooLong", None),
        ("14", Retry, "cardTooShort", None),
        ("45", Retry, "mediaRemoved", None),
        ("51", Fault, "hardwareError", StaffAction.MAINTENANCE),
        ("61", Retry, "invalidMedia", None),
        ("68", Retry, "readFailed", None),
        ("A1", Fault, "retainBinFull", StaffAction.MAINTENANCE),
        ("B0", Fault, "powerOff", StaffAction.RESET),
        ("00", Fault, "unsupportedCommand", StaffAction.SOFTWARE_ERROR),
        ("77", Fault, "hardwareError", StaffAction.MAINTENANCE),  # blank in the published table
        ("\x00\x00", Fault, "hardwareError", StaffAction.MAINTENANCE),
    ],
)
def test_errors_say_whose_turn_it_is(
    error: str, kind: type[Retry | Fault], code: str, action: StaffAction | None
) -> None:
    transport, _ = conversation([ACK, framed(b"N29" + error.encode())])
    with pytest.raises(kind) as told:
        transport.move(Move.GATE)
    assert (told.value.code, getattr(told.value, "action", None)) == (code, action)


@pytest.mark.parametrize("st0", [b"3", b"\x00"])
def test_an_unknown_position_is_a_fault(st0: bytes) -> None:
    transport, _ = conversation([ACK, framed(b"P10" + st0 + b"00")])
    with pytest.raises(Fault) as told:
        transport.position()
    assert told.value.code == "invalidData"


def test_a_chip_tells_its_answer_to_select() -> None:
    ats = bytes.fromhex("0578807002")
    transport, _ = conversation([ACK, framed(b"P`0200A\x04\x00\x04\x01\x02\x03\x04\x20" + ats)])
    assert transport.activate_chip() == ats


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        (b"M\x04\x00\x04\x01\x02\x03\x04\x08", Retry, "invalidMedia"),  # a memory card
        (b"", Retry, "invalidMedia"),
        (b"A\x04\x00\x0a\x01", Fault, "invalidData"),
    ],
)
def test_what_is_no_processor_chip_is_refused(data: bytes, kind: type[Retry | Fault], code: str) -> None:
    transport, _ = conversation([ACK, framed(b"P`0200" + data)])
    with pytest.raises(kind) as told:
        transport.activate_chip()
    assert told.value.code == code


@pytest.mark.parametrize("digits", [b"42", b"4x2", b"0042"])
def test_a_counter_that_is_no_number_is_a_fault(digits: bytes) -> None:
    transport, _ = conversation([ACK, framed(b"P\xa50000" + digits)])
    with pytest.raises(Fault) as told:
        transport.bin_count()
    assert told.value.code == "invalidData"
