"""The fingerprint pad's commands: is a finger there, and its picture.

Instruction and confirmation codes: Grow R305/R307 manuals, as in ``packets``. The matching inside the module
is not used: the picture is compared elsewhere, with the fingerprints that the ID card carries.
"""

from __future__ import annotations

import contextlib
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from devices.base import Capabilities, DeviceError, Fault, Retry, StaffAction, State, Status
from devices.fingerprint_pad.packets import IMAGE_BYTES, Kind, Packet, PacketReader, encode, picture
from devices.interfaces import GrayImage
from devices.link import Link, Tunable
from devices.wired import Wired, status_of

NAME: Final = "fingerprint_pad"

_CAPTURE, _EXTRACT, _UPLOAD = b"\x01", b"\x02\x01", b"\x0a"
_VERIFY_PASSWORD, _PARAMETERS = b"\x13\x00\x00\x00\x00", b"\x0f"
_SET_BAUD: Final = b"\x0e\x04"
_BAUD_UNIT: Final = 9600

_OK, _DAMAGED, _NO_FINGER = 0x00, 0x01, 0x02
_TRIES: Final = 3
_ACK_S: Final = 1.0
_DATA_S: Final = 0.5

_OUTCOMES: Final[dict[int, tuple[str, StaffAction | None]]] = {
    0x03: ("badImage", None),  # could not capture
    0x06: ("badImage", None),  # too disorderly
    0x07: ("tooDry", None),  # too few points, or too small an area
    0x15: ("badImage", None),  # nothing captured before
    0x0F: ("readFailed", None),  # could not upload
    0x13: ("accessDenied", StaffAction.CONFIGURATION),  # wrong password
    0x18: ("hardwareError", StaffAction.MAINTENANCE),  # flash
    0x1A: ("invalidData", StaffAction.SOFTWARE_ERROR),  # register number
    0x20: ("configurationError", StaffAction.CONFIGURATION),  # address
    0x21: ("accessDenied", StaffAction.CONFIGURATION),  # password must be verified
}


@dataclass(frozen=True, slots=True)
class _Parameters:
    system: int
    capacity: int
    packet_bytes: int
    baud: int


