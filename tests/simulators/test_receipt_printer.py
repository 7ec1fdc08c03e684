"""The receipt printer, held against the manuals' status bytes and a client that others wrote."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.devices.escpos import next_command, take_real_time, words
from simulators.devices.receipt_printer import ReceiptPrinter
from simulators.faults import Order
from tests.simulators.wiring import Room, served

ROOT = Path(__file__).parents[2]
STATUS = [b"\x10\x04" + bytes([n]) for n in (1, 2, 3, 4)]
CUT = b"\x1dV\x00"
DONE = b"\x1dr1"  # answered after all before it was done


def qr(text: str, module: int = 6) -> bytes:
    data = text.encode()
    size = (len(data) + 3).to_bytes(2, "little")
    return (
        b"\x1d(k\x04\x001A2\x00" + b"\x1d(k\x03\x001C" + bytes([module]) + b"\x1d(k\x03\x001E1"
        + b"\x1d(k" + size + b"1P0" + data + b"\x1d(k\x03\x001Q0"
    )  # fmt: skip


class Desk:
    """A printer and the host's end of its cable."""

    def __init__(self, room: Room, printer: ReceiptPrinter, host: socket.socket) -> None:
        self.room, self.printer, self.host = room, printer, host

    def send(self, data: bytes) -> None:
        self.host.sendall(data)

    def hear(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.host.recv(size - len(data))
            assert more, "the printer hung up"
            data += more
        return data

    def ask(self, data: bytes, size: int = 1) -> bytes:
        self.send(data)
        return self.hear(size)

    def status(self) -> str:
        return "".join(self.ask(question).hex() for question in STATUS)

    def print(self, data: bytes) -> None:
        assert self.ask(data + DONE) in (b"\x00", b"\x03")


@contextmanager
def desk_in(room: Room) -> Iterator[Desk]:
    printer = ReceiptPrinter(room.level, room.faults)
    line = room.tcp("receipt_printer")
    with served(line, printer.serve), socket.create_connection(("127.0.0.1", line.port), 5) as host:
        yield Desk(room, printer, host)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with desk_in(Room()) as desk:
        yield desk


def test_idle_and_paper_out_are_the_published_bytes(desk: Desk) -> None:
    assert desk.status() == "12121212"
    desk.printer.set_paper("out")
    assert desk.status() == "1a32127e"
    desk.printer.set_paper("full")
    assert desk.status() == "12121212"


@pytest.mark.parametrize(("fault", "bytes_"), [
    ("paperLow", "1212121e"), ("paperOut", "1a32127e"), ("coverOpen", "1a161212"),
    ("cutterFault", "1a521a12"), ("headHot", "1a525212"), ("hardwareError", "1a523212"),
])  # fmt: skip
def test_standing_faults_in_the_four_bytes(desk: Desk, fault: str, bytes_: str) -> None:
    desk.room.faults.arm(Order("receipt_printer", fault))
    assert desk.status() == bytes_
    desk.room.faults.clear()
    assert desk.status() == "12121212"


def test_a_receipt_is_text_picture_and_code(desk: Desk) -> None:
    desk.print(
        b"\x1b@\x1ba\x01\x1d!\x11\x1bE\x01" + "签注收据".encode("gb18030") + b"\n\x1d!\x00\x1bE\x00\x1ba\x00"
        + "姓名:严䶮  金额:80.00 元\n".encode("gb18030") + qr("case 330212K01-1") + b"\x1bd\x03" + CUT
    )  # fmt: skip
    receipt = desk.printer.printed()[0]
    assert receipt.text.splitlines() == ["签注收据", "姓名:严䶮  金额:80.00 元"]
    assert receipt.codes() == ["case 330212K01-1"], "read off the picture"
    assert not receipt.torn
    hanging = [desk.printer.in_slot]
    desk.printer.take()
    assert [*hanging, desk.printer.in_slot] == [True, False]
    picture = np.asarray(receipt.picture())
    title = picture[24:72]
    columns = np.nonzero((title < 128).any(axis=0))[0]
    assert abs(columns.mean() - picture.shape[1] / 2) < 12, "centred"
    assert receipt.png().startswith(b"\x89PNG")
    assert desk.printer.unknown_commands == 0


def test_a_long_line_goes_on_in_the_next(desk: Desk) -> None:
    desk.print(("测" * 30 + "\n").encode("gb18030") + CUT)
    assert desk.printer.printed()[0].text.splitlines() == ["测" * 24, "测" * 6]


def test_a_raster_picture_is_on_the_paper(desk: Desk) -> None:
    dots = bytes([0xFF, 0x00] * 40)
    desk.print(b"\x1dv0\x00\x02\x00\x28\x00" + dots + CUT)
    picture = np.asarray(desk.printer.printed()[0].picture())[24:64, 24:40]
    assert (picture[:, :8] < 128).all()
    assert (picture[:, 8:] > 128).all()


def test_paper_ends_in_the_middle_and_printing_goes_on_with_a_new_roll(desk: Desk) -> None:
    desk.room.faults.arm(Order("receipt_printer", "paperOut", "print", nth=3))
    desk.send(b"one\ntwo\nthree\nfour\n" + CUT + DONE)
    assert desk.status() == "1a32127e"
    torn = desk.printer.printed()[0]
    assert (torn.text, torn.torn) == ("one\ntwo", True)
    desk.printer.set_paper("full")
    assert desk.hear(1) == b"\x00"
    assert desk.printer.printed()[0].text == "one\ntwo\nthree\nfour"


def test_what_waits_is_forgotten_when_the_host_clears_it(desk: Desk) -> None:
    desk.room.faults.arm(Order("receipt_printer", "paperOut", "print", nth=2))
    desk.send(b"one\ntwo\n" + CUT)
    assert desk.status() == "1a32127e"
    assert desk.ask(b"\x10\x05\x02" + STATUS[1]) == b"\x32", "cleared, and still without paper"
    desk.printer.set_paper("full")
    desk.print(b"fresh\n" + CUT)
    assert [(r.text, r.torn) for r in desk.printer.printed()] == [("one", True), ("fresh", False)]


def test_a_stuck_knife_stops_until_it_is_recovered(desk: Desk) -> None:
    desk.room.faults.arm(Order("receipt_printer", "cutterFault", "cut"))
    desk.send(b"x\n" + CUT + DONE)
    assert desk.ask(STATUS[2]) == b"\x1a"
    desk.send(b"\x10\x05\x01")
    assert desk.hear(1) == b"\x00"
    assert desk.printer.printed()[0].text == "x"


def test_counters_are_evidence_of_cuts(desk: Desk) -> None:
    def cuts() -> bytes:
        return desk.ask(b"\x1dg2\x00\x32\x00", 3)

    assert cuts() == b"_0\0"
    desk.print(b"a\n" + CUT + b"b\n\x1dVB\x00")
    assert cuts() == b"_2\0"
    desk.room.faults.arm(Order("receipt_printer", "cutterFault", "cut"))
    desk.send(b"c\n" + CUT)
    assert desk.ask(STATUS[0]) == b"\x1a"
    desk.room.faults.clear()
    desk.send(b"\x10\x05\x02")
    assert cuts() == b"_2\0", "a cut that failed is not counted"
    desk.send(b"\x1dg0\x00\x32\x00")
    assert cuts() == b"_0\0"
    assert desk.ask(b"\x1dg2\x00\xb2\x00", 3) == b"_2\0", "from 128 on they count for ever"


def test_automatic_status_is_sent_at_once_and_at_each_change(desk: Desk) -> None:
    assert desk.ask(b"\x1da\xff", 4).hex() == "1000000f"
    desk.room.faults.arm(Order("receipt_printer", "coverOpen"))
    assert desk.hear(4).hex() == "3800000f"
    desk.room.faults.clear()
    assert desk.hear(4).hex() == "1000000f"


@pytest.mark.parametrize("which", [b"\x01", b"1"])
def test_paper_sensor_answers_both_spellings(desk: Desk, which: bytes) -> None:
    assert desk.ask(b"\x1dr" + which) == b"\x00"
    desk.printer.set_paper("low")
    assert desk.ask(b"\x1dr" + which) == b"\x03"


def test_identity_ends_with_nul(desk: Desk) -> None:
    assert desk.ask(b"\x1dIC", 8) == b"_SIM-80\0"


def test_a_silent_printer_says_nothing(desk: Desk) -> None:
    desk.host.settimeout(0.2)
    desk.room.faults.arm(Order("receipt_printer", "noAnswer"))
    with pytest.raises(TimeoutError):
        desk.ask(STATUS[0])


@given(st.lists(st.integers(1, 20), max_size=20))
def test_commands_are_the_same_in_any_chunks(sizes: list[int]) -> None:
    job = (
        b"\x1b@\x1ba\x01" + "收据 receipt".encode("gb18030") + b"\n" + qr("abc")
        + b"\x1dv0\x00\x01\x00\x03\x00\x10\x04\x01\x1dk\x04A\x00\x1bD\x08\x10\x00" + CUT
    )  # fmt: skip
    whole = _codes(job)
    pieces, at = [], 0
    for size in sizes:
        pieces.append(job[at : at + size])
        at += size
    buffer, found = b"", []
    for piece in [*pieces, job[at:]]:
        buffer += piece
        while (cut := next_command(buffer)) is not None:
            found.append((cut[0].code, cut[0].args))
            buffer = buffer[cut[1] :]
    joined = b"".join(args for code, args in found if not code)
    assert joined == "收据 receipt".encode("gb18030")
    assert [f for f in found if f[0]] == [w for w in whole if w[0]]


def _codes(job: bytes) -> list[tuple[bytes, bytes]]:
    found = []
    while (cut := next_command(job)) is not None:
        found.append((cut[0].code, cut[0].args))
        job = job[cut[1] :]
    assert not job
    return found


def test_real_time_commands_are_found_inside_what_waits() -> None:
    found, rest = take_real_time(b"abc\x10\x04\x02def\x10\x05\x01g\x10")
    assert [(before, command.args) for before, command in found] == [(b"abc", b"\x02"), (b"def", b"\x01")]
    assert rest == b"g\x10"


def test_the_line_tap_names_commands_and_keeps_text_to_itself() -> None:
    assert words("to_device", b"\x1b@" + "李".encode("gb18030") + b"\n\x10\x04\x01") == (
        "ESC @, text of 2 bytes, LF, DLE EOT 1"
    )


RECEIPTIO = ROOT / "node_modules" / ".bin" / "receiptio"


def receiptio(address: str, *options: str, document: str = "") -> subprocess.CompletedProcess[str]:
    """Run the client; it speaks to port 9100 only."""
    return subprocess.run(
        ["node", str(RECEIPTIO.resolve()), "-d", address, *options],
        input=document, capture_output=True, text=True, timeout=60, env={**os.environ, "LANG": "C.UTF-8"},
    )  # fmt: skip


@contextmanager
def at_9100() -> Iterator[tuple[str, Room, ReceiptPrinter]]:
    """Serve a printer at port 9100 of a loopback address that nobody else uses."""
    room = Room()
    printer = ReceiptPrinter(room.level, room.faults)
    address = f"127.91.{os.getpid() >> 8 & 0xFF}.{os.getpid() & 0xFF or 1}"
    with served(room.tcp("receipt_printer", address, 9100), printer.serve):
        yield address, room, printer


@pytest.mark.parametrize(("fault", "code"), [
    (None, 100), ("coverOpen", 101), ("paperOut", 102), ("cutterFault", 103),
])  # fmt: skip
def test_receiptio_reads_the_status(fault: str | None, code: int) -> None:
    with at_9100() as (address, room, _):
        if fault:
            room.faults.arm(Order("receipt_printer", fault))
        assert receiptio(address, "-q").returncode == code


def test_receiptio_prints_a_receipt() -> None:
    document = "^^^RECEIPT\n\nitem | 80.00\n---\n{code:https://example.org/c/1; option:qrcode,6,m}\n"
    with at_9100() as (address, _, printer):
        run = receiptio(address, document=document)
        assert run.returncode == 0, run.stdout + run.stderr
        receipt = printer.printed()[0]
        assert "RECEIPT" in receipt.text
        assert "80.00" in receipt.text
        assert receipt.codes() == ["https://example.org/c/1"]
        assert not receipt.torn
        assert printer.unknown_commands == 0
