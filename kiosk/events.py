"""The event log: only events of the catalogue, only fields that it allows, nothing of a person.

``config/events.toml`` is the catalogue. The log is a file of JSON lines:
``{"at": "2026-03-01T08:30:00.000Z", "event": "card-retained", "type": "application-action",
"severity": "warning", "device": "permit_unit", "count": 3}``.

What the catalogue doesn't know is an error in tests (``strict``). On a machine it is dropped, and
the dropping itself is logged: an event log must never stop a visit.
``python -m kiosk.events`` prints the catalogue as the page ``docs/events.md``.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final

import structlog

from kiosk.clock import iso
from kiosk.personal import looks_like
from kiosk.settings import ROOT, Log
from kiosk.toml_table import Table

CATALOGUE: Final = ROOT / "config" / "events.toml"
TYPES: Final = (
    "user-action",
    "system-action",
    "system-status",
    "application-action",
    "application-status",
)
SEVERITIES: Final = ("debug", "info", "notice", "warning", "error", "critical")

Sink = Callable[[str], None]
"""Takes one line of the log, without its end."""


class Kind(StrEnum):
    """What a field may hold. None of them has room for a sentence or a name in Chinese."""

    WORD = "word"  # letters, digits and a little punctuation
    REFERENCE = "reference"  # a number that the kiosk made: of a case, a visit, an order
    NUMBER = "number"
    FLAG = "flag"


_WORD: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/+{}-]{0,79}")


class NotInCatalogue(Exception):
    """An event, field or value that the catalogue does not allow (raised only when ``strict``)."""


class PersonalData(Exception):
    """A value that looks like a person's data (raised only when ``strict``)."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field that events may carry."""

    name: str
    kind: Kind
    meaning: str

    def accepts(self, value: object) -> bool:
        """Tell whether ``value`` has the field's kind."""
        match self.kind:
            case Kind.FLAG:
                return isinstance(value, bool)
            case Kind.NUMBER:
                return isinstance(value, (int, float)) and not isinstance(value, bool)
            case _:
                return isinstance(value, str) and _WORD.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the catalogue: its type, severity, fields, and its meaning in both languages."""

    name: str
    type: str
    severity: str
    fields: Mapping[str, Field]
    zh: str
    en: str


Catalogue = Mapping[str, Event]


def read_catalogue(file: Path = CATALOGUE) -> Catalogue:
    """Read the catalogue; raises ``SettingsError`` with file and line."""
    top = Table.read(file)
    fields_table, events_table = top.table("fields"), top.table("events")
    fields = {}
    for name in fields_table:
        entry = fields_table.table(name)
        fields[name] = Field(name, Kind(entry.word("kind", Kind)), entry.text("en"))
        entry.done()
    events = {}
    for name in events_table:
        entry = events_table.table(name)
        events[name] = Event(
            name=name,
            type=entry.word("type", TYPES),
            severity=entry.word("severity", SEVERITIES),
            fields={field: fields[field] for field in entry.words("fields", fields)},
            zh=entry.text("zh"),
            en=entry.text("en"),
        )
        entry.done()
    top.done()
    return events


class EventLog:
    """Writes events. Safe to use from every thread."""

    def __init__(
        self, catalogue: Catalogue, sink: Sink, *, wall: Callable[[], datetime], strict: bool = False
    ) -> None:
        """``wall`` gives the time of day (aware); ``strict`` raises where the catalogue is missed."""
        self._catalogue = catalogue
        self._wall = wall
        self._strict = strict
        self._log = structlog.wrap_logger(
            _Lines(sink),
            processors=[self._check, self._describe, structlog.processors.JSONRenderer(ensure_ascii=False)],
            wrapper_class=structlog.BoundLogger,
            cache_logger_on_first_use=True,
        )

    def event(self, name: str, **fields: str | int | float | bool | None) -> None:
        """Log the event ``name``. A field that is None is left out.

        When strict, raises ``NotInCatalogue`` or ``PersonalData``; otherwise never raises for them.
        """
        self._log.msg(name, **{field: value for field, value in fields.items() if value is not None})

    def unexpected(self, error: BaseException, visit: str | None = None) -> None:
        """Log an error that nobody foresaw: its type and where it rose, never its words."""
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{Path(frames[-1].filename).stem}:{frames[-1].lineno}" if frames else ""
        self.event("unexpected-error", error=type(error).__name__, where=where, visit=visit)

    def _check(self, _logger: object, _method: str, entry: MutableMapping[str, Any]) -> Mapping[str, Any]:
        """Drop from ``entry`` what the catalogue does not allow (a structlog processor)."""
        name = entry["event"]
        event = self._catalogue.get(name)
        if event is None:
            self._miss("catalogue-miss", name, None, "unknown-event")
            raise structlog.DropEvent
        checked: dict[str, Any] = {"event": name}
        for field, value in entry.items():
            if field == "event":
                continue
            if isinstance(value, float):
                value = round(value, 4)  # the digits of a whole one may look like a card's number
            if field not in event.fields:
                self._miss("catalogue-miss", name, field, "unknown-field")
            elif suspect := _personal(event.fields[field], value):
                self._miss("personal-data-withheld", name, field, suspect)
            elif not event.fields[field].accepts(value):
                self._miss("catalogue-miss", name, field, f"not-a-{event.fields[field].kind}")
            else:
                checked[field] = value
        return checked

    def _describe(self, _logger: object, _method: str, entry: MutableMapping[str, Any]) -> Mapping[str, Any]:
        """Put time, type and severity before the event's fields (a structlog processor)."""
        event = self._catalogue[entry["event"]]
        head = {"at": iso(self._wall()), "event": event.name, "type": event.type, "severity": event.severity}
        return {**head, **entry}

    def _miss(self, what: str, name: str, field: str | None, problem: str) -> None:
        if self._strict:
            place = f"{name}.{field}" if field else name
            raise (PersonalData if what == "personal-data-withheld" else NotInCatalogue)(
                f"{place}: {problem}"
            )
        # A name that is no word is not repeated: it could be what must not be in a log.
        self.event(what, event_name=_safe(name), field=_safe(field), problem=problem)


