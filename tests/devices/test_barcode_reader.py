"""The barcode reader's driver on scripted links, and what it takes for text."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.barcode_reader import SerialBarcodeReader, open_barcode_reader
from devices.barcode_reader.text import LARGEST, NotText, plain_text
from devices.base import Fault, Retry, StaffAction, State
from devices.hearing import Timing
from tests.devices.permit_housing import Minutes
from tests.devices.scripted_link import ScriptedLink, in_pieces

TRIGGER = {
    "honeywell": b"\x16T\r",
    "newland": bytes.fromhex("7E 01 30 30 30 30 23 53 43 4E 54 52 47 31 3B 03"),
}
IDENTITY = (
    b"Product Name: Some scanner\r\nSoftware Revision: 7\r\nFirmware Version: 7\r\nSerial Number: 42\r\n"
)


def scanner(protocol: str, sees: Callable[[int], Iterable[bytes]]) -> Callable[[bytes], Iterable[bytes]]:
    """Return a link's other end: obeys every command, answers trigger ``n`` (from 1) with ``sees(n)``."""
    triggered = 0

    def honeywell(data: bytes) -> Iterable[bytes]:
        nonlocal triggered
        if data == TRIGGER[protocol]:
            triggered += 1
            return sees(triggered)
        if data.startswith(b"\x16M\r"):
            command = data[3:-1]
            return [command, (IDENTITY if command == b"REVINF" else b"") + b"\x06" + data[-1:]]
        return []

    def newland(data: bytes) -> Iterable[bytes]:
        nonlocal triggered
        command = data[6:-2]
        said = IDENTITY if command == b"#QRYSYS" else b""
        pieces = [b"\x02\x01", b"0000" + command + said + b"\x06;\x03"]
        if data == TRIGGER[protocol]:
            triggered += 1
            return [*pieces, *sees(triggered)]
        return pieces

    return honeywell if protocol == "honeywell" else newland


def opened(
    protocol: str, *codes: bytes, longest: int = LARGEST, charset: str = "utf-8", timing: Timing | None = None
) -> tuple[SerialBarcodeReader, ScriptedLink]:
    link = ScriptedLink(scanner(protocol, lambda n: [codes[n - 1]] if n <= len(codes) else []))
    reader = SerialBarcodeReader(link, protocol, longest=longest, charset=charset, timing=timing)
    reader.open()
    return reader, link


def polled(reader: SerialBarcodeReader) -> str | None:
    """Poll as often as the longest code and the longest silence want it."""
    return next((text for _ in range(50) if (text := reader.poll()) is not None), None)


