"""Optical fingerprint pad of the ZFM / R30x family: packets as its two public manuals agree.

``EF 01 | address | pid | length | payload | sum``; 57600 baud (9600 x N), image 256x288 at 4 bits a
dot, character file 256 bytes, template 512. The module's own features are ours: a character file
names the picture it was made from, and two match when it is the same finger.
"""

from __future__ import annotations

import random
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.faults import Faults
from simulators.level import Level
from simulators.people import FOLDER
from simulators.wire import Wire, WireClosed

NAME: Final = "fingerprint_pad"
ROWS, COLUMNS = 288, 256
CAPACITY: Final = 150
HEADER: Final = b"\xef\x01"
COMMAND, DATA, ACK, END = 0x01, 0x02, 0x07, 0x08
HALF_PACKET_S: Final = 0.5
CONDITIONS: Final = ("ok", "dry", "partial")
BAUD_FACTORS: Final = (1, 2, 4, 6, 12)

OK, PACKET_ERROR, NO_FINGER, IMAGE_FAIL, MESSY, FEW = 0x00, 0x01, 0x02, 0x03, 0x06, 0x07
NO_MATCH, NOT_FOUND, CANNOT_COMBINE, BAD_SLOT, LOAD_FAIL = 0x08, 0x09, 0x0A, 0x0B, 0x0C
UPLOAD_FAIL, WRONG_PASSWORD, NO_IMAGE, FLASH, BAD_REGISTER, WRONG_ADDRESS = 0x0F, 0x13, 0x15, 0x18, 0x1A, 0x20

COMMANDS: Final[Mapping[int, str]] = {
    0x01: "capture", 0x02: "extract", 0x03: "match", 0x04: "search", 0x05: "combine", 0x06: "store",
    0x07: "load", 0x08: "upload_character", 0x09: "download_character", 0x0A: "upload_image",
    0x0C: "delete", 0x0D: "empty", 0x0E: "set_parameter", 0x0F: "read_parameters", 0x12: "set_password",
    0x13: "verify_password", 0x14: "random", 0x1B: "search", 0x1D: "count", 0x1F: "index", 0x35: "light",
}  # fmt: skip
OPERATIONS: Final = tuple(dict.fromkeys(COMMANDS.values()))
_CODES: Final[Mapping[str, int]] = {
    "packetError": PACKET_ERROR,
    "imageFailed": IMAGE_FAIL,
    "badImage": MESSY,
    "fewFeatures": FEW,
    "uploadFailed": UPLOAD_FAIL,
    "wrongPassword": WRONG_PASSWORD,
    "wrongAddress": WRONG_ADDRESS,
    "hardwareError": FLASH,
}
FAULTS: Final[Mapping[str, str]] = {
    **{name: f"answers {code:02X}" for name, code in _CODES.items()},
    "noAnswer": "takes the command and says nothing",
    "dirty": "the glass is dirty: every image has a latent print on it",
}
MIDWAY: Final = ("capture", "extract", "upload_image")
"""The operations that a fault can strike half-way."""
SECONDS: Final[Mapping[str, float]] = {"capture": 0.25, "extract": 0.35, "search": 0.1, "store": 0.05}

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Press:
    """A finger on the glass: which picture, which impression 1..4, in what condition."""

    finger: str
    impression: int = 2
    condition: str = "ok"


