"""The permit unit over its three wires: the whole card work, and what may go wrong in it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.faults import Order
from simulators.level import IDEAL
from simulators.permit.card import PermitCard, strip_with
from simulators.permit.unit import FAULTS, OPERATIONS, WORDS, Refused
from tests.simulators.permit_host import MRZ, PERMIT, PermitHost, transport_frame

KEY = (MRZ[2:12], MRZ[21:28], MRZ[13:20])
CODE = "EN2611220000000170"


@pytest.fixture
def host() -> Iterator[PermitHost]:
    host = PermitHost(IDEAL)
    yield host
    host.close()


def test_published_frames_are_answered_as_published(host: PermitHost) -> None:
    host.transport.to_unit.put(bytes.fromhex("F2 00 00 03 43 30 33 03 B2"))
    heard = host.transport.hear(1)
    heard += host.transport.hear(4)
    assert heard[:1] == b"\x06"
    host.transport.to_unit.put(bytes.fromhex("F2 00 00 03 43 31 30 03 B0"))
    heard = host.transport.hear(1)
    heard += host.transport.hear(1)
    # As the published sample, but for the stacker that this cabinet has not ("30", empty).
    assert heard == bytes.fromhex("06 F2 00 00 06 50 31 30 30 30 30 03 96")


def test_before_initialising_everything_is_refused(host: PermitHost) -> None:
    assert host.command(b"10") == b"N10B0"


def test_whole_card_work(host: PermitHost) -> None:
    card = host.card_inside()
    assert host.scan() == [MRZ]
    assert host.open_chip(*KEY) == b"\x90\x00"
    assert host.secure(bytes.fromhex("00A4020C"), bytes.fromhex("0101")) == b"\x90\x00"
    dg1 = host.secure(bytes.fromhex("00B00000"), expected=95)
    assert dg1 == bytes.fromhex("615D5F1F5A") + PERMIT["chip_mrz"].encode() + b"\x90\x00"
    host.hand_over()
    assert host.unit.where == "printer"
    host.print_command(0x7D)
    assert host.settled()[1] == 0x30
    assert host.print_strip(strip_with(CODE))[1] == 0x30
    host.hand_back()
    assert host.open_chip(*KEY) == b"\x90\x00"
    assert host.secure(bytes.fromhex("00A4020C"), bytes.fromhex("0120")) == b"\x90\x00"
    record = b"1|HKG|G|20261122|20270221|1|7|2611220000011\n"
    for offset, part in ((0, b"\0\0"), (2, record), (0, len(record).to_bytes(2, "big"))):
        assert host.secure(bytes.fromhex("00D6") + offset.to_bytes(2, "big"), part) == b"\x90\x00"
    read = host.secure(bytes.fromhex("00B00000"), expected=2 + len(record))
    assert read == len(record).to_bytes(2, "big") + record + b"\x90\x00"
    assert host.scan() == [MRZ, CODE]
    assert host.command(b"29")[3:4] == b"1"
    assert host.unit.take() is card
    assert host.command(b"10")[3:4] == b"0"
    assert card.chip is not None
    assert card.chip.written() == record
    assert (card.rewrites, card.code()) == (1, CODE)
    assert [strip.code for strip in host.unit.strips] == [CODE]
    assert host.unit.strips[0].png.startswith(b"\x89PNG")


def test_entry_shut_leaves_the_card_at_the_gate(host: PermitHost) -> None:
    host.command(b"03")
    host.unit.insert(PermitCard.of(PERMIT))
    assert (host.unit.where, host.command(b"10")[3:4]) == ("gate", b"1")
    host.command(b"30")
    assert host.unit.where == "rf"
    with pytest.raises(Refused):
        host.unit.insert(PermitCard.of(PERMIT))


def test_presented_card_is_not_drawn_in_again_by_opening_the_entry(host: PermitHost) -> None:
    host.card_inside()
    host.command(b"29")
    host.command(b"30")
    assert host.unit.where == "gate"


def test_retained_card_is_counted(host: PermitHost) -> None:
    before = int(host.command(b"03") and host.command(b"\xa50")[6:])
    host.card_inside()
    assert host.command(b"23")[:1] == b"P"
    assert int(host.command(b"\xa50")[6:]) == before + 1
    assert host.unit.where == "bin"
    host.faults.arm(Order("permit_unit", "bin_full"))
    host.card_inside()
    assert host.command(b"23") == b"N23A1"
    assert host.command(b"10")[5:6] == b"1"


@pytest.mark.parametrize(
    ("operation", "command"), [("to_gate", b"29"), ("to_bin", b"23"), ("to_printer", b"20")]
)
def test_jam_at_each_move_stays_until_staff_clears_it(
    host: PermitHost, operation: str, command: bytes
) -> None:
    host.card_inside()
    host.faults.arm(Order("permit_unit", "jam", operation))
    assert host.command(command) == b"N" + command + b"10"
    assert host.unit.where == "jammed"
    assert host.command(b"03") == b"N0310"
    host.unit.clear_jam()
    assert host.command(b"03")[:1] == b"P"


def test_card_pulled_out_during_entry(host: PermitHost) -> None:
    host.command(b"03")
    host.command(b"30")
    host.faults.arm(Order("permit_unit", "pulled", "enter"))
    host.unit.insert(PermitCard.of(PERMIT))
    assert host.unit.where == "pocket"
    assert host.command(b"10")[3:4] == b"0"


def test_wrong_way_round_neither_chip_nor_line(host: PermitHost) -> None:
    host.command(b"03")
    host.command(b"30")
    host.unit.insert(PermitCard.of(PERMIT), wrong_way_round=True)
    assert host.scan() == []
    assert host.command(b"`0A0") == b"N`061"


def test_foreign_card_has_a_chip_without_our_application(host: PermitHost) -> None:
    host.faults.arm(Order("permit_unit", "foreign_card"))
    own = PermitCard.of(PERMIT)
    host.card_inside(own)
    assert host.scan() == []
    assert host.command(b"`0A0")[:1] == b"P"
    assert host.apdu(bytes.fromhex("00A4040C07A0000002471001")) == bytes.fromhex("6A82")
    host.command(b"29")
    assert host.unit.take() is own


def test_wrong_key_is_refused_and_opens_nothing(host: PermitHost) -> None:
    host.card_inside()
    assert host.open_chip("CZ99000029", *KEY[1:]) == bytes.fromhex("6300")
    assert host.apdu(bytes.fromhex("00A4020C020101")) == bytes.fromhex("6982")


def test_chip_faults(host: PermitHost) -> None:
    host.card_inside()
    host.open_chip(*KEY)
    host.secure(bytes.fromhex("00A4020C"), bytes.fromhex("0120"))
    host.faults.arm(Order("permit_unit", "refused", "chip_write"))
    assert host.secure(bytes.fromhex("00D60000"), b"\0\0") == bytes.fromhex("6581")
    host.faults.arm(Order("permit_unit", "no_answer", "chip_read"))
    with pytest.raises(AssertionError, match="N`468"):
        host.secure(bytes.fromhex("00B00000"), expected=2)
    host.faults.arm(Order("permit_unit", "chip_dead"))
    assert host.command(b"`0A0") == b"N`061"


def test_power_lost_half_way_leaves_half_a_strip_without_a_code(host: PermitHost) -> None:
    card = host.card_inside()
    host.hand_over()
    host.print_command(0x7D)
    host.settled()
    host.faults.arm(Order("permit_unit", "power_lost", "print", args={"share": 0.3, "seconds": 0}))
    answer = host.print_strip(strip_with(CODE))
    assert answer[:3] == (0x31, 0x30, 0x30)
    assert card.strip[:60].min() == 0
    assert card.strip[60:].min() == 255
    assert [strip.code for strip in host.unit.strips] == [""]
    assert host.command(b"10") == b"N10B0"
    host.command(b"03")
    host.hand_back()
    assert host.scan() == [MRZ]


def test_printer_errors_are_told_and_change_nothing_on_the_card(host: PermitHost) -> None:
    card = host.card_inside(PermitCard.of({**PERMIT, "strip_code": "OLD"}))
    host.hand_over()
    host.faults.arm(Order("permit_unit", "motor_fault", "erase"))
    host.print_command(0x7D)
    assert host.settled()[1] == 0x34
    assert (card.code(), card.rewrites) == ("OLD", 0)
    host.faults.arm(Order("permit_unit", "print_fault", "print"))
    assert host.print_strip(strip_with(CODE))[1] == 0x35
    assert card.code() == "OLD"


def test_printing_without_erasing_overprints(host: PermitHost) -> None:
    card = host.card_inside(PermitCard.of({**PERMIT, "strip_code": "OLD"}))
    host.hand_over()
    before = card.strip.copy()
    host.print_strip(strip_with(CODE))
    assert np.array_equal(card.strip, np.minimum(before, strip_with(CODE)))


def test_station_that_does_not_take_the_card_gives_it_back(host: PermitHost) -> None:
    host.card_inside()
    host.faults.arm(Order("permit_unit", "not_taken", "draw_in", repeat=True))
    host.print_command(0x33, b"200")
    assert host.command(b"20")[:1] == b"P"
    assert host.enquire()[2] == 0x34
    host.print_command(0x40)
    assert host.enquire()[2] == 0x30
    assert host.command(b"22")[3:4] == b"2"
    assert host.unit.where == "rf"


def test_nothing_moves_while_the_station_holds_the_card(host: PermitHost) -> None:
    host.card_inside()
    host.hand_over()
    assert host.command(b"29") == b"N2902"
    assert host.command(b"10")[3:4] == b"0"


def test_damaged_frames_are_asked_again(host: PermitHost) -> None:
    good = transport_frame(b"C03")
    host.transport.to_unit.put(good[:-1] + bytes([good[-1] ^ 1]))
    assert host.transport.hear(1) == b"\x15"
    assert host.command(b"03")[:1] == b"P"
    host.transport.to_unit.put(b"\x15")
    again = host.transport.hear(1)
    assert again[4:5] == b"P"
    host.transport.to_unit.put(b"\x04")
    assert host.transport.hear(1) == b"\x04"
    host.printer.to_unit.put(bytes.fromhex("02 06 20 00 00 00 03 26"))
    assert host.printer.hear(1) == b"\x15"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_a_command_may_come_in_any_pieces(sizes: list[int]) -> None:
    host = PermitHost(IDEAL)
    try:
        stream = transport_frame(b"C03") + b"\x06" + transport_frame(b"C\xa40")
        at = 0
        for size in sizes:
            host.transport.to_unit.put(stream[at : at + size])
            at += size
        host.transport.to_unit.put(stream[at:])
        heard = b""
        while heard.count(b"CRT-591-M001") < 2:
            more = host.transport.hear(1)
            assert more, heard
            heard += more
    finally:
        host.close()


def test_half_a_frame_is_asked_again_after_a_while(host: PermitHost) -> None:
    host.transport.to_unit.put(transport_frame(b"C03")[:5])
    assert host.transport.hear(1) == b"\x15"
    assert host.command(b"03")[:1] == b"P"


def test_scanner_tells_who_it_is(host: PermitHost) -> None:
    host.scanner.to_unit.put(b"\x16M\rREVINF.")
    assert host.scanner.hear(60).endswith(b"\r\n\x06.")
    host.scanner.to_unit.put(b"\x16M\rNOSUCH.")
    assert host.scanner.hear(1) == b"NOSUCH\x05."


def test_frames_are_told_in_words() -> None:
    tell = WORDS["permit_transport"]
    assert tell("to_device", bytes.fromhex("F200000343323903BA")) == "to gate"
    assert tell("from_device", bytes.fromhex("F20000054E3239313003B0")) == "to gate: error 10"
    assert WORDS["permit_printer"]("to_device", bytes.fromhex("0206200000000325")) == "status"
    assert WORDS["permit_scanner"]("to_device", b"\x16T\r") == "look"
    assert all(FAULTS.values())
    assert len(set(OPERATIONS)) == len(OPERATIONS)
