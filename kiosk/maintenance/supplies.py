"""Consumables and bins: how much is left, when it ends, and how it is exchanged.

Counts come from the devices' own counters, which know nothing of a new roll: what the counter stood at,
and how much was put in, is noted at each exchange. ``supplies.json`` in the state folder keeps that, and
how much was used in which hour; who exchanged what is in the journal.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from devices.base import Device, DeviceError
from kiosk.cabinet import Cabinet
from kiosk.maintenance.forecast import DAYS, ends_at
from kiosk.maintenance.staff import write_privately
from kiosk.settings import ROOT
from kiosk.toml_table import Table

FILE: Final = ROOT / "config/supplies.toml"


class Kind(StrEnum):
    """What is used up, and what fills."""

    SUPPLY = "supply"
    BIN = "bin"


class Level(StrEnum):
    """XFS4IoT ``replenishmentStatus``; unknown where neither counter nor sensor tells."""

    OK = "ok"
    LOW = "low"
    EMPTY = "empty"
    HIGH = "high"
    FULL = "full"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Unit:
    """A consumable or a bin, as ``config/supplies.toml`` has it."""

    name: str
    kind: Kind
    device: str
    counter: str = ""
    part: str = ""
    full: int = 0
    low_percent: int = 20
    low_hours: int = 24
    two_people: bool = False
    effect: str = ""


@dataclass(frozen=True, slots=True)
class Stock:
    """How a unit stands. ``count`` is what is left, or for a bin what is in it; None when uncounted."""

    unit: Unit
    level: Level
    count: int | None
    ends: datetime | None = None

    def plain(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "unit": self.unit.name,
            "kind": self.unit.kind.value,
            "device": self.unit.device,
            "level": self.level.value,
            "count": self.count,
            "full": self.unit.full or None,
            "ends": self.ends.isoformat(timespec="minutes") if self.ends else None,
        }


@dataclass(slots=True)
class _Kept:
    """What is kept of a unit: the last exchange, the counter as last seen, the uses by hour."""

    count: int
    counter: int
    seen: int
    since: str
    hours: dict[str, int] = field(default_factory=dict)


def read_units(file: Path = FILE) -> tuple[Unit, ...]:
    """Read the units; raises ``SettingsError`` with file and line."""
    top = Table.read(file)
    units = []
    for kind in Kind:
        listed = top.table(kind.value)
        for name in listed:
            entry = listed.table(name)
            units.append(
                Unit(
                    name,
                    kind,
                    entry.text("device"),
                    entry.text("counter", ""),
                    entry.text("part", ""),
                    entry.whole("full", 0),
                    entry.whole("low_percent", 20, most=100),
                    entry.whole("low_hours", 24, most=1000),
                    entry.flag("two_people", False),
                    entry.text("effect", ""),
                )
            )
            entry.done()
    top.done()
    return tuple(units)


class Supplies:
    """The units of the devices that are fitted. ``local`` turns a moment into local time."""

    def __init__(self, units: tuple[Unit, ...], cabinet: Cabinet, path: Path) -> None:
        self.units = tuple(unit for unit in units if unit.device in cabinet.workers)
        self._cabinet = cabinet
        self._path = path
        self._kept = _read(path)

    def unit(self, name: str) -> Unit:
        """Return the unit called ``name``; raises ``KeyError``."""
        return {unit.name: unit for unit in self.units}[name]

    async def stocks(self, now: datetime) -> tuple[Stock, ...]:
        """Ask every counter and sensor; ``now`` is local. What a device does not tell is unknown."""
        counters = await self._counters()
        changed = False
        stocks = []
        for unit in self.units:
            counter = counters.get(unit.device, {}).get(unit.counter) if unit.counter else None
            if counter is not None:
                changed |= self._see(unit, counter, now)
            stocks.append(self._stock(unit, counter, now))
        if changed:
            self._write()
        return tuple(stocks)

    async def exchanged(self, unit: Unit, count: int, now: datetime) -> None:
        """Note that ``unit`` now holds ``count``: it was refilled, or the bin was emptied."""
        counter = (await self._counters()).get(unit.device, {}).get(unit.counter, 0)
        kept = self._kept.get(unit.name)
        since = kept.since if kept else now.isoformat()
        self._kept[unit.name] = _Kept(count, counter, counter, since, kept.hours if kept else {})
        self._write()

    def _stock(self, unit: Unit, counter: int | None, now: datetime) -> Stock:
        kept = self._kept.get(unit.name)
        said = self._said(unit)
        if counter is None or kept is None:
            return Stock(unit, said, None)
        used = counter - kept.counter
        if unit.kind is Kind.BIN:
            count = kept.count + used
            return Stock(unit, _filled(unit, count), count)
        left = max(0, kept.count - used)
        hours = {datetime.fromisoformat(hour): uses for hour, uses in kept.hours.items()}
        ends = ends_at(left, hours, datetime.fromisoformat(kept.since), now)
        level = said
        if level in (Level.OK, Level.UNKNOWN):
            soon = ends is not None and ends - now < timedelta(hours=unit.low_hours)
            level = Level.LOW if soon or left * 100 < unit.full * unit.low_percent else Level.OK
        return Stock(unit, level, left, ends)

    def _said(self, unit: Unit) -> Level:
        """Return what the sensor says."""
        word = self._cabinet.workers[unit.device].status.parts.get(unit.part, "") if unit.part else ""
        if word in ("out", "empty"):
            return Level.EMPTY
        return {"low": Level.LOW, "full": Level.OK, "ok": Level.OK}.get(word, Level.UNKNOWN)

    def _see(self, unit: Unit, counter: int, now: datetime) -> bool:
        """Note the uses since the counter was last seen in the hour that is now; tell whether any."""
        kept = self._kept.get(unit.name)
        if kept is None or counter < kept.seen:
            # Seen for the first time, or the device was replaced: what it holds is taken as full.
            at_first = 0 if unit.kind is Kind.BIN else unit.full
            count = counter if unit.kind is Kind.BIN and kept is None else at_first
            self._kept[unit.name] = _Kept(count, counter, counter, now.isoformat())
            return True
        if counter == kept.seen:
            return False
        hour = now.replace(minute=0, second=0, microsecond=0).isoformat()
        kept.hours[hour] = kept.hours.get(hour, 0) + counter - kept.seen
        kept.seen = counter
        oldest = (now - timedelta(days=DAYS + 1)).isoformat()
        kept.hours = {hour: uses for hour, uses in kept.hours.items() if hour >= oldest}
        return True

    async def _counters(self) -> dict[str, Mapping[str, int]]:
        """Return the counters of each device that counts for a unit; a silent one is left out."""
        found: dict[str, Mapping[str, int]] = {}
        for name in {unit.device for unit in self.units if unit.counter}:
            worker = self._cabinet.workers[name]
            if worker.status.usable or worker.status.parts:
                with contextlib.suppress(DeviceError):
                    found[name] = await worker(_counters)
        return found

    def _write(self) -> None:
        kept = {
            name: {
                "count": unit.count,
                "counter": unit.counter,
                "seen": unit.seen,
                "since": unit.since,
                "hours": unit.hours,
            }
            for name, unit in self._kept.items()
        }
        write_privately(self._path, json.dumps(kept, indent=1))


def _counters(device: Device) -> Mapping[str, int]:
    return device.counters()


def _filled(unit: Unit, count: int) -> Level:
    if count >= unit.full:
        return Level.FULL
    return Level.HIGH if count * 100 >= unit.full * (100 - unit.low_percent) else Level.OK


def _read(path: Path) -> dict[str, _Kept]:
    """Return what was kept; a file that can't be read is begun anew (the journal has the exchanges)."""
    try:
        return {name: _Kept(**kept) for name, kept in json.loads(path.read_text("utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
