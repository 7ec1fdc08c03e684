"""The driver against a scripted module: every outcome of find, select and read."""

from collections.abc import Callable, Iterable
from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.base import Fault, Retry, StaffAction, State
from devices.id_card_reader import SamIdCardReader
from tests.devices.scripted_link import ScriptedLink, in_pieces
from tests.devices.test_id_card_cards import RESIDENT, finger_block, text_block

FIND, SELECT, READ, READ_FP = b"\x20\x01", b"\x20\x02", b"\x30\x01", b"\x30\x10"
STATUS, SAM_ID, RESET = b"\x11\xff", b"\x12\xff", b"\x10\xff"
BLOCKS = text_block(RESIDENT) + bytes(1024)
FINGERS = finger_block(11) + finger_block(16)

Module = Callable[[bytes], Iterable[bytes]]


def frame(sw3: int, data: bytes = b"", sw1: int = 0, sw2: int = 0) -> bytes:
    body = bytes([sw1, sw2, sw3]) + data
    counted = (len(body) + 1).to_bytes(2, "big") + body
    return bytes.fromhex("AAAAAA9669") + counted + bytes([reduce(xor, counted)])


GOOD = {
    FIND: frame(0x9F, bytes(4)),
    SELECT: frame(0x90, bytes(8)),
    READ: frame(0x90, b"\x01\x00\x04\x00" + BLOCKS),
    READ_FP: frame(0x90, b"\x01\x00\x04\x00\x04\x00" + BLOCKS + FINGERS),
    STATUS: frame(0x90),
    RESET: frame(0x90),
    SAM_ID: frame(0x90, bytes.fromhex("0500 0A00 79C83201 EF4A5A0B 40E20100")),
}


def module(**changes: bytes) -> Module:
    """A module that answers as GOOD, but for the commands named in ``changes``."""
    answers = GOOD | {globals()[name]: answer for name, answer in changes.items()}
    return lambda request: [answers[request[7:9]]]


def reader_on(answer: Module) -> tuple[SamIdCardReader, ScriptedLink]:
    link = ScriptedLink(answer)
    reader = SamIdCardReader(link)
    reader.open()
    return reader, link


def test_a_card_is_found_selected_and_read_in_three_exchanges() -> None:
    reader, link = reader_on(module())
    assert reader.find()
    card = reader.read()
    assert card.name == "李文静"
    assert len(card.photo) == 1024
    assert card.fingerprints == ()
    assert [written[7:9] for written in link.written] == [FIND, SELECT, READ]


@pytest.mark.parametrize(
    ("fingers", "expected"),
    [(b"", []), (finger_block(12), [12]), (FINGERS, [11, 16])],
    ids=["0", "512", "1024"],
)
def test_all_three_lengths_of_fingerprints_are_read(fingers: bytes, expected: list[int]) -> None:
    sizes = b"\x01\x00\x04\x00" + len(fingers).to_bytes(2, "big")
    reader, _ = reader_on(module(READ_FP=frame(0x90, sizes + BLOCKS + fingers)))
    assert [f.finger for f in reader.read(fingerprints=True).fingerprints] == expected


def test_a_module_without_fingerprints_still_reads_the_card() -> None:
    reader, _ = reader_on(module(READ_FP=frame(0x21)))
    card = reader.read(fingerprints=True)
    assert card.name == "李文静"
    assert card.fingerprints == ()


@given(cuts=st.lists(st.integers(0, 2400)))
def test_a_reading_in_any_pieces_is_the_same(cuts: list[int]) -> None:
    reader, _ = reader_on(lambda request: in_pieces(GOOD[request[7:9]], cuts))
    assert [f.finger for f in reader.read(fingerprints=True).fingerprints] == [11, 16]


