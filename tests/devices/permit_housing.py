"""A permit unit in memory: three links onto one housing with a card in it, and a chip that knows BAC.

Written from the published protocols with its own framing and cryptography, so that it shares no mistake
with the driver. ``Housing.refuse`` and the other switches make it misbehave.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import xor

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from tests.devices.scripted_link import ScriptedLink

LINE = "CSC000000004<2404200<8108038<6"
"""The specimen's printed line, whose check digits are right."""

HOLDER = LINE + "NGKELMPONBPJZHENGJIAN<<YANGBEN" + "F<<<GUANGDONG<<<<<<<<<<<<<<<<<"


def framed(text: bytes) -> bytes:
    body = b"\xf2\x00" + len(text).to_bytes(2, "big") + text + b"\x03"
    return body + bytes([reduce(xor, body)])


def printer_framed(payload: bytes) -> bytes:
    body = bytes([len(payload) + 2]) + payload + b"\x03"
    return b"\x02" + body + bytes([reduce(xor, body)])


def des(key: bytes, data: bytes, *, decrypt: bool = False, cbc: bool = True) -> bytes:
    cipher = Cipher(TripleDES(key + key[:8]), modes.CBC(bytes(8)) if cbc else modes.ECB())
    worker = cipher.decryptor() if decrypt else cipher.encryptor()
    return worker.update(data) + worker.finalize()


def padded(data: bytes) -> bytes:
    data += b"\x80"
    return data + bytes(-len(data) % 8)


def mac(key: bytes, data: bytes) -> bytes:
    one, two = key[:8] * 2, key[8:] * 2
    last = des(one, padded(data))[-8:]
    return des(one, des(two, last, decrypt=True, cbc=False), cbc=False)


def derived(seed: bytes, number: int) -> bytes:
    return hashlib.sha1(seed + bytes([0, 0, 0, number])).digest()[:16]


class Chip:
    """The card's side: one application, DG1 and the endorsement file, all behind BAC."""

    challenge = bytes.fromhex("4608F91988702212")
    half = bytes.fromhex("0B4F80323EB3191CB04970CB4052790B")

    def __init__(self, line: str = LINE, holder: str = HOLDER) -> None:
        seed = hashlib.sha1((line[2:12] + line[21:28] + line[13:20]).encode()).digest()[:16]
        self.keys = derived(seed, 1), derived(seed, 2)
        self.files = {
            0x0101: bytearray(bytes.fromhex("615D5F1F5A") + holder.encode()),
            0x0120: bytearray(257),
        }
        self.session: tuple[bytes, bytes] | None = None
        self.counter = 0
        self.file = bytearray()
        self.application = True
        self.refuse_updates_after: int | None = None

    def answer(self, apdu: bytes) -> bytes:
        if apdu[0] & 0x0C:
            return self.secured(apdu)
        self.session = None
        if apdu[:4] == bytes.fromhex("00A4040C"):
            ours = self.application and apdu[5:12] == bytes.fromhex("A0000002471001")
            return bytes.fromhex("9000" if ours else "6A82")
        if apdu == bytes.fromhex("0084000008"):
            return self.challenge + b"\x90\x00"
        if apdu[:5] == bytes.fromhex("0082000028"):
            return self.authenticated(apdu[5:45])
        return bytes.fromhex("6982")

    def authenticated(self, token: bytes) -> bytes:
        encryption, authentication = self.keys
        if mac(authentication, token[:32]) != token[32:]:
            return bytes.fromhex("6300")
        said = des(encryption, token[:32], decrypt=True)
        theirs, half = said[:8], said[16:]
        seed = bytes(a ^ b for a, b in zip(half, self.half, strict=True))
        self.session = derived(seed, 1), derived(seed, 2)
        self.counter = int.from_bytes(self.challenge[4:] + theirs[4:], "big")
        proof = des(encryption, self.challenge + theirs + self.half)
        return proof + mac(authentication, proof) + b"\x90\x00"

    def secured(self, apdu: bytes) -> bytes:
        if self.session is None:
            return bytes.fromhex("6988")
        encryption, authentication = self.session
        body, header = apdu[5 : 5 + apdu[4]], apdu[:4]
        covered, check = body[:-10], body[-8:]
        self.counter += 1
        if mac(authentication, self.counter.to_bytes(8, "big") + padded(header) + covered) != check:
            self.session = None
            return bytes.fromhex("6988")
        data, expected = b"", 0
        if covered[:1] == b"\x87":
            at = 3 if covered[1] == 0x81 else 2
            size = covered[at - 1]
            data = des(encryption, covered[at + 1 : at + size], decrypt=True).rstrip(b"\0")[:-1]
            covered = covered[at + size :]
        if covered[:2] == b"\x97\x01":
            expected = covered[2]
        data, status = self.served(header, data, expected)
        objects = b""
        if data:
            hidden = b"\x01" + des(encryption, padded(data))
            objects += b"\x87" + (b"\x81" if len(hidden) > 127 else b"") + bytes([len(hidden)]) + hidden
        objects += b"\x99\x02" + status
        self.counter += 1
        return (
            objects
            + b"\x8e\x08"
            + mac(authentication, self.counter.to_bytes(8, "big") + objects)
            + b"\x90\x00"
        )

    def served(self, header: bytes, data: bytes, expected: int) -> tuple[bytes, bytes]:
        offset = int.from_bytes(header[2:], "big")
        if header[1] == 0xA4:
            found = self.files.get(int.from_bytes(data, "big"))
            if found is None:
                return b"", b"\x6a\x82"
            self.file = found
            return b"", b"\x90\x00"
        if header[1] == 0xB0:
            return bytes(self.file[offset : offset + expected]), b"\x90\x00"
        if self.refuse_updates_after is not None:
            if self.refuse_updates_after == 0:
                return b"", b"\x65\x81"
            self.refuse_updates_after -= 1
        self.file[offset : offset + len(data)] = data
        return b"", b"\x90\x00"


