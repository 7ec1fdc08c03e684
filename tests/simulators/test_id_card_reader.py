"""The ID-card reader on its wire, held against published frames; nothing of ``devices`` is used."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
import usb.core
import usb.util
from hypothesis import given
from hypothesis import strategies as st

from simulators.devices import id_card_reader, id_card_usb
from simulators.devices.id_card_reader import IdCardReader
from simulators.faults import Order
from simulators.level import Level
from simulators.people import load_personas
from simulators.usb_relay import UsbRelay
from simulators.wire import WireClosed
from tests.simulators.wiring import Room, opened, served

PEOPLE = load_personas()
RESET, STATUS, SAM_ID = "0003 10FF EC", "0003 11FF ED", "0003 12FF EE"
FIND, SELECT, READ = "0003 2001 22", "0003 2002 21", "0003 3001 32"
READ_FP, NEW_ADDRESS, BAUD_9600 = "0003 3010 23", "0003 3003 30", "0003 6004 67"
FOUND, NO_CARD = "0008 00009F 00000000 97", "0004 000080 84"
SELECTED, NOT_SELECTED = "000C 000090 0000000000000000 9C", "0004 000081 85"
OK, READ_FAILED, NO_ITEM = "0004 000090 94", "0004 000041 45", "0004 000091 95"
SELF_TEST_FAILED = "0004 000060 64"


def published(frame: str) -> bytes:
    return bytes.fromhex("AAAAAA9669" + frame.replace(" ", ""))


class Desk:
    """A reader, its room, and the host's end of the line."""

    def __init__(self, room: Room, reader: IdCardReader, port: serial.Serial) -> None:
        self.room, self.reader, self.port = room, reader, port

    def ask(self, request: str) -> bytes:
        self.port.write(published(request))
        return self.answer()

    def answer(self) -> bytes:
        head: bytes = self.port.read(7)
        body: bytes = self.port.read(int.from_bytes(head[5:7], "big")) if len(head) == 7 else b""
        return head + body

    def read(self, request: str = READ) -> bytes:
        assert self.ask(FIND) == published(FOUND)
        assert self.ask(SELECT) == published(SELECTED)
        return self.ask(request)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    room = Room()
    reader = IdCardReader(room.level, room.faults, room.chance)
    line = room.pty(tmp_path)
    with served(line, reader.serve), opened(line.path) as port:
        yield Desk(room, reader, port)


def test_published_frames_without_a_card(desk: Desk) -> None:
    assert desk.ask(RESET) == desk.ask(STATUS) == published(OK)
    assert desk.ask(FIND) == published(NO_CARD)
    assert desk.ask(SELECT) == published(NOT_SELECTED)
    assert desk.ask(READ) == published(READ_FAILED)
    assert len(desk.ask(SAM_ID)) == 7 + 4 + 16


@pytest.mark.parametrize(("name", "request_", "size"), [
    ("li-wenjing", READ, 1295), ("li-wenjing", READ_FP, 2321), ("smith-john", READ_FP, 1297),
])  # fmt: skip
def test_a_card_is_read(desk: Desk, name: str, request_: str, size: int) -> None:
    desk.reader.place(PEOPLE[name])
    answer = desk.read(request_)
    assert len(answer) == size
    check = 0
    for byte in answer[5:]:
        check ^= byte
    assert check == 0, "the last byte is the XOR of all from the length on"
    assert answer[7:10] == bytes([0, 0, 0x90])


def field(answer: bytes, offset: int, size: int) -> str:
    text = answer[14 : 14 + 256]
    return text[offset : offset + size].decode("utf-16-le").rstrip()