@pytest.fixture(params=["honeywell", "newland"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_code_is_read_once(protocol: str) -> None:
    reader, link = opened(protocol, "ń 取证码 42\r".encode())
    assert reader.poll() is None  # not started
    reader.start()
    assert reader.status().parts == {"scanner": "on"}
    assert reader.poll() == "ń 取证码 42"
    assert reader.poll() is None
    assert reader.status().parts == {"scanner": "off"}
    assert link.written.count(TRIGGER[protocol]) == 1


def test_what_it_says_it_is(protocol: str) -> None:
    reader, _ = opened(protocol)
    told = reader.capabilities()
    assert (told.model, told.firmware, told.serial) == ("Some scanner", "7", "42")


def test_it_is_told_to_read_when_triggered_only() -> None:
    _, honeywell = opened("honeywell")
    _, newland = opened("newland")
    assert b"\x16M\rPAPHHF!" in honeywell.written
    assert b"~\x010000#SCNMOD0;\x03" in newland.written


def test_a_code_that_lay_there_before_is_nobodys(protocol: str) -> None:
    reader, link = opened(protocol)
    link.pieces.append(b"THE-LAST-PERSONS\r")
    reader.start()
    assert reader.poll() is None


@given(cuts=st.lists(st.integers(1, 40), max_size=6))
def test_a_code_in_any_pieces(cuts: list[int]) -> None:
    pieces = in_pieces(b"https://example.invalid/?q=1\r", sorted(set(cuts)))
    link = ScriptedLink(scanner("newland", lambda n: pieces))
    reader = SerialBarcodeReader(link, "newland")
    reader.open()
    reader.start()
    read = [reader.poll() for _ in pieces]
    assert [text for text in read if text is not None] == ["https://example.invalid/?q=1"]


@pytest.mark.parametrize(
    "text",
    [
        "https://example.invalid/a?b=c&d=%41",
        "'; DROP TABLE cases; --",
        "{0.__class__} %s %n ${jndi:ldap://x}",
        "../../../../etc/passwd",
        "<script>alert(1)</script>",
        " leading and trailing ",
        "9" * LARGEST,
    ],
)
def test_what_could_be_obeyed_comes_through_as_text(protocol: str, text: str) -> None:
    reader, _ = opened(protocol, text.encode() + b"\r")
    reader.start()
    assert polled(reader) == text


@pytest.mark.parametrize(
    "raw",
    [
        b"two\rlines\r",
        b"a\x00b\r",
        b"\x1b[2J\r",
        b"\x16M\rDEFALT.\r",
        b"\x02\x010000#SCNTRG1\x15;\x03\r",
        b"tab\there\r",
        "right‮tfel\r".encode(),
        b"\xff\xfe\r",
        "证件".encode("gb18030") + b"\r",
        b"\r",
        b"9" * (LARGEST + 1) + b"\r",
        b"9" * 70_000,
    ],
)
def test_what_is_no_text_is_refused_and_the_next_code_is_read(protocol: str, raw: bytes) -> None:
    reader, link = opened(protocol, raw, b"GOOD\r")
    reader.start()
    with pytest.raises(Retry, match="barcodeInvalid") as refused:
        polled(reader)
    assert raw.decode("latin-1").strip("\r") not in str(refused.value) or raw == b"\r"
    assert reader.poll() is None
    link.discard_input()
    reader.start()
    assert reader.poll() == "GOOD"


def test_a_code_that_breaks_off_is_refused(protocol: str) -> None:
    reader, _ = opened(protocol, b"HALF-A-CO")
    reader.start()
    with pytest.raises(Retry, match="broken off"):
        polled(reader)


def test_another_charset_is_the_sites_choice() -> None:
    reader, _ = opened("honeywell", "䶮证".encode("gb18030") + b"\r", charset="gb18030")
    reader.start()
    assert reader.poll() == "䶮证"


def test_the_trigger_is_given_again_before_the_scanner_gives_up(protocol: str) -> None:
    minutes = Minutes()
    reader, link = opened(protocol, b"", b"LATE\r", timing=Timing(minutes.now, minutes.pause))
    reader.start()
    assert reader.poll() is None
    minutes.pause(25.0)
    assert reader.poll() is None
    assert link.written.count(TRIGGER[protocol]) == 2
    assert reader.poll() == "LATE"


def test_a_silent_scanner_is_a_fault(protocol: str) -> None:
    reader = SerialBarcodeReader(ScriptedLink(lambda data: []), protocol)
    with pytest.raises(Fault, match="timeOut"):
        reader.open()
    status = reader.status()
    assert (status.state, status.fault, status.parts) == (
        State.OFFLINE,
        "timeOut",
        {"scanner": "inoperative"},
    )


@pytest.mark.parametrize(("protocol", "no"), [("honeywell", b"\x05!"), ("newland", b"\x15;\x03")])
def test_a_scanner_of_another_make_refuses_the_mode(protocol: str, no: bytes) -> None:
    def refuse(data: bytes) -> Iterable[bytes]:
        if protocol == "honeywell":
            return [b"PAPHHF" + no] if data.startswith(b"\x16M") else []
        return [b"\x02\x010000" + data[6:-2] + no]

    with pytest.raises(Fault) as fault:
        SerialBarcodeReader(ScriptedLink(refuse), protocol).open()
    assert (fault.value.code, fault.value.action) == ("unsupportedCommand", StaffAction.CONFIGURATION)


def test_babble_instead_of_an_answer_is_a_fault(protocol: str) -> None:
    link = ScriptedLink(lambda data: [b"\x55" * 1000] * 10)
    with pytest.raises(Fault, match="invalidData"):
        SerialBarcodeReader(link, protocol).open()


def test_an_unplugged_scanner_is_no_device(protocol: str) -> None:
    reader, link = opened(protocol)
    reader.start()
    link.lost = True
    with pytest.raises(Fault, match="noDevice"):
        reader.poll()
    reader.close()
    assert reader.status().state is State.NO_DEVICE


@given(raw=st.binary(max_size=200))
def test_any_bytes_are_printable_text_or_no_text(raw: bytes) -> None:
    try:
        text = plain_text(raw)
    except NotText:
        return
    assert text.isprintable()
    assert text.encode() == raw


@pytest.mark.parametrize(
    "query", ["protocol=other", "charset=latin-1", "longest=0", "longest=99999", "longest=x"]
)
def test_a_link_that_asks_for_what_there_is_not(query: str) -> None:
    with pytest.raises(ValueError):
        open_barcode_reader(f"serial:///dev/ttyS0?{query}")
