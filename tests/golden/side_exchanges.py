"""The main exchanges of the drivers that not every cabinet has."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from devices.barcode_reader import SerialBarcodeReader
from devices.base import Fault, Retry
from devices.card_dispenser import CrtCardDispenser
from devices.document_printer import IMPRESSIONS, IppPrinter
from devices.document_scanner import SaneDocumentScanner
from devices.document_scanner.scanimage import ScanImage
from devices.interfaces import (
    Door,
    FlashRate,
    Media,
    PrintState,
    Replenishment,
    ScanMode,
    ScanSettings,
)
from devices.io_board import ModbusIoBoard, load_board
from devices.ups import NutUps
from simulators.devices import (
    barcode_scanner,
    card_dispenser,
    document_printer,
    document_scanner,
    io_board,
    ups,
)
from simulators.permit.card import PermitCard
from tests.golden.kinds import Act, Kind, Speeches, alone, http, program, serial_at, tcp

BOARD: Final = Path(__file__).parents[2] / "config/io_boards/standard.toml"
LINE: Final = "CSCZ99000012<3111202<8104125<0"
OTHERS_LINE: Final = "CSCZ99000020<3111202<8104125<0"
CORNER: Final = ScanSettings(50, ScanMode.GRAY, area_mm=(0.0, 0.0, 10.0, 10.0))
PAGE: Final = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj trailer<</Root 1 0 R>>\n%%EOF\n"
)

DOCUMENT_PRINTER: Final = Kind(
    "document_printer",
    lambda room, folder: document_printer.DocumentPrinter(room.level, room.faults),
    lambda links: IppPrinter("ipp://printer.kiosk/ipp/print", link=links["document_printer"]),
    {"document_printer": http},
    alone,
)
IO_BOARD: Final = Kind(
    "io_board",
    lambda room, folder: io_board.IoBoard(room.faults),
    lambda links: ModbusIoBoard(links["io_board"], load_board(BOARD)),
    {"io_board": serial_at(9600)},
    alone,
)
BARCODE_READER: Final = Kind(
    "barcode_reader",
    lambda room, folder: barcode_scanner.BarcodeScanner(room.level, room.faults, room.chance),
    lambda links: SerialBarcodeReader(links["barcode_reader"]),
    {"barcode_reader": serial_at(115200)},
    alone,
)
NEWLAND: Final = Kind(
    "barcode_reader",
    lambda room, folder: barcode_scanner.BarcodeScanner(room.level, room.faults, room.chance, "newland"),
    lambda links: SerialBarcodeReader(links["barcode_reader"], "newland"),
    {"barcode_reader": serial_at(115200)},
    alone,
)
DOCUMENT_SCANNER: Final = Kind(
    "document_scanner",
    lambda room, folder: document_scanner.DocumentScanner(folder, room.level, room.faults),
    lambda links: SaneDocumentScanner("test:0", ScanImage(links["document_scanner"])),
    {"document_scanner": program},
    alone,
)
CARD_DISPENSER: Final = Kind(
    "card_dispenser",
    lambda room, folder: card_dispenser.CardDispenser(room.level, room.faults, units=2),
    lambda links: CrtCardDispenser((links["card_dispenser"], (0, 1))),
    {"card_dispenser": serial_at(9600)},
    alone,
)
UPS: Final = Kind(
    "ups",
    lambda room, folder: ups.Ups(room.faults),
    lambda links: NutUps(links["ups"], ups.UPS),
    {"ups": tcp},
    alone,
)

# --- document printer ------------------------------------------------------------------------------


def document_printed(printer: IppPrinter, act: Act) -> None:
    """A page is handed over, printed and counted; a name that no job has is not found."""
    assert printer.capabilities().serial == "DP9900001"
    printer.print("GOLD-1", PAGE)
    assert printer.job("GOLD-1").state is PrintState.COMPLETED
    assert printer.counters()[IMPRESSIONS] == 1
    assert printer.job("GOLD-2").state is PrintState.NOT_FOUND


def document_without_paper(printer: IppPrinter, act: Act) -> None:
    """Nothing is handed to a printer without paper."""
    act(lambda scene: scene.device.set_paper("out"))
    with pytest.raises(Fault) as told:
        printer.print("GOLD-3", PAGE)
    assert told.value.code == "paperOut"


# --- I/O board -------------------------------------------------------------------------------------


def board_looked_at(board: ModbusIoBoard, act: Act) -> None:
    """A door is opened, a guide light switched, a lamp put on; the board says what it is."""
    assert board.capabilities().model == "SIM-IO16"
    assert set(board.auxiliaries().doors.values()) == {Door.LOCKED}
    act(lambda scene: scene.device.set_door("cabinetFront", "open"))
    assert board.auxiliaries().doors["cabinetFront"] is Door.OPEN
    board.set_light("permit_unit", FlashRate.QUICK)
    board.set_light("fasciaLight", FlashRate.CONTINUOUS)
    assert board.lights()["permit_unit"] is FlashRate.QUICK


def board_busy(board: ModbusIoBoard, act: Act) -> None:
    """The board answers with an exception."""
    act(lambda scene: scene.fault("deviceBusy", "read_inputs"))
    with pytest.raises(Fault) as told:
        board.auxiliaries()
    assert told.value.code == "deviceBusy"


# --- barcode reader --------------------------------------------------------------------------------


def code_read(reader: SerialBarcodeReader, act: Act) -> None:
    """Nothing is held there, then a code."""
    assert reader.capabilities().serial == "BC9900001"
    act(lambda scene: scene.device.show("R-20261122-0001"))
    reader.start()
    assert _read(reader) == "R-20261122-0001"


def code_read_in_udi(reader: SerialBarcodeReader, act: Act) -> None:
    """The same in Newland's language."""
    code_read(reader, act)


