"""The device classes that can be tested, and how the driver of each is put on its links."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from devices.barcode_reader import open_barcode_reader
from devices.base import Device
from devices.camera import OpenCvCamera
from devices.card_dispenser import open_card_dispenser
from devices.document_printer import IppPrinter
from devices.document_scanner import open_document_scanner
from devices.fingerprint_pad import ZfmFingerprintPad
from devices.id_card_reader import SamIdCardReader, open_card_link
from devices.io_board import ModbusIoBoard, load_board
from devices.link import open_link
from devices.payment_terminal import CodePayTerminal
from devices.permit_unit import ThreeLinkPermitUnit
from devices.receipt_printer import EscPosPrinter
from devices.ups import NutUps
from tests.conformance.person import Person

FONT: Final = Path(__file__).parents[2] / ".cache" / "fonts" / "NotoSansCJKsc-Regular.otf"
"""Where the setup puts the fonts; only lines with rare characters need it."""

BOARD: Final = Path(__file__).parents[2] / "config" / "io_boards" / "standard.toml"

D = TypeVar("D")
Links = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What the command line tells of the units besides their links.

    ``app_id`` is the number that a payment terminal knows this software by, ``board`` the I/O board's map,
    ``line`` the printed line of the test card that lies in the dispenser's first stacker.
    """

    app_id: str = "bench"
    board: Path = BOARD
    line: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of devices: its name on the sheet, its links, its driver."""

    title: str
    links: tuple[str, ...]
    driver: Callable[[Links, Told], Any]


@dataclass(frozen=True, slots=True)
class Unit(Generic[D]):
    """The unit under test: its opened driver, its links, who acts at it, and what was told of it."""

    device: D
    links: Links
    person: Person
    real: bool
    told: Told


KINDS: Final[Mapping[str, Kind]] = {
    "id_card_reader": Kind(
        "ID-card reader (居民身份证阅读器)",
        ("id_card_reader",),
        lambda links, told: SamIdCardReader(open_card_link(links["id_card_reader"])),
    ),
    "permit_unit": Kind(
        "permit unit (签注一体机)",
        ("permit_transport", "permit_scanner", "permit_printer"),
        lambda links, told: ThreeLinkPermitUnit(
            open_link(links["permit_transport"]),
            open_link(links["permit_scanner"]),
            open_link(links["permit_printer"]),
        ),
    ),
    "camera": Kind("camera", ("camera",), lambda links, told: OpenCvCamera(links["camera"])),
    "fingerprint_pad": Kind(
        "fingerprint pad",
        ("fingerprint_pad",),
        lambda links, told: ZfmFingerprintPad(open_link(links["fingerprint_pad"])),
    ),
    "payment_terminal": Kind(
        "payment terminal",
        ("payment_terminal",),
        lambda links, told: CodePayTerminal(open_link(links["payment_terminal"]), told.app_id),
    ),
    "receipt_printer": Kind(
        "receipt printer",
        ("receipt_printer",),
        lambda links, told: EscPosPrinter(open_link(links["receipt_printer"]), FONT),
    ),
    "document_printer": Kind(
        "document printer (文件打印机)",
        ("document_printer",),
        lambda links, told: IppPrinter(links["document_printer"]),
    ),
    "io_board": Kind(
        "I/O board",
        ("io_board",),
        lambda links, told: ModbusIoBoard(links["io_board"], load_board(told.board)),
    ),
    "barcode_reader": Kind(
        "barcode reader (扫码器)",
        ("barcode_reader",),
        lambda links, told: open_barcode_reader(links["barcode_reader"]),
    ),
    "document_scanner": Kind(
        "document scanner (扫描仪)",
        ("document_scanner",),
        lambda links, told: open_document_scanner(links["document_scanner"]),
    ),
    "card_dispenser": Kind(
        "card dispenser (制证发放单元)",
        ("card_dispenser",),
        lambda links, told: open_card_dispenser(links["card_dispenser"]),
    ),
    "ups": Kind("UPS", ("ups",), lambda links, told: NutUps.at(links["ups"])),
}


class WrongLinks(ValueError):
    """The links on the command line do not make a unit; tells why."""


def real_links(told: Sequence[str]) -> Links:
    """Return the links of ``NAME=URL`` options; raises ``WrongLinks``."""
    known = {link: device for device, kind in KINDS.items() for link in kind.links}
    links = {}
    for option in told:
        name, sign, url = option.partition("=")
        if not sign or not url or name not in known:
            raise WrongLinks(f"{option!r}: must be NAME=URL with NAME one of {', '.join(known)}")
        links[name] = url
    for name in links:
        missing = [link for link in KINDS[known[name]].links if link not in links]
        if missing:
            raise WrongLinks(f"{known[name]} needs --link {missing[0]}=URL too")
    return links


def opened(device: str, links: Links, told: Told) -> Any:
    """Return the opened driver; raises ``Fault``."""
    driver: Device = KINDS[device].driver(links, told)
    driver.open()
    return driver
