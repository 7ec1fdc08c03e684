"""What is written down: the journal with its key, and the event log."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from kiosk.journal.keys import credentials
from kiosk.settings.paths import path_of
from kiosk.toml_table import Table


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal's database, and the file with its key, outside the database: a credential's, where one is
    named."""

    path: Path
    key_file: Path
    may_make_key: bool
    """Whether a missing key file may be made (only on a bench)."""


def read_journal(table: Table, production: bool) -> Journal:
    """Return where the journal and its key are; raises ``SettingsError``."""
    credential = table.text("key_credential", "")
    journal = Journal(
        path=path_of(table, "path", table.file.parent),
        key_file=(
            _credential(table, credential) if credential else path_of(table, "key_file", table.file.parent)
        ),
        may_make_key=not production and not credential,
    )
    if production and not credential:
        if not journal.key_file.is_file():
            raise table.wrong(
                "key_file", f"{journal.key_file} is missing; a production site never makes its key"
            )
        if stat.S_IMODE(journal.key_file.stat().st_mode) & 0o077:
            raise table.wrong(
                "key_file", f"{journal.key_file} must be readable by its owner only (mode 0600)"
            )
    table.done()
    return journal


def _credential(table: Table, name: str) -> Path:
    """Return where systemd laid the credential ``name`` for this unit."""
    if table.text("key_file", ""):
        raise table.wrong("key_credential", "the key is in key_file or in a credential, not in both")
    folder = credentials()
    if folder is None or not (folder / name).is_file():
        raise table.wrong(
            "key_credential",
            f"this process has no credential {name!r}; its unit needs LoadCredentialEncrypted={name}:…",
        )
    return folder / name


@dataclass(frozen=True, slots=True)
class Log:
    """The event log: JSON lines in ``path``, ``keep`` older files of ``size_mb`` beside it."""

    path: Path
    size_mb: float
    keep: int


def read_log(table: Table, state: Path) -> Log:
    """Return where the event log is and how much of it is kept; raises ``SettingsError``."""
    log = Log(
        path=state / table.text("path", "events.jsonl"),
        size_mb=table.number("size_mb", 10.0, least=0.1, most=1000),
        keep=table.whole("keep", 9, least=1, most=1000),
    )
    table.done()
    return log
