"""The device classes of the cabinet: what a visit may ask of each.

A command blocks for at most a short time (below a second unless its docstring says otherwise),
so that the core can cancel between two of them. All raise ``Retry``, ``Fault`` of ``devices.base``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from devices.base import Device

GrayImage = NDArray[np.uint8]
"""(rows, columns) 8-bit grey."""

ColourImage = NDArray[np.uint8]
"""(rows, columns, 3) 8-bit blue, green, red."""


# --- ID-card reader (居民身份证阅读器) --------------------------------------------------------


class CardType(StrEnum):
    """Which of the four layouts the card's 256 bytes of text have."""

    RESIDENT = "resident"  # 居民身份证
    HK_MO_TW_RESIDENCE = "hk-mo-tw-residence"  # 港澳台居民居住证, flag J
    FOREIGNER_2017 = "foreigner-2017"  # 外国人永久居留身份证, flag I
    FOREIGNER_2023 = "foreigner-2023"  # 外国人永久居留身份证, flag Y


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One of the two 512-byte fingerprint blocks: GA finger code 11..20, quality 0..100, the block."""

    finger: int
    quality: int
    block: bytes


@dataclass(frozen=True, slots=True, repr=False)
class IdCard:
    """A card as decoded, nothing judged: dates may be impossible, the number may be wrong.

    ``expires`` is None for 长期 (no end). ``photo`` is the 1,024-byte block as it came; ``sex`` is
    GB/T 2261.1 ("1" male, "2" female), ``nation`` GB/T 3304 or "" and ``nationality`` GB/T 2659.
    A date that is no date comes as the raw text in ``bad_dates`` and None in its field.
    """

    type: CardType
    name: str
    number: str
    sex: str
    birth: date | None
    valid_from: date | None
    expires: date | None
    no_expiry: bool
    authority: str
    address: str = ""
    nation: str = ""
    nationality: str = ""
    english_name: str = ""
    pass_number: str = ""
    photo: bytes = b""
    fingerprints: tuple[Fingerprint, ...] = ()
    bad_dates: tuple[str, ...] = ()


class IdCardReader(Device, Protocol):
    """Contactless reader with SAM_V module."""

    def find(self) -> bool:
        """Ask once whether a card lies on the reader (≤ 1 s)."""
        ...

    def still_there(self) -> bool:
        """Tell whether the card that was read still lies on the reader (≤ 1 s)."""
        ...

    def read(self, fingerprints: bool = False) -> IdCard:
        """Select and read the card that was found (≤ 3 s).

        Raises ``Retry`` with ``mediaRemoved`` (card lifted), ``invalidMedia`` (not an ID card),
        ``readFailed`` (lift and place again).
        """
        ...


# --- Permit unit (签注一体机: transport, chip, rewritable strip) -------------------------------


class Media(StrEnum):
    """Where the permit is: XFS4IoT ``media`` words, with the position split as the unit tells it."""

    NOT_PRESENT = "notPresent"
    ENTERING = "entering"  # at the gate, still in the person's hand or left there
    PRESENT = "present"  # held inside
    LATCHED = "latched"  # in the print station
    JAMMED = "jammed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, repr=False)
class ChipHolder:
    """The chip's DG1 as 90 characters (3 lines of 30), and the endorsement file's bytes."""

    mrz: str
    endorsements: bytes


class PermitUnit(Device, Protocol):
    """Motorised card unit that takes in, holds, reads, prints, writes, gives back or retracts."""

    def accept(self) -> None:
        """Open the entry: the next permit pushed in is drawn to the hold position."""
        ...

    def refuse(self) -> None:
        """Close the entry again."""
        ...

    def media(self) -> Media:
        """Tell where the permit is (one status exchange)."""
        ...

    def scan_mrz(self) -> str:
        """Read the OCR-B line on the permit's face, 30 characters (≤ 2 s); ``Retry`` readFailed."""
        ...

    def read_chip(self, mrz: str) -> ChipHolder:
        """Open the chip with the key from ``mrz`` (BAC) and read it (≤ 4 s).

        Raises ``Retry`` with ``invalidMedia`` (no such application, wrong way round) or
        ``accessDenied`` (the chip does not accept the printed line: chip and MRZ disagree).
        """
        ...

    def write_chip(self, mrz: str, endorsements: bytes) -> None:
        """Write the endorsement file (≤ 4 s). ``Fault`` chipWriteFailed when it does not answer ok."""
        ...

    def print_strip(self, strip: GrayImage) -> None:
        """Erase the rewritable strip and print ``strip`` (0 black, 255 white) (some 35 s, ≤ 60 s)."""
        ...

    def scan_strip(self) -> str:
        """Read the two-dimensional code of the strip, "" when the strip carries none (≤ 2 s)."""
        ...

    def strip_size(self) -> tuple[int, int]:
        """Return the strip's (rows, columns) in dots."""
        ...

    def eject(self) -> None:
        """Move the permit to the gate for the person to take (≤ 5 s)."""
        ...

    def retract(self) -> int:
        """Take the permit left at the gate, or held, into the retain bin; return the bin's new count."""
        ...


