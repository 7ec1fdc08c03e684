"""Settings: the model file (what this kind of cabinet is) and the site file (where this one stands).

Both are read once, at the start, into frozen dataclasses. A mistake in them is a ``SettingsError``
with file and line, never a default that nobody chose. A site marked ``production`` refuses whatever
belongs to the bench: simulated links, a debug link, a journal key made on the spot.
"""

from __future__ import annotations

import re
import shlex
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

from kiosk.journal.keys import credentials
from kiosk.site_links import LINKS_OF, not_real, read_links
from kiosk.texts import LANGUAGES
from kiosk.toml_table import SettingsError, Table

__all__ = [
    "BackOffice",
    "Journal",
    "Log",
    "Model",
    "Panel",
    "Settings",
    "SettingsError",
    "Site",
    "Speech",
    "Times",
    "load",
]

ROOT: Final = Path(__file__).resolve().parent.parent

LocalText = Mapping[str, str]
"""A sentence of the site's own in each language, by language."""


@dataclass(frozen=True, slots=True)
class Panel:
    """The touch panel as it is mounted: width and height in pixels and in millimetres."""

    pixels: tuple[int, int]
    size_mm: tuple[float, float]
    lower_edge_mm: float
    """Height of the visible area's lower edge above the floor."""
    low_reach: bool = False
    """Whether everything that is touched lies in the lowest 400 mm: a machine for wheelchair users."""

    @property
    def pixels_per_mm(self) -> float:
        return self.pixels[1] / self.size_mm[1]


@dataclass(frozen=True, slots=True)
class Times:
    """How long the machine waits for a person, in seconds."""

    idle_s: float
    """Without a touch, before it asks whether more time is needed."""
    warn_s: float
    """How long that question stands before everything is returned (at least 20)."""
    take_s: float
    """For taking a card or a paper out of a slot, before it is retracted."""
    pay_s: float
    """For paying; the order at the payment host lives no longer."""
    rate_s: float
    """For the rating, which nobody has to give."""
    print_s: float
    """For the next page to come out of the document printer, before its job is given up."""
    closing_s: float
    """For which a last word stands before the machine returns to its first page."""


@dataclass(frozen=True, slots=True)
class Model:
    """A kind of cabinet."""

    name: str
    panel: Panel
    devices: tuple[str, ...]
    times: Times
    clock_limit_s: float
    """How far the clock may be from the back office's, until nothing that rests on dates is offered."""
    strings: Path
    rules: Path
    fonts: Path


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


@dataclass(frozen=True, slots=True)
class BackOffice:
    """The back office's address, the file with this kiosk's token, and how long an answer may take."""

    url: str
    token_file: Path
    timeout_s: float

    def token(self) -> str:
        """Return the token; raises ``OSError`` when its file cannot be read."""
        return self.token_file.read_text("ascii").strip()


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal's database, and the file with its key, outside the database: a credential's, where one is
    named."""

    path: Path
    key_file: Path
    may_make_key: bool
    """Whether a missing key file may be made (only on a bench)."""


@dataclass(frozen=True, slots=True)
class Log:
    """The event log: JSON lines in ``path``, ``keep`` older files of ``size_mb`` beside it."""

    path: Path
    size_mb: float
    keep: int


@dataclass(frozen=True, slots=True)
class Speech:
    """The program that speaks: it gets the sentence on its standard input.

    ``{voice}`` in ``command`` becomes the language's voice.
    """

    command: str
    voices: Mapping[str, str]

    def arguments(self, language: str) -> list[str]:
        """Return the program and its arguments for a language."""
        voice = self.voices.get(language, language)
        return [word.replace("{voice}", voice) for word in shlex.split(self.command)]


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one kiosk. Paths are absolute."""

    site: Site
    model: Model
    times: Times
    """The model's, or the shorter ones of a bench in haste."""
    patience: float
    """By what the pauses between two questions about money are multiplied: 1.0, less on a bench."""
    links: Mapping[str, str]
    photo_library: Path | None
    """The vendor's library for the ID card's photo (WLT), when the site has one."""
    back_office: BackOffice
    seal_anchor: Path | None
    """The certificate (PEM) of the authority that vouches for certificates' seals, where any are printed."""
    journal: Journal
    log: Log
    voice: Speech | None
    """What speaks the pages; None on a machine without a loudspeaker."""
    state: Path
    debug_port: int | None
    """The debug link's port, 0 for any free one; None when there is no debug link."""
    metrics_port: int | None
    """The exporter's port on loopback, 0 for any free one; None when there is no exporter."""
    clock_file: Path | None
    """Says by how many seconds a bench has the clock go wrong; None where nobody may."""

    @property
    def simulated(self) -> bool:
        """Tell whether any link leads to something other than a real device."""
        return any(not_real(url) for url in self.links.values())


