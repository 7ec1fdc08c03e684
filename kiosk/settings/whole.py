"""All settings of one kiosk, read from its site file and the model file that this names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kiosk.settings.bench import in_haste, read_clock_file, read_debug_port
from kiosk.settings.model import Model, Times, load_model
from kiosk.settings.office import BackOffice, read_back_office, read_seal_anchor
from kiosk.settings.paths import ROOT, path_of
from kiosk.settings.records import Journal, Log, read_journal, read_log
from kiosk.settings.site import Site, read_site
from kiosk.settings.speech import Speech, read_speech
from kiosk.site_links import not_real, read_links
from kiosk.toml_table import Table


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
    site, model_name = read_site(top.table("site"), root)
    model = load_model(root / "config" / "models" / f"{model_name}.toml", root)
    state = path_of(top.table("state"), "folder", site_file.parent)
    reader = top.table("id_card_reader", optional=True)
    library = reader.text("photo_library", "")
    reader.done()
    times, patience = in_haste(top.table("haste", optional=True), model.times, site.production)
    settings = Settings(
        site=site,
        model=model,
        times=times,
        patience=patience,
        links=read_links(top.table("links"), model.devices, production=site.production),
        photo_library=site_file.parent / library if library else None,
        back_office=read_back_office(top.table("back_office"), site.production),
        seal_anchor=read_seal_anchor(top.table("certificates", optional=True)),
        journal=read_journal(top.table("journal"), site.production),
        log=read_log(top.table("log", optional=True), state),
        voice=read_speech(top.table("voice", optional=True)),
        state=state,
        metrics_port=_metrics_port(top.table("metrics", optional=True)),
        debug_port=read_debug_port(top.table("debug", optional=True), site.production),
        clock_file=read_clock_file(top.table("bench", optional=True), site.production),
    )
    top.done()
    return settings


def _metrics_port(table: Table) -> int | None:
    port = table.whole("port", -1, least=-1, most=65535)
    table.done()
    return port if port >= 0 else None