# --- Card dispenser (制证发放单元) ---------------------------------------------------------------


class StorageType(StrEnum):
    """XFS4IoT ``Storage`` card unit types: where cards come from, where they are kept back."""

    DISPENSE = "dispense"
    RETAIN = "retain"


class Replenishment(StrEnum):
    """XFS4IoT ``replenishmentStatus``; ``full`` is said of a retain bin."""

    OK = "ok"
    LOW = "low"
    EMPTY = "empty"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class StorageUnit:
    """The stacker or the retain bin of unit ``unit``; ``count`` is None where no counter tells."""

    unit: int
    type: StorageType
    replenishment: Replenishment
    count: int | None = None


class CardDispenser(Device, Protocol):
    """One or more units numbered from 1, each with stacker, chip position, gate and retain bin."""

    @property
    def units(self) -> int: ...

    def storage(self) -> tuple[StorageUnit, ...]:
        """Return what the sensors see of every stacker and bin."""
        ...

    def media(self, unit: int) -> Media:
        """Tell where the unit's card is: none, inside (present), at the gate (entering), jammed."""
        ...

    def pick(self, unit: int) -> None:
        """Fetch the next card from the stacker to the chip position (≤ 8 s).

        Raises ``Fault`` occupied, storageUnitError (stacker empty), mediaJam.
        """
        ...

    def read_chip(self, unit: int, mrz: str) -> ChipHolder:
        """Read the chip of the card inside with the key from ``mrz`` (≤ 4 s); ``Retry`` as of a permit."""
        ...

    def present(self, unit: int) -> None:
        """Move the card to the gate (≤ 8 s); ``media`` tells when it is taken. ``Retry`` noMedia."""
        ...

    def retain(self, unit: int) -> int:
        """Take the card inside, or left at the gate, into the bin; return the bin's new count.

        Raises ``Retry`` noMedia, ``Fault`` retainBinFull, storageUnitError (the count did not move).
        """
        ...


# --- Barcode reader ------------------------------------------------------------------------------


class BarcodeReader(Device, Protocol):
    """A scanner of printed and displayed codes. What it reads is a stranger's text: data, never trusted."""

    def start(self) -> None:
        """Switch reading on; it stays on until a code is read or ``stop``."""
        ...

    def poll(self) -> str | None:
        """Return the code that was read since ``start``, None while there is none yet (≤ 0.5 s).

        It is printable and at most as long as the largest code. Raises ``Retry`` barcodeInvalid for what is
        not: control characters, another character set, too long.
        """
        ...

    def stop(self) -> None: ...


# --- Document scanner ------------------------------------------------------------------------------


class ScanMode(StrEnum):
    """What a picture is made of."""

    GRAY = "gray"
    COLOUR = "colour"


class ScanSource(StrEnum):
    """Where the paper lies."""

    FLATBED = "flatbed"
    FEEDER = "feeder"


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """``area_mm`` is (left, top, width, height), None for all that the scanner sees."""

    resolution_dpi: int = 200
    mode: ScanMode = ScanMode.GRAY
    source: ScanSource = ScanSource.FLATBED
    area_mm: tuple[float, float, float, float] | None = None


