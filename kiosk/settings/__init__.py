"""Settings: the model file (what this kind of cabinet is) and the site file (where this one stands).

Both are read once, at the start, into frozen dataclasses. A mistake in them is a ``SettingsError``
with file and line, never a default that nobody chose. A site marked ``production`` refuses whatever
belongs to the bench: simulated links, a debug link, a journal key made on the spot. There is a module
for each part of the files.
"""

from __future__ import annotations

from kiosk.settings.model import Model, Panel, Times, load_model
from kiosk.settings.office import BackOffice
from kiosk.settings.paths import ROOT
from kiosk.settings.records import Journal, Log
from kiosk.settings.site import Site
from kiosk.settings.speech import Speech
from kiosk.settings.whole import Settings, load
from kiosk.toml_table import SettingsError

__all__ = [
    "ROOT",
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
    "load_model",
]
