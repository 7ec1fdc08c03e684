"""Fitting: the drivers of a cabinet, each over the link that the site names for it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

from devices.absent import Absent
from devices.camera import OpenCvCamera
from devices.fingerprint_pad import ZfmFingerprintPad
from devices.id_card_reader import SamIdCardReader, open_card_link
from devices.link import open_link
from devices.payment_terminal import CodePayTerminal
from devices.permit_unit import ThreeLinkPermitUnit
from devices.receipt_printer import EscPosPrinter
from kiosk.cabinet import Cabinet, Listener, Worker
from kiosk.settings import Settings
from kiosk.site_links import LINKS_OF

BOARD: Final = Path(__file__).parent.parent / "config/io_boards/standard.toml"
"""Which input and output of the I/O board is what."""


def fit(settings: Settings, listener: Listener) -> Cabinet:
    """Return the cabinet that the model describes; nothing is opened yet."""
    drivers: dict[str, Any] = {
        name: _driver(name, settings) if name in settings.model.devices else Absent(name) for name in LINKS_OF
    }
    return Cabinet(**{name: Worker(driver, listener) for name, driver in drivers.items()})


def _driver(name: str, settings: Settings) -> Any:
    """Return a device's driver.

    Those that not every cabinet has are loaded only now: together they would slow the start of one
    without them.
    """
    links, fonts = settings.links, settings.model.fonts
    match name:
        case "id_card_reader":
            return SamIdCardReader(open_card_link(links[name]))
        case "permit_unit":
            return ThreeLinkPermitUnit(
                open_link(links["permit_transport"]),
                open_link(links["permit_scanner"]),
                open_link(links["permit_printer"]),
            )
        case "camera":
            return OpenCvCamera(links[name])
        case "fingerprint_pad":
            return ZfmFingerprintPad(open_link(links[name]))
        case "payment_terminal":
            lifetime_s = math.ceil(settings.times.pay_s)
            return CodePayTerminal(open_link(links[name]), app_id=settings.site.id, lifetime_s=lifetime_s)
        case "receipt_printer":
            return EscPosPrinter(open_link(links[name]), fonts / "NotoSansCJKsc-Regular.otf")
        case "barcode_reader":
            from devices.barcode_reader import open_barcode_reader

            return open_barcode_reader(links[name])
        case "card_dispenser":
            from devices.card_dispenser import open_card_dispenser

            return open_card_dispenser(links[name])
        case "document_printer":
            from devices.document_printer import IppPrinter

            return IppPrinter(links[name])
        case "document_scanner":
            from devices.document_scanner import open_document_scanner

            return open_document_scanner(links[name])
        case "io_board":
            from devices.io_board import ModbusIoBoard, load_board

            return ModbusIoBoard(links[name], load_board(BOARD))
        case "ups":
            from devices.ups import NutUps

            return NutUps.at(links[name])
        case _:
            raise ValueError(f"no driver is known for {name!r}")
