"""What the simulators' line tap says of the bytes on each wire, for traces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from devices.trace import Sign
from simulators.devices import (
    barcode_scanner,
    card_dispenser,
    document_printer,
    escpos,
    fingerprint_pad,
    id_card_reader,
    io_board,
    payment_terminal,
    ups,
)
from simulators.permit import unit as permit_unit
from simulators.recorder import FROM_DEVICE, TO_DEVICE


def _of_a_run(direction: str, data: bytes) -> str:
    """Say what a program was asked, or how it ended: the link's own words, not those of the bench's wire."""
    head = data.partition(b"\n")[0].decode("utf-8", "replace")
    return f"scanimage {head}" if direction == TO_DEVICE else f"ended with {head}"


_DESCRIBERS: Final[Mapping[str, Callable[[str, bytes], str]]] = {
    "id_card_reader": id_card_reader.words,
    **permit_unit.WORDS,
    "fingerprint_pad": fingerprint_pad.words,
    "payment_terminal": payment_terminal.words,
    "receipt_printer": escpos.words,
    "document_printer": document_printer.words,
    "io_board": io_board.words,
    "barcode_reader": barcode_scanner.words,
    "card_dispenser": card_dispenser.words,
    "document_scanner": _of_a_run,
    "ups": ups.words,
}


def words_of(wire: str) -> Callable[[Sign, bytes], str]:
    """Return who puts the bytes of ``wire`` into words."""
    describer = _DESCRIBERS[wire]

    def said(sign: Sign, data: bytes) -> str:
        return describer(TO_DEVICE if sign is Sign.TO_DEVICE else FROM_DEVICE, data)

    return said
