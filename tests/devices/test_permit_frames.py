"""The frames of transport and print station: published bytes, and any disturbance on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.crt571 import frames as transport_frames
from devices.crt571.frames import Done, Refused, Sign
from devices.hearing import Parser
from devices.permit_unit import printer_frames
from devices.permit_unit.printer_frames import Reply
from tests.devices.permit_housing import framed, printer_framed
from tests.devices.scripted_link import in_pieces

CUTS = st.lists(st.integers(0, 2000), max_size=40)
ANY = st.binary(max_size=300)


@pytest.mark.parametrize(
    ("command", "parameter", "golden"),
    [
        (0x30, 0x30, "F2 00 00 03 43 30 30 03 B1"),
        (0x31, 0x30, "F2 00 00 03 43 31 30 03 B0"),
        (0x32, 0x39, "F2 00 00 03 43 32 39 03 BA"),
        (0x32, 0x31, "F2 00 00 03 43 32 31 03 B2"),
        (0x32, 0x33, "F2 00 00 03 43 32 33 03 B0"),
        (0x32, 0x30, "F2 00 00 03 43 32 30 03 B3"),
    ],
)
def test_published_transport_commands(command: int, parameter: int, golden: str) -> None:
    assert transport_frames.encode(command, parameter) == bytes.fromhex(golden)


@pytest.mark.parametrize(
    ("golden", "meaning"),
    [
        ("F2 00 00 06 50 31 30 30 32 30 03 94", Done(0x31, 0x30, b"020", b"")),
        ("F2 00 00 05 4E 32 39 31 30 03 B0", Refused(0x32, 0x39, "10", b"")),
        ("F2 00 00 05 4E 32 31 41 30 03 C8", Refused(0x32, 0x31, "A0", b"")),
        ("F2 00 00 05 45 32 39 31 30 03 BB", Refused(0x32, 0x39, "10", b"")),  # head as the manual prints it
        ("06", Sign.ACKNOWLEDGED),
        ("15", Sign.SEND_AGAIN),
        ("04", Sign.CLEARED),
        ("55", Sign.UNKNOWN),
        ("F2 00 00 03 43 31 30 03 B0", Sign.DAMAGED),  # an echo of the host's own command
        ("F2 00 05 00", Sign.DAMAGED),  # longer than any text may be
    ],
)
def test_published_transport_replies(golden: str, meaning: object) -> None:
    parser = Parser(transport_frames.GRAMMAR)
    assert parser.feed(bytes.fromhex(golden)) == [meaning]
    assert not parser.midway


def test_published_print_station_frames() -> None:
    assert printer_frames.encode(0x20) == bytes.fromhex("02 06 20 00 00 00 03 25")
    parser = Parser(printer_frames.GRAMMAR)
    assert parser.feed(bytes.fromhex("06 02 06 20 31 30 30 03 14")) == [
        printer_frames.Sign.ACKNOWLEDGED,
        Reply(0x20, 0x31, 0x30, 0x30),
    ]


def test_no_command_outgrows_its_frame() -> None:
    with pytest.raises(ValueError, match="512"):
        transport_frames.encode(0x60, 0x34, bytes(513))
    with pytest.raises(ValueError, match="249"):
        printer_frames.encode(0x7B, bytes(250))
    assert printer_frames.encode(0x7B, bytes(249))[1] == 255


@given(st.lists(ANY, min_size=1, max_size=4), CUTS)
def test_glued_transport_replies_come_out_whole_in_any_pieces(datas: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(b"\x06" + framed(b"P\x60\x34200" + data) for data in datas)
    parser = Parser(transport_frames.GRAMMAR)
    heard = [event for piece in in_pieces(stream, cuts) for event in parser.feed(piece)]
    assert heard == [event for data in datas for event in (Sign.ACKNOWLEDGED, Done(0x60, 0x34, b"200", data))]


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4), CUTS)
def test_glued_printer_replies_come_out_whole_in_any_pieces(datas: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(printer_framed(b"\xf0\x31\x30\x30" + data) for data in datas)
    parser = Parser(printer_frames.GRAMMAR)
    heard = [event for piece in in_pieces(stream, cuts) for event in parser.feed(piece)]
    assert heard == [Reply(0xF0, 0x31, 0x30, 0x30, data) for data in datas]


@given(ANY, st.data())
def test_a_changed_byte_is_never_taken_for_an_answer(data: bytes, draw: st.DataObject) -> None:
    frame = bytearray(framed(b"P\x60\x34200" + data))
    frame[draw.draw(st.integers(4, len(frame) - 1))] ^= draw.draw(st.integers(1, 255))
    assert Parser(transport_frames.GRAMMAR).feed(bytes(frame)) == [Sign.DAMAGED]


@given(st.binary(max_size=200), st.data())
def test_a_changed_byte_is_never_taken_for_a_printers_answer(data: bytes, draw: st.DataObject) -> None:
    sent = printer_framed(b"\xf0\x31\x30\x30" + data)
    frame = bytearray(sent)
    frame[draw.draw(st.integers(2, len(frame) - 1))] ^= draw.draw(st.integers(1, 255))
    assert Parser(printer_frames.GRAMMAR).feed(bytes(frame)) == [printer_frames.Sign.DAMAGED]


@given(st.binary(max_size=60).map(lambda noise: noise.replace(b"\xf2", b"")), ANY)
def test_noise_before_a_frame_is_told_byte_by_byte(noise: bytes, data: bytes) -> None:
    heard = Parser(transport_frames.GRAMMAR).feed(noise + framed(b"P\x60\x34200" + data))
    assert len(heard) == len(noise) + 1
    assert heard[-1] == Done(0x60, 0x34, b"200", data)


@given(ANY, st.data())
def test_half_a_frame_is_nothing_yet(data: bytes, draw: st.DataObject) -> None:
    frame = framed(b"P\x60\x34200" + data)
    parser = Parser(transport_frames.GRAMMAR)
    half = draw.draw(st.integers(1, len(frame) - 1))
    assert parser.feed(frame[:half]) == []
    assert parser.midway
    assert parser.feed(frame[half:]) == [Done(0x60, 0x34, b"200", data)]
    assert not parser.midway
