"""What a bench may have and a production site may not: haste, a debug link, a clock that goes wrong."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

from kiosk.settings.model import Times
from kiosk.toml_table import Table


def in_haste(table: Table, times: Times, production: bool) -> tuple[Times, float]:
    """Return the times of a bench that does not want to wait as long as a person may need, and its patience.

    Raises ``SettingsError``.
    """
    for key in table:
        if production:
            raise table.wrong(key, "a production site gives people the time that its model says")
    shorter = {
        field.name: table.number(field.name, getattr(times, field.name), least=0.1, most=600)
        for field in fields(Times)
    }
    patience = table.number("patience", 1.0, least=0.001, most=1.0)
    table.done()
    return replace(times, **shorter), patience


def read_debug_port(table: Table, production: bool) -> int | None:
    """Return the debug link's port, None without one; raises ``SettingsError``."""
    port = table.whole("port", -1, least=-1, most=65535)
    if production and port >= 0:
        raise table.wrong("port", "a production site must not have a debug link")
    table.done()
    return port if port >= 0 else None


def read_clock_file(table: Table, production: bool) -> Path | None:
    """Return the file by which the clock goes wrong, None without one; raises ``SettingsError``."""
    name = table.text("clock_file", "")
    if production and name:
        raise table.wrong("clock_file", "a production site's clock is the machine's own")
    table.done()
    return (table.file.parent / name).resolve() if name else None
