"""Where files are: the project itself, and what a settings file names."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kiosk.toml_table import Table

ROOT: Final = Path(__file__).resolve().parent.parent.parent


def path_of(table: Table, key: str, start: Path) -> Path:
    """Return the absolute path that ``key`` names; a relative one starts at ``start``."""
    return (start / table.text(key)).resolve()
