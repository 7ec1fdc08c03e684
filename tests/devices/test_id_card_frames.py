"""SAM_V frames: published vectors, and any way in which a stream can be cut or spoilt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.id_card_reader.frames import Command, Reply, ReplyReader, request, wire_s
from tests.devices.scripted_link import in_pieces

PREAMBLE = "AA AA AA 96 69 "

REQUESTS = {
    Command.RESET: "00 03 10 FF EC",
    Command.STATUS: "00 03 11 FF ED",
    Command.SAM_ID: "00 03 12 FF EE",
    Command.FIND: "00 03 20 01 22",
    Command.SELECT: "00 03 20 02 21",
    Command.READ: "00 03 30 01 32",
    Command.READ_WITH_FINGERPRINTS: "00 03 30 10 23",
    Command.NEW_ADDRESS: "00 03 30 03 30",
    Command.BAUD_115200: "00 03 60 00 63",
    Command.BAUD_9600: "00 03 60 04 67",
}

REPLIES = {
    "status ok": ("00 04 00 00 90 94", Reply(0, 0, 0x90, b"")),
    "self-test failed": ("00 04 00 00 60 64", Reply(0, 0, 0x60, b"")),
    "found": ("00 08 00 00 9F 00 00 00 00 97", Reply(0, 0, 0x9F, bytes(4))),
    "no card": ("00 04 00 00 80 84", Reply(0, 0, 0x80, b"")),
    "selected": ("00 0C 00 00 90 00 00 00 00 00 00 00 00 9C", Reply(0, 0, 0x90, bytes(8))),
    "not selected": ("00 04 00 00 81 85", Reply(0, 0, 0x81, b"")),
    "not read": ("00 04 00 00 41 45", Reply(0, 0, 0x41, b"")),
    "no such item": ("00 04 00 00 91 95", Reply(0, 0, 0x91, b"")),
}


def golden(name: str) -> bytes:
    return bytes.fromhex(PREAMBLE + REPLIES[name][0])


def card_reply(fingers: bytes | None) -> bytes:
    """A reading put together by hand, so that the codec under test is not its own judge."""
    sizes = b"\x01\x00\x04\x00" + (b"" if fingers is None else len(fingers).to_bytes(2, "big"))
    body = b"\x00\x00\x90" + sizes + bytes(range(256)) + bytes(1024) + (fingers or b"")
    counted = (len(body) + 1).to_bytes(2, "big") + body
    check = 0
    for byte in counted:
        check ^= byte
    return bytes.fromhex(PREAMBLE) + counted + bytes([check])


@pytest.mark.parametrize("command", REQUESTS)
def test_requests_are_the_published_ones(command: Command) -> None:
    assert request(command) == bytes.fromhex(PREAMBLE + REQUESTS[command])


@pytest.mark.parametrize("name", REPLIES)
def test_published_replies_are_understood(name: str) -> None:
    assert list(ReplyReader().feed(golden(name))) == [REPLIES[name][1]]


@pytest.mark.parametrize(
    ("fingers", "size"), [(None, 1295), (b"", 1297), (bytes(512), 1809), (bytes(1024), 2321)]
)
def test_readings_have_the_published_lengths(fingers: bytes | None, size: int) -> None:
    frame = card_reply(fingers)
    assert len(frame) == size
    [reply] = ReplyReader().feed(frame)
    assert reply.data == frame[10:-1]


def test_the_wires_own_time_counts_each_byte_once() -> None:
    assert wire_s(115200) == pytest.approx((30 + 15 + 19 + 1295) * 10 / 115200)
    assert wire_s(9600, fingerprints=True) > wire_s(9600) > wire_s(115200)


@given(cuts=st.lists(st.integers(0, 5000)))
def test_any_chunking_gives_the_same_replies(cuts: list[int]) -> None:
    stream = golden("found") + golden("selected") + card_reply(bytes(512)) + golden("no card")
    reader = ReplyReader()
    got = [reply for piece in in_pieces(stream, cuts) for reply in reader.feed(piece)]
    assert [reply.sw3 for reply in got] == [0x9F, 0x90, 0x90, 0x80]
    assert len(got[2].data) == 6 + 256 + 1024 + 512


@given(garbage=st.binary(max_size=64), cuts=st.lists(st.integers(0, 200)))
def test_a_reply_behind_garbage_is_found(garbage: bytes, cuts: list[int]) -> None:
    """A preamble within the garbage may claim up to 4 KiB, so that much follows."""
    stream = garbage + golden("found") + bytes(4200)
    reader = ReplyReader()
    got = [reply for piece in in_pieces(stream, cuts) for reply in reader.feed(piece)]
    assert REPLIES["found"][1] in got


@given(at=st.integers(5, 6), flip=st.integers(1, 255))
def test_a_damaged_length_hides_no_more_than_it_claims(at: int, flip: int) -> None:
    """One byte of checksum lets one frame in 256 pass by chance; what comes behind it is found."""
    broken = bytearray(golden("found"))
    broken[at] ^= flip
    reader = ReplyReader()
    got = list(reader.feed(bytes(broken) + bytes(0x10000) + golden("selected") + bytes(4200)))
    assert REPLIES["found"][1] not in got
    assert REPLIES["selected"][1] in got


@given(at=st.integers(7, 14), flip=st.integers(1, 255))
def test_a_damaged_reply_is_dropped_and_the_next_one_found(at: int, flip: int) -> None:
    broken = bytearray(golden("found"))
    broken[at] ^= flip
    reader = ReplyReader()
    got = list(reader.feed(bytes(broken) + golden("selected") + bytes(4200)))
    assert REPLIES["found"][1] not in got
    assert REPLIES["selected"][1] in got
    assert reader.damaged >= 1


@pytest.mark.parametrize("kept", range(5, 15))
def test_half_a_reply_does_not_hide_the_next(kept: int) -> None:
    """Cut within its length it may claim up to 4 KiB more: until they came, or the driver asks again."""
    got = list(ReplyReader().feed(golden("found")[:kept] + golden("no card") + bytes(4200)))
    assert REPLIES["no card"][1] in got


def test_half_a_reply_can_be_forgotten() -> None:
    reader = ReplyReader()
    assert list(reader.feed(golden("found")[:-1])) == []
    reader.clear()
    assert list(reader.feed(golden("no card"))) == [REPLIES["no card"][1]]


def test_a_reply_without_its_first_byte_is_accepted() -> None:
    assert list(ReplyReader().feed(golden("found")[1:])) == [REPLIES["found"][1]]


@pytest.mark.parametrize("command", Command)
def test_an_echoed_request_is_no_reply(command: Command) -> None:
    assert list(ReplyReader().feed(request(command) + golden("no card"))) == [REPLIES["no card"][1]]
