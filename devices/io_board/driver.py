"""Driver of an I/O board on Modbus RTU, over pymodbus.

Modbus (Application Protocol V1.1b3; Serial Line V1.02) has no words for doors: which number means what is
the board's map. All inputs are read in one request, so that they are of one moment.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final

from pymodbus import ModbusException
from pymodbus.exceptions import ConnectionException, ModbusIOException
from pymodbus.pdu import ModbusPDU

from devices.base import Capabilities, DeviceError, Fault, StaffAction, State, Status
from devices.counting import WireCounts
from devices.interfaces import Auxiliaries, Door, FlashRate
from devices.io_board.board import Board, Span
from devices.io_board.wire import LinkClient
from devices.link import Link, open_link
from devices.wired import status_of

NAME: Final = "io_board"
_ANSWER_S: Final = 0.25
_RETRIES: Final = 1
_REFUSALS: Final[Mapping[int, tuple[str, StaffAction]]] = {
    1: ("configuration", StaffAction.CONFIGURATION),  # illegal function: the map is another board's
    2: ("configuration", StaffAction.CONFIGURATION),  # illegal address
    3: ("configuration", StaffAction.CONFIGURATION),  # illegal value
    4: ("hardwareError", StaffAction.MAINTENANCE),
    6: ("deviceBusy", StaffAction.SUSPEND),
}
_MAKER, _MODEL_CODE, _FIRMWARE, _MODEL = 0, 1, 2, 5
_REGULAR: Final = 2  # device identification: basic and regular objects
_TAMPERS: Final = ("tamperSensor", "internalTamperSensor", "seismic")

logging.getLogger("pymodbus.logging").addHandler(logging.NullHandler())  # what it has to say is raised too


class ModbusIoBoard:
    """``interfaces.IoBoard`` over Modbus RTU, on any byte stream: a link, or the URL of one."""

    def __init__(self, wire: Link | str, board: Board, name: str = NAME) -> None:
        link = open_link(wire) if isinstance(wire, str) else wire
        self.name = name
        self._url: Final = link.url
        self._board: Final = board
        self._counts: Final = WireCounts()
        self._unanswered: bytes | None = None
        self._client: Final = LinkClient(link, _ANSWER_S, _RETRIES, self._count)

    def open(self) -> None:
        """Open the wire; raises ``Fault`` noDevice when it is not there."""
        if not self._client.connect():
            raise self._lost("cannot be opened")

    def close(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call]

    def auxiliaries(self) -> Auxiliaries:
        """Read all inputs in one request.

        Raises ``Fault``: noDevice, timeOut, deviceBusy, hardwareError, configuration (the board has no such
        numbers), invalidData (the operator switch in two positions, an answer that does not fit).
        """
        bits = self._bits(self._board.inputs, self._client.read_discrete_inputs)
        try:
            return self._board.auxiliaries(bits)
        except ValueError as error:
            raise self._broken(str(error)) from error

    def lights(self) -> Mapping[str, FlashRate]:
        """Return how each light is switched; raises ``Fault`` as ``auxiliaries``."""
        board = self._board
        numbers = self._words(board.registers)
        switched = self._bits(board.coils, self._client.read_coils)
        try:
            rates = {light: board.rate(numbers[at]) for light, at in board.light_registers.items()}
        except ValueError as error:
            raise self._broken(str(error)) from error
        on_or_off = {True: FlashRate.CONTINUOUS, False: FlashRate.OFF}
        return rates | {light: on_or_off[switched[at]] for light, at in board.light_coils.items()}

    def set_light(self, light: str, rate: FlashRate) -> None:
        """Switch a light and read it back.

        Raises ``Fault``: invalidLight (the map has none of that name), unsupportedData (a light that is
        only on or off asked to flash), lightError (the board says another rate), and as ``auxiliaries``.
        """
        board = self._board
        if light in board.light_registers:
            number = board.rates[rate]
            self._ask(
                lambda: self._client.write_register(
                    board.light_registers[light], number, device_id=board.unit
                )
            )
        elif light not in board.light_coils:
            raise Fault(self.name, "invalidLight", StaffAction.CONFIGURATION, light)
        elif rate in (FlashRate.OFF, FlashRate.CONTINUOUS):
            on = rate is FlashRate.CONTINUOUS
            self._ask(lambda: self._client.write_coil(board.light_coils[light], on, device_id=board.unit))
        else:
            raise Fault(self.name, "unsupportedData", StaffAction.CONFIGURATION, f"{light} {rate}")
        if (said := self.lights()[light]) is not rate:
            raise Fault(self.name, "lightError", StaffAction.MAINTENANCE, f"{light} is {said}, not {rate}")

    def status(self) -> Status:
        """Return the inputs as parts; what somebody was at by force is a warning."""
        try:
            told = self.auxiliaries()
        except DeviceError as error:
            return status_of(error)
        parts = {name: str(door) for name, door in told.doors.items()}
        parts |= {name: _sensed(name, on) for name, on in told.sensors.items()}
        if told.operator_switch is not None:
            parts["operatorSwitch"] = str(told.operator_switch)
        tampered = Door.TAMPERED in told.doors.values() or any(told.sensors.get(name) for name in _TAMPERS)
        return Status(State.ONLINE, parts, warnings=("tampered",) if tampered else ())

    def capabilities(self) -> Capabilities:
        """Ask who made the board; one that does not know the question answers it with "" everywhere."""
        board = self._board
        try:
            answer = self._ask(
                lambda: self._client.read_device_information(read_code=_REGULAR, device_id=board.unit)
            )
        except Fault as fault:
            if fault.code != "configuration":
                raise
            told: dict[int, str] = {}
        else:
            information: Mapping[int, bytes] = getattr(answer, "information", {})
            told = {n: bytes(said).decode("ascii", errors="replace") for n, said in information.items()}
        return Capabilities(
            maker=told.get(_MAKER, ""),
            model=told.get(_MODEL, "") or told.get(_MODEL_CODE, ""),
            firmware=told.get(_FIRMWARE, ""),
            more={"unit": str(board.unit), "lights": " ".join([*board.light_registers, *board.light_coils])},
        )

    def reset(self) -> None:
        """Open the wire anew and switch every light off; raises ``Fault`` as the commands."""
        self.close()
        self.open()
        for light in (*self._board.light_registers, *self._board.light_coils):
            self.set_light(light, FlashRate.OFF)

    def counters(self) -> Mapping[str, int]:
        """Return nothing: the board counts nothing."""
        return {}

    def wire(self) -> WireCounts:
        """Return what has passed on the wire."""
        return self._counts

    def _count(self, sending: bool, data: bytes) -> bytes:
        """Count a packet on its way through pymodbus; it goes on unchanged."""
        if sending:
            self._counts.said(data, again=data == self._unanswered)
            self._unanswered = data
        elif data:
            self._counts.heard(len(data), first=self._unanswered is not None)
            self._unanswered = None
        return data

    def _bits(self, span: Span | None, read: Callable[..., ModbusPDU]) -> dict[int, bool]:
        if span is None:
            return {}
        answer = self._ask(lambda: read(span.start, count=span.count, device_id=self._board.unit))
        if len(answer.bits) < span.count:
            raise self._broken(f"{len(answer.bits)} bits in place of {span.count}")
        return {span.start + at: bit for at, bit in enumerate(answer.bits[: span.count])}

    def _words(self, span: Span | None) -> dict[int, int]:
        if span is None:
            return {}
        answer = self._ask(
            lambda: self._client.read_holding_registers(
                span.start, count=span.count, device_id=self._board.unit
            )
        )
        if len(answer.registers) != span.count:
            raise self._broken(f"{len(answer.registers)} registers in place of {span.count}")
        return {span.start + at: number for at, number in enumerate(answer.registers)}

    def _ask(self, request: Callable[[], ModbusPDU]) -> ModbusPDU:
        """Do a request, with what can come of it as a ``Fault``."""
        try:
            answer = request()
        except ConnectionException as error:
            self.close()
            raise self._lost(str(error)) from error
        except ModbusIOException as error:
            raise Fault(self.name, "timeOut", StaffAction.RESET, error.string) from error
        except ModbusException as error:
            raise self._broken(str(error)) from error
        if answer.isError():
            code, action = _REFUSALS.get(answer.exception_code, ("hardwareError", StaffAction.RESET))
            raise Fault(self.name, code, action, f"Modbus exception {answer.exception_code}")
        return answer

    def _lost(self, detail: str) -> Fault:
        self._counts.losses += 1
        return Fault(self.name, "noDevice", StaffAction.MAINTENANCE, f"{self._url}: {detail}")

    def _broken(self, detail: str) -> Fault:
        return Fault(self.name, "invalidData", StaffAction.RESET, detail)


def _sensed(sensor: str, on: bool) -> str:
    """Return XFS4IoT's word: somebody is present, everything else is on."""
    if sensor == "proximity":
        return "present" if on else "notPresent"
    return "on" if on else "off"
