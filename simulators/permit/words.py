"""The unit's three wires in words, for whoever watches the frames pass."""

from __future__ import annotations

from typing import Final

from simulators import crt571
from simulators.permit import printer, scanner

# Keys are CM and PM, which are ASCII digits save for the chip's and the counters' families.
_TRANSPORT: Final = {
    b"03": "initialise, no move",
    b"00": "initialise, hold",
    b"01": "initialise, retain",
    b"10": "status",
    b"22": "to RF position",
    b"20": "to print station",
    b"23": "to retain bin",
    b"29": "to gate",
    b"30": "allow entry",
    b"31": "forbid entry",
    b"`0": "chip: field on",
    b"`1": "chip: field off",
    b"`2": "chip: status",
    b"`4": "chip: exchange",
    b"\xa20": "serial number",
    b"\xa40": "version",
    b"\xa50": "bin counter",
}
_CONTROL: Final = {0x04: "drop it", 0x05: "well?", 0x06: "taken", 0x15: "say again"}
_PRINTER: Final = {
    printer.INIT: "initialise",
    printer.STATUS: "status",
    printer.READ: "draw in the next card",
    printer.CANCEL: "cancel",
    printer.IMAGE: "image",
    printer.ERASE: "erase",
    printer.EJECT: "hand back",
    printer.RETRY: "print retries",
    printer.VERSIONS: "version",
}
_CARD_AT: Final = {
    printer.R_NONE: "no card",
    printer.R_HELD: "card held",
    printer.R_HEAD: "card at the head",
    printer.R_RETURNING: "handing back",
}
_STATE: Final = {
    printer.S_IDLE: "idle",
    printer.S_ILLEGAL: "illegal",
    printer.S_RUNNING: "running",
    printer.S_WAITING: "waiting for a card",
}


def of_transport(direction: str, data: bytes) -> str:
    """Say what passes between host and transport; ``direction`` is ``to_device`` or ``from_device``."""
    said: list[str] = []
    at = 0
    while at < len(data):
        if data[at] != crt571.START or at + 4 > len(data):
            said.append(_CONTROL.get(data[at], f"{data[at]:02X}?"))
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        said.append(_transport_text(data[at + 4 : at + 4 + length]))
        at += 4 + length + 2
    return ", ".join(said)


def _transport_text(text: bytes) -> str:
    name = _TRANSPORT.get(text[1:3], text[1:3].hex(" ").upper())
    detail = text[3:]
    if text[:1] == b"C":
        return f"{name} {detail.hex().upper()}".rstrip()
    if text[:1] == b"P":
        where = {b"0": "no card", b"1": "card at the gate", b"2": "card inside"}.get(detail[:1], "?")
        return f"{name}: ok, {where} {detail[3:].hex().upper()}".rstrip()
    return f"{name}: error {detail.decode('latin-1')}"


def of_printer(direction: str, data: bytes) -> str:
    """Say what passes between host and print station."""
    said: list[str] = []
    at = 0
    while at < len(data):
        if data[at] != printer.STX or at + 2 > len(data):
            said.append(_CONTROL.get(data[at], f"{data[at]:02X}?"))
            at += 1
            continue
        said.append(_printer_text(direction, data[at + 2 : at + data[at + 1]]))
        at += data[at + 1] + 2
    return ", ".join(said)


def _printer_text(direction: str, text: bytes) -> str:
    name = _PRINTER.get(text[0], f"{text[0]:02X}") if text else "?"
    if direction == "to_device" or len(text) < 4:
        return name
    ended = "ok" if text[2] == printer.P_OK else f"error {text[2]:02X}"
    return f"{name}: {_STATE.get(text[3], '?')}, {ended}, {_CARD_AT.get(text[1], '?')}"


def of_scanner(direction: str, data: bytes) -> str:
    """Say what passes between host and imager."""
    if direction == "from_device":
        return "sees " + data.decode("utf-8", "replace").replace("\r", " ").strip()
    names = {scanner.TRIGGER: "look", scanner.STOP: "stop looking"}
    return names.get(data, data.removeprefix(scanner.MENU).decode("latin-1"))


WORDS: Final = {
    "permit_transport": of_transport,
    "permit_scanner": of_scanner,
    "permit_printer": of_printer,
}
