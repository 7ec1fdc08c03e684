"""I/O board on Modbus RTU: door contacts, a key switch, sensors, guide lights.

Frames as in the Modbus documents (Application Protocol V1.1b3, Serial Line V1.02): address, function,
data, CRC-16 low byte first. The numbers are the board's own; ``config/io_boards/standard.toml`` is how a
kiosk is told of them.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, Final, TypeVar

from simulators.faults import Faults
from simulators.recorder import TO_DEVICE
from simulators.wire import Wire, WireClosed

T = TypeVar("T")

NAME: Final = "io_board"
UNIT: Final = 1
BROADCAST: Final = 0
FRAME_END_S: Final = 0.05  # longer than 3.5 characters: a pty knows no time between bytes

DOORS: Final[Mapping[str, tuple[int, int]]] = {  # inputs: shut, bolt shot
    "cabinetFront": (0, 1),
    "cabinetRear": (2, 3),
    "safe": (4, 5),
}
SAFE_LOOP: Final = 6
SWITCH: Final[Mapping[str, int]] = {"maintenance": 8, "supervisor": 9}
SENSORS: Final[Mapping[str, int]] = {
    "proximity": 10, "operatorCallButton": 11, "tamperSensor": 12, "seismic": 13,
}  # fmt: skip
LIGHTS: Final = (
    "id_card_reader", "permit_unit", "fingerprint_pad", "payment_terminal", "receipt_printer",
    "document_printer", "statusGoodIndicator", "statusBadIndicator",
)  # fmt: skip
LAMPS: Final = ("fasciaLight", "cabinetLight")
RATES: Final = ("off", "slow", "medium", "quick", "continuous")
NO_RATE: Final = 9
INPUTS: Final = 16
DOOR_STATES: Final = ("closed", "open", "locked", "tampered")
IDENTITY: Final = (b"OPEN BENCH", b"SIM-IO16", b"1.00", b"", b"Simulated I/O board", b"SIM-IO16")

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_FAILURE, DEVICE_BUSY = 1, 2, 3, 4, 6


class Function(IntEnum):
    """The function codes that the board knows."""

    READ_COILS = 1
    READ_INPUTS = 2
    READ_REGISTERS = 3
    WRITE_COIL = 5
    WRITE_REGISTER = 6
    WRITE_COILS = 15
    WRITE_REGISTERS = 16
    IDENTIFY = 0x2B


OPERATIONS: Final = tuple(function.name.lower() for function in Function)
_CODES: Final[Mapping[str, int]] = {"deviceFailure": DEVICE_FAILURE, "deviceBusy": DEVICE_BUSY}
FAULTS: Final[Mapping[str, str]] = {
    **{name: f"answers exception {code:02X}" for name, code in _CODES.items()},
    "exception": "answers another exception (args code: 1)",
    "noAnswer": "takes the request and says nothing",
    "lightStuck": "takes a new rate and keeps the old one",
    "switchBroken": "the key switch says two positions at once",
    "badRate": "a light's register holds a number that is no rate",
    "tampered": "the housing was opened by force",
}


_KNOWN: Final = frozenset(Function)


class _Refused(Exception):
    """The request cannot be done; ``code`` is the Modbus exception."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class IoBoard:
    """The board; ``serve`` runs in the wire's thread, the rest is what people do at the cabinet."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._lock = threading.Lock()
        self._doors = dict.fromkeys(DOORS, "locked")
        self._switch = "run"
        self._sensors = dict.fromkeys(SENSORS, False)
        self._registers = [0] * len(LIGHTS)
        self._coils = [False] * len(LAMPS)

    # --- what people do ---

    def set_door(self, door: str, state: str) -> None:
        """Put a door into one of ``DOOR_STATES``; raises ``ValueError``."""
        if door not in DOORS:
            raise ValueError(f"door: one of {', '.join(DOORS)}")
        if state not in DOOR_STATES or (state == "tampered" and door != "safe"):
            raise ValueError(f"state: one of {', '.join(DOOR_STATES)}; tampered only for the safe")
        with self._lock:
            self._doors[door] = state

    def turn_switch(self, position: str) -> None:
        """Turn the operator's key to ``run``, ``maintenance`` or ``supervisor``; raises ``ValueError``."""
        if position != "run" and position not in SWITCH:
            raise ValueError(f"position: one of run, {', '.join(SWITCH)}")
        with self._lock:
            self._switch = position

    def set_sensor(self, sensor: str, on: bool) -> None:
        """Say what a sensor sees; raises ``ValueError``."""
        if sensor not in SENSORS:
            raise ValueError(f"sensor: one of {', '.join(SENSORS)}")
        with self._lock:
            self._sensors[sensor] = on

    def reset(self) -> None:
        """Lock every door, nobody there; the lights stay as the kiosk switched them."""
        with self._lock:
            self._doors = dict.fromkeys(DOORS, "locked")
            self._switch = "run"
            self._sensors = dict.fromkeys(SENSORS, False)

    def world(self) -> dict[str, Any]:
        """Return doors, switch, sensors and lights as plain values."""
        with self._lock:
            lamps = ("continuous" if on else "off" for on in self._coils)
            rates = (RATES[n] if n < len(RATES) else str(n) for n in self._registers)
            return {
                "doors": dict(self._doors),
                "operator_switch": self._switch,
                "sensors": dict(self._sensors),
                "lights": {**dict(zip(LIGHTS, rates, strict=True)), **dict(zip(LAMPS, lamps, strict=True))},
            }

    # --- the wire ---

    def serve(self, wire: Wire) -> None:
        """Answer frames until the wire is closed. What is no frame is forgotten when the line falls still."""
        heard = b""
        try:
            while True:
                more = wire.read(FRAME_END_S if heard else None)
                heard = heard + more if more else b""
                while (size := _size(heard)) is not None and len(heard) >= size:
                    frame, heard = heard[:size], heard[size:]
                    answer = self._answer(frame)
                    if answer:
                        wire.write(answer)
        except WireClosed:
            return

    def _answer(self, frame: bytes) -> bytes:
        if crc(frame[:-2]) != frame[-2:] or frame[0] not in (UNIT, BROADCAST):
            return b""
        code, data = frame[1], frame[2:-2]
        function = Function(code) if code in _KNOWN else None
        struck = self._faults.take(NAME, function.name.lower()) if function else None
        orders = {**self._faults.standing(NAME), **({struck.fault: struck} if struck else {})}
        faults = set(orders)
        if "noAnswer" in faults:
            return b""
        try:
            if function is None:
                raise _Refused(ILLEGAL_FUNCTION)
            for fault in faults & set(_CODES):
                raise _Refused(_CODES[fault])
            if "exception" in faults:
                raise _Refused(int(orders["exception"].args.get("code", ILLEGAL_FUNCTION)))
            said = bytes([code]) + self._do(function, data, faults)
        except _Refused as refused:
            said = bytes([code | 0x80, refused.code])
        if frame[0] == BROADCAST:
            return b""
        answer = bytes([UNIT]) + said
        return answer + crc(answer)

    def _do(self, function: Function, data: bytes, faults: set[str]) -> bytes:
        """Do a request; return the answer's data. Raises ``_Refused``."""
        if function is Function.IDENTIFY:
            return _identity(data)
        at, number = struct.unpack(">HH", data[:4])
        with self._lock:
            match function:
                case Function.READ_COILS:
                    return _bits(_part(self._coils, at, number, 2000))
                case Function.READ_INPUTS:
                    return _bits(_part(self._inputs(faults), at, number, 2000))
                case Function.READ_REGISTERS:
                    held = [NO_RATE, *self._registers[1:]] if "badRate" in faults else self._registers
                    return struct.pack(f">B{number}H", 2 * number, *_part(held, at, number, 125))
                case Function.WRITE_COIL:
                    if number not in (0, 0xFF00):
                        raise _Refused(ILLEGAL_VALUE)
                    _write(self._coils, at, [number == 0xFF00], faults)
                    return data
                case Function.WRITE_REGISTER:
                    _write(self._registers, at, _rates([number]), faults)
                    return data
                case Function.WRITE_COILS:
                    _write(self._coils, at, _unpacked(data[5:], number), faults)
                    return data[:4]
                case Function.WRITE_REGISTERS:
                    if len(data[5:]) != 2 * number:
                        raise _Refused(ILLEGAL_VALUE)
                    _write(self._registers, at, _rates(struct.unpack(f">{number}H", data[5:])), faults)
                    return data[:4]

    def _inputs(self, faults: set[str]) -> list[bool]:
        bits = [False] * INPUTS
        for door, (shut, bolt) in DOORS.items():
            bits[shut] = self._doors[door] != "open"
            bits[bolt] = self._doors[door] == "locked"
        bits[SAFE_LOOP] = self._doors["safe"] == "tampered"
        for position, at in SWITCH.items():
            bits[at] = self._switch == position or "switchBroken" in faults
        for sensor, at in SENSORS.items():
            bits[at] = self._sensors[sensor]
        bits[SENSORS["tamperSensor"]] |= "tampered" in faults
        return bits


