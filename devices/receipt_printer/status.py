"""The four real-time status bytes of an ESC/POS printer in XFS4IoT words.

Bits as Epson TM-L60II, TM-U295, Bixolon SRP-350 and Citizen iDP manuals have them. All four are
asked for: a printer that is online by the first may be out of paper by the fourth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from devices.base import StaffAction, State, Status

PRINTER, OFFLINE_CAUSE, ERROR_CAUSE, PAPER = 1, 2, 3, 4
"""The n of ``DLE EOT n``."""

_OFFLINE: Final = 0x08
_WAITING_FOR_RECOVERY: Final = 0x20
_COVER_OPEN: Final = 0x04
_STOPPED_BY_PAPER_END: Final = 0x20
_ERROR: Final = 0x40
_CUTTER: Final = 0x08
_UNRECOVERABLE: Final = 0x20
_AUTO_RECOVERABLE: Final = 0x40
_NEAR_END: Final = 0x0C
_END: Final = 0x60


@dataclass(frozen=True, slots=True)
class StatusBytes:
    """The answers to ``DLE EOT`` 1, 2, 3, 4."""

    printer: int
    offline_cause: int
    error_cause: int
    paper: int


def status_from(answers: StatusBytes) -> Status:
    """Return the status that the four bytes tell; the cause that comes first is the one to mend first."""
    cover_open = bool(answers.offline_cause & _COVER_OPEN)
    paper_out = bool(answers.paper & _END or answers.offline_cause & _STOPPED_BY_PAPER_END)
    paper_low = bool(answers.paper & _NEAR_END)
    cutter_fault = bool(answers.error_cause & _CUTTER)
    parts = {
        "paper": "out" if paper_out else "low" if paper_low else "full",
        "cover": "open" if cover_open else "closed",
        "cutter": "inoperative" if cutter_fault else "ok",
    }
    warnings = ("paperLow",) if paper_low and not paper_out else ()

    def troubled(state: State, fault: str, action: StaffAction) -> Status:
        return Status(state, parts, fault, action, warnings)

    if cover_open:
        return troubled(State.OFFLINE, "coverOpen", StaffAction.CLEAR)
    if paper_out:
        return troubled(State.OFFLINE, "paperOut", StaffAction.CLEAR)
    if cutter_fault:
        return troubled(State.HARDWARE_ERROR, "cutterFault", StaffAction.CLEAR)
    if answers.error_cause & _UNRECOVERABLE:
        return troubled(State.HARDWARE_ERROR, "hardwareError", StaffAction.MAINTENANCE)
    if answers.error_cause & _AUTO_RECOVERABLE:  # the head is hot and will cool down
        return troubled(State.DEVICE_BUSY, "deviceBusy", StaffAction.SUSPEND)
    if answers.offline_cause & _ERROR:
        return troubled(State.HARDWARE_ERROR, "hardwareError", StaffAction.RESET)
    if answers.printer & (_OFFLINE | _WAITING_FOR_RECOVERY):
        return troubled(State.OFFLINE, "offline", StaffAction.RESET)
    return Status(State.ONLINE, parts, warnings=warnings)