def open_log(where: Log) -> Sink:
    """Return a sink that appends to the log's file and rotates it; raises ``OSError``."""
    where.path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(
        where.path, maxBytes=int(where.size_mb * 1_000_000), backupCount=where.keep, encoding="utf-8"
    )

    def write(line: str) -> None:
        handler.handle(logging.makeLogRecord({"msg": line}))

    return write


class _Lines:
    """What structlog writes to."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def msg(self, line: str) -> None:
        self._sink(line)


def _personal(field: Field, value: object) -> str | None:
    if field.kind is Kind.REFERENCE:
        # Numbers that the kiosk makes have rows of digits, and one in ten passes Luhn's check.
        return "id-number" if looks_like(str(value), across_gaps=False) == "id-number" else None
    return looks_like(str(value))


def _safe(word: str | None) -> str | None:
    if word is None:
        return None
    return word if _WORD.fullmatch(word) and not looks_like(word) else "withheld"


def page(catalogue: Catalogue) -> str:
    """Return the catalogue as a page for the documentation, in Markdown."""
    lines = [
        "# Log events (日志事件)",
        "",
        "Made from `config/events.toml` by `python -m kiosk.events > docs/events.md`; a test compares.",
        "The log is a file of JSON lines with `at`, `event`, `type`, `severity` and the fields below.",
        "",
        "| event | severity | type | what happened | 含义 | fields |",
        "|---|---|---|---|---|---|",
    ]
    for event in catalogue.values():
        fields = ", ".join(f"`{name}`" for name in event.fields)
        lines.append(
            f"| `{event.name}` | {event.severity} | {event.type} | {event.en} | {event.zh} | {fields} |"
        )
    used = {name: field for event in catalogue.values() for name, field in event.fields.items()}
    lines += ["", "| field | kind | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | {used[name].kind} | {used[name].meaning} |" for name in sorted(used)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(read_catalogue()))