class FingerprintPad:
    """The pad; ``serve`` runs in the wire's thread, the rest is what a person does."""

    def __init__(self, level: Level, faults: Faults, chance: random.Random) -> None:
        self._level = level
        self._faults = faults
        self._chance = chance
        self._press: Press | None = None
        self._lock = threading.Lock()
        self._image: Image | None = None
        self._taken: Press | None = None
        self._buffers: dict[int, bytes] = {}
        self._library: dict[int, bytes] = {}
        self._password = bytes(4)
        self._address = b"\xff" * 4
        self._security = 3
        self._size_code = 2
        self._baud_factor = 6
        self._heard = b""

    # --- what a person does ---

    def press(self, press: Press) -> None:
        """Put a finger on the glass; raises ``ValueError`` when there is no such finger."""
        if press.condition not in CONDITIONS:
            raise ValueError(f"condition: one of {', '.join(CONDITIONS)}")
        if press.finger not in _fingers() or not 1 <= press.impression <= 4:
            raise ValueError(f"no finger {press.finger!r} with impression {press.impression}")
        with self._lock:
            self._press = press

    def lift(self) -> None:
        with self._lock:
            self._press = None

    # --- the wire ---

    def serve(self, wire: Wire) -> None:
        """Answer packets until the wire is closed."""
        try:
            while True:
                packet = self._packet(wire, None)
                if packet is not None:
                    self._answer(packet, wire)
        except WireClosed:
            return

    def _packet(self, wire: Wire, timeout_s: float | None) -> tuple[int, bytes] | None:
        """Return the next packet's pid and payload; None after a time without one. Pid 0: a bad sum."""
        while True:
            at = self._heard.find(HEADER)
            self._heard = self._heard[at:] if at >= 0 else self._heard[-1:]
            if at >= 0 and len(self._heard) >= 9:
                size = int.from_bytes(self._heard[7:9], "big")
                if len(self._heard) >= 9 + size:
                    packet, self._heard = self._heard[: 9 + size], self._heard[9 + size :]
                    if packet[2:6] != self._address:
                        continue
                    good = size >= 3 and _sum(packet[6:-2]) == int.from_bytes(packet[-2:], "big")
                    return (packet[6], packet[9:-2]) if good else (0, b"")
            more = wire.read(HALF_PACKET_S if len(self._heard) > 1 else timeout_s)
            if not more:
                self._heard = b""
                return None
            self._heard += more

    def _answer(self, packet: tuple[int, bytes], wire: Wire) -> None:
        pid, payload = packet
        if pid != COMMAND:
            self._ack(wire, PACKET_ERROR)
            return
        operation = COMMANDS.get(payload[0])
        if operation is None:
            self._ack(wire, PACKET_ERROR)
            return
        fault, share = self._fault(operation)
        if fault == "noAnswer":
            if operation == "upload_image" and share > 0 and self._image is not None:
                self._ack(wire, OK)
                self._send(wire, self._dots(self._image), share)
            return
        seconds = self._level.seconds(SECONDS.get(operation, 0.0)) * share
        if seconds:
            # A module at work is deaf; what comes meanwhile waits in its UART.
            self._heard += wire.read(seconds)
        if fault is not None and fault in _CODES:
            self._ack(wire, _CODES[fault])
            return
        try:
            _HANDLERS[payload[0]](self, payload[1:], wire)
        except (struct.error, IndexError):
            self._ack(wire, PACKET_ERROR)

    def _fault(self, operation: str) -> tuple[str | None, float]:
        """Return the fault that strikes, and how much of the operation is done before."""
        order = self._faults.take(NAME, operation)
        if order is None:
            order = next((o for name, o in self._faults.standing(NAME).items() if name in FAULTS), None)
        if order is None:
            return None, 1.0
        return order.fault, order.share(0.0 if order.fault == "noAnswer" else 1.0)

    def _ack(self, wire: Wire, code: int, data: bytes = b"") -> None:
        wire.write(packet(ACK, bytes([code]) + data, self._address))

    def _send(self, wire: Wire, data: bytes, share: float = 1.0) -> None:
        """Send ``data`` in packets, or only that share of them."""
        size = 32 << self._size_code
        for at in range(0, round(len(data) * share), size):
            last = at + size >= len(data)
            wire.write(packet(END if last else DATA, data[at : at + size], self._address))

    # --- commands ---

    def _capture(self, args: bytes, wire: Wire) -> None:
        with self._lock:
            press = self._press
        if press is None:
            self._ack(wire, NO_FINGER)
            return
        self._taken = press
        self._image = picture(press, self._chance, dirty="dirty" in self._faults.standing(NAME))
        self._ack(wire, OK)

    def _extract(self, args: bytes, wire: Wire) -> None:
        if self._taken is None:
            self._ack(wire, NO_IMAGE)
        elif self._taken.condition in ("dry", "partial") or self._level.misreads(self._chance):
            self._ack(wire, FEW)
        else:
            self._buffers[args[0]] = _character(self._taken)
            self._ack(wire, OK)

    def _match(self, args: bytes, wire: Wire) -> None:
        one, two = self._buffers.get(1, b""), self._buffers.get(2, b"")
        score = _score(one, two)
        self._ack(wire, OK if score else NO_MATCH, struct.pack(">H", score))

    def _search(self, args: bytes, wire: Wire) -> None:
        buffer, start, count = struct.unpack(">BHH", args[:5])
        mine = self._buffers.get(buffer, b"")
        for slot in range(start, min(start + count, CAPACITY)):
            if score := _score(mine, self._library.get(slot, b"")):
                self._ack(wire, OK, struct.pack(">HH", slot, score))
                return
        self._ack(wire, NOT_FOUND, bytes(4))

    def _combine(self, args: bytes, wire: Wire) -> None:
        one, two = self._buffers.get(1, b""), self._buffers.get(2, b"")
        if not _score(one, two):
            self._ack(wire, CANNOT_COMBINE)
            return
        self._buffers[1] = self._buffers[2] = one[:256] + two[:256]
        self._ack(wire, OK)

    def _store(self, args: bytes, wire: Wire) -> None:
        buffer, slot = struct.unpack(">BH", args[:3])
        if slot >= CAPACITY:
            self._ack(wire, BAD_SLOT)
            return
        self._library[slot] = self._buffers.get(buffer, bytes(512))
        self._ack(wire, OK)

    def _load(self, args: bytes, wire: Wire) -> None:
        buffer, slot = struct.unpack(">BH", args[:3])
        if slot not in self._library:
            self._ack(wire, LOAD_FAIL)
            return
        self._buffers[buffer] = self._library[slot]
        self._ack(wire, OK)

    def _upload_character(self, args: bytes, wire: Wire) -> None:
        self._ack(wire, OK)
        self._send(wire, self._buffers.get(args[0], b"").ljust(512, b"\0"))

    def _download_character(self, args: bytes, wire: Wire) -> None:
        self._ack(wire, OK)
        data = b""
        while (got := self._packet(wire, HALF_PACKET_S)) is not None and got[0] in (DATA, END):
            data += got[1]
            if got[0] == END:
                self._buffers[args[0]] = data
                return

    def _upload_image(self, args: bytes, wire: Wire) -> None:
        if self._image is None:
            self._ack(wire, NO_IMAGE)
            return
        self._ack(wire, OK)
        self._send(wire, self._dots(self._image))

    @staticmethod
    def _dots(image: Image) -> bytes:
        """Return the picture as it goes over the wire, two dots a byte."""
        nibbles = (image >> 4).reshape(-1, 2)
        return (nibbles[:, 0] << 4 | nibbles[:, 1]).astype(np.uint8).tobytes()

    def _delete(self, args: bytes, wire: Wire) -> None:
        slot, count = struct.unpack(">HH", args[:4])
        if slot + count > CAPACITY:
            self._ack(wire, BAD_SLOT)
            return
        for number in range(slot, slot + count):
            self._library.pop(number, None)
        self._ack(wire, OK)

    def _empty(self, args: bytes, wire: Wire) -> None:
        self._library.clear()
        self._ack(wire, OK)

    def _set_parameter(self, args: bytes, wire: Wire) -> None:
        which, value = args[0], args[1]
        if which == 4 and value in BAUD_FACTORS:
            self._ack(wire, OK)
            self._baud_factor = value
            wire.set_baud(9600 * value)
        elif which == 5 and 1 <= value <= 5:
            self._security = value
            self._ack(wire, OK)
        elif which == 6 and value <= 3:
            self._size_code = value
            self._ack(wire, OK)
        else:
            self._ack(wire, BAD_REGISTER)

    def _read_parameters(self, args: bytes, wire: Wire) -> None:
        values = struct.pack(">HHHH", 0, 0x0009, CAPACITY, self._security)
        values += self._address + struct.pack(">HH", self._size_code, self._baud_factor)
        self._ack(wire, OK, values)

    def _set_password(self, args: bytes, wire: Wire) -> None:
        self._password = args[:4]
        self._ack(wire, OK)

    def _verify_password(self, args: bytes, wire: Wire) -> None:
        self._ack(wire, OK if args[:4] == self._password else WRONG_PASSWORD)

    def _random(self, args: bytes, wire: Wire) -> None:
        self._ack(wire, OK, self._chance.randbytes(4))

    def _count(self, args: bytes, wire: Wire) -> None:
        self._ack(wire, OK, struct.pack(">H", len(self._library)))

    def _index(self, args: bytes, wire: Wire) -> None:
        page = args[0]
        bits = bytearray(32)
        for slot in self._library:
            if slot // 256 == page:
                bits[slot % 256 // 8] |= 1 << slot % 8
        self._ack(wire, OK, bytes(bits))

    def _light(self, args: bytes, wire: Wire) -> None:
        self._ack(wire, OK)


_HANDLERS: Final[Mapping[int, Callable[[FingerprintPad, bytes, Wire], None]]] = {
    code: getattr(FingerprintPad, f"_{operation}") for code, operation in COMMANDS.items()
}


def packet(pid: int, payload: bytes, address: bytes = b"\xff" * 4) -> bytes:
    """Return a whole packet with length and sum."""
    body = bytes([pid]) + struct.pack(">H", len(payload) + 2) + payload
    return HEADER + address + body + struct.pack(">H", _sum(body))


def picture(press: Press, chance: random.Random, dirty: bool = False) -> Image:
    """Return (288, 256) what the glass sees, 16 greys in the upper nibble, dark ridges on white."""
    image = _load(f"{press.finger}_{press.impression}")
    noise = np.random.default_rng(chance.randrange(2**32))
    if press.condition == "dry":
        # Dry skin touches the glass only here and there.
        holes = cv2.resize(noise.random((72, 64)).astype(np.float32), (COLUMNS, ROWS))
        image = np.where(holes > 0.35, 255, image).astype(np.uint8)
    elif press.condition == "partial":
        image = image.copy()
        image[:, COLUMNS // 3 :] = 255
    if dirty:
        image = np.minimum(image, 255 - (255 - _load("f14_4")[::-1]) // 2).astype(np.uint8)
    return (image & 0xF0).astype(np.uint8)


def words(direction: str, data: bytes) -> str:
    """Put a packet into words for the line tap; never says what an image or template holds."""
    if not data.startswith(HEADER) or len(data) < 12:
        return f"{len(data)} bytes"
    match data[6]:
        case 0x01:
            return COMMANDS.get(data[9], f"unknown command {data[9]:02X}")
        case 0x07:
            return "ok" if data[9] == OK else f"answer {data[9]:02X}"
        case _:
            return f"data, {len(data)} bytes"


def _character(press: Press) -> bytes:
    return f"SIM:{press.finger}:{press.impression}:".encode().ljust(256, b"\0")


def _score(one: bytes, two: bytes) -> int:
    """Return 0 for different fingers, more for the same picture than for another impression."""
    first, second = one.split(b":")[:3], two.split(b":")[:3]
    if len(first) < 3 or len(second) < 3 or first[1] != second[1]:
        return 0
    return 200 if first[2] == second[2] else 120


def _sum(data: bytes) -> int:
    return sum(data) & 0xFFFF


def _load(name: str) -> Image:
    data = (FOLDER / "fingers" / f"{name}.png").read_bytes()
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise ValueError(f"no picture {name}")
    return image.astype(np.uint8)


def _fingers() -> set[str]:
    return {path.stem[:3] for path in (FOLDER / "fingers").glob("f??_1.png")}
