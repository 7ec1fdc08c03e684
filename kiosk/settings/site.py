"""The site: where a cabinet stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kiosk.texts import LANGUAGES
from kiosk.toml_table import Table

LocalText = Mapping[str, str]
"""A sentence of the site's own in each language, by language."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a cabinet stands, in the words a citizen is shown."""

    id: str
    name: LocalText
    production: bool
    hotline: str
    elsewhere: LocalText
    hours: LocalText
    receipt_url: str
    """How the address of a receipt begins; the case number follows. Without one the code is the number."""


def read_site(table: Table, root: Path) -> tuple[Site, str]:
    """Return the site and its model's name; raises ``SettingsError``."""
    site = Site(
        id=table.text("id"),
        name=_local_text(table.table("name")),
        production=table.flag("production"),
        hotline=table.text("hotline"),
        elsewhere=_local_text(table.table("elsewhere")),
        hours=_local_text(table.table("hours")),
        receipt_url=table.text("receipt_url", ""),
    )
    if not site.id.isascii() or not site.id.isalnum() or len(site.id) > 12:
        raise table.wrong(
            "id", f"must be up to 12 letters and digits (it is part of case numbers), is {site.id!r}"
        )
    models = [file.stem for file in (root / "config" / "models").glob("*.toml")]
    model = table.word("model", models)
    table.done()
    return site, model


def _local_text(table: Table) -> LocalText:
    sentences = {language: table.text(language) for language in LANGUAGES}
    table.done()
    return sentences
