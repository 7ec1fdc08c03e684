"""``printer-state`` and ``printer-state-reasons`` (RFC 8011, 5.4.11 and 5.4.12) in XFS4IoT's words.

A reason ends in how bad it is: ``-report``, ``-warning`` or ``-error``; without an ending it counts as an
error. A printer that has stopped has stopped for its reasons, whatever they end in, and a job that needs
paper waits for it. Paper or toner that is out while the printer goes on (another tray, another colour) is
told as low.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from devices.base import StaffAction, State, Status

IDLE, PROCESSING, STOPPED = 3, 4, 5
_STATES: Final[Mapping[int, str]] = {IDLE: "idle", PROCESSING: "processing", STOPPED: "stopped"}
_MILD: Final = ("-report", "-warning")
_KEEPS_WAITING: Final = "media-needed"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a reason means as an error (``fault`` with its action), and otherwise (``warning``).

    ``part`` is the part of the status that it tells, with its words for either.
    """

    fault: str
    action: StaffAction
    warning: str
    part: tuple[str, str, str] | None = None


_PAPER_OUT: Final = Meaning("paperOut", StaffAction.CLEAR, "paperLow", ("paper", "out", "low"))
_PAPER_LOW: Final = Meaning("", StaffAction.CLEAR, "paperLow", ("paper", "low", "low"))
_TONER_OUT: Final = Meaning("tonerOut", StaffAction.MAINTENANCE, "tonerLow", ("toner", "out", "low"))
_TONER_LOW: Final = Meaning("", StaffAction.MAINTENANCE, "tonerLow", ("toner", "low", "low"))
_JAM: Final = Meaning("paperJammed", StaffAction.CLEAR, "paperJammed", ("paper", "jammed", "jammed"))
_OPEN: Final = Meaning("coverOpen", StaffAction.CLEAR, "coverOpen", ("cover", "open", "open"))
_FULL: Final = Meaning("stackerFull", StaffAction.CLEAR, "stackerHigh", ("output", "full", "high"))
_ALMOST_FULL: Final = Meaning("", StaffAction.CLEAR, "stackerHigh", ("output", "high", "high"))
_WASTE: Final = Meaning("wasteTonerFull", StaffAction.MAINTENANCE, "wasteTonerHigh")
_ALMOST_WASTE: Final = Meaning("", StaffAction.MAINTENANCE, "wasteTonerHigh")
_WORN: Final = Meaning("hardwareError", StaffAction.MAINTENANCE, "maintenanceDue")
_ALMOST_WORN: Final = Meaning("", StaffAction.MAINTENANCE, "maintenanceDue")
_PAUSED: Final = Meaning("offline", StaffAction.RESET, "paused")
_BUSY: Final = Meaning("deviceBusy", StaffAction.SUSPEND, "deviceBusy")
_OTHER: Final = Meaning("hardwareError", StaffAction.RESET, "unknownReason")

MEANINGS: Final[Mapping[str, Meaning]] = {
    "media-empty": _PAPER_OUT,
    "media-needed": _PAPER_OUT,
    "input-tray-missing": _PAPER_OUT,
    "media-low": _PAPER_LOW,
    "media-jam": _JAM,
    "cover-open": _OPEN,
    "door-open": _OPEN,
    "interlock-open": _OPEN,
    "output-area-full": _FULL,
    "output-tray-missing": _FULL,
    "output-area-almost-full": _ALMOST_FULL,
    "toner-empty": _TONER_OUT,
    "marker-supply-empty": _TONER_OUT,
    "developer-empty": _TONER_OUT,
    "toner-low": _TONER_LOW,
    "marker-supply-low": _TONER_LOW,
    "developer-low": _TONER_LOW,
    "marker-waste-full": _WASTE,
    "marker-waste-almost-full": _ALMOST_WASTE,
    "fuser-over-temp": _WORN,
    "fuser-under-temp": _WORN,
    "opc-life-over": _WORN,
    "opc-near-eol": _ALMOST_WORN,
    "paused": _PAUSED,
    "moving-to-paused": _PAUSED,
    "stopping": _PAUSED,
    "shutdown": Meaning("powerOff", StaffAction.RESET, "shutdown"),
    "stopped-partly": Meaning("", StaffAction.RESET, "stoppedPartly"),
    "timed-out": Meaning("offline", StaffAction.RESET, "connecting"),
    "connecting-to-device": Meaning("offline", StaffAction.RESET, "connecting"),
    "spool-area-full": _BUSY,
    "interpreter-resource-unavailable": _BUSY,
}
"""By the reason without its ending. An empty fault: as an error too it is no more than a warning."""


def status_from(state: int, reasons: Iterable[str], accepting: bool) -> Status:
    """Return the status; of several faults the first is told, the others stay in ``parts``.

    Raises ``ValueError`` for a state that is none.
    """
    if state not in _STATES:
        raise ValueError(f"{state} is no printer state")
    told = [reason for reason in reasons if reason != "none"]
    parts = {"state": _STATES[state], "paper": "full", "toner": "full", "cover": "closed", "output": "ok"}
    if told:
        parts["reasons"] = " ".join(told)
    faults: list[Meaning] = []
    warnings: list[str] = []
    for reason in told:
        meaning, bad = _meaning(reason, state == STOPPED)
        if meaning.part is not None:
            part, if_bad, otherwise = meaning.part
            parts[part] = if_bad if bad else otherwise
        if bad and meaning.fault:
            faults.append(meaning)
        elif meaning.warning not in warnings:
            warnings.append(meaning.warning)
    if not faults and state == STOPPED:
        faults.append(_PAUSED)
    if not faults and not accepting:
        faults.append(_BUSY)
    if not faults:
        return Status(State.ONLINE, parts, warnings=tuple(warnings))
    first = faults[0]
    return Status(_device_state(first), parts, first.fault, first.action, tuple(warnings))


def _meaning(reason: str, stopped: bool) -> tuple[Meaning, bool]:
    """Return what a reason means, and whether it keeps the printer from printing."""
    base = reason
    for ending in (*_MILD, "-error"):
        base = base.removesuffix(ending)
    bad = stopped or base == _KEEPS_WAITING or not reason.endswith(_MILD)
    return MEANINGS.get(base, _OTHER), bad


def _device_state(meaning: Meaning) -> State:
    return {
        "hardwareError": State.HARDWARE_ERROR,
        "powerOff": State.POWER_OFF,
        "offline": State.OFFLINE,
        "deviceBusy": State.DEVICE_BUSY,
    }.get(meaning.fault, State.ONLINE)
