"""Units of the store that are out of service (停用的存证单元): noted once, told once, kept across restarts.

Each note says the whole state: which units are out, and why. The newest one counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Protocol

from kiosk.journal.journal import Journal
from kiosk.journal.records import MACHINE, Event, Letter

DISPENSER: Final = "card_dispenser"
COMPARED: Final = "store-compared"
"""The journal's note, and the letter to the back office: which units are out of service now."""


class Why(StrEnum):
    """Why a unit is out of service."""

    MISSING = "documentsMissing"
    """The register says that documents lie in the unit, and it is empty, or there is no such unit."""
    UNREGISTERED = "documentsUnregistered"
    """A card lies in the unit, or in its path, and the register knows of none there."""
    MIXED = "documentsMixed"
    """It gave out another card than the register says. No sensor sees when that is put right: people do."""


class Book(Protocol):
    """What is asked of the journal, whether this kiosk writes it or nobody does."""

    async def newest_note(self, kind: str) -> Event | None: ...


async def units_out(journal: Book) -> dict[int, Why]:
    """Return the units that are out of service by the journal."""
    note = await journal.newest_note(COMPARED)
    return {} if note is None else {int(one["unit"]): Why(one["reason"]) for one in note.body["parts"]}


async def note_units_out(journal: Journal, out: Mapping[int, Why]) -> bool:
    """Note, and tell the back office, which units are out of service; tell whether that is new."""
    if out == await units_out(journal):
        return False
    parts = [{"unit": unit, "reason": out[unit].value} for unit in sorted(out)]
    letter = Letter(COMPARED, {"device": DISPENSER, "parts": parts})
    await journal.note(MACHINE, COMPARED, letter=letter, device=DISPENSER, parts=parts)
    return True


async def note_mixed(journal: Journal, unit: int) -> None:
    """Note that a unit gave out another card than the register says: what comes next is anybody's."""
    await note_units_out(journal, {**await units_out(journal), unit: Why.MIXED})


def name_of(unit: int) -> str:
    """Return the name under which a unit is kept out of service: ``card_dispenser-1``."""
    return f"{DISPENSER}-{unit}"


def unit_of(name: str) -> int | None:
    """Return the unit that is kept out of service under ``name``, None for another name."""
    device, _, unit = name.partition("-")
    return int(unit) if device == DISPENSER and unit.isascii() and unit.isdigit() else None
