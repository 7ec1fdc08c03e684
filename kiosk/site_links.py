"""The links of a site: which ones its devices need, and which can lead to no real device."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from kiosk.toml_table import Table

LINKS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "id_card_reader": ("id_card_reader",),
    "permit_unit": ("permit_transport", "permit_scanner", "permit_printer"),
    "camera": ("camera",),
    "fingerprint_pad": ("fingerprint_pad",),
    "payment_terminal": ("payment_terminal",),
    "receipt_printer": ("receipt_printer",),
    "barcode_reader": ("barcode_reader",),
    "card_dispenser": ("card_dispenser",),
    "document_scanner": ("document_scanner",),
    "document_printer": ("document_printer",),
    "io_board": ("io_board",),
    "ups": ("ups",),
}
"""The devices a cabinet can have, and the links that each needs."""

_STREAMS: Final = ("serial", "socket", "rfc2217", "replay")
SCHEMES: Final[Mapping[str, tuple[str, ...]]] = {
    "id_card_reader": (*_STREAMS, "usb"),
    "camera": ("device", "http", "https", "replay"),
    "document_scanner": ("sane",),
    "document_printer": ("ipp",),
    "io_board": ("serial", "socket", "rfc2217"),
    "ups": ("nut",),
}
"""How the URLs of these links may begin; of all others: like any byte stream (see ``devices.link``)."""


_SERVED_HERE: Final = ("ipp", "nut")
"""Real devices on USB are reached through a program of this machine: ipp-usb, NUT's upsd."""


def read_links(table: Table, devices: Collection[str], *, production: bool) -> Mapping[str, str]:
    """Return the URL of each link by the link's name; every one that ``devices`` need must be there.

    Raises ``SettingsError``, for a production site also about a link that leads to no real device.
    """
    links = {}
    for device, names in LINKS_OF.items():
        for name in names:
            url = table.text(name) if device in devices else table.text(name, "")
            if not url:
                continue
            allowed = SCHEMES.get(name, _STREAMS)
            if not _begins(url, allowed):
                choice = ", ".join(f"{scheme}:" for scheme in allowed)
                raise table.wrong(name, f"{url!r} must start with one of: {choice}")
            if production and (why := not_real(url)):
                raise table.wrong(name, f"a production site must not use {url!r}: {why}")
            links[name] = url
    table.done()
    return links


def not_real(url: str) -> str | None:
    """Return why ``url`` cannot be a real device's link, or None when it can be one."""
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True)
    if "simulated" in query:
        return "it says that it is simulated"
    if "backend" in query:
        return "it names a USB backend"
    if "program" in query:
        return "it names a program in place of SANE's"
    if "record" in query:
        return "it records what passes, the data of people's cards too"
    if parts.scheme == "replay" or "replay" in query:
        return "it replays a recording"
    if parts.scheme == "sane" and parts.path.startswith("test"):
        return "it names SANE's test backend"
    if parts.scheme in ("serial", "device") and Path(parts.path).resolve().is_relative_to("/dev/pts"):
        return "it is a pseudo-terminal, another program of this machine"
    if parts.scheme not in _SERVED_HERE and parts.hostname and _is_loopback(parts.hostname):
        return "it leads to another program of this machine"
    return None


def _begins(url: str, schemes: Collection[str]) -> bool:
    try:
        return urlsplit(url).scheme in schemes
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        # Also the short forms that sockets accept: 127.1, 0.
        address = ipaddress.ip_address(host if ":" in host else socket.inet_aton(host))
    except (ValueError, OSError):
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_unspecified
