"""A small host for the permit unit's three wires, written for the tests of the simulator alone."""

from __future__ import annotations

import queue
import random
import secrets
import threading
from collections.abc import Callable
from functools import reduce
from hashlib import sha1
from operator import xor

import numpy as np

from simulators.faults import Faults
from simulators.level import IDEAL, Level
from simulators.permit import bac
from simulators.permit.card import COLUMNS, PermitCard, Strip
from simulators.permit.unit import PermitUnitSimulator
from simulators.wire import WireClosed

MRZ = "CSCZ99000012<3111202<8104125<0"
PERMIT = {"mrz": MRZ, "chip_mrz": MRZ + "MAOPMODCMOCMLI<<WENJING".ljust(60, "<"), "endorsements": ""}
TIMEOUT_S = 2.0


class Pipe:
    """The unit's end of a wire, in memory; ``closed`` makes it raise ``WireClosed``."""

    def __init__(self) -> None:
        self.to_unit: queue.Queue[bytes] = queue.Queue()
        self.to_host: queue.Queue[bytes] = queue.Queue()
        self.closed = False

    def read(self, timeout_s: float | None) -> bytes:
        if self.closed:
            raise WireClosed
        try:
            return self.to_unit.get(block=timeout_s != 0, timeout=timeout_s)
        except queue.Empty:
            return b""

    def write(self, data: bytes) -> None:
        self.to_host.put(data)

    def set_baud(self, baud: int) -> None:
        """A pipe in memory has no speed."""

    def hear(self, size: int, timeout_s: float = TIMEOUT_S) -> bytes:
        """Return ``size`` bytes that the unit says, fewer when it falls silent."""
        heard = b""
        while len(heard) < size:
            try:
                heard += self.to_host.get(timeout=timeout_s)
            except queue.Empty:
                break
        return heard