class DocumentScanner(Device, Protocol):
    """A flatbed or sheet-fed scanner (高拍仪/扫描仪)."""

    def scan(self, settings: ScanSettings) -> GrayImage | ColourImage:
        """Scan one page (≤ 60 s).

        Raises ``Retry`` noMedia (feeder empty), ``Fault`` mediaJammed, coverOpen, deviceBusy, ioError,
        noDevice, accessDenied, unsupportedData, timeOut.
        """
        ...

    def scan_pages(self, settings: ScanSettings, most: int) -> list[GrayImage | ColourImage]:
        """Scan until the feeder is empty or ``most`` pages are there; ``Retry`` noMedia without a first."""
        ...


# --- Camera ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """A picture and when it came: ``number`` counts up, ``at_s`` is monotonic seconds."""

    image: ColourImage
    number: int
    at_s: float


class Camera(Device, Protocol):
    """A camera with its own thread: ``latest`` never waits."""

    def start(self) -> None: ...

    def stop(self) -> None:
        """Stop the stream and drop the last frame."""
        ...

    def latest(self) -> Frame | None:
        """Return the newest frame, or None when none came within the last second."""
        ...


# --- Fingerprint pad -----------------------------------------------------------------------------


class FingerprintPad(Device, Protocol):
    """Optical pad, 256x288, 500 dpi."""

    def finger_present(self) -> bool:
        """Capture once into the pad's buffer and tell whether a finger was there (≤ 1 s)."""
        ...

    def image(self) -> GrayImage:
        """Fetch the captured image, (288, 256) (seconds on a slow wire; ``Retry`` tooDry, badImage)."""
        ...


# --- Payment terminal ------------------------------------------------------------------------------


class PaymentState(StrEnum):
    """The five outcomes of a payment, and two that are not outcomes yet."""

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    TIMED_OUT = "timedOut"
    UNKNOWN = "unknown"
    NOT_FOUND = "notFound"  # the host has no such order: nothing was taken


@dataclass(frozen=True, slots=True)
class PaymentResult:
    """What the terminal says of an order: the host's reference and the masked card when approved."""

    state: PaymentState
    order_no: str
    amount_fen: int = 0
    host_reference: str = ""
    method: str = ""
    reason: str = ""


class PaymentTerminal(Device, Protocol):
    """An unattended terminal (ECR link). It keeps card data to itself."""

    def start(self, order_no: str, amount_fen: int) -> None:
        """Ask the person at the terminal to pay; answers at once when the terminal took the order.

        ``Fault`` means that nobody was asked for money. An order that may or may not have reached the
        terminal raises nothing: ``poll`` says ``unknown``.
        """
        ...

    def poll(self, order_no: str) -> PaymentResult:
        """Return ``waiting`` or the outcome (≤ 0.5 s). A lost wire is ``unknown``, never declined."""
        ...

    def abort(self, order_no: str) -> None:
        """Ask the terminal to stop waiting; the outcome still comes from ``poll`` or ``query``."""
        ...

    def query(self, order_no: str) -> PaymentResult:
        """Ask the host, through the terminal, what became of an order (≤ 5 s)."""
        ...

    def refund(self, order_no: str, refund_no: str, amount_fen: int) -> PaymentResult:
        """Give money back; ``refund_no`` makes repeats harmless (≤ 10 s). ``approved`` when done."""
        ...


# --- Receipt printer ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """A line of a receipt: text, or a QR code when ``code`` is set."""

    text: str = ""
    bold: bool = False
    large: bool = False
    centred: bool = False
    code: str | None = None


class ReceiptPrinter(Device, Protocol):
    """80 mm thermal printer with cutter."""

    def print(self, lines: Sequence[ReceiptLine]) -> None:
        """Print, cut and wait until the printer says it is done (≤ 10 s).

        Raises ``Fault`` paperOut, paperJammed, coverOpen, cutterFault, offline, hardwareError,
        deviceBusy (the head cools down), charSetData (no font has a character), noDevice, timeOut,
        invalidData.
        """
        ...


# --- Document printer ---------------------------------------------------------------------------------


