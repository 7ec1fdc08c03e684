"""Building the house over an open journal, and the recovery that asks what an earlier one left."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Final

from devices.id_card_reader import OpenTemplateDecoder, photo_decoder
from kiosk.certificate_recovery import CertificateGoods
from kiosk.collection_recovery import CollectionGoods
from kiosk.ground import Ground
from kiosk.house import House
from kiosk.journal import Journal
from kiosk.matching import Matcher
from kiosk.money import Cashier
from kiosk.notice_recovery import NoticeGoods
from kiosk.numbers import Numbers
from kiosk.paper_check import PaperCheck
from kiosk.permit_recovery import Bystander
from kiosk.platform import Platform
from kiosk.ports import (
    DispenserAtRecovery,
    DocumentsAtRecovery,
    PermitAtRecovery,
    ReceiptAtRecovery,
    TerminalAtCashier,
)
from kiosk.recovery import Recovery
from kiosk.refunds import Patience
from kiosk.settings import ROOT
from kiosk.strip import StripTemplate
from kiosk.traffic_recovery import TrafficGoods

DEADLINE_S: Final = 15.0
"""How long the back office is asked again before somebody is told that it can't be reached."""


def build_house(ground: Ground, journal: Journal, closing: contextlib.AsyncExitStack) -> House:
    """Build the house over an open journal; what it holds open ends with ``closing``."""
    settings = ground.settings
    platform = Platform(
        settings.back_office.url,
        settings.back_office.token(),
        settings.site.id,
        ground.clock,
        ground.chance,
        timeout_s=settings.back_office.timeout_s,
        deadline_s=DEADLINE_S * settings.patience,
    )
    closing.callback(platform.close)
    numbers = Numbers(journal, ground.clock, settings.site.id)
    cashier = Cashier(
        journal,
        numbers,
        platform,
        ground.clock,
        ground.chance,
        terminal=TerminalAtCashier(ground.cabinet.payment_terminal),
        patience=Patience().times(settings.patience),
        clock_agrees=partial(ground.timekeeper.agrees, platform),
    )
    closing.push_async_callback(cashier.close)
    decoder = photo_decoder(settings.photo_library, usb=settings.links["id_card_reader"].startswith("usb:"))
    return House(
        site=settings.site,
        times=settings.times,
        clock=ground.clock,
        timekeeper=ground.timekeeper,
        stage=ground.stage,
        cabinet=ground.cabinet,
        matcher=Matcher(restarted=lambda count: ground.events.event("matcher-restarted", count=count)),
        journal=journal,
        cashier=cashier,
        platform=platform,
        events=ground.events,
        catalogue=ground.catalogue,
        faults=ground.faults,
        photo_decoder=decoder,
        template_decoder=OpenTemplateDecoder(),
        strip_template=StripTemplate.load(
            ROOT / "config/templates/endorsement_strip.toml", settings.model.strip_font
        ),
        rules_folder=settings.model.rules,
        receipt_url=settings.site.receipt_url,
        numbers=numbers,
        simulated=settings.simulated,
        paper_check=PaperCheck(settings.seal_anchor.read_bytes()) if settings.seal_anchor else None,
    )


def build_recovery(house: House, bystander: Bystander) -> Recovery:
    """Build what asks for every service what became of its goods, and of money, permit and receipt."""
    documents = DocumentsAtRecovery(house.cabinet.document_printer)
    return Recovery(
        house.journal,
        house.cashier,
        house.platform,
        house.clock,
        permit=PermitAtRecovery(house.cabinet.permit_unit, house.strip_template),
        receipt=ReceiptAtRecovery(house.cabinet.receipt_printer),
        goods={
            "guide": NoticeGoods(house.journal, house.notices, documents),
            "traffic-violations": TrafficGoods(house.journal, house.traffic, documents),
            "pick-up": CollectionGoods(
                house.journal, house.collection, DispenserAtRecovery(house.cabinet.card_dispenser)
            ),
            "certificates": CertificateGoods(house.journal, house.certificates, documents),
        },
        bystander=bystander,
        take_wait_s=house.times.take_s,
    )
