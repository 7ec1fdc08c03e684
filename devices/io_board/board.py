"""Which number of a board's registers means what: a TOML file, see ``config/io_boards/standard.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from devices.interfaces import Auxiliaries, Door, FlashRate, OperatorSwitch

MOST_AT_ONCE: Final = 120
"""How far the numbers of one kind may lie apart: one request reads them all (Modbus: 125 registers)."""


class BadBoardError(ValueError):
    """The file says something that no board can have."""


@dataclass(frozen=True, slots=True)
class Contacts:
    """The inputs of a door."""

    closed: int
    locked: int | None = None
    tampered: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The registers of one kind that are read together: ``count`` of them from ``start`` on."""

    start: int
    count: int

    @classmethod
    def of(cls, numbers: Collection[int], kind: str) -> Span | None:
        """Return the span of ``numbers``, None of none; raises ``BadBoardError``."""
        if not numbers:
            return None
        if len(set(numbers)) < len(numbers):
            raise BadBoardError(f"{kind}: a number stands for two things")
        span = cls(min(numbers), max(numbers) - min(numbers) + 1)
        if span.count > MOST_AT_ONCE:
            raise BadBoardError(f"{kind}: the numbers lie more than {MOST_AT_ONCE} apart")
        return span


@dataclass(frozen=True, slots=True)
class Board:
    """A board's map: inputs by name, lights by name with a rate register or a coil."""

    unit: int
    doors: Mapping[str, Contacts]
    operator_switch: Mapping[OperatorSwitch, int]
    sensors: Mapping[str, int]
    light_registers: Mapping[str, int]
    light_coils: Mapping[str, int]
    rates: Mapping[FlashRate, int]
    inputs: Span | None = field(init=False)
    registers: Span | None = field(init=False)
    coils: Span | None = field(init=False)

    def __post_init__(self) -> None:
        """Raise ``BadBoardError`` when the map contradicts itself."""
        if not 1 <= self.unit <= 247:
            raise BadBoardError("board: unit must be 1..247")
        if twice := set(self.light_registers) & set(self.light_coils):
            raise BadBoardError(f"lights: both register and coil: {', '.join(sorted(twice))}")
        if self.light_registers and len(set(self.rates.values())) < len(FlashRate):
            raise BadBoardError("lights.rates: every rate needs a number of its own")
        contacts = [n for c in self.doors.values() for n in (c.closed, c.locked, c.tampered) if n is not None]
        inputs = [*contacts, *self.operator_switch.values(), *self.sensors.values()]
        object.__setattr__(self, "inputs", Span.of(inputs, "inputs"))
        object.__setattr__(self, "registers", Span.of(self.light_registers.values(), "lights.registers"))
        object.__setattr__(self, "coils", Span.of(self.light_coils.values(), "lights.coils"))

    def auxiliaries(self, bits: Mapping[int, bool]) -> Auxiliaries:
        """Return what the inputs say; raises ``ValueError`` for a switch in two positions at once."""
        turned = [position for position, number in self.operator_switch.items() if bits[number]]
        if len(turned) > 1:
            raise ValueError("the operator switch is in two positions")
        at_rest = OperatorSwitch.RUN if self.operator_switch else None
        return Auxiliaries(
            doors={name: _door(contacts, bits) for name, contacts in self.doors.items()},
            sensors={name: bits[number] for name, number in self.sensors.items()},
            operator_switch=turned[0] if turned else at_rest,
        )

    def rate(self, number: int) -> FlashRate:
        """Return the rate that ``number`` in a light's register means; raises ``ValueError``."""
        for rate, value in self.rates.items():
            if value == number:
                return rate
        raise ValueError(f"{number} is no flash rate")


def load_board(path: Path) -> Board:
    """Read a board's map; raises ``BadBoardError`` with the file's name, ``OSError``."""
    try:
        return _board(tomllib.loads(path.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise BadBoardError(f"{path.name}: {error}") from error


def _door(contacts: Contacts, bits: Mapping[int, bool]) -> Door:
    """Return a door's state. A bolt that is shot in an open door: somebody was at the contacts."""
    closed = bits[contacts.closed]
    locked = contacts.locked is not None and bits[contacts.locked]
    if (contacts.tampered is not None and bits[contacts.tampered]) or (locked and not closed):
        return Door.TAMPERED
    if not closed:
        return Door.OPEN
    return Door.LOCKED if locked else Door.CLOSED


def _board(table: Mapping[str, Any]) -> Board:
    _only(table, ("board", "doors", "operator_switch", "sensors", "lights"), "the file")
    head, lights = table.get("board", {}), table.get("lights", {})
    _only(head, ("unit",), "board")
    _only(lights, ("registers", "rates", "coils"), "lights")
    switch = _numbers(table.get("operator_switch", {}), "operator_switch")
    if OperatorSwitch.RUN in switch:
        raise BadBoardError("operator_switch: run is the position without a contact")
    return Board(
        unit=_numbers(head, "board").get("unit", 1),
        doors={name: _contacts(name, door) for name, door in table.get("doors", {}).items()},
        operator_switch={OperatorSwitch(name): number for name, number in switch.items()},
        sensors=_numbers(table.get("sensors", {}), "sensors"),
        light_registers=_numbers(lights.get("registers", {}), "lights.registers"),
        light_coils=_numbers(lights.get("coils", {}), "lights.coils"),
        rates={FlashRate(name): n for name, n in _numbers(lights.get("rates", {}), "lights.rates").items()},
    )


def _contacts(name: str, door: Mapping[str, Any]) -> Contacts:
    where = f"doors.{name}"
    _only(door, ("closed", "locked", "tampered"), where)
    if "closed" not in door:
        raise BadBoardError(f"{where}: closed is missing")
    return Contacts(**_numbers(door, where))


def _numbers(table: Mapping[str, Any], where: str) -> dict[str, int]:
    for name, number in table.items():
        if type(number) is not int or not 0 <= number <= 0xFFFF:
            raise BadBoardError(f"{where}.{name} must be a number 0..65535")
    return dict(table)


def _only(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    if unknown := set(table) - set(known):
        raise BadBoardError(f"{where}: unknown {', '.join(sorted(unknown))}")