class PrintState(StrEnum):
    """IPP's job states (RFC 8011, 5.3.7), and two more: of a job whose fate is not known, or of none."""

    PENDING = "pending"
    HELD = "pendingHeld"
    PROCESSING = "processing"
    STOPPED = "processingStopped"
    CANCELED = "canceled"
    ABORTED = "aborted"
    COMPLETED = "completed"
    UNKNOWN = "unknown"
    NOT_FOUND = "notFound"  # the printer has no such job, or has forgotten it

    @property
    def ended(self) -> bool:
        """Tell whether the printer will do no more for the job."""
        return self in {PrintState.CANCELED, PrintState.ABORTED, PrintState.COMPLETED}


@dataclass(frozen=True, slots=True)
class PrintJob:
    """What the printer says of a job. ``impressions`` are page sides, ``sheets`` leaves of paper so far;
    None when it does not count them. ``reasons`` are IPP's words for why it is in this state."""

    name: str
    state: PrintState
    number: int | None = None
    impressions: int | None = None
    sheets: int | None = None
    reasons: tuple[str, ...] = ()


class DocumentPrinter(Device, Protocol):
    """A page printer that keeps jobs by the name which the kiosk gave them."""

    def print(self, name: str, document: bytes) -> PrintJob:
        """Hand over a PDF as a job that no other has had the ``name`` of (≤ 10 s).

        ``Fault`` means that nothing will be printed. A document of which nobody knows whether it arrived
        raises nothing: its state is ``unknown``, and ``job`` tells later.
        """
        ...

    def job(self, name: str) -> PrintJob:
        """Return the job as it stands (≤ 2 s), also one from before a restart of either side."""
        ...

    def cancel(self, name: str) -> None:
        """Ask the printer to stop; what became of the job still comes from ``job``."""
        ...


# --- I/O board: doors, lights, presence ---------------------------------------------------------------


class Door(StrEnum):
    """XFS4IoT ``Auxiliaries`` door words."""

    CLOSED = "closed"
    OPEN = "open"
    LOCKED = "locked"
    TAMPERED = "tampered"


class OperatorSwitch(StrEnum):
    """XFS4IoT ``Auxiliaries.operatorSwitch``."""

    RUN = "run"
    MAINTENANCE = "maintenance"
    SUPERVISOR = "supervisor"


class FlashRate(StrEnum):
    """XFS4IoT ``Lights.flashRate``."""

    OFF = "off"
    SLOW = "slow"
    MEDIUM = "medium"
    QUICK = "quick"
    CONTINUOUS = "continuous"


@dataclass(frozen=True, slots=True)
class Auxiliaries:
    """The board's inputs in one reading; a board without a switch or sensor has None or no entry.

    ``doors`` by name (cabinetFront, cabinetRear, safe); ``sensors`` by name (proximity,
    operatorCallButton, tamperSensor, ...), True when it is on: somebody there, pressed, tampered with.
    """

    doors: Mapping[str, Door]
    sensors: Mapping[str, bool]
    operator_switch: OperatorSwitch | None = None


class IoBoard(Device, Protocol):
    """Door contacts, sensors and guide lights of the cabinet."""

    def auxiliaries(self) -> Auxiliaries:
        """Read all inputs (≤ 0.5 s when the board answers)."""
        ...

    def set_light(self, light: str, rate: FlashRate) -> None:
        """Switch a light and read it back. ``Fault`` invalidLight, lightError, unsupportedData."""
        ...

    def lights(self) -> Mapping[str, FlashRate]:
        """Return how each light is switched, as the board tells it."""
        ...


# --- UPS ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Power:
    """A UPS in XFS4IoT's four words, and what it measures (None when it does not).

    ``engaged``: the UPS is in circuit. ``powering``: the mains are out and the battery feeds the
    machine. ``low``: the battery will soon be empty. ``recovered``: it was low, and the mains came back.
    """

    low: bool
    engaged: bool
    powering: bool
    recovered: bool
    charge_percent: float | None = None
    runtime_s: float | None = None


class Ups(Device, Protocol):
    """The uninterruptible power supply."""

    def power(self) -> Power:
        """Tell who feeds the machine and for how long (≤ 1 s)."""
        ...