def load(site_file: Path, root: Path = ROOT) -> Settings:
    """Read a site file and the model file that it names (``config/models/<model>.toml`` under ``root``).

    Raises ``SettingsError`` with file and line. Relative paths of the site file start at its folder,
    those of the model file at ``root``.
    """
    site_file = site_file.resolve()
    top = Table.read(site_file)
    site, model_name = _site(top.table("site"), root)
    model = load_model(root / "config" / "models" / f"{model_name}.toml", root)
    state = _path(top.table("state"), "folder", site_file.parent)
    reader = top.table("id_card_reader", optional=True)
    library = reader.text("photo_library", "")
    reader.done()
    times, patience = _haste(top.table("haste", optional=True), model.times, site.production)
    settings = Settings(
        site=site,
        model=model,
        times=times,
        patience=patience,
        links=read_links(top.table("links"), model.devices, production=site.production),
        photo_library=site_file.parent / library if library else None,
        back_office=_back_office(top.table("back_office"), site.production),
        seal_anchor=_seal_anchor(top.table("certificates", optional=True)),
        journal=_journal(top.table("journal"), site.production),
        log=_log(top.table("log", optional=True), state),
        voice=_voice(top.table("voice", optional=True)),
        state=state,
        metrics_port=_metrics_port(top.table("metrics", optional=True)),
        debug_port=_debug_port(top.table("debug", optional=True), site.production),
        clock_file=_clock_file(top.table("bench", optional=True), site.production),
    )
    top.done()
    return settings


def load_model(file: Path, root: Path = ROOT) -> Model:
    """Read a model file; raises ``SettingsError``."""
    top = Table.read(file)
    panel, devices, times, clock, paths = (
        top.table(key) for key in ("panel", "devices", "times", "clock", "paths")
    )
    width, height = panel.pair("pixels")
    model = Model(
        name=file.stem,
        panel=Panel(
            pixels=(int(width), int(height)),
            size_mm=panel.pair("size_mm"),
            lower_edge_mm=panel.number("lower_edge_mm", least=300, most=1500),
            low_reach=panel.flag("low_reach", False),
        ),
        devices=devices.words("fitted", LINKS_OF),
        times=Times(
            idle_s=times.number("idle_s", least=20, most=600),
            warn_s=times.number("warn_s", least=20, most=120),
            take_s=times.number("take_s", least=10, most=300),
            pay_s=times.number("pay_s", least=30, most=600),
            rate_s=times.number("rate_s", least=5, most=120),
            print_s=times.number("print_s", least=10, most=300),
            closing_s=times.number("closing_s", least=3, most=120),
        ),
        clock_limit_s=clock.number("most_difference_s", least=5, most=3600),
        strings=_path(paths, "strings", root),
        rules=_path(paths, "rules", root),
        fonts=_path(paths, "fonts", root),
    )
    across, along = model.panel.pixels[0] / model.panel.size_mm[0], model.panel.pixels_per_mm
    if abs(across / along - 1) > 0.02:
        raise panel.wrong(
            "size_mm", f"pixels would not be square: {across:.2f} a mm across, {along:.2f} along"
        )
    for table in (panel, devices, times, clock, paths, top):
        table.done()
    return model


def _haste(table: Table, times: Times, production: bool) -> tuple[Times, float]:
    """Return the times of a bench that does not want to wait as long as a person may need."""
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


def _site(table: Table, root: Path) -> tuple[Site, str]:
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


def _back_office(table: Table, production: bool) -> BackOffice:
    url = table.text("url").rstrip("/")
    if not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", url):
        raise table.wrong("url", f"must be an http or https address, is {url!r}")
    if production and not url.startswith("https:"):
        raise table.wrong("url", f"a production site must use https, not {url!r}")
    back_office = BackOffice(
        url=url,
        token_file=_path(table, "token_file", table.file.parent),
        timeout_s=table.number("timeout_s", 5.0, least=0.1, most=60),
    )
    table.done()
    return back_office


def _journal(table: Table, production: bool) -> Journal:
    credential = table.text("key_credential", "")
    journal = Journal(
        path=_path(table, "path", table.file.parent),
        key_file=(
            _credential(table, credential) if credential else _path(table, "key_file", table.file.parent)
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


def _seal_anchor(table: Table) -> Path | None:
    anchor = _path(table, "trust_anchor", table.file.parent) if "trust_anchor" in list(table) else None
    table.done()
    if anchor is not None and not anchor.is_file():
        raise table.wrong("trust_anchor", f"{anchor} is missing")
    return anchor


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


def _voice(table: Table) -> Speech | None:
    command = table.text("command", "")
    voices = {language: table.text(language, language) for language in LANGUAGES}
    table.done()
    if not command:
        return None
    if shutil.which(shlex.split(command)[0]) is None:
        raise table.wrong("command", f"no program is called {shlex.split(command)[0]!r}")
    return Speech(command, voices)


def _log(table: Table, state: Path) -> Log:
    log = Log(
        path=state / table.text("path", "events.jsonl"),
        size_mb=table.number("size_mb", 10.0, least=0.1, most=1000),
        keep=table.whole("keep", 9, least=1, most=1000),
    )
    table.done()
    return log


def _metrics_port(table: Table) -> int | None:
    port = table.whole("port", -1, least=-1, most=65535)
    table.done()
    return port if port >= 0 else None


def _debug_port(table: Table, production: bool) -> int | None:
    port = table.whole("port", -1, least=-1, most=65535)
    if production and port >= 0:
        raise table.wrong("port", "a production site must not have a debug link")
    table.done()
    return port if port >= 0 else None


def _clock_file(table: Table, production: bool) -> Path | None:
    name = table.text("clock_file", "")
    if production and name:
        raise table.wrong("clock_file", "a production site's clock is the machine's own")
    table.done()
    return (table.file.parent / name).resolve() if name else None


def _path(table: Table, key: str, start: Path) -> Path:
    return (start / table.text(key)).resolve()
