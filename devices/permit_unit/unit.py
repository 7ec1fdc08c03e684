"""The permit unit (签注一体机): three modules in one housing that act as one device.

A card transport with retain bin and air interface, an imager, and a thermal-rewrite print station, each on
its own wire; ``docs/devices/permit_unit.md`` tells why these. The permit stays inside from entry to exit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from devices.base import Capabilities, DeviceError, Fault, Retry, StaffAction, State, Status
from devices.counting import WireCounts
from devices.crt571.errors import JAM
from devices.crt571.transport import Move, Position, Transport
from devices.hearing import Timing, Wire
from devices.interfaces import ChipHolder, GrayImage, Media
from devices.link import Link
from devices.permit_unit import strip
from devices.permit_unit.printer import Printer
from devices.permit_unit.scanner import Scanner
from devices.travel_chip.chip import Chip
from devices.travel_chip.reading import ChipReader, printed_keys, use_chip

NAME: Final = "permit_unit"

_DRAW_IN_S: Final = 4.0
_HAND_BACK_S: Final = 5.0
_LOOK_AGAIN_S: Final = 0.05

_STATES: Final = {
    "noDevice": State.NO_DEVICE,
    "timeOut": State.OFFLINE,
    "powerOff": State.POWER_OFF,
    "hardwareError": State.HARDWARE_ERROR,
    "invalidData": State.HARDWARE_ERROR,
}

_Result = TypeVar("_Result")


class ThreeLinkPermitUnit:
    """``interfaces.PermitUnit`` over the wires of its three modules.

    ``chip`` is what carries commands to the chip when it is not the transport's own air interface: a PC/SC
    reader that is mounted at the chip position.
    """

    name: str = NAME

    def __init__(
        self,
        transport: Link,
        scanner: Link,
        printer: Link,
        timing: Timing | None = None,
        chip: ChipReader | None = None,
    ) -> None:
        self._timing = timing or Timing()
        wires = [
            Wire(link, NAME, module, self._timing)
            for link, module in ((transport, "transport"), (scanner, "scanner"), (printer, "printer"))
        ]
        self._wires = wires
        self._transport = Transport(wires[0])
        self._chip: ChipReader = chip or self._transport
        self._scanner = Scanner(wires[1])
        self._printer = Printer(wires[2])
        self._capabilities = Capabilities()

    # --- as every device -------------------------------------------------------------------------

    def open(self) -> None:
        """Open the three wires and initialise the modules; a permit inside stays where it is."""
        try:
            for wire in self._wires:
                wire.open()
            self.reset()
            self._capabilities = self._ask_capabilities()
        except DeviceError:
            self.close()
            raise

    def close(self) -> None:
        for wire in self._wires:
            wire.close()

    def reset(self) -> None:
        """Clear the modules' errors and close the entry; a permit inside stays where it is."""
        self._transport.initialise()
        self._printer.initialise()
        self._scanner.identify()

    def status(self) -> Status:
        """Ask all three modules; the first fault of transport, printer, scanner is the unit's."""
        faults: list[DeviceError] = []
        parts = {
            "transport": _word(faults, self._transport.position),
            "printer": _word(faults, self._printer.check),
            "scanner": _word(faults, self._scanner.identify),
            "retainBin": "full" if self._transport.bin_full else "ok",
        }
        media = Media.UNKNOWN
        with contextlib.suppress(DeviceError):
            media = self.media()
        parts["media"] = media.value
        if not faults and self._transport.bin_full:
            faults.append(Fault(NAME, "retainBinFull", StaffAction.MAINTENANCE))
        if not faults:
            return Status(State.ONLINE, parts)
        first = faults[0]
        action = first.action if isinstance(first, Fault) else StaffAction.RESET
        return Status(_STATES.get(first.code, State.ONLINE), parts, first.code, action)

    def capabilities(self) -> Capabilities:
        """Return what the modules said of themselves when the unit was opened."""
        return self._capabilities

    def counters(self) -> Mapping[str, int]:
        """Return ``retained``, the transport's non-volatile count of cards in the bin (0..999).

        The print station has no counter that is public: the evidence of a print is the strip itself,
        read back by ``scan_strip``.
        """
        return {"retained": self._transport.bin_count()}

    def wire(self) -> WireCounts:
        """Return what has passed on all wires."""
        return WireCounts.total(wire.wire() for wire in self._wires)

    # --- taking in ----------------------------------------------------------------------------------

    def accept(self) -> None:
        """Open the entry: the next permit pushed in is drawn to the chip position."""
        self._transport.allow_entry()

    def refuse(self) -> None:
        """Close the entry again."""
        self._transport.forbid_entry()

    def media(self) -> Media:
        """Tell where the permit is: one exchange, a second one when the transport sees none."""
        try:
            position = self._transport.position()
            if position is Position.INSIDE:
                return Media.PRESENT
            if position is Position.GATE:
                return Media.ENTERING
            return Media.LATCHED if self._printer.has_card() else Media.NOT_PRESENT
        except Fault as fault:
            if fault.code == JAM:
                return Media.JAMMED
            raise

    # --- reading and writing ---------------------------------------------------------------------------

    def scan_mrz(self) -> str:
        """Read the OCR-B line on the permit's face, 30 characters (≤ 3 s).

        Raises ``Retry`` readFailed when it is not seen (wrong way round, worn), noMedia when nothing is in.
        """
        self._bring_inside()
        return self._scanner.line()

    def scan_strip(self) -> str:
        """Read the code of the strip; "" when the imager sees the permit but no code on it."""
        self._bring_inside()
        return self._scanner.code()

    def read_chip(self, mrz: str) -> ChipHolder:
        """Open the chip with the key of the printed line ``mrz`` and read DG1 and the endorsements.

        Raises ``Retry`` invalidMedia (no chip, another application, a line that is no card permit's),
        accessDenied (chip and printed line disagree), readFailed (the chip fell silent twice).
        """
        return self._with_chip(mrz, lambda chip: ChipHolder(chip.holder_lines(), chip.endorsements()))

    def write_chip(self, mrz: str, endorsements: bytes) -> None:
        """Write the endorsement file (≤ 255 bytes); what was written is read back by ``read_chip``.

        Raises ``Fault`` chipWriteFailed when the chip does not take it, and as ``read_chip`` before that.
        """
        try:
            self._with_chip(mrz, lambda chip: chip.write_endorsements(endorsements))
        except Retry as error:
            if error.code != "readFailed":
                raise
            raise Fault(NAME, "chipWriteFailed", StaffAction.MAINTENANCE, error.detail) from error

    def strip_size(self) -> tuple[int, int]:
        """Return (rows, columns) of the strip in dots."""
        return strip.ROWS, strip.COLUMNS

    def print_strip(self, strip: GrayImage) -> None:
        """Hand the permit to the print station, erase, print, take it back (some 35 s).

        Raises ``Fault`` with the printer's word. The permit is then wherever ``media`` says; ``eject`` and
        ``retract`` fetch it from the print station.
        """
        if self.media() is not Media.LATCHED:
            self._bring_inside()
            self._hand_over()
        self._printer.erase()
        self._printer.print(strip)
        self._take_back()

    # --- giving back -----------------------------------------------------------------------------------

    def eject(self) -> None:
        """Move the permit to the gate (≤ 8 s, longer from the print station).

        That the person takes it while it still comes out is no fault.
        """
        if self.media() is not Media.ENTERING:
            self._bring_inside()
        self._transport.present()

    def retract(self) -> int:
        """Take the permit, wherever it is, into the retain bin; return the bin's new count.

        The count must have grown by one, else ``Fault`` storageUnitError; ``Retry`` noMedia when no permit
        is there to be retracted.
        """
        if self.media() is not Media.ENTERING:
            self._bring_inside()
        return self._transport.retain()

    # --- within ----------------------------------------------------------------------------------------

    def _bring_inside(self) -> None:
        """Have the permit at the chip position, from gate or print station; ``Retry`` noMedia if none."""
        media = self.media()
        if media is Media.JAMMED:
            raise Fault(NAME, JAM, StaffAction.CLEAR)
        if media is Media.LATCHED:
            self._take_back()
        if media is Media.NOT_PRESENT or self._transport.move(Move.CHIP) is not Position.INSIDE:
            raise Retry(NAME, "noMedia", "no permit in the unit")

    def _hand_over(self) -> None:
        """Move the permit from the chip position into the print station, or bring it back and raise."""
        self._printer.await_card()
        try:
            self._transport.move(Move.HOLD)  # the mouth of the print station: ours, unchecked
            taken = self._printer.card_drawn_in(_DRAW_IN_S)
        except DeviceError:
            with contextlib.suppress(DeviceError):
                self._printer.stop_waiting()
            raise
        if not taken:
            self._printer.stop_waiting()
            self._transport.move(Move.CHIP)
            raise Fault(NAME, "mediaRejected", StaffAction.CLEAR, "the print station did not take the permit")

    def _take_back(self) -> None:
        """Move the permit from the print station to the chip position."""
        self._printer.hand_back()
        deadline = self._timing.now() + _HAND_BACK_S
        while self._transport.position() is not Position.INSIDE:
            if self._timing.now() > deadline:
                raise Fault(NAME, JAM, StaffAction.CLEAR, "handed back, but the transport does not see it")
            self._timing.pause(_LOOK_AGAIN_S)

    def _with_chip(self, mrz: str, use: Callable[[Chip], _Result]) -> _Result:
        keys = printed_keys(NAME, mrz)
        self._bring_inside()
        return use_chip(NAME, self._chip, keys, use)

    def _ask_capabilities(self) -> Capabilities:
        imager = self._scanner.identify()
        return Capabilities(
            maker="",
            model="transport CRT-591, print station CRP-1231, Honeywell imager (by protocol)",
            firmware=self._transport.version(),
            serial=self._transport.serial_number(),
            more={
                "type": "motor",
                "chip": "ISO/IEC 14443 type A, ICAO 9303 BAC",
                "printer": self._printer.version(),
                "scanner": f"{imager.product} {imager.revision} {imager.serial}".strip(),
            },
        )


def _word(faults: list[DeviceError], ask: Callable[[], object]) -> str:
    """Return "ok" or the module's word, which is also added to ``faults``."""
    try:
        ask()
    except DeviceError as error:
        faults.append(error)
        return error.code
    return "ok"
