"""What is done at each device for a word of the catalogue to come up: by people, and by the kiosk."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from devices.interfaces import FlashRate, Media, ReceiptLine, ScanSettings
from simulators.bench import Bench
from simulators.people import load_personas
from simulators.permit.card import PermitCard, strip_with
from tests.documents import pdf

PERSONA: Final = "li-wenjing"
OWN_LINE: Final = PermitCard.of(load_personas()[PERSONA].tables()["permit"]).mrz
OTHERS_LINE: Final = "CSCZ99000020<3111202<8104125<0"
NO_FONT_HAS: Final = "\U0010fffd"
SMALL: Final = ScanSettings(100, area_mm=(0.0, 0.0, 20.0, 20.0))
WITHIN_S: Final = 5.0

Ask = Callable[[Any], object]
"""Commands to a driver."""


@dataclass(frozen=True, slots=True)
class Drill:
    """``people`` do something, the kiosk makes itself ``ready``, the fault comes, and ``ask`` tells it."""

    ask: Ask
    ready: Ask = lambda device: None
    people: Callable[[Bench], object] = lambda bench: None


def _act(name: str, **arguments: Any) -> Callable[[Bench], object]:
    return lambda bench: bench.world.do(name, arguments)


def _waited(until: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WITHIN_S
    while not until():
        assert time.monotonic() < deadline_s, "nothing comes"


# --- ID-card reader, fingerprint pad ---------------------------------------------------------------------

_CARD: Final = _act("place_id_card", persona=PERSONA)


def _read_card(reader: Any) -> None:
    _waited(reader.find)
    reader.read()


def _finger(pad: Any) -> None:
    _waited(pad.finger_present)
    pad.image()


_PRESS: Final = _act("place_finger", finger="f01")

# --- permit unit -----------------------------------------------------------------------------------------


def _permit(bench: Bench) -> None:
    bench.world.do("insert_permit", {"persona": PERSONA})


def _drawn_in(unit: Any) -> None:
    unit.accept()
    _waited(lambda: unit.media() is Media.PRESENT)


def _at_the_gate(unit: Any) -> None:
    _drawn_in(unit)
    unit.eject()


def _chip(unit: Any) -> None:
    unit.read_chip(unit.scan_mrz())


def _write(unit: Any) -> None:
    unit.write_chip(unit.scan_mrz(), b"1|HKG|G|20261122|20270221|1|7|2611220000011\n")


def _print_strip(unit: Any) -> None:
    unit.print_strip(strip_with("EN2611220000000170"))


# --- card dispenser --------------------------------------------------------------------------------------


def _stacked(bench: Bench) -> None:
    bench.world.do("load_stacker", {"unit": 1, "personas": [PERSONA]})


def _picked(dispenser: Any) -> None:
    dispenser.pick(1)


def _presented(dispenser: Any) -> None:
    dispenser.pick(1)
    dispenser.present(1)


def _chip_of_card(dispenser: Any) -> None:
    dispenser.read_chip(1, OWN_LINE)


# --- barcode reader, printers ----------------------------------------------------------------------------


def _read_code(reader: Any) -> None:
    reader.start()
    _waited(lambda: reader.poll() is not None)


_PAGE: Final = pdf(1)


def _print_page(printer: Any) -> None:
    printer.print(f"drill-{time.monotonic_ns()}", _PAGE)


def _receipt(printer: Any) -> None:
    printer.print([ReceiptLine("收据")])


def _rare(printer: Any) -> None:
    printer.print([ReceiptLine(NO_FONT_HAS)])


_ANY: Final = ""
"""The drill for every word that needs none of its own."""

DRILLS: Final[Mapping[str, Mapping[str, Drill]]] = {
    "id_card_reader": {
        _ANY: Drill(lambda reader: reader.reset()),
        "mediaRemoved": Drill(_read_card, people=_CARD),
        "invalidMedia": Drill(_read_card, people=_CARD),
        "readFailed": Drill(_read_card, people=_CARD),
        "authorisationRequired": Drill(lambda reader: reader.find()),
        "hardwareError": Drill(lambda reader: reader.find()),
        "unsupportedCommand": Drill(lambda reader: reader.find()),
    },
    "permit_unit": {
        _ANY: Drill(lambda unit: unit.counters()),
        "readFailed": Drill(lambda unit: unit.scan_mrz(), _drawn_in, _permit),
        "invalidMedia": Drill(_chip, _drawn_in, _permit),
        "accessDenied": Drill(lambda unit: unit.read_chip(OTHERS_LINE), _drawn_in, _permit),
        "mediaRemoved": Drill(_chip, _at_the_gate, _permit),
        "noMedia": Drill(lambda unit: unit.scan_mrz()),
        "cardTooLong": Drill(lambda unit: unit.media()),
        "cardTooShort": Drill(lambda unit: unit.media()),
        "mediaJam": Drill(lambda unit: unit.eject(), _drawn_in, _permit),
        "mediaRejected": Drill(_print_strip, _drawn_in, _permit),
        "flushFail": Drill(_print_strip, _drawn_in, _permit),
        "hardwareError": Drill(_print_strip, _drawn_in, _permit),
        "chipWriteFailed": Drill(_write, _drawn_in, _permit),
        "retainBinFull": Drill(lambda unit: unit.retract(), _at_the_gate, _permit),
        "storageUnitError": Drill(lambda unit: unit.media()),
        "powerOff": Drill(lambda unit: unit.media()),
        "sequenceError": Drill(lambda unit: unit.media()),
        "unsupportedCommand": Drill(lambda unit: unit.media()),
    },
    "camera": {_ANY: Drill(lambda camera: camera.open(), lambda camera: camera.close())},
    "fingerprint_pad": {
        _ANY: Drill(lambda pad: pad.finger_present()),
        "badImage": Drill(_finger, people=_PRESS),
        "tooDry": Drill(_finger, people=_PRESS),
        "readFailed": Drill(_finger, people=_PRESS),
    },
    "payment_terminal": {_ANY: Drill(lambda terminal: terminal.reset())},
    "receipt_printer": {_ANY: Drill(_receipt), "charSetData": Drill(_rare)},
    "document_printer": {_ANY: Drill(_print_page)},
    "io_board": {
        _ANY: Drill(lambda board: board.auxiliaries()),
        "invalidLight": Drill(lambda board: board.set_light("disco", FlashRate.QUICK)),
        "unsupportedData": Drill(lambda board: board.set_light("fasciaLight", FlashRate.QUICK)),
        "lightError": Drill(
            lambda board: board.set_light("permit_unit", FlashRate.QUICK),
            lambda board: board.set_light("permit_unit", FlashRate.OFF),
        ),
    },
    "barcode_reader": {
        _ANY: Drill(lambda reader: reader.reset()),
        "barcodeInvalid": Drill(_read_code, people=_act("show_code", text="R-20261122-0001")),
    },
    "document_scanner": {_ANY: Drill(lambda scanner: scanner.scan(SMALL))},
    "card_dispenser": {
        _ANY: Drill(lambda dispenser: dispenser.media(1)),
        "accessDenied": Drill(lambda dispenser: dispenser.read_chip(1, OTHERS_LINE), _picked, _stacked),
        "invalidMedia": Drill(_chip_of_card, _picked, _stacked),
        "readFailed": Drill(_chip_of_card, _picked, _stacked),
        "mediaRemoved": Drill(_chip_of_card, _presented, _stacked),
        "noMedia": Drill(_chip_of_card),
        "mediaJam": Drill(_picked, people=_stacked),
        "occupied": Drill(_picked, _picked, _stacked),
        "storageUnitError": Drill(_picked, people=_stacked),
        "retainBinFull": Drill(lambda dispenser: dispenser.retain(1), _picked, _stacked),
        "powerOff": Drill(_picked, people=_stacked),
    },
    "ups": {
        _ANY: Drill(lambda ups: ups.power()),
        "batteryCritical": Drill(lambda ups: ups.reset(), people=_act("battery", percent=10)),
        "powerOff": Drill(lambda ups: ups.reset()),
    },
}


def drill_of(device: str, code: str) -> Drill:
    """Return what brings up ``code`` of ``device`` when the catalogue's trigger is pulled."""
    drills = DRILLS[device]
    return drills.get(code, drills[_ANY])
