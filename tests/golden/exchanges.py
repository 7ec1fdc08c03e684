"""The main exchanges of each driver: what is said to the device, what people do, what must come of it.

An exchange is spoken twice: with the simulator, which gives the trace, and with the trace alone, where
nobody is there to act. It must come to the same both times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from devices.base import Fault, Retry
from devices.fingerprint_pad import ZfmFingerprintPad
from devices.id_card_reader import SamIdCardReader
from devices.interfaces import Media, PaymentState, ReceiptLine
from devices.payment_terminal import CodePayTerminal
from devices.permit_unit import ThreeLinkPermitUnit
from devices.receipt_printer import EscPosPrinter
from simulators.devices import (
    fingerprint_pad,
    id_card_reader,
    payment_terminal,
    receipt_printer,
)
from simulators.people import Persona, load_personas
from simulators.permit import unit as permit_unit
from simulators.permit.card import PermitCard, strip_with
from tests.golden.kinds import Act, Exchange, Kind, Speeches, alone, serial_at, tcp
from tests.golden.side_exchanges import SIDE_SPEECHES

FONT: Final = Path("no-font-is-needed-for-these-lines.otf")
LINE: Final = "CSCZ99000012<3111202<8104125<0"
HOLDER: Final = LINE + "MAOPMODCMOCMLI<<WENJING".ljust(60, "<")
CODE: Final = "EN2611220000000170"
RECORD: Final = b"1|HKG|G|20261122|20270221|1|7|2611220000011\n"

ID_CARD_READER: Final = Kind(
    "id_card_reader",
    lambda room, folder: id_card_reader.IdCardReader(room.level, room.faults, room.chance),
    lambda links: SamIdCardReader(links["id_card_reader"]),
    {"id_card_reader": serial_at(115200)},
    alone,
)
PERMIT_UNIT: Final = Kind(
    "permit_unit",
    lambda room, folder: permit_unit.PermitUnitSimulator(room.level, room.faults, room.chance),
    lambda links: ThreeLinkPermitUnit(
        links["permit_transport"], links["permit_scanner"], links["permit_printer"]
    ),
    {
        "permit_transport": serial_at(9600),
        "permit_scanner": serial_at(115200),
        "permit_printer": serial_at(9600),
    },
    lambda unit, wire: getattr(unit, wire.removeprefix("permit_")).serve,
)
FINGERPRINT_PAD: Final = Kind(
    "fingerprint_pad",
    lambda room, folder: fingerprint_pad.FingerprintPad(room.level, room.faults, room.chance),
    lambda links: ZfmFingerprintPad(links["fingerprint_pad"]),
    {"fingerprint_pad": serial_at(57600)},
    alone,
)
PAYMENT_TERMINAL: Final = Kind(
    "payment_terminal",
    lambda room, folder: payment_terminal.PaymentTerminal(room.level, room.faults, room.chance),
    lambda links: CodePayTerminal(links["payment_terminal"], app_id="bench"),
    {"payment_terminal": serial_at(115200)},
    alone,
)
RECEIPT_PRINTER: Final = Kind(
    "receipt_printer",
    lambda room, folder: receipt_printer.ReceiptPrinter(room.level, room.faults),
    lambda links: EscPosPrinter(links["receipt_printer"], FONT),
    {"receipt_printer": tcp},
    alone,
)


def somebody() -> Persona:
    """Return a fictitious person whose card does not change with the day."""
    person = load_personas()["li-wenjing"]
    card = replace(person.id_card, valid_from=date(2022, 5, 1), expires=date(2042, 5, 1))
    return replace(person, id_card=card)


# --- ID-card reader --------------------------------------------------------------------------------


def id_card_read(reader: SamIdCardReader, act: Act) -> None:
    """A card is waited for, read with its fingerprints, and not found again before it was lifted."""
    assert reader.capabilities().serial == "05.03-20260101-0009900001-0000000001"
    assert not reader.find()
    act(lambda scene: scene.device.place(somebody()))
    assert reader.find()
    card = reader.read(fingerprints=True)
    assert card.number == somebody().id_card.number
    assert card.expires == date(2042, 5, 1)
    assert [finger.finger for finger in card.fingerprints] == [11, 16]
    assert not reader.find()
    assert reader.status().usable


def id_card_lifted(reader: SamIdCardReader, act: Act) -> None:
    """A card is lifted before it was selected, then laid down again and read without fingerprints."""
    act(lambda scene: scene.device.place(somebody()))
    assert reader.find()
    act(lambda scene: scene.device.lift())
    with pytest.raises(Retry) as told:
        reader.read()
    assert told.value.code == "mediaRemoved"
    act(lambda scene: scene.device.place(somebody()))
    assert reader.find()
    assert reader.read().number == somebody().id_card.number


def id_card_of_another_kind(reader: SamIdCardReader, act: Act) -> None:
    """Some other card answers the reader, and is refused."""
    act(lambda scene: scene.device.place(somebody()))
    act(lambda scene: scene.fault("wrongCard", "select"))
    assert reader.find()
    with pytest.raises(Retry) as told:
        reader.read()
    assert told.value.code == "invalidMedia"


# --- permit unit -----------------------------------------------------------------------------------


def permit() -> PermitCard:
    return PermitCard.of({"mrz": LINE, "chip_mrz": HOLDER, "endorsements": "", "strip_code": "EN-OLD"})


def permit_endorsed(unit: ThreeLinkPermitUnit, act: Act) -> None:
    """A permit is taken in, read, printed, written, read back, and given back."""
    unit.accept()
    act(lambda scene: scene.device.insert(permit()))
    assert unit.media() is Media.PRESENT
    unit.refuse()
    assert unit.scan_mrz() == LINE
    assert unit.read_chip(LINE).mrz == HOLDER
    assert unit.scan_strip() == "EN-OLD"
    unit.print_strip(strip_with(CODE))
    unit.write_chip(LINE, RECORD)
    assert unit.scan_strip() == CODE
    assert unit.read_chip(LINE).endorsements == RECORD
    unit.eject()
    assert unit.media() is Media.ENTERING
    act(lambda scene: scene.device.take())
    assert unit.media() is Media.NOT_PRESENT


def permit_retracted(unit: ThreeLinkPermitUnit, act: Act) -> None:
    """A permit left at the gate goes into the bin, and the counter tells."""
    unit.accept()
    act(lambda scene: scene.device.insert(permit()))
    unit.eject()
    assert unit.counters()["retained"] == 0
    assert unit.retract() == 1
    assert unit.media() is Media.NOT_PRESENT


def permit_with_another_key(unit: ThreeLinkPermitUnit, act: Act) -> None:
    """The chip does not open to the line of another permit."""
    unit.accept()
    act(lambda scene: scene.device.insert(permit()))
    with pytest.raises(Retry) as told:
        unit.read_chip("CSCZ99000020<3111202<8104125<0")
    assert told.value.code == "accessDenied"


# --- fingerprint pad -------------------------------------------------------------------------------


def finger_captured(pad: ZfmFingerprintPad, act: Act) -> None:
    """Nobody, then a finger: its picture comes in 128-byte packets."""
    assert not pad.finger_present()
    act(lambda scene: scene.device.press(fingerprint_pad.Press("f01")))
    assert pad.finger_present()
    picture = pad.image()
    assert picture.shape == (288, 256)
    assert np.ptp(picture) > 150


def finger_too_dry(pad: ZfmFingerprintPad, act: Act) -> None:
    """A finger with too few points is told before its picture is fetched."""
    act(lambda scene: scene.device.press(fingerprint_pad.Press("f01", condition="partial")))
    assert pad.finger_present()
    with pytest.raises(Retry) as told:
        pad.image()
    assert told.value.code == "tooDry"


# --- payment terminal ------------------------------------------------------------------------------


def outcome(terminal: CodePayTerminal, order_no: str) -> PaymentState:
    """Wait for the end of an order."""
    while (told := terminal.poll(order_no)).state is PaymentState.WAITING:
        pass
    return told.state


def payment_approved(terminal: CodePayTerminal, act: Act) -> None:
    """A card pays; the host knows it; the money goes back, once."""
    terminal.start("GOLD0001", 1500)
    act(lambda scene: scene.device.pay("card", "approve"))
    assert outcome(terminal, "GOLD0001") is PaymentState.APPROVED
    assert terminal.query("GOLD0001").amount_fen == 1500
    first = terminal.refund("GOLD0001", "GOLD0001R", 1500)
    assert first.state is PaymentState.APPROVED
    assert terminal.refund("GOLD0001", "GOLD0001R", 1500) == first


def payment_declined(terminal: CodePayTerminal, act: Act) -> None:
    terminal.start("GOLD0002", 1500)
    act(lambda scene: scene.device.pay("card", "decline"))
    assert outcome(terminal, "GOLD0002") is PaymentState.DECLINED


def payment_aborted(terminal: CodePayTerminal, act: Act) -> None:
    """The kiosk stops an order that nobody pays; another one is unknown to the host."""
    terminal.start("GOLD0003", 1500)
    terminal.abort("GOLD0003")
    assert outcome(terminal, "GOLD0003") is PaymentState.CANCELLED
    assert terminal.query("GOLD0004").state is PaymentState.NOT_FOUND


# --- receipt printer -------------------------------------------------------------------------------

LINES: Final = (
    ReceiptLine("收据", bold=True, large=True, centred=True),
    ReceiptLine("往来港澳通行证签注"),
    ReceiptLine("CNY 15.00"),
    ReceiptLine(code="GOLD0001", centred=True),
)


def receipt_printed(printer: EscPosPrinter, act: Act) -> None:
    """A receipt is printed and cut, and the counter tells."""
    assert printer.capabilities().serial == "RP9900001"
    assert printer.counters() == {"cutterOperations": 0}
    printer.print(LINES)
    assert printer.counters() == {"cutterOperations": 1}
    assert printer.status().usable


def receipt_out_of_paper(printer: EscPosPrinter, act: Act) -> None:
    """The paper ends at the second line: told, and what is left is not printed later."""
    act(lambda scene: scene.fault("paperOut", "print", nth=2))
    with pytest.raises(Fault) as told:
        printer.print(LINES)
    assert told.value.code == "paperOut"


SPEECHES: Final[Speeches] = (
    (ID_CARD_READER, (id_card_read, id_card_lifted, id_card_of_another_kind)),
    (PERMIT_UNIT, (permit_endorsed, permit_retracted, permit_with_another_key)),
    (FINGERPRINT_PAD, (finger_captured, finger_too_dry)),
    (PAYMENT_TERMINAL, (payment_approved, payment_declined, payment_aborted)),
    (RECEIPT_PRINTER, (receipt_printed, receipt_out_of_paper)),
    *SIDE_SPEECHES,
)

EXCHANGES: Final[Mapping[str, Exchange]] = {
    name: Exchange(name, kind, speak)
    for kind, speeches in SPEECHES
    for speak in speeches
    for name in [speak.__name__.replace("_", "-")]
}
