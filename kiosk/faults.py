"""The catalogue of faults: what a device's word means for the person and for staff.

``config/faults.toml`` has an entry for every word that a driver can raise; a test compares.
``python -m kiosk.faults`` prints the catalogue as the page ``docs/faults.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from devices.base import DeviceError, Retry, StaffAction
from kiosk.texts import Text, text
from kiosk.toml_table import Table

FILE: Final = Path(__file__).parent.parent / "config/faults.toml"
EVERY: Final = "every"
TRY_AGAIN: Final = "trouble.try-again"
NOT_NOW: Final = "trouble.device.why"
_COLUMNS: Final = (
    "device", "word", "trigger on the bench", "on the wire", "turn", "person", "action", "staff", "工作人员",
    "log event",
)  # fmt: skip


class Turn(StrEnum):
    """Who can mend it: the person, by trying again, or staff only."""

    RETRY = "retry"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a word means. ``staff`` is the sentence for staff by language, ``event`` what the log says.

    ``trigger`` is how the bench brings it about and ``wire`` what the device says then; "" for a word of
    ``every`` that each device comes to in a way of its own.
    """

    turn: Turn
    says: str
    actions: tuple[StaffAction, ...]
    staff: Mapping[str, str]
    trigger: str
    wire: str

    @property
    def event(self) -> str:
        return "device-retry" if self.turn is Turn.RETRY else "device-fault"


class FaultCatalogue:
    """The entries by device and word; an entry of ``every`` holds where a device has none of its own.

    A device's own entry need only tell what is different from that of ``every``.
    """

    def __init__(self, entries: Mapping[str, Mapping[str, Entry]]) -> None:
        self.entries = entries

    @classmethod
    def load(cls, file: Path) -> FaultCatalogue:
        """Read the catalogue; raises ``SettingsError`` with file and line."""
        top = Table.read(file)
        general = top.table(EVERY, optional=True)
        every = {code: _entry(general.table(code), None) for code in general}
        entries = {EVERY: every}
        for device in top:
            if device != EVERY:
                table = top.table(device)
                entries[device] = {code: _entry(table.table(code), every.get(code)) for code in table}
        return cls(entries)

    def entry(self, device: str, code: str) -> Entry | None:
        """Return what ``code`` of ``device`` means, None for a word that no driver should raise."""
        return self.entries.get(device, {}).get(code) or self.entries.get(EVERY, {}).get(code)

    def sentences(self) -> dict[str, Mapping[str, str]]:
        """Return what staff are told as sentences of the text catalogue: ``fault.<device>.<code>``."""
        return {
            f"fault.{device}.{code}": entry.staff
            for device, table in self.entries.items()
            for code, entry in table.items()
        }

    def sentence(self, error: DeviceError) -> Text:
        """Return what the person is told about ``error``; there is always something to say."""
        entry = self.entry(error.device, error.code)
        unforeseen = TRY_AGAIN if isinstance(error, Retry) else NOT_NOW
        key = entry.says if entry is not None else unforeseen
        return text(key, device=text(f"device.{error.device}"))


def _entry(table: Table, every: Entry | None) -> Entry:
    """Read an entry; what it leaves out is as in ``every``."""
    if every is None:
        entry = Entry(
            turn=Turn(table.word("turn", list(Turn))),
            says=table.text("says"),
            actions=_actions(table),
            staff={"zh-CN": table.text("zh"), "en": table.text("en")},
            trigger=table.text("trigger", ""),
            wire=table.text("wire", ""),
        )
    else:
        entry = Entry(
            turn=Turn(table.word("turn", list(Turn), every.turn)),
            says=table.text("says", every.says),
            actions=_actions(table) if "actions" in set(table) else every.actions,
            staff={
                "zh-CN": table.text("zh", every.staff["zh-CN"]),
                "en": table.text("en", every.staff["en"]),
            },
            trigger=table.text("trigger", every.trigger),
            wire=table.text("wire", every.wire),
        )
    table.done()
    if (entry.turn is Turn.RETRY) == bool(entry.actions):
        raise table.wrong("actions", "a retry has no staff's action, a fault has at least one")
    return entry


def _actions(table: Table) -> tuple[StaffAction, ...]:
    return tuple(StaffAction(word) for word in table.words("actions", list(StaffAction)))


def page(catalogue: FaultCatalogue) -> str:
    """Return the catalogue as a page for people."""
    lines = [
        "# Faults (故障)",
        "",
        "Made from `config/faults.toml` by `python -m kiosk.faults > docs/faults.md`; a test compares.",
        "The words are XFS4IoT's. `every` holds for each device without an entry of its own. A trigger is a",
        "fault of the bench (`fault at operation of link, argument value`; without a link the device's own),",
        "or says in words what else is done. On the wire the device then says these bytes (hexadecimal, or",
        "text in quotes), noise, or nothing. The person's sentence is given by its key in `config/strings`.",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        "|---" * len(_COLUMNS) + "|",
    ]
    for device, table in catalogue.entries.items():
        for code, entry in table.items():
            actions = ", ".join(entry.actions)
            lines.append(
                f"| {device} | `{code}` | {entry.trigger or '–'} | {entry.wire or '–'} "
                f"| {entry.turn} | `{entry.says}` | {actions} "
                f"| {entry.staff['en']} | {entry.staff['zh-CN']} | `{entry.event}` |"
            )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(FaultCatalogue.load(FILE)))
