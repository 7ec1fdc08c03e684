"""The fingerprint pad, held against published packets and two clients that others wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import adafruit_fingerprint
import nbis
import numpy as np
import pytest
import serial
from PIL import Image
from pyfingerprint.pyfingerprint import PyFingerprint

from simulators.devices.fingerprint_pad import FingerprintPad, Press, packet, picture
from simulators.faults import Order
from simulators.people import load_personas
from simulators.wire import PtyWire
from tests.simulators.wiring import Room, opened, served

VERIFY_PASSWORD = bytes.fromhex("EF01FFFFFFFF01000713000000 00001B".replace(" ", ""))
CAPTURE = bytes.fromhex("EF01FFFFFFFF010003010005")
EXTRACT_1 = bytes.fromhex("EF01FFFFFFFF01000402010008")
UPLOAD_IMAGE = bytes.fromhex("EF01FFFFFFFF0100030A000E")
MATCH = bytes.fromhex("EF01FFFFFFFF010003030007")
ACK_OK = bytes.fromhex("EF01FFFFFFFF07000300000A")
ACK_NO_FINGER = bytes.fromhex("EF01FFFFFFFF07000302000C")
IMAGE_BYTES = 256 * 288 // 2


class Desk:
    def __init__(self, room: Room, pad: FingerprintPad, line: PtyWire) -> None:
        self.room, self.pad, self.line = room, pad, line


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    room = Room()
    pad = FingerprintPad(room.level, room.faults, room.chance)
    line = room.pty(tmp_path, baud=57600)
    with served(line, pad.serve):
        yield Desk(room, pad, line)


def ask(port: serial.Serial, request: bytes) -> bytes:
    port.write(request)
    return next_packet(port)


def next_packet(port: serial.Serial) -> bytes:
    head: bytes = port.read(9)
    rest: bytes = port.read(int.from_bytes(head[7:9], "big")) if len(head) == 9 else b""
    return head + rest


def test_published_packets(desk: Desk) -> None:
    with opened(desk.line.path, 57600) as port:
        assert ask(port, VERIFY_PASSWORD) == ACK_OK
        assert ask(port, CAPTURE) == ACK_NO_FINGER
        desk.pad.press(Press("f01"))
        assert ask(port, CAPTURE) == ACK_OK
        assert ask(port, EXTRACT_1) == ACK_OK
        assert ask(port, MATCH)[9] == 0x08


@pytest.mark.parametrize("size_code", [0, 3])
def test_the_image_comes_in_packets_of_the_size_that_was_set(desk: Desk, size_code: int) -> None:
    desk.pad.press(Press("f02", 3))
    with opened(desk.line.path, 57600) as port:
        assert ask(port, packet(1, bytes([0x0E, 6, size_code]))) == ACK_OK
        assert ask(port, CAPTURE) == ACK_OK
        assert ask(port, UPLOAD_IMAGE) == ACK_OK
        data, pid = b"", 0x02
        while pid == 0x02:
            got = next_packet(port)
            pid = got[6]
            assert len(got) - 11 == 32 << size_code
            data += got[9:-2]
        assert pid == 0x08
        assert len(data) == IMAGE_BYTES


def test_no_image_before_a_capture_and_a_bad_sum_is_told(desk: Desk) -> None:
    with opened(desk.line.path, 57600) as port:
        assert ask(port, UPLOAD_IMAGE)[9] == 0x15
        assert ask(port, CAPTURE[:-1] + b"\x06")[9] == 0x01


def test_packets_for_another_address_are_not_answered(desk: Desk) -> None:
    with opened(desk.line.path, 57600, timeout_s=0.2) as port:
        port.write(CAPTURE.replace(b"\xff\xff\xff\xff", b"\x00\x00\x00\x01", 1))
        assert port.read(1) == b""


def test_speed_can_be_set_to_115200(desk: Desk) -> None:
    with opened(desk.line.path, 57600) as port:
        assert ask(port, packet(1, bytes([0x0E, 4, 12]))) == ACK_OK
        port.baudrate = 115200
        assert ask(port, CAPTURE) == ACK_NO_FINGER


@pytest.mark.parametrize(("condition", "code"), [("dry", 0x07), ("partial", 0x07)])
def test_a_bad_finger_gives_an_image_and_no_features(desk: Desk, condition: str, code: int) -> None:
    desk.pad.press(Press("f01", 2, condition))
    with opened(desk.line.path, 57600) as port:
        assert ask(port, CAPTURE) == ACK_OK
        assert ask(port, EXTRACT_1)[9] == code


def test_faults_answer_their_code(desk: Desk) -> None:
    desk.pad.press(Press("f01"))
    with opened(desk.line.path, 57600, timeout_s=0.2) as port:
        desk.room.faults.arm(Order("fingerprint_pad", "imageFailed", "capture"))
        assert ask(port, CAPTURE)[9] == 0x03
        desk.room.faults.arm(Order("fingerprint_pad", "noAnswer", "capture"))
        assert ask(port, CAPTURE) == b""
        assert ask(port, CAPTURE) == ACK_OK


def test_pyfingerprint_captures_enrols_searches_and_downloads(desk: Desk, tmp_path: Path) -> None:
    client = PyFingerprint(str(desk.line.path), 57600, 0xFFFFFFFF, 0)
    assert client.verifyPassword()
    assert client.getStorageCapacity() == 150
    assert client.getTemplateCount() == 0
    assert not client.readImage()
    desk.pad.press(Press("f03", 1))
    assert client.readImage()
    client.downloadImage(str(tmp_path / "finger.bmp"))
    client.convertImage(0x01)
    assert client.searchTemplate()[0] == -1
    desk.pad.press(Press("f03", 2))
    assert client.readImage()
    client.convertImage(0x02)
    assert client.compareCharacteristics() > 0
    assert client.createTemplate()
    assert client.storeTemplate() == 0
    assert client.getTemplateCount() == 1
    desk.pad.press(Press("f03", 4))
    assert client.readImage()
    client.convertImage(0x01)
    assert client.searchTemplate()[0] == 0
    assert len(client.downloadCharacteristics(0x01)) == 512
    assert client.deleteTemplate(0)
    assert client.clearDatabase()
    with Image.open(tmp_path / "finger.bmp") as image:
        assert image.size == (256, 288)
        greys = np.asarray(image.convert("L"))
    seen = picture(Press("f03", 1), desk.room.chance)
    assert np.abs(greys.astype(int) - seen).max() <= 16, "the picture on the glass, at 16 greys"


def test_adafruits_client_enrols_and_finds_and_tells_another_finger(desk: Desk) -> None:
    with serial.Serial(str(desk.line.path), 57600, timeout=1) as uart:
        client = adafruit_fingerprint.Adafruit_Fingerprint(uart)
        assert client.library_size == 150
        assert client.get_image() == adafruit_fingerprint.NOFINGER
        for buffer, impression in ((1, 1), (2, 2)):
            desk.pad.press(Press("f05", impression))
            assert client.get_image() == adafruit_fingerprint.OK
            assert client.image_2_tz(buffer) == adafruit_fingerprint.OK
        assert client.create_model() == adafruit_fingerprint.OK
        assert client.store_model(7) == adafruit_fingerprint.OK
        assert client.read_templates() == adafruit_fingerprint.OK
        assert client.templates == [7]
        desk.pad.press(Press("f05", 4))
        assert client.get_image() == adafruit_fingerprint.OK
        assert client.image_2_tz(1) == adafruit_fingerprint.OK
        assert client.finger_search() == adafruit_fingerprint.OK
        assert client.finger_id == 7
        desk.pad.press(Press("f06", 1))
        assert client.get_image() == adafruit_fingerprint.OK
        assert client.image_2_tz(1) == adafruit_fingerprint.OK
        assert client.finger_search() == adafruit_fingerprint.NOTFOUND
        assert len(client.get_fpdata("image")) == IMAGE_BYTES
        desk.pad.lift()
        assert client.get_image() == adafruit_fingerprint.NOFINGER


def test_the_glass_shows_the_finger_that_the_card_says(tmp_path: Path) -> None:
    """The picture at 16 greys still matches the template on the card, and no other finger does."""
    extractor = nbis.new_nbis_extractor(
        nbis.NbisExtractorSettings(
            min_quality=0.0, get_center=False, check_fingerprint=True, compute_nfiq2=False, ppi=500.0
        )
    )
    person = load_personas()["li-wenjing"]
    enrolled = extractor.load_iso_19794_2_2005(person.templates[0].record)

    def score(press: Press) -> int:
        path = tmp_path / "seen.png"
        Image.fromarray(picture(press, Room().chance)).save(path)
        return int(extractor.extract_minutiae(path.read_bytes()).compare(enrolled))

    assert score(Press("f01", 3)) > 40
    assert score(Press("f02", 3)) < 40
    assert score(Press("f01", 3, "dry")) < 40
    assert score(Press("f01", 3, "partial")) < 40
