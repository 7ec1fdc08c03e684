"""What the simulators' line tap says of the bytes on each wire, for traces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from devices.trace import Sign
from simulators.devices import escpos, fingerprint_pad, id_card_reader, payment_terminal
from simulators.permit import unit as permit_unit
from simulators.recorder import FROM_DEVICE, TO_DEVICE

_DESCRIBERS: Final[Mapping[str, Callable[[str, bytes], str]]] = {
    "id_card_reader": id_card_reader.words,
    **permit_unit.WORDS,
    "fingerprint_pad": fingerprint_pad.words,
    "payment_terminal": payment_terminal.words,
    "receipt_printer": escpos.words,
}


def words_of(wire: str) -> Callable[[Sign, bytes], str]:
    """Return who puts the bytes of ``wire`` into words."""
    describer = _DESCRIBERS[wire]

    def said(sign: Sign, data: bytes) -> str:
        return describer(TO_DEVICE if sign is Sign.TO_DEVICE else FROM_DEVICE, data)

    return said
