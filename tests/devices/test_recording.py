"""Recorded links and replayed ones: a trace is read back as it was, and a replay is strict."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.fingerprint_pad import ZfmFingerprintPad
from devices.id_card_reader import SamIdCardReader, open_card_link
from devices.link import Link, LinkLost, Tunable, open_link
from devices.recording import RecordingLink, ReplayLink, TraceDiffers, recorded, replayed
from devices.trace import Event, Sign, TraceError, parse, read_trace, settled, worded
from kiosk.site_links import not_real
from simulators.devices.fingerprint_pad import FingerprintPad, Press
from simulators.devices.id_card_reader import IdCardReader
from simulators.faults import Order
from tests.simulators.wiring import Room, served

FIND = bytes.fromhex("AAAAAA96690003200122")
NO_CARD = bytes.fromhex("AAAAAA9669000400008084")


class Told:
    """A link that gives what it is told to; an exception in the list is raised."""

    def __init__(self, *answers: bytes | LinkLost) -> None:
        self.url = "told:"
        self.answers = list(answers)
        self.written: list[bytes] = []
        self.shut = False

    def open(self) -> None:
        if self.shut:
            raise LinkLost("shut")

    def close(self) -> None: ...

    def read(self, size: int, timeout_s: float) -> bytes:
        answer = self.answers.pop(0) if self.answers else b""
        if isinstance(answer, LinkLost):
            raise answer
        return answer

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def discard_input(self) -> None: ...


def replay(text: str) -> ReplayLink:
    return ReplayLink("replay:test", parse(text))


bytes_of_an_event = st.binary(min_size=1, max_size=100)
events = st.one_of(
    st.builds(
        Event,
        st.sampled_from([Sign.TO_DEVICE, Sign.FROM_DEVICE, Sign.DISCARDED]),
        bytes_of_an_event,
        at_s=st.none() | st.integers(0, 10**7).map(lambda ms: ms / 1000),
        words=st.sampled_from(["", "find", "no card | 11 bytes", "签注"]),
    ),
    st.builds(Event, st.just(Sign.SPEED), baud=st.integers(1, 10**6)),
    st.sampled_from([Event(Sign.LOST), Event(Sign.REFUSED)]),
)


@given(st.lists(events))
def test_a_trace_is_read_as_it_was_written(told: list[Event]) -> None:
    text = "# a comment\n\n" + "".join(event.text() for event in told)
    assert list(parse(text)) == told


@pytest.mark.parametrize(
    "text", ["> 0", "? 00", "+ 00", "> ", "x 00", "= fast", "12 > 00", "> 00 GG", "= 9600\n+ 00", "x\n+ 00"]
)
def test_what_is_no_trace_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(TraceError, match=f"line {1 + text.count(chr(10))}"):
        parse(text)


def test_a_settled_trace_has_no_times_and_whole_answers() -> None:
    told = parse("0.1 > 01 | a\n0.2 < 02\n0.3 < 03 04\n0.4 > 05\n0.5 > 06\n0.6 < 07\n0.7 x\n")
    named = worded(settled(told), lambda sign, data: f"{sign.name} {len(data)}")
    assert "".join(event.text() for event in named) == (
        "> 01 | TO_DEVICE 1\n< 02 03 04 | FROM_DEVICE 3\n> 05 | TO_DEVICE 1\n> 06 | TO_DEVICE 1\n"
        "< 07 | FROM_DEVICE 1\nx\n"
    )


def test_everything_that_passes_is_in_the_file_at_once(tmp_path: Path) -> None:
    file = tmp_path / "wire.trace"
    inner = Told(b"late", b"", b"ab", b"", LinkLost("pulled"))
    link = recorded(inner, file, lambda sign, data: f"{len(data)} bytes")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    link.open()
    link.discard_input()
    link.write(b"\x01\x02")
    assert link.read(10, 1) == b"ab"
    assert link.read(10, 1) == b""
    with pytest.raises(LinkLost):
        link.read(10, 1)
    inner.shut = True
    with pytest.raises(LinkLost):
        link.open()
    signs = [(event.sign, event.data, event.words) for event in read_trace(file)]
    assert signs == [
        (Sign.DISCARDED, b"late", "4 bytes"),
        (Sign.TO_DEVICE, b"\x01\x02", "2 bytes"),
        (Sign.FROM_DEVICE, b"ab", "2 bytes"),
        (Sign.LOST, b"", ""),
        (Sign.REFUSED, b"", ""),
    ]
    times = [event.at_s for event in read_trace(file)]
    assert None not in times
    assert times == sorted(t for t in times if t is not None)


def test_a_replay_answers_as_then_and_is_silent_where_it_was() -> None:
    link = replay("> 01 02\n< 0A 0B 0C\n! FF\n> 03\n> 03\n< 0D\nx\no\n> 04\n")
    link.open()
    assert link.read(8, 60) == b""  # nothing comes before the host has spoken
    link.write(b"\x01")
    assert link.read(8, 60) == b""
    link.write(b"\x02")
    assert link.read(2, 0) == b"\x0a\x0b"
    link.discard_input()
    assert link.read(2, 0) == b"\x0c"
    link.discard_input()
    link.write(b"\x03\x03")  # a stream of bytes has no pieces
    assert link.read(8, 0) == b"\x0d"
    with pytest.raises(LinkLost):
        link.read(8, 0)
    with pytest.raises(LinkLost):
        link.open()
    link.open()
    link.write(b"\x04")
    link.finish()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ([b"\x01\x03"], "event 1: byte 1: the host says 01 03, in the trace it says 01 02"),
        ([b"\x01\x02", b"\x05"], r"event 2: the host says 05, but in the trace comes < 0A \(an answer\)"),
        ([b"\x01\x02", None, b"\x01"], "event 3: the host says 01, but the trace has ended"),
        ([b"\x01"], "event 1: the host has ended, but in the trace comes > 02"),
        ([], "event 1: the host has ended, but in the trace comes > 01 02"),
    ],
)
def test_the_first_difference_is_told_and_stays(written: list[bytes | None], told: str) -> None:
    link = replay("> 01 02\n< 0A | an answer\n")

    def speak() -> None:
        for data in written:
            if data is None:
                link.read(10, 0)
            else:
                link.write(data)
        link.finish()

    with pytest.raises(TraceDiffers, match=told):
        speak()
    for again in (link.open, link.discard_input, link.finish):
        with pytest.raises(TraceDiffers, match=told):
            again()


def test_a_difference_passes_through_the_driver(tmp_path: Path) -> None:
    file = tmp_path / "reader.trace"
    file.write_text("> AA AA AA 96 69 00 03 11 FF ED\n")
    reader = SamIdCardReader(open_link(f"replay://{file}"))
    reader.open()
    with pytest.raises(TraceDiffers, match="byte 7"):
        reader.find()


def test_a_device_that_was_recorded_is_that_device_again(tmp_path: Path) -> None:
    room, file = Room(), tmp_path / "reader.trace"
    device = IdCardReader(room.level, room.faults, room.chance)
    with served(room.pty(tmp_path, 115200, "id_card_reader"), device.serve):
        reader = SamIdCardReader(open_card_link(f"serial://{tmp_path}/id_card_reader?record={file}"))
        reader.open()
        before = reader.capabilities()
        assert not reader.find()
        room.faults.arm(Order("id_card_reader", "noAnswer"))
        silent = reader.status()
        assert not silent.usable
        reader.close()
    again = SamIdCardReader(open_card_link(f"replay://{file}"))
    again.open()
    assert again.capabilities() == before
    assert not again.find()
    assert again.status() == silent


def test_a_change_of_speed_is_recorded_and_replayed(tmp_path: Path) -> None:
    room, file = Room(), tmp_path / "pad.trace"
    glass = FingerprintPad(room.level, room.faults, room.chance)
    glass.press(Press("f01"))

    def look(link: Link) -> bool:
        pad = ZfmFingerprintPad(link, fast_baud=115200)
        pad.open()
        found = pad.finger_present()
        pad.close()
        return found

    with served(room.pty(tmp_path, 57600, "fingerprint_pad"), glass.serve):
        link = open_link(f"serial://{tmp_path}/fingerprint_pad?baud=57600&record={file}")
        assert isinstance(link, Tunable)
        assert look(link)
    assert [event.baud for event in read_trace(file) if event.sign is Sign.SPEED] == [115200, 57600]
    played = replayed(f"replay://{file}")
    assert isinstance(played, Tunable)
    assert look(played)
    played.finish()
    with pytest.raises(TraceDiffers, match="9600 baud"):
        played.set_baud(9600)


def test_a_link_without_speed_is_recorded_as_one_without(tmp_path: Path) -> None:
    assert not isinstance(recorded(Told(), tmp_path / "a.trace"), Tunable)


def test_the_recorded_link_gets_the_rest_of_the_url(tmp_path: Path) -> None:
    file = tmp_path / "a.trace"
    url = "socket://127.0.0.1:9100?baud=9600&simulated=1"
    link = open_link(f"{url}&record={file}")
    assert isinstance(link, RecordingLink)
    assert link.url == url
    usb = "usb:0400:c35a?form=bulk&backend=package.module:function"
    assert open_card_link(f"{usb}&record={file}").url == usb


@pytest.mark.parametrize("url", ["serial:///dev/ttyUSB0?record=/tmp/a", "replay:///tmp/a"])
def test_a_site_that_serves_the_public_neither_records_nor_replays(url: str) -> None:
    assert not_real(url) is not None