class PermitHost:
    """The unit under test with a host's hands on its wires."""

    def __init__(self, level: Level = IDEAL) -> None:
        self.faults = Faults()
        self.unit = PermitUnitSimulator(level, self.faults, random.Random(1))
        self.transport, self.scanner, self.printer = Pipe(), Pipe(), Pipe()
        modules: list[tuple[Callable[[Pipe], None], Pipe]] = [
            (self.unit.transport.serve, self.transport),
            (self.unit.scanner.serve, self.scanner),
            (self.unit.printer.serve, self.printer),
        ]
        self._threads = [threading.Thread(target=self._serve, args=module, daemon=True) for module in modules]
        for thread in self._threads:
            thread.start()
        self.session: bac.Session | None = None

    @staticmethod
    def _serve(serve: Callable[[Pipe], None], pipe: Pipe) -> None:
        try:
            serve(pipe)
        except WireClosed:
            return

    def close(self) -> None:
        for pipe in (self.transport, self.scanner, self.printer):
            pipe.closed = True
            pipe.to_unit.put(b"")
        for thread in self._threads:
            thread.join()

    # --- transport ------------------------------------------------------------------------------

    def command(self, text: bytes) -> bytes:
        """Send CM PM data, return the reply from 'P' or 'N' on."""
        self.transport.to_unit.put(transport_frame(b"C" + text))
        heard = self.transport.hear(1)
        assert heard[:1] == b"\x06", heard
        while len(heard) < 5 or len(heard) < 7 + int.from_bytes(heard[3:5], "big"):
            more = self.transport.hear(1)
            if not more:
                break
            heard += more
        self.transport.to_unit.put(b"\x06")
        return heard[5:-2]

    def card_inside(self, card: PermitCard | None = None) -> PermitCard:
        """Initialise, and have ``card`` drawn in."""
        card = card or PermitCard.of(PERMIT)
        assert self.command(b"03")[:1] == b"P"
        self.command(b"30")
        self.unit.insert(card)
        assert self.command(b"10")[3:4] == b"2"
        return card

    # --- chip -----------------------------------------------------------------------------------

    def apdu(self, apdu: bytes) -> bytes:
        """Exchange an APDU in the clear."""
        reply = self.command(b"`4" + apdu)
        assert reply[:1] == b"P", reply
        return reply[6:]

    def open_chip(self, number: str, birth: str, expiry: str) -> bytes:
        """Activate, select, authenticate; return the status word of EXTERNAL AUTHENTICATE."""
        assert self.command(b"`0A0")[:1] == b"P"
        assert self.apdu(bytes.fromhex("00A4040C07A0000002471001")) == b"\x90\x00"
        challenge = self.apdu(bytes.fromhex("0084000008"))[:8]
        keys = bac.Keys.of_seed(sha1(f"{number}{birth}{expiry}".encode()).digest()[:16])
        nonce, half = secrets.token_bytes(8), secrets.token_bytes(16)
        cryptogram = bac.encrypt(keys.encryption, nonce + challenge + half)
        cryptogram += bac.retail_mac(keys.mac, bac.pad(cryptogram))
        answer = self.apdu(bytes.fromhex("0082000028") + cryptogram + b"\x28")
        if answer[-2:] == b"\x90\x00":
            other = bac.decrypt(keys.encryption, answer[:32])[16:]
            seed = bytes(a ^ b for a, b in zip(half, other, strict=True))
            counter = int.from_bytes(challenge[4:] + nonce[4:], "big")
            self.session = bac.Session(bac.Keys.of_seed(seed), counter)
        return answer[-2:]

    def secure(self, header: bytes, data: bytes = b"", expected: int | None = None) -> bytes:
        """Exchange a protected APDU; return data and status word after checking the MAC."""
        session = self.session
        assert session is not None
        session.counter += 1
        objects = b""
        if data:
            sealed = b"\x01" + bac.encrypt(session.keys.encryption, bac.pad(data))
            length = bytes([len(sealed)]) if len(sealed) < 128 else bytes([0x81, len(sealed)])
            objects += b"\x87" + length + sealed
        if expected is not None:
            objects += bytes([0x97, 1, expected])
        masked = bytes([header[0] | 0x0C]) + header[1:]
        text = session.counter.to_bytes(8, "big") + bac.pad(masked) + (bac.pad(objects) if objects else b"")
        objects += b"\x8e\x08" + bac.retail_mac(session.keys.mac, text)
        answer = self.apdu(masked + bytes([len(objects)]) + objects + b"\x00")
        if len(answer) == 2:
            return answer
        session.counter += 1
        body, tag = answer[:-12], answer[-10:-2]
        assert bac.retail_mac(session.keys.mac, session.counter.to_bytes(8, "big") + bac.pad(body)) == tag
        plain = b""
        if body[0] == 0x87:
            start = 3 if body[1] < 128 else 4
            plain = bac.unpad(
                bac.decrypt(session.keys.encryption, body[start : body.index(b"\x99\x02", start)])
            )
        return plain + answer[-2:]

    # --- printer --------------------------------------------------------------------------------

    def print_command(self, command: int, data: bytes = b"") -> None:
        body = bytes([len(data) + 6, command, 0, 0, 0]) + data + b"\x03"
        self.printer.to_unit.put(b"\x02" + body + bytes([reduce(xor, body)]))
        assert self.printer.hear(1) == b"\x06"

    def enquire(self) -> tuple[int, int, int, bytes]:
        """Ask with ENQ; return R, P, S and the data."""
        self.printer.to_unit.put(b"\x05")
        reply = self.printer.hear(2)
        reply += self.printer.hear(reply[1] + 2 - len(reply))
        assert reply[:1] == b"\x02", reply
        assert reduce(xor, reply[1:-1]) == reply[-1]
        assert reply[1] == len(reply) - 2
        return reply[3], reply[4], reply[5], reply[6:-2]

    def settled(self) -> tuple[int, int, int, bytes]:
        """Ask until nothing runs."""
        while (answer := self.enquire())[2] == 0x33:
            pass
        return answer

    def hand_over(self) -> None:
        self.print_command(0x33, b"200")
        assert self.enquire()[2] == 0x34
        assert self.command(b"20")[:1] == b"P"
        assert self.settled()[:3] == (0x31, 0x30, 0x30)

    def print_strip(self, strip: Strip) -> tuple[int, int, int, bytes]:
        """Send the black rows three at a time and print."""
        packed = np.packbits(strip == 0, axis=1)
        control = 0x30
        for row in range(0, packed.shape[0], 3):
            rows = packed[row : row + 3]
            if not rows.any():
                continue
            head = bytes([0x30, control]) + row.to_bytes(2, "big") + bytes([COLUMNS // 8, len(rows)])
            self.print_command(0x7B, head + rows.tobytes())
            control = 0x31
        self.print_command(0x7B, bytes([0x31, control, 0, 0, COLUMNS // 8, 0]))
        return self.settled()

    def hand_back(self) -> None:
        self.print_command(0x80)
        assert self.settled()[:3] == (0x30, 0x30, 0x30)
        assert self.command(b"10")[3:4] == b"2"

    # --- imager ---------------------------------------------------------------------------------

    def scan(self) -> list[str]:
        """Trigger once and return the lines that come."""
        self.scanner.to_unit.put(b"\x16T\r")
        heard = b""
        # The code is looked for in the bitmap before it is sent, so its line may come a little later.
        while more := self.scanner.hear(1, 0.25):
            heard += more
        self.scanner.to_unit.put(b"\x16U\r")
        return [line.decode() for line in heard.split(b"\r") if line]


def transport_frame(text: bytes) -> bytes:
    body = b"\xf2\x00" + len(text).to_bytes(2, "big") + text + b"\x03"
    return body + bytes([reduce(xor, body)])