def crc(data: bytes) -> bytes:
    """Return the CRC-16 of Modbus over ``data``, low byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")


def words(direction: str, data: bytes) -> str:
    """Describe a frame of this wire."""
    if len(data) < 4 or crc(data[:-2]) != data[-2:]:
        return f"{len(data)} bytes"
    code = data[1] & 0x7F
    function = Function(code).name.lower().replace("_", " ") if code in _KNOWN else f"function {code}"
    if data[1] & 0x80:
        return f"{function}: exception {data[2]}"
    if direction == TO_DEVICE:
        return f"{function} {data[2:-2].hex(' ')}"
    return f"{function}: {data[2:-2].hex(' ')}"


def _size(heard: bytes) -> int | None:
    """Return how long the request that begins here is, None while that cannot be told."""
    if len(heard) < 2:
        return None
    if heard[1] in (Function.WRITE_COILS, Function.WRITE_REGISTERS):
        return 9 + heard[6] if len(heard) > 6 else None
    return 7 if heard[1] == Function.IDENTIFY else 8


def _part(table: Sequence[T], at: int, number: int, most: int) -> Sequence[T]:
    if not 1 <= number <= most:
        raise _Refused(ILLEGAL_VALUE)
    if at + number > len(table):
        raise _Refused(ILLEGAL_ADDRESS)
    return table[at : at + number]


def _write(table: list[T], at: int, values: Sequence[T], faults: set[str]) -> None:
    _part(table, at, len(values), len(table))
    if "lightStuck" not in faults:
        table[at : at + len(values)] = values


def _rates(numbers: Sequence[int]) -> Sequence[int]:
    if any(number >= len(RATES) for number in numbers):
        raise _Refused(ILLEGAL_VALUE)
    return numbers


def _bits(bits: Sequence[bool]) -> bytes:
    packed = bytearray((len(bits) + 7) // 8)
    for at, bit in enumerate(bits):
        packed[at // 8] |= bit << at % 8
    return bytes([len(packed)]) + bytes(packed)


def _unpacked(data: bytes, number: int) -> list[bool]:
    if len(data) != (number + 7) // 8:
        raise _Refused(ILLEGAL_VALUE)
    return [bool(data[at // 8] >> at % 8 & 1) for at in range(number)]


def _identity(data: bytes) -> bytes:
    """Answer 2B/0E: basic (1) and regular (2) identification, all objects in one answer."""
    if data[0] != 0x0E or data[1] not in (1, 2):
        raise _Refused(ILLEGAL_FUNCTION)
    objects = IDENTITY[: 3 if data[1] == 1 else len(IDENTITY)]
    listed = [bytes([number, len(said)]) + said for number, said in enumerate(objects)]
    return bytes([0x0E, data[1], 0x02, 0x00, 0x00, len(listed)]) + b"".join(listed)
