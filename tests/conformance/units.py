"""The device classes that can be tested, and how the driver of each is put on its links."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from devices.base import Device
from devices.camera import OpenCvCamera
from devices.fingerprint_pad import ZfmFingerprintPad
from devices.id_card_reader import SamIdCardReader, open_card_link
from devices.link import open_link
from devices.payment_terminal import CodePayTerminal
from devices.permit_unit import ThreeLinkPermitUnit
from devices.receipt_printer import EscPosPrinter
from tests.conformance.person import Person

FONT: Final = Path(__file__).parents[2] / ".cache" / "fonts" / "NotoSansCJKsc-Regular.otf"
"""Where the setup puts the fonts; only lines with rare characters need it."""

D = TypeVar("D")
Links = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of devices: its name on the sheet, its links, its driver (of links and ``app_id``)."""

    title: str
    links: tuple[str, ...]
    driver: Callable[[Links, str], Any]


@dataclass(frozen=True, slots=True)
class Unit(Generic[D]):
    """The unit under test: its opened driver, its links, and who acts at it.

    ``app_id`` is the number that a payment terminal knows this software by.
    """

    device: D
    links: Links
    person: Person
    real: bool
    app_id: str


KINDS: Final[Mapping[str, Kind]] = {
    "id_card_reader": Kind(
        "ID-card reader (居民身份证阅读器)",
        ("id_card_reader",),
        lambda links, app_id: SamIdCardReader(open_card_link(links["id_card_reader"])),
    ),
    "permit_unit": Kind(
        "permit unit (签注一体机)",
        ("permit_transport", "permit_scanner", "permit_printer"),
        lambda links, app_id: ThreeLinkPermitUnit(
            open_link(links["permit_transport"]),
            open_link(links["permit_scanner"]),
            open_link(links["permit_printer"]),
        ),
    ),
    "camera": Kind("camera", ("camera",), lambda links, app_id: OpenCvCamera(links["camera"])),
    "fingerprint_pad": Kind(
        "fingerprint pad",
        ("fingerprint_pad",),
        lambda links, app_id: ZfmFingerprintPad(open_link(links["fingerprint_pad"])),
    ),
    "payment_terminal": Kind(
        "payment terminal",
        ("payment_terminal",),
        lambda links, app_id: CodePayTerminal(open_link(links["payment_terminal"]), app_id),
    ),
    "receipt_printer": Kind(
        "receipt printer",
        ("receipt_printer",),
        lambda links, app_id: EscPosPrinter(open_link(links["receipt_printer"]), FONT),
    ),
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


def opened(device: str, links: Links, app_id: str) -> Any:
    """Return the opened driver; raises ``Fault``."""
    driver: Device = KINDS[device].driver(links, app_id)
    driver.open()
    return driver