class ZfmFingerprintPad(Wired):
    """``interfaces.FingerprintPad`` for ZFM/R30x modules, 57600 baud from the works.

    With ``fast_baud`` (a multiple of 9600 up to 115200) the module is told to speak faster when it is opened,
    and to speak as before when it is closed: a picture takes 3.5 s at 115200 instead of 7 s. The module
    keeps that setting over power-off, so one that does not answer is also tried at ``fast_baud``. It
    needs a link whose speed can be set; on any other it is left alone.
    """

    def __init__(self, link: Link, fast_baud: int | None = None) -> None:
        super().__init__(link, NAME)
        if fast_baud is not None and (fast_baud % _BAUD_UNIT or not 1 <= fast_baud // _BAUD_UNIT <= 12):
            raise ValueError(f"the module does not know {fast_baud} baud")
        self._fast_baud = fast_baud if isinstance(link, Tunable) else None
        self._own_baud: int | None = None  # what the module spoke before it was told to speak faster
        self._reader = PacketReader()
        self._packets: list[Packet] = []
        self._parameters = _Parameters(0, 0, 0, 0)

    def close(self) -> None:
        """Set the module's speed back and close the wire."""
        if self._own_baud is not None:
            with contextlib.suppress(DeviceError):
                self._speak_at(self._own_baud)
            self._own_baud = None
        super().close()

    def reset(self) -> None:
        """Find the module again at whatever speed it speaks."""
        self.close()
        self.open()

    def status(self) -> Status:
        """Ask whether the module answers; what lies on it is not looked at."""
        try:
            self._ask(_VERIFY_PASSWORD)
        except DeviceError as error:
            return status_of(error)
        return Status(State.ONLINE, {"capture": "ok"})

    def capabilities(self) -> Capabilities:
        """Return what the module said when the wire was opened."""
        told = self._parameters
        return Capabilities(
            model=f"ZFM/R30x, system {told.system:04X}",
            more={
                "type": "fingerprint",
                "image": "256x288, 500 dpi, 16 greys",
                "packet": f"{told.packet_bytes} bytes",
                "baud": str(told.baud),
            },
        )

    def counters(self) -> Mapping[str, int]:
        """Return nothing: the module counts nothing that proves an effect."""
        return {}

    def finger_present(self) -> bool:
        """Capture once into the module's buffer and tell whether a finger was there.

        Raises ``Retry`` badImage when there was one and it could not be captured.
        """
        return self._ask(_CAPTURE, (_OK, _NO_FINGER)).payload[0] == _OK

    def image(self) -> GrayImage:
        """Return the captured picture, (288, 256), 0 black to 255 white in 16 steps (7 s at 57600 baud).

        The module first judges it, before seconds are spent on the wire: ``Retry`` tooDry (too few points or
        too little of the finger) or badImage (too disorderly). A picture damaged on the wire is fetched
        once more from the module's buffer, then ``Fault`` invalidData.
        """
        self._ask(_EXTRACT)
        for _ in range(2):
            self._ask(_UPLOAD)
            data = self._data()
            if data is not None:
                return picture(data)
        raise Fault(NAME, "invalidData", StaffAction.MAINTENANCE, "the picture arrives damaged")

    def _opened(self) -> None:
        try:
            self._ask(_VERIFY_PASSWORD)
        except Fault as fault:
            if fault.code != "timeOut" or self._fast_baud is None:
                raise
            self._tune(self._fast_baud)  # left there when power went before it was set back
            self._ask(_VERIFY_PASSWORD)
        self._parameters = self._read_parameters()
        if self._fast_baud not in (None, self._parameters.baud):
            self._own_baud = self._parameters.baud
            self._speak_at(self._fast_baud)
            self._parameters = self._read_parameters()

    def _read_parameters(self) -> _Parameters:
        # status, system, capacity, security level, address (4), packet size code, baud / 9600
        payload = self._ask(_PARAMETERS).payload[1:]
        if len(payload) != 16:
            raise Fault(NAME, "invalidData", StaffAction.MAINTENANCE, f"parameters {payload.hex()}")
        _, system, capacity, _, _, size, baud = struct.unpack(">HHHHIHH", payload)
        return _Parameters(system, capacity, 32 << min(size, 3), baud * _BAUD_UNIT)

    def _speak_at(self, baud: int | None) -> None:
        if baud is not None:
            self._ask(_SET_BAUD + bytes([baud // _BAUD_UNIT]))  # acknowledged at the old speed
            self._tune(baud)
            self._ask(_VERIFY_PASSWORD)

    def _tune(self, baud: int) -> None:
        with self._wire() as link:
            if isinstance(link, Tunable):
                link.set_baud(baud)

    def _ask(self, command: bytes, accepted: tuple[int, ...] = (_OK,)) -> Packet:
        """Return the acknowledgement of ``command``, whose first byte is one of ``accepted``.

        All commands used here may be repeated: nothing they do counts twice. Raises ``Retry`` or ``Fault``.
        """
        request = encode(Kind.COMMAND, command)
        broken_before = self._reader.damaged
        with self._wire() as link:
            for _ in range(_TRIES):
                link.discard_input()
                self._forget()
                link.write(request)
                answer = self._packet(_ACK_S)
                if answer is None or answer.kind != Kind.ACK or not answer.payload:
                    continue
                if answer.payload[0] == _DAMAGED:
                    continue
                if answer.payload[0] in accepted:
                    return answer
                raise _outcome(answer.payload[0], command[0])
        if self._reader.damaged > broken_before:
            raise Fault(NAME, "invalidData", StaffAction.MAINTENANCE, f"command {command[0]:02X}")
        raise self._silent(f"command {command[0]:02X}")

    def _data(self) -> bytes | None:
        """Return the picture's bytes, None when packets are missing, broken or too many."""
        data = bytearray()
        broken_before = self._reader.damaged
        while (packet := self._packet(_DATA_S)) is not None and len(data) <= IMAGE_BYTES:
            if packet.kind not in (Kind.DATA, Kind.LAST_DATA):
                break
            data += packet.payload
            if packet.kind == Kind.LAST_DATA and len(data) == IMAGE_BYTES:
                return bytes(data) if self._reader.damaged == broken_before else None
            if packet.kind == Kind.LAST_DATA:
                break
        self._let_pass()
        return None

    def _let_pass(self) -> None:
        """Let the rest of a damaged upload go by, so that it is not taken for the next answer."""
        self._forget()
        deadline = time.monotonic() + IMAGE_BYTES * 12 / _BAUD_UNIT
        with self._wire() as link:
            while link.read(4096, 0.05) and time.monotonic() < deadline:
                pass

    def _packet(self, timeout_s: float) -> Packet | None:
        """Return the next packet, None when none is whole in time: silence, or a module that babbles."""
        deadline = time.monotonic() + timeout_s
        with self._wire() as link:
            while not self._packets:
                left_s = deadline - time.monotonic()
                data = link.read(4096, left_s) if left_s > 0 else b""
                if not data:
                    return None
                self._packets.extend(self._reader.feed(data))
        return self._packets.pop(0)

    def _forget(self) -> None:
        self._reader.clear()
        self._packets.clear()


def _outcome(code: int, command: int) -> DeviceError:
    """Return what a confirmation code means; one that no manual names is a fault."""
    word, action = _OUTCOMES.get(code, ("hardwareError", StaffAction.MAINTENANCE))
    detail = f"command {command:02X}: confirmation {code:02X}"
    return Retry(NAME, word, detail) if action is None else Fault(NAME, word, action, detail)