def test_fields_of_the_four_layouts_stand_where_the_public_drivers_look(desk: Desk) -> None:
    def placed(name: str) -> bytes:
        desk.reader.place(PEOPLE[name])
        answer = desk.read()
        desk.reader.lift()
        return answer

    resident = placed("huang-dehua")
    assert field(resident, 0, 30) == "黄德华"
    assert field(resident, 122, 36) == PEOPLE["huang-dehua"].id_card.number
    assert field(resident, 204, 16) == "长期"
    assert field(resident, 248, 2) == ""
    hk = placed("chan-kaming")
    assert (field(hk, 248, 2), field(hk, 220, 18), field(hk, 32, 4)) == ("J", "H99000001", "")
    old = placed("smith-john")
    assert (field(old, 248, 2), field(old, 0, 120), field(old, 152, 6)) == ("I", "SMITH, JOHN PAUL", "USA")
    assert field(old, 122, 30) == PEOPLE["smith-john"].id_card.number
    new = placed("garcia-maria")
    assert (field(new, 248, 2), field(new, 242, 6)) == ("Y", "COL")
    assert field(new, 52, 70) == "GARCIA LOPEZ, MARIA DEL CARMEN"


def test_a_card_that_was_read_is_not_found_until_it_is_lifted(desk: Desk) -> None:
    desk.reader.place(PEOPLE["li-wenjing"])
    desk.read()
    assert desk.ask(NEW_ADDRESS) == published(NO_ITEM)
    assert desk.ask(FIND) == published(NO_CARD)
    desk.reader.lift()
    desk.reader.place(PEOPLE["li-wenjing"])
    assert desk.ask(FIND) == published(FOUND)


def test_select_needs_find_and_read_needs_select(desk: Desk) -> None:
    desk.reader.place(PEOPLE["li-wenjing"])
    assert desk.ask(SELECT) == published(NOT_SELECTED)
    assert desk.ask(FIND) == published(FOUND)
    assert desk.ask(READ) == published(READ_FAILED)


def test_a_card_lifted_while_it_is_read_is_a_read_failure(tmp_path: Path) -> None:
    room = Room(level=Level("slow", mechanics=10_000.0, paced=False, misread=0.0))
    reader = IdCardReader(room.level, room.faults, room.chance)
    line = room.pty(tmp_path)
    with served(line, reader.serve), opened(line.path, timeout_s=20) as port:
        desk = Desk(room, reader, port)
        reader.place(PEOPLE["li-wenjing"])
        threading.Timer(0.1, reader.lift).start()
        # Finding takes ten minutes here: the answer comes when the card goes, not when they are over.
        assert desk.ask(FIND) == published(NO_CARD)
        assert reader.card is None


@pytest.mark.parametrize(("fault", "operation", "answer"), [
    ("cardRemoved", READ, READ_FAILED), ("selfTestFailed", STATUS, SELF_TEST_FAILED),
    ("selectFailed", SELECT, NOT_SELECTED), ("readFailed", READ, READ_FAILED),
])  # fmt: skip
def test_faults_answer_their_published_byte(desk: Desk, fault: str, operation: str, answer: str) -> None:
    names = {READ: "read", STATUS: "status", SELECT: "select"}
    desk.reader.place(PEOPLE["li-wenjing"])
    if operation == READ:
        desk.ask(FIND)
        desk.ask(SELECT)
    elif operation == SELECT:
        desk.ask(FIND)
    desk.room.faults.arm(Order("id_card_reader", fault, names[operation]))
    assert desk.ask(operation) == published(answer)


def test_a_silent_reader_answers_again_when_the_fault_is_gone(desk: Desk) -> None:
    desk.port.timeout = 0.1
    desk.room.faults.arm(Order("id_card_reader", "noAnswer"))
    assert desk.ask(FIND) == b""
    desk.room.faults.clear()
    assert desk.ask(FIND) == published(NO_CARD)


@pytest.mark.parametrize(("sent", "sw3"), [
    ("AAAAAA96690003200123", 0x10), ("AAAAAA9669000120AA", 0x11), ("AAAAAA96690003220120", 0x21),
])  # fmt: skip
def test_bad_requests_are_named(desk: Desk, sent: str, sw3: int) -> None:
    desk.port.write(bytes.fromhex(sent))
    assert desk.answer()[9] == sw3


