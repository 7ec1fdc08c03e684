"""The back office, and the authority that vouches for its certificates' seals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from kiosk.settings.paths import path_of
from kiosk.toml_table import Table


@dataclass(frozen=True, slots=True)
class BackOffice:
    """The back office's address, the file with this kiosk's token, and how long an answer may take."""

    url: str
    token_file: Path
    timeout_s: float

    def token(self) -> str:
        """Return the token; raises ``OSError`` when its file cannot be read."""
        return self.token_file.read_text("ascii").strip()


def read_back_office(table: Table, production: bool) -> BackOffice:
    """Return how the back office is reached; raises ``SettingsError``."""
    url = table.text("url").rstrip("/")
    if not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", url):
        raise table.wrong("url", f"must be an http or https address, is {url!r}")
    if production and not url.startswith("https:"):
        raise table.wrong("url", f"a production site must use https, not {url!r}")
    back_office = BackOffice(
        url=url,
        token_file=path_of(table, "token_file", table.file.parent),
        timeout_s=table.number("timeout_s", 5.0, least=0.1, most=60),
    )
    table.done()
    return back_office


def read_seal_anchor(table: Table) -> Path | None:
    """Return the authority's certificate, None without one; raises ``SettingsError``."""
    anchor = path_of(table, "trust_anchor", table.file.parent) if "trust_anchor" in list(table) else None
    table.done()
    if anchor is not None and not anchor.is_file():
        raise table.wrong("trust_anchor", f"{anchor} is missing")
    return anchor
