"""What a printer sends back: each kind by its fixed bits, and the status words of the four bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.base import StaffAction, State
from devices.receipt_printer.replies import Kind, Reply, ReplyReader
from devices.receipt_printer.status import StatusBytes, status_from
from tests.devices.scripted_link import in_pieces

REAL_TIME = [b for b in range(256) if b & 0x93 == 0x12]
AUTOMATIC = bytes.fromhex("14 00 00 0F")

replies = st.lists(
    st.one_of(
        st.sampled_from(REAL_TIME).map(lambda b: (bytes([b]), Reply(Kind.REAL_TIME, bytes([b])))),
        st.sampled_from([b"\x00", b"\x0c", b"\x03"]).map(lambda b: (b, Reply(Kind.TRANSMITTED, b))),
        st.just((AUTOMATIC, Reply(Kind.AUTOMATIC, AUTOMATIC))),
        st.just((b"_TM-T88\0", Reply(Kind.BLOCK, b"TM-T88"))),
        st.just((b"\x37\x25\0", Reply(Kind.CLEARED, b"\x25"))),
    ),
    max_size=12,
)


@given(sent=replies, cuts=st.lists(st.integers(0, 100)))
def test_any_mixture_in_any_pieces_is_told_apart(sent: list[tuple[bytes, Reply]], cuts: list[int]) -> None:
    stream = b"".join(raw for raw, _ in sent)
    reader = ReplyReader()
    got = [reply for piece in in_pieces(stream, cuts) for reply in reader.feed(piece)]
    assert got == [reply for _, reply in sent]


def test_an_idle_printer_answers_12h() -> None:
    assert list(ReplyReader().feed(b"\x12")) == [Reply(Kind.REAL_TIME, b"\x12")]


@pytest.mark.parametrize("byte", [0x80, 0xFF, 0x11, 0x13, 0x92])
def test_a_byte_of_no_kind_is_told(byte: int) -> None:
    assert [r.kind for r in ReplyReader().feed(bytes([byte]))] == [Kind.UNKNOWN]


def test_an_automatic_status_that_breaks_off_is_told() -> None:
    assert Kind.UNKNOWN in [r.kind for r in ReplyReader().feed(b"\x10\x00\x12\x12")]


def test_half_a_block_waits_and_can_be_forgotten() -> None:
    reader = ReplyReader()
    assert list(reader.feed(b"_123")) == []
    reader.clear()
    assert [r.kind for r in reader.feed(b"\x12")] == [Kind.REAL_TIME]


OK = 0x12


@pytest.mark.parametrize(
    ("answers", "state", "fault", "action", "paper"),
    [
        ((OK, OK, OK, OK), State.ONLINE, None, None, "full"),
        ((0x1A, 0x32, OK, 0x7E), State.OFFLINE, "paperOut", StaffAction.CLEAR, "out"),  # the published vector
        ((OK, OK, OK, 0x72), State.OFFLINE, "paperOut", StaffAction.CLEAR, "out"),
        ((0x1A, 0x32, OK, OK), State.OFFLINE, "paperOut", StaffAction.CLEAR, "out"),
        ((0x1A, 0x16, OK, 0x7E), State.OFFLINE, "coverOpen", StaffAction.CLEAR, "out"),
        ((0x1A, 0x52, 0x1A, OK), State.HARDWARE_ERROR, "cutterFault", StaffAction.CLEAR, "full"),
        ((0x1A, 0x52, 0x32, OK), State.HARDWARE_ERROR, "hardwareError", StaffAction.MAINTENANCE, "full"),
        ((0x1A, 0x52, 0x52, OK), State.DEVICE_BUSY, "deviceBusy", StaffAction.SUSPEND, "full"),
        ((0x1A, 0x52, OK, OK), State.HARDWARE_ERROR, "hardwareError", StaffAction.RESET, "full"),
        ((0x1A, OK, OK, OK), State.OFFLINE, "offline", StaffAction.RESET, "full"),
    ],
)
def test_status_words(
    answers: tuple[int, int, int, int],
    state: State,
    fault: str | None,
    action: StaffAction | None,
    paper: str,
) -> None:
    status = status_from(StatusBytes(*answers))
    assert (status.state, status.fault, status.action, status.parts["paper"]) == (state, fault, action, paper)
    assert status.usable is (fault is None)


def test_paper_that_runs_low_is_a_warning_and_no_fault() -> None:
    status = status_from(StatusBytes(OK, OK, OK, 0x1E))
    assert (status.usable, status.warnings, status.parts["paper"]) == (True, ("paperLow",), "low")