@dataclass
class Housing:
    """Where the card is, and what is wrong."""

    where: str = "out"  # out, gate, inside, printer, bin
    entry: bool = False
    retained: int = 41
    bin_full: bool = False
    chip: Chip | None = field(default_factory=Chip)
    line: str = LINE
    strip_code: str = ""
    strip: dict[int, bytes] = field(default_factory=dict)
    erased: int = 0
    printed: int = 0
    errors: dict[tuple[int, int], str] = field(default_factory=dict)  # (CM, PM): e1 e0, each time
    printer_error: dict[int, int] = field(default_factory=dict)  # command: P
    printer_draws_in: bool = True
    printer_hands_back: bool = True
    bin_counts: bool = True
    snatched: bool = False  # whoever stands there pulls it out while it is given back
    mute: set[str] = field(default_factory=set)
    lose_answer: set[tuple[int, int]] = field(default_factory=set)  # (CM, PM): obeyed, answer lost once
    waiting: bool = False
    field_on: bool = False
    commands: list[str] = field(default_factory=list)

    def links(self) -> tuple[ScriptedLink, ScriptedLink, ScriptedLink]:
        printer = PrinterEnd(self)
        return ScriptedLink(self.transport), ScriptedLink(self.imager), ScriptedLink(printer.hear)

    # --- transport

    def transport(self, data: bytes) -> Iterable[bytes]:
        if "transport" in self.mute or data[0] != 0xF2:
            return []
        command, parameter, rest = data[5], data[6], data[7:-2]
        self.commands.append(f"{command:02X}{parameter:02X}")
        error = self.errors.get((command, parameter))
        if self.snatched and (command, parameter) == (0x32, 0x39):
            self.where, error = "out", "45"
        said = b"" if error else self.obey(command, parameter, rest)
        if error or said is None:
            return [b"\x06", framed(bytes([0x4E, command, parameter]) + (error or "02").encode())]
        if (command, parameter) in self.lose_answer:
            self.lose_answer.remove((command, parameter))
            return [b"\x06"]
        st0 = {"gate": b"1", "inside": b"2"}.get(self.where, b"0")
        status = st0 + b"0" + (b"1" if self.bin_full else b"0")
        return [b"\x06", framed(bytes([0x50, command, parameter]) + status + said)]

    def obey(self, command: int, parameter: int, data: bytes) -> bytes | None:
        match command, parameter:
            case 0x30, 0x33:
                self.entry = False
                return b"CRT-591-M001"
            case 0x31, 0x30:
                return b""
            case 0x33, _:
                self.entry = parameter == 0x30
                return b""
            case 0x32, _:
                return self.moved(parameter)
            case 0xA5, 0x30:
                return b"%03d" % self.retained
            case 0xA4, 0x30:
                return b"V1.0"
            case 0xA2, 0x30:
                return b"\x04SN42"
            case 0x60, 0x30:
                self.field_on = True
                return b"A\x04\x00\x04\x01\x02\x03\x04\x20\x05\x78\x80\x70\x02"
            case 0x60, 0x31:
                self.field_on = False
                return b""
            case 0x60, 0x34 if self.chip and self.field_on:
                return self.chip.answer(data)
        return None

    def moved(self, target: int) -> bytes | None:
        if self.where not in ("gate", "inside"):
            return None
        if target == 0x30:
            self.where = "printer" if self.waiting and self.printer_draws_in else "inside"
            return b""
        self.where = {0x32: "inside", 0x33: "bin", 0x39: "gate"}[target]
        self.retained += self.bin_counts and self.where == "bin"
        return b""

    # --- imager

    def imager(self, data: bytes) -> Iterable[bytes]:
        if "scanner" in self.mute:
            return []
        if data == b"\x16M\rREVINF.":
            return [b"REVINFProduct Name: Imager\r\nSoftware Revision: 2\r\nSerial Number: 7\r\n\x06."]
        if data != b"\x16T\r" or self.where != "inside":
            return []
        return [text.encode() + b"\r" for text in (self.line, self.strip_code) if text]


