"""A card dispenser made of CREATOR CRT-571/591 units: one to many, on one wire (by address) or on several.

Words: CEN XFS4IoT has no class of its own for it; a stacker is a ``Storage`` card unit of type dispense, an
error bin one of type retain, and ``CardReader.Move`` carries cards between them, the chip position and the
exit. Frames and commands: ``devices.crt571``.

From the published protocol: a move to the chip position fetches the next card from the stacker when no card
is in the path; with an empty stacker it fails with A0. The only counter that is published counts cards in the
error bin (A5): the evidence that a card was retained. That the right card was given is proven by its chip,
read before; that it was taken, by the gate's sensor. A card can't go back into the stacker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs, urlsplit

from devices.base import Capabilities, DeviceError, Fault, Retry, StaffAction, State, Status
from devices.counting import WireCounts
from devices.crt571.errors import JAM
from devices.crt571.transport import Move, Position, Stacker, Transport
from devices.hearing import Timing, Wire
from devices.interfaces import ChipHolder, Media, Replenishment, StorageType, StorageUnit
from devices.link import Link, open_link
from devices.travel_chip.reading import printed_keys, use_chip

NAME: Final = "card_dispenser"

_REPLENISHMENT: Final = {
    Stacker.EMPTY: Replenishment.EMPTY,
    Stacker.FEW: Replenishment.LOW,
    Stacker.ENOUGH: Replenishment.OK,
}
_MEDIA: Final = {
    Position.NONE: Media.NOT_PRESENT,
    Position.GATE: Media.ENTERING,
    Position.INSIDE: Media.PRESENT,
}
_STATES: Final = {
    "noDevice": State.NO_DEVICE,
    "timeOut": State.OFFLINE,
    "powerOff": State.POWER_OFF,
    "hardwareError": State.HARDWARE_ERROR,
    "invalidData": State.HARDWARE_ERROR,
}
_LAST_ADDRESS: Final = 15


class CrtCardDispenser:
    """``interfaces.CardDispenser`` over units given as (link, addresses on it), numbered from 1 in order."""

    name: str = NAME

    def __init__(self, *wires: tuple[Link, Sequence[int]], timing: Timing | None = None) -> None:
        self._wires: list[Wire] = []
        self._units: list[Transport] = []
        for link, addresses in wires:
            wire = Wire(link, NAME, f"wire {len(self._wires) + 1}", timing or Timing())
            self._wires.append(wire)
            self._units += [Transport(wire, address) for address in addresses]
        self._capabilities = Capabilities()

    # --- as every device -------------------------------------------------------------------------

    def open(self) -> None:
        """Open the wires and initialise every unit; a card in a path stays where it is."""
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
        """Clear the units' errors; a card in a path stays where it is (``media`` tells)."""
        for unit in self._units:
            unit.initialise()

    def status(self) -> Status:
        """Ask every unit; the first fault is the dispenser's, a full bin one of them.

        A low or empty stacker is a warning: the other units, and the empty one's bin, still work.
        """
        parts: dict[str, str] = {}
        faults: list[DeviceError] = []
        warnings: list[str] = []
        for number, unit in enumerate(self._units, start=1):
            try:
                media = self.media(number)
            except DeviceError as error:
                faults.append(error)
                parts[f"unit{number}"] = error.code
                continue
            if media is Media.JAMMED:
                faults.append(Fault(NAME, JAM, StaffAction.CLEAR, f"unit {number}"))
            elif unit.bin_full:
                faults.append(Fault(NAME, "retainBinFull", StaffAction.MAINTENANCE, f"unit {number}"))
            stacker = _REPLENISHMENT[unit.stacker]
            if media is not Media.JAMMED and stacker is not Replenishment.OK:
                warnings.append(f"unit{number}{stacker.capitalize()}")
            parts[f"unit{number}"] = "ok"
            parts[f"media{number}"] = media
            parts[f"stacker{number}"] = stacker
            parts[f"retainBin{number}"] = "full" if unit.bin_full else "ok"
        if not faults:
            return Status(State.ONLINE, parts, warnings=tuple(warnings))
        first = faults[0]
        action = first.action if isinstance(first, Fault) else StaffAction.RESET
        state = _STATES.get(first.code, State.ONLINE)
        return Status(state, parts, first.code, action, tuple(warnings))

    def capabilities(self) -> Capabilities:
        """Return what the units said of themselves when the dispenser was opened."""
        return self._capabilities

    def counters(self) -> Mapping[str, int]:
        """Return ``retained1``, ``retained2``, …: each unit's non-volatile count of cards in its bin."""
        return {f"retained{number}": unit.bin_count() for number, unit in enumerate(self._units, start=1)}

    def wire(self) -> WireCounts:
        """Return what has passed on all wires."""
        return WireCounts.total(wire.wire() for wire in self._wires)

    # --- stores ------------------------------------------------------------------------------------

    @property
    def units(self) -> int:
        """How many units there are; they are numbered from 1."""
        return len(self._units)

    def storage(self) -> tuple[StorageUnit, ...]:
        """Return each unit's stacker and bin as its sensors see them."""
        seen: list[StorageUnit] = []
        for number, unit in enumerate(self._units, start=1):
            retained = unit.bin_count()  # its answer carries the sensors, a jam or not
            bin_state = Replenishment.FULL if unit.bin_full else Replenishment.OK
            seen.append(StorageUnit(number, StorageType.DISPENSE, _REPLENISHMENT[unit.stacker]))
            seen.append(StorageUnit(number, StorageType.RETAIN, bin_state, retained))
        return tuple(seen)

    # --- one card ------------------------------------------------------------------------------------

    def media(self, unit: int) -> Media:
        """Tell where the card of ``unit`` is: in its path, at the gate, jammed, or none."""
        try:
            return _MEDIA[self._unit(unit).position()]
        except Fault as fault:
            if fault.code == JAM:
                return Media.JAMMED
            raise

    def pick(self, unit: int) -> None:
        """Fetch the next card from the stacker to the chip position (≤ 8 s).

        Raises ``Fault`` occupied while another card is in the path or at the gate, storageUnitError when the
        stacker is empty, mediaJam.
        """
        transport = self._unit(unit)
        if transport.position() is not Position.NONE:
            raise Fault(NAME, "occupied", StaffAction.CLEAR, f"unit {unit}: a card is in the path")
        if transport.stacker is Stacker.EMPTY:
            raise Fault(NAME, "storageUnitError", StaffAction.MAINTENANCE, f"unit {unit}: stacker empty")
        if transport.move(Move.CHIP) is not Position.INSIDE:
            raise Fault(NAME, JAM, StaffAction.CLEAR, f"unit {unit}: fetched, but no card arrived")

    def read_chip(self, unit: int, mrz: str) -> ChipHolder:
        """Read the chip of the card that is inside, with the key of its printed line ``mrz`` (≤ 4 s).

        Raises ``Retry`` noMedia (no card inside), invalidMedia (no chip, another application, a line that is
        no card permit's), accessDenied (it is another person's card), readFailed.
        """
        keys = printed_keys(NAME, mrz)
        transport = self._unit(unit)
        if transport.position() is Position.NONE or transport.move(Move.CHIP) is not Position.INSIDE:
            raise Retry(NAME, "noMedia", f"unit {unit}: no card in the path")
        return use_chip(
            NAME, transport, keys, lambda chip: ChipHolder(chip.holder_lines(), chip.endorsements())
        )

    def present(self, unit: int) -> None:
        """Move the card to the gate for the person to take (≤ 8 s); ``media`` tells when it is taken.

        Raises ``Retry`` noMedia when no card is in the path: a dispenser asked to give a card to the gate
        would fetch another one from the stacker.
        """
        transport = self._unit(unit)
        if transport.position() is Position.NONE:
            raise Retry(NAME, "noMedia", f"unit {unit}: no card in the path")
        transport.present()

    def retain(self, unit: int) -> int:
        """Take the card inside or at the gate into the error bin; return the bin's new count.

        Raises ``Retry`` noMedia when no card is there, ``Fault`` retainBinFull, storageUnitError (the count
        did not grow by one), mediaJam.
        """
        transport = self._unit(unit)
        if transport.position() is Position.NONE:
            raise Retry(NAME, "noMedia", f"unit {unit}: no card in the path")
        return transport.retain()

    # --- within ------------------------------------------------------------------------------------------

    def _unit(self, number: int) -> Transport:
        if not 1 <= number <= len(self._units):
            raise ValueError(f"units are 1 to {len(self._units)}, not {number}")
        return self._units[number - 1]

    def _ask_capabilities(self) -> Capabilities:
        return Capabilities(
            model="CRT-571/591 (by protocol)",
            firmware=", ".join(unit.version() for unit in self._units),
            serial=", ".join(unit.serial_number() for unit in self._units),
            more={"units": str(len(self._units)), "chip": "ISO/IEC 14443 type A, ICAO 9303 BAC"},
        )


def open_card_dispenser(*urls: str) -> CrtCardDispenser:
    """Return the (not yet opened) dispenser whose units hang on the links ``urls``.

    The query ``address=0,1`` of a link names the units on that wire, 0 alone by default. Raises
    ``ValueError`` for an address that is none.
    """
    return CrtCardDispenser(*((open_link(url), _addresses(url)) for url in urls))


def _addresses(url: str) -> list[int]:
    named = parse_qs(urlsplit(url).query).get("address", ["0"])[0].split(",")
    if not all(name.isascii() and name.isdigit() and int(name) <= _LAST_ADDRESS for name in named):
        raise ValueError(f"{url!r}: addresses are numbers from 0 to {_LAST_ADDRESS}")
    if len(set(named)) < len(named):
        raise ValueError(f"{url!r}: an address stands there twice")
    return [int(name) for name in named]