def code_with_a_line_feed(reader: SerialBarcodeReader, act: Act) -> None:
    """A code that is no text of one line is refused."""
    act(lambda scene: scene.device.show("R-20261122\r0001"))
    reader.start()
    with pytest.raises(Retry) as told:
        _read(reader)
    assert told.value.code == "barcodeInvalid"


def _read(reader: SerialBarcodeReader) -> str:
    while (code := reader.poll()) is None:
        pass
    return code


# --- document scanner ------------------------------------------------------------------------------


def page_scanned(scanner: SaneDocumentScanner, act: Act) -> None:
    """The scanner is asked whether it is there, and a corner of a white page is scanned."""
    act(lambda scene: scene.device.lay("Solid white"))
    assert scanner.status().usable
    picture = scanner.scan(CORNER)
    assert picture.size
    assert picture.min() == 255


def page_jammed(scanner: SaneDocumentScanner, act: Act) -> None:
    """A sheet is stuck half-way."""
    act(lambda scene: scene.fault("jammed", "scan"))
    with pytest.raises(Fault) as told:
        scanner.scan(CORNER)
    assert told.value.code == "mediaJammed"


# --- card dispenser --------------------------------------------------------------------------------


def card(line: str) -> PermitCard:
    return PermitCard.of({"mrz": line, "chip_mrz": line + "<" * 60})


def card_given(dispenser: CrtCardDispenser, act: Act) -> None:
    """The next card of the second unit is fetched, read with its own line, given and taken."""
    act(lambda scene: scene.device.store(2).load([card(LINE)]))
    dispenser.pick(2)
    assert dispenser.read_chip(2, LINE).mrz.startswith(LINE)
    dispenser.present(2)
    assert dispenser.media(2) is Media.ENTERING
    act(lambda scene: scene.device.store(2).take())
    assert dispenser.media(2) is Media.NOT_PRESENT


def card_of_another_person(dispenser: CrtCardDispenser, act: Act) -> None:
    """Another person's card does not open, and goes into the error bin."""
    act(lambda scene: scene.device.store(1).load([card(OTHERS_LINE)]))
    dispenser.pick(1)
    with pytest.raises(Retry) as told:
        dispenser.read_chip(1, LINE)
    assert told.value.code == "accessDenied"
    assert dispenser.retain(1) == 1


def card_stacker_empty(dispenser: CrtCardDispenser, act: Act) -> None:
    """An empty stacker is told, and no unit is asked to move."""
    assert dispenser.storage()[0].replenishment is Replenishment.EMPTY
    with pytest.raises(Fault) as told:
        dispenser.pick(1)
    assert told.value.code == "storageUnitError"


# --- UPS -------------------------------------------------------------------------------------------


def mains_out(unit: NutUps, act: Act) -> None:
    """The mains go out, the battery runs low, the mains come back."""
    assert unit.capabilities().serial == "UP9900001"
    assert not unit.power().powering
    act(lambda scene: scene.device.set_mains(False))
    act(lambda scene: scene.device.set_battery(10))
    power = unit.power()
    assert (power.powering, power.low, power.charge_percent) == (True, True, 10)
    act(lambda scene: scene.device.set_mains(True))
    act(lambda scene: scene.device.set_battery(80))
    assert unit.power().recovered


def ups_lost(unit: NutUps, act: Act) -> None:
    """The server has lost the UPS."""
    act(lambda scene: scene.fault("dataStale", "list"))
    with pytest.raises(Fault) as told:
        unit.power()
    assert told.value.code == "offline"


SIDE_SPEECHES: Final[Speeches] = (
    (DOCUMENT_PRINTER, (document_printed, document_without_paper)),
    (IO_BOARD, (board_looked_at, board_busy)),
    (BARCODE_READER, (code_read, code_with_a_line_feed)),
    (NEWLAND, (code_read_in_udi,)),
    (DOCUMENT_SCANNER, (page_scanned, page_jammed)),
    (CARD_DISPENSER, (card_given, card_of_another_person, card_stacker_empty)),
    (UPS, (mains_out, ups_lost)),
)
