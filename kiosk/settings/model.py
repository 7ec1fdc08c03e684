"""The model file: what a kind of cabinet is, and how long it waits for people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kiosk.settings.paths import ROOT, path_of
from kiosk.site_links import LINKS_OF
from kiosk.toml_table import Table


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

    @property
    def strip_font(self) -> Path:
        """The face of what is printed on a permit's strip: the one with simplified Chinese forms."""
        return self.fonts / "NotoSansCJKsc-Regular.otf"


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
        strings=path_of(paths, "strings", root),
        rules=path_of(paths, "rules", root),
        fonts=path_of(paths, "fonts", root),
    )
    across, along = model.panel.pixels[0] / model.panel.size_mm[0], model.panel.pixels_per_mm
    if abs(across / along - 1) > 0.02:
        raise panel.wrong(
            "size_mm", f"pixels would not be square: {across:.2f} a mm across, {along:.2f} along"
        )
    for table in (panel, devices, times, clock, paths, top):
        table.done()
    return model
