"""The house: what a visit finds at the machine, built once by the front door."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kiosk.cabinet import Cabinet
from kiosk.certificate_office import CertificateOffice
from kiosk.certificate_rules import CertificateRules
from kiosk.clock import Clock, mono_s
from kiosk.collection_office import CollectionOffice
from kiosk.contact_office import ContactOffice
from kiosk.events import EventLog
from kiosk.faults import FaultCatalogue
from kiosk.journal.journal import Journal
from kiosk.maintenance.vendor_mode import VendorMode
from kiosk.matching import Matcher, MatcherFailed
from kiosk.money import Cashier
from kiosk.notice_office import NoticeOffice
from kiosk.numbers import Numbers
from kiosk.paper_check import PaperCheck
from kiosk.platform import Platform
from kiosk.progress_office import ProgressOffice
from kiosk.rules import EndorsementRules
from kiosk.settings import Site, Times
from kiosk.stage import Stage
from kiosk.strip import StripTemplate
from kiosk.texts import Catalogue
from kiosk.timekeeper import Timekeeper
from kiosk.traffic_office import TrafficOffice
from kiosk.traffic_rules import TrafficRules

BEIJING: Final = ZoneInfo("Asia/Shanghai")
"""Whose days the law counts: the register's too, wherever the machine's own clock is set."""

MATCHER_START_S = 20.0
"""How long a person waits for the engines after the machine has been started."""


class PhotoDecoder(Protocol):
    """Decodes the 1,024 bytes of an ID card's photo; ``name`` says which decoder it is."""

    name: str

    def decode(self, block: bytes) -> NDArray[np.uint8]:
        """Return (126, 102, 3) blue, green, red; raises ``ValueError``."""
        ...


class TemplateDecoder(Protocol):
    """Takes the comparable template out of an ID card's 512-byte fingerprint block."""

    name: str

    def template(self, block: bytes) -> bytes:
        """Return an ISO/IEC 19794-2:2005 record; raises ``ValueError``."""
        ...


@dataclass(slots=True)
class House:
    """Everything that a visit uses, by the name of the room."""

    site: Site
    times: Times
    clock: Clock
    timekeeper: Timekeeper
    stage: Stage
    cabinet: Cabinet
    matcher: Matcher
    journal: Journal
    cashier: Cashier
    platform: Platform
    events: EventLog
    catalogue: Catalogue
    faults: FaultCatalogue
    photo_decoder: PhotoDecoder
    template_decoder: TemplateDecoder
    strip_template: StripTemplate
    rules_folder: Path
    receipt_url: str
    numbers: Numbers
    simulated: bool
    paper_check: PaperCheck | None = None
    """None where the site names no authority by which a certificate's seal could be trusted."""
    back_office_reachable: bool = True
    vendor_mode: VendorMode = field(default_factory=VendorMode)
    matcher_started: asyncio.Event = field(default_factory=asyncio.Event)
    serving: bool = False
    """Whether somebody is served now. Who only asks the devices between two visits does not count."""
    store_changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when something else may lie in the store than was seen there last."""
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by a visit, and by whoever asks devices what earlier visits left there: else the permit of
    the one who stands here now would be taken for a forgotten one."""
    local_time: Callable[[datetime], datetime] = datetime.astimezone

    def office_answered(self, *, ready: bool) -> None:
        """Remember whether the back office can be worked with; a change is logged."""
        if ready is not self.back_office_reachable:
            self.back_office_reachable = ready
            self.events.event("platform-reachable" if ready else "platform-unreachable")

    async def matching(self) -> Matcher:
        """Return the matcher once its engines are loaded; raises ``MatcherFailed`` when they don't."""
        try:
            async with asyncio.timeout(MATCHER_START_S):
                await self.matcher_started.wait()
        except TimeoutError:
            raise MatcherFailed("the engines are not loaded") from None
        return self.matcher

    def now_s(self) -> float:
        """Return monotonic seconds."""
        return mono_s(self.clock)

    def now(self) -> datetime:
        """Return the local time of day."""
        return self.local_time(self.clock.wall())

    def today(self) -> date:
        """Return the local date."""
        return self.now().date()

    @property
    def certificates(self) -> CertificateOffice:
        """The certificates' desk."""
        return CertificateOffice(self.platform, self.site.id)

    def certificate_rules(self) -> CertificateRules:
        """Return the rules for certificates in force today."""
        return CertificateRules.load(self.rules_folder, self.today())

    @property
    def collection(self) -> CollectionOffice:
        """The desk of finished documents."""
        return CollectionOffice(self.platform, self.site.id)

    @property
    def contacts(self) -> ContactOffice:
        """The desk that is told where messages go."""
        return ContactOffice(self.platform, self.site.id)

    @property
    def notices(self) -> NoticeOffice:
        """The desk of personal notices."""
        return NoticeOffice(self.platform, self.site.id)

    @property
    def progress(self) -> ProgressOffice:
        """The desk that knows how cases stand."""
        return ProgressOffice(self.platform, self.site.id)

    @property
    def traffic(self) -> TrafficOffice:
        """The traffic police's desk."""
        return TrafficOffice(self.platform, self.site.id)

    def traffic_rules(self) -> TrafficRules:
        """Return the rules for traffic violations in force today, which is a day in Beijing."""
        return TrafficRules.load(self.rules_folder, self.clock.wall().astimezone(BEIJING).date())

    def endorsement_rules(self) -> EndorsementRules:
        """Return the rules for endorsements in force today."""
        return EndorsementRules.load(self.rules_folder, self.today())