class PrinterEnd:
    """The print station's end of its link."""

    def __init__(self, housing: Housing) -> None:
        self.housing = housing
        self.command = 0x20
        self.error = 0x30
        self.job = 0x30
        self.buffer: dict[int, bytes] = {}

    def hear(self, data: bytes) -> Iterable[bytes]:
        if "printer" in self.housing.mute:
            return []
        if data != b"\x05":
            self.take(data[2], data[6:-2])
            return [b"\x06"]
        if self.command == 0x33 and self.housing.where == "printer":
            self.job = 0x30
        position = 0x31 if self.housing.where == "printer" else 0x30
        return [printer_framed(bytes([self.command, position, self.error, self.job]))]

    def take(self, command: int, data: bytes) -> None:
        house = self.housing
        house.commands.append(f"{command:02X}")
        self.command = command
        self.job = 0x30
        if command not in (0x20, 0x40):  # these tell how the last command ended
            self.error = house.printer_error.get(command, 0x30)
        if command in house.printer_error:
            return
        match command:
            case 0x33:
                self.job, house.waiting = 0x34, True
            case 0x40:
                house.waiting = False
            case 0x7D:
                house.erased += 1
                house.strip.clear()
            case 0x7B:
                self.image(data)
            case 0x80 if house.printer_hands_back and house.where == "printer":
                house.where = "inside"

    def image(self, data: bytes) -> None:
        mode, control, first, width, rows = (
            data[0],
            data[1],
            int.from_bytes(data[2:4], "big"),
            data[4],
            data[5],
        )
        if control == 0x30:
            self.buffer.clear()
        for row in range(rows):
            self.buffer[first + row] = data[6 + row * width : 6 + (row + 1) * width]
        if mode == 0x31:
            self.housing.strip.update(self.buffer)
            self.housing.printed += 1


class Minutes:
    """Time that passes only when somebody pauses."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def now(self) -> float:
        self.now_s += 0.001
        return self.now_s

    def pause(self, seconds: float) -> None:
        self.now_s += seconds
