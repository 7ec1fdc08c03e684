"""CodePay frames: published vectors, and any way in which a stream can be cut or spoilt."""

from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.payment_terminal.frames import HANDSHAKE, HEARTBEAT, MAX_DATA, Frame, Type, frame_reader
from tests.devices.scripted_link import in_pieces

PUBLISHED = {
    "55AA010000000001CC33": Frame(Type.HANDSHAKE),
    "55AA020000000002CC33": Frame(Type.HANDSHAKE_CONFIRMED),
    "55AA000000000000CC33": Frame(),
}

frames = st.builds(
    Frame,
    st.sampled_from([int(t) for t in Type]),
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(max_size=60)
    | st.sampled_from([b"\x55\xaa", b"\xcc\x33", b"\x55\xaa\x00\x00\x00\x00\x00\x00\xcc\x33"]),
)


def by_hand(kind: int, ack: int, number: int, data: bytes) -> bytes:
    counted = bytes([kind, ack, number]) + len(data).to_bytes(2, "big") + data
    return b"\x55\xaa" + counted + bytes([reduce(xor, counted)]) + b"\xcc\x33"


@pytest.mark.parametrize("published", PUBLISHED)
def test_published_frames(published: str) -> None:
    raw = bytes.fromhex(published)
    assert PUBLISHED[published].encode() == raw
    assert list(frame_reader().feed(raw)) == [PUBLISHED[published]]
    assert HANDSHAKE.encode().hex() == "55aa010000000001cc33"
    assert HEARTBEAT.encode().hex() == "55aa000000000000cc33"


@given(frame=frames)
def test_frames_are_laid_out_as_published(frame: Frame) -> None:
    assert frame.encode() == by_hand(frame.type, frame.ack, frame.id, frame.data)


def test_a_frame_has_at_most_1024_bytes() -> None:
    assert len(Frame(id=1, data=bytes(MAX_DATA)).encode()) == 1024
    with pytest.raises(ValueError, match="1015"):
        Frame(id=1, data=bytes(MAX_DATA + 1)).encode()


@given(sent=st.lists(frames, max_size=5), cuts=st.lists(st.integers(0, 400)))
def test_any_chunking_gives_the_same_frames(sent: list[Frame], cuts: list[int]) -> None:
    reader = frame_reader()
    stream = b"".join(frame.encode() for frame in sent)
    got = [frame for piece in in_pieces(stream, cuts) for frame in reader.feed(piece)]
    assert got == sent


@given(garbage=st.binary(max_size=40), frame=frames)
def test_a_frame_behind_garbage_is_found(garbage: bytes, frame: Frame) -> None:
    """A false start within the garbage may claim up to 1 KiB, so that much follows."""
    assert frame in list(frame_reader().feed(garbage + frame.encode() + bytes(1100)))


@given(frame=frames.filter(lambda f: b"\x55\xaa" not in f.data), data=st.data())
def test_a_damaged_frame_is_dropped_and_the_next_one_found(frame: Frame, data: st.DataObject) -> None:
    raw = bytearray(frame.encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    marker = Frame(id=9, data=b"the next one")
    got = list(frame_reader().feed(bytes(raw) + marker.encode() + bytes(1100)))
    assert got[-1] == marker
    assert frame not in got


@pytest.mark.parametrize("kept", range(2, 30))
def test_half_a_frame_does_not_hide_the_next(kept: int) -> None:
    half = Frame(id=1, data=b"half of this is lost").encode()[:kept]
    assert list(frame_reader().feed(half + HEARTBEAT.encode() + bytes(1100)))[-1] == HEARTBEAT