def test_no_card_is_no_error() -> None:
    reader, _ = reader_on(module(FIND=frame(0x80)))
    assert not reader.find()
    assert reader.status().parts == {"media": "notPresent"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SELECT": frame(0x81)}, "readFailed"),
        ({"SELECT": frame(0x40)}, "invalidMedia"),
        ({"SELECT": frame(0x81), "FIND": frame(0x80)}, "mediaRemoved"),
        ({"READ": frame(0x41, sw1=0x6A, sw2=0x82)}, "readFailed"),
        ({"READ": frame(0x41), "FIND": frame(0x80)}, "readFailed"),
        ({"READ": frame(0x31)}, "invalidMedia"),
        ({"READ": frame(0x33)}, "invalidMedia"),
        ({"READ": frame(0x91)}, "invalidMedia"),
        (
            {"READ": frame(0x90, b"\x01\x00\x04\x00" + text_block({248: ("Q", 2)}) + bytes(1024))},
            "invalidMedia",
        ),
    ],
)
def test_what_the_person_can_mend(changes: dict[str, bytes], code: str) -> None:
    reader, _ = reader_on(module(**changes))
    with pytest.raises(Retry) as caught:
        reader.read()
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("answer", "code", "action"),
    [
        (frame(0x60), "hardwareError", StaffAction.MAINTENANCE),
        (frame(0x47), "hardwareError", StaffAction.MAINTENANCE),
        (frame(0x66), "authorisationRequired", StaffAction.CONFIGURATION),
        (frame(0x10), "invalidData", StaffAction.RESET),
        (frame(0x21), "unsupportedCommand", StaffAction.CONFIGURATION),
        (frame(0x24), "hardwareError", StaffAction.RESET),
        (frame(0xA7), "invalidData", StaffAction.RESET),
        (frame(0x90, b"\x01\x00\x04\x01" + BLOCKS), "invalidData", StaffAction.RESET),
        (b"garbage " * 200, "invalidData", StaffAction.RESET),
        (GOOD[READ][:700], "invalidData", StaffAction.RESET),
        (GOOD[READ][:-1] + b"\x00", "invalidData", StaffAction.RESET),
        (b"", "timeOut", StaffAction.RESET),
    ],
)
def test_what_only_staff_can_mend(answer: bytes, code: str, action: StaffAction) -> None:
    reader, _ = reader_on(module(READ=answer))
    with pytest.raises(Fault) as caught:
        reader.read()
    assert (caught.value.code, caught.value.action) == (code, action)


def test_an_answer_damaged_once_is_asked_for_again() -> None:
    spoilt = [GOOD[READ][:900]]
    reader, link = reader_on(
        lambda request: [spoilt.pop() if request[7:9] == READ and spoilt else GOOD[request[7:9]]]
    )
    assert reader.read().name == "李文静"
    assert [written[7:9] for written in link.written] == [SELECT, READ, READ]


def test_a_request_that_the_reader_got_damaged_is_sent_again() -> None:
    refusals = [frame(0x10)]
    reader, link = reader_on(lambda request: [refusals.pop() if refusals else GOOD[request[7:9]]])
    assert reader.find()
    assert link.written[0] == link.written[1]


def test_a_late_answer_to_another_command_is_not_taken() -> None:
    reader, _ = reader_on(lambda request: [frame(0x80), frame(0x90, bytes(8)), GOOD[request[7:9]]])
    assert reader.read().name == "李文静"


def test_of_glued_answers_the_last_that_fits_counts() -> None:
    reader, _ = reader_on(lambda request: [frame(0x80) + GOOD[request[7:9]] + frame(0x81)])
    assert reader.find()
    reader, _ = reader_on(lambda request: [GOOD[request[7:9]] + frame(0x80)])
    assert not reader.find(), "the card was there before, and is no more"


def test_an_echo_of_the_request_is_not_an_answer() -> None:
    reader, _ = reader_on(lambda request: [request])
    with pytest.raises(Fault):
        reader.find()


def test_status_never_raises_and_silence_is_a_fault() -> None:
    reader, link = reader_on(module(STATUS=b""))
    silent = reader.status()
    assert (silent.state, silent.fault, silent.usable) == (State.OFFLINE, "timeOut", False)
    link.lost = True
    gone = reader.status()
    assert (gone.state, gone.fault) == (State.NO_DEVICE, "noDevice")


def test_a_failed_self_test_is_a_hardware_error() -> None:
    reader, _ = reader_on(module(STATUS=frame(0x60)))
    status = reader.status()
    assert (status.state, status.fault) == (State.HARDWARE_ERROR, "hardwareError")


def test_a_reader_that_was_unplugged_comes_back() -> None:
    reader, link = reader_on(module())
    link.lost = True
    with pytest.raises(Fault) as caught:
        reader.find()
    assert caught.value.code == "noDevice"
    link.lost = False
    assert reader.find()
    assert link.opened == 2


def test_the_modules_number_is_printed_as_on_its_licence() -> None:
    reader, _ = reader_on(module())
    assert reader.capabilities().serial == "05.10-20105337-0190466799-0000123456"


def test_reset() -> None:
    reader, link = reader_on(module())
    reader.reset()
    assert link.written[-1][7:9] == RESET