def test_speed_changes_after_the_answer(tmp_path: Path) -> None:
    room = Room()
    reader = IdCardReader(room.level, room.faults, room.chance)
    line = room.pty(tmp_path)
    with served(line, reader.serve), opened(line.path) as port:
        desk = Desk(room, reader, port)
        assert desk.ask(BAUD_9600) == published(OK)
        port.baudrate = 9600
        assert desk.ask(FIND) == published(NO_CARD)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=12), st.binary(max_size=4))
def test_requests_are_cut_out_of_any_chunks(sizes: list[int], noise: bytes) -> None:
    reader = IdCardReader(Room().level, Room().faults, Room().chance)
    stream = noise + published(FIND) + published(STATUS)
    pieces, at = [], 0
    for size in sizes:
        pieces.append(stream[at : at + size])
        at += size
    wire = _Fed([*pieces, stream[at:]])
    reader.serve(wire)
    assert b"".join(wire.said).endswith(published(NO_CARD) + published(OK))


class _Fed:
    """A wire that hands out prepared chunks."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = [c for c in chunks if c]
        self.said: list[bytes] = []

    def read(self, timeout_s: float | None) -> bytes:
        if not self.chunks:
            raise WireClosed
        return self.chunks.pop(0)

    def write(self, data: bytes) -> None:
        self.said.append(data)

    def set_baud(self, baud: int) -> None: ...


def test_the_line_tap_never_says_what_a_card_holds(desk: Desk) -> None:
    desk.room.recorder.describe("line", id_card_reader.words)
    desk.reader.place(PEOPLE["li-wenjing"])
    desk.read()
    said = [f["words"] for f in desk.room.recorder.since(0)]
    assert said == ["find", "card found, 15 bytes", "select", "ok, 19 bytes", "read", "ok, 1295 bytes"]


@pytest.mark.parametrize("form", ["bulk", "pipes"])
def test_usb_forms_through_pyusb(form: str) -> None:
    room = Room()
    reader = IdCardReader(room.level, room.faults, room.chance)
    reader.place(PEOPLE["li-wenjing"])
    relay = UsbRelay("id_card_reader", form, room.level, room.faults, room.recorder, room.chance)
    with served(relay, reader.serve):
        backend = id_card_usb.backend({"port": str(relay.port), "form": form})
        device = usb.core.find(idVendor=0x0400, idProduct=0xC35A, backend=backend)
        assert device is not None

        def ask(request: str) -> bytes:
            frame = published(request)
            if form == "bulk":
                device.write(0x02, frame, 2000)
                return bytes(device.read(0x81, 4096, 5000))
            device.write(0x02, frame[:7], 2000)
            device.write(0x06, frame[7:], 2000)
            head = bytes(device.read(0x81, 64, 5000))
            return head + bytes(device.read(0x85, 4096, 5000))

        assert ask(FIND) == published(FOUND)
        assert ask(SELECT) == published(SELECTED)
        assert len(ask(READ)) == 1295
        with pytest.raises(usb.core.USBTimeoutError):
            device.read(0x81, 64, 50)
        room.faults.arm(Order("id_card_reader", "disconnect"))
        with pytest.raises(usb.core.USBError, match="no such device"):
            device.read(0x81, 64, 2000)
        usb.util.dispose_resources(device)
        assert usb.core.find(idVendor=0x0400, idProduct=0xC35A, backend=backend) is None


def test_usb_hands_out_the_rest_of_a_transfer_with_the_next_read() -> None:
    room = Room()
    reader = IdCardReader(room.level, room.faults, room.chance)
    relay = UsbRelay("id_card_reader", "bulk", room.level, room.faults, room.recorder, room.chance)
    with served(relay, reader.serve):
        device = usb.core.find(backend=id_card_usb.backend({"port": str(relay.port)}), idVendor=0x0400)
        device.write(0x02, published(FIND), 2000)
        assert bytes(device.read(0x81, 6, 2000)) + bytes(device.read(0x81, 64, 2000)) == published(NO_CARD)
        usb.util.dispose_resources(device)
