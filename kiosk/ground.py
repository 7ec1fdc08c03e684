"""The ground that the house is built on: what the settings alone decide, before the journal is open."""

from __future__ import annotations

import random
from dataclasses import dataclass

from kiosk.cabinet import Cabinet
from kiosk.clock import BenchClock, Clock, SteadyClock, SystemClock, mono_s
from kiosk.events import EventLog, open_log, read_catalogue
from kiosk.faults import FaultCatalogue
from kiosk.fitting import fit
from kiosk.maintenance.memory import FaultMemory
from kiosk.settings import ROOT, Settings
from kiosk.stage import Stage
from kiosk.texts import Catalogue, text
from kiosk.timekeeper import Timekeeper
from kiosk.witness import Witness


@dataclass(frozen=True, slots=True)
class Ground:
    """See the module. The cabinet is fitted, nothing of it is opened."""

    settings: Settings
    clock: SteadyClock
    chance: random.Random
    faults: FaultCatalogue
    catalogue: Catalogue
    events: EventLog
    memory: FaultMemory
    timekeeper: Timekeeper
    stage: Stage
    witness: Witness
    cabinet: Cabinet

    @classmethod
    def of(cls, settings: Settings, clock: Clock | None = None, seed: int | None = None) -> Ground:
        """Read the tables and fit the cabinet; raises ``SettingsError`` for a table that is wrong.

        Without ``clock`` time is the machine's, or the bench's; without ``seed`` chance is chance.
        """
        site = settings.site
        steady = SteadyClock(clock or _machine_clock(settings))
        faults = FaultCatalogue.load(ROOT / "config/faults.toml")
        events = EventLog(read_catalogue(), open_log(settings.log), wall=steady.wall)
        memory = FaultMemory(steady)
        witness = Witness(events, memory)
        own = {
            "site.name": site.name,
            "site.elsewhere": site.elsewhere,
            "attract.hours": site.hours,
            **faults.sentences(),
        }
        return cls(
            settings=settings,
            clock=steady,
            chance=random.Random(seed),
            faults=faults,
            catalogue=Catalogue.load(settings.model.strings, own=own),
            events=events,
            memory=memory,
            timekeeper=Timekeeper(steady, events, settings.model.clock_limit_s),
            stage=Stage(site=text("site.name"), simulated=settings.simulated, now_s=lambda: mono_s(steady)),
            witness=witness,
            cabinet=fit(settings, witness),
        )


def _machine_clock(settings: Settings) -> Clock:
    return SystemClock() if settings.clock_file is None else BenchClock(settings.clock_file)
