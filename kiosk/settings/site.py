"""The site: where a cabinet stands."""

from __future__ import annotations

import re
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
    guide_url: str
    """How the address of the public guide begins; the service's name follows. Without one the code holds the
    item itself."""


def read_site(table: Table, root: Path) -> tuple[Site, str]:
    """Return the site and its model's name; raises ``SettingsError``."""
    production = table.flag("production")
    site = Site(
        id=table.text("id"),
        name=_local_text(table.table("name")),
        production=production,
        hotline=table.text("hotline"),
        elsewhere=_local_text(table.table("elsewhere")),
        hours=_local_text(table.table("hours")),
        receipt_url=_beginning(table, "receipt_url", production),
        guide_url=_beginning(table, "guide_url", production),
    )
    if not site.id.isascii() or not site.id.isalnum() or len(site.id) > 12:
        raise table.wrong(
            "id", f"must be up to 12 letters and digits (it is part of case numbers), is {site.id!r}"
        )
    models = [file.stem for file in (root / "config" / "models").glob("*.toml")]
    model = table.word("model", models)
    table.done()
    return site, model


def _beginning(table: Table, key: str, production: bool) -> str:
    """Return how an address that citizens scan begins, "" without one; what is added comes behind / or =."""
    url = table.text(key, "")
    if url and not (url.isascii() and re.fullmatch(r"https?://[^\s/?#]+/([^\s#]*[/=])?", url)):
        raise table.wrong(key, f"must be an http or https address that ends with / or =, is {url!r}")
    if url and production and not url.startswith("https:"):
        raise table.wrong(key, f"a production site must use https, not {url!r}")
    return url


def _local_text(table: Table) -> LocalText:
    sentences = {language: table.text(language) for language in LANGUAGES}
    table.done()
    return sentences
