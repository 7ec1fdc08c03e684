"""What a card unit's error characters mean for whoever must act.

Table of CREATOR "CRT-591-M001 communication protocol" 1.0 section 2.2, in XFS4IoT CardReader words.
"""

from __future__ import annotations

from typing import Final

from devices.base import DeviceError, Fault, Retry, StaffAction

_RETRY: Final = {
    "13": ("cardTooLong", "the card is too long"),
    "14": ("cardTooShort", "the card is too short"),
    "45": ("mediaRemoved", "the card was moved by hand"),
    "61": ("invalidMedia", "no chip answers"),
    "62": ("invalidMedia", "the chip does not know the command"),
    "66": ("invalidMedia", "the chip does not know the command"),
    "67": ("readFailed", "transmission to the chip failed"),
    "68": ("readFailed", "the chip does not answer any more"),
    "69": ("invalidMedia", "not a chip of the standard"),
}

_FAULT: Final = {
    "00": ("unsupportedCommand", StaffAction.SOFTWARE_ERROR, "undefined command"),
    "01": ("invalidData", StaffAction.SOFTWARE_ERROR, "wrong parameter"),
    "02": ("sequenceError", StaffAction.SOFTWARE_ERROR, "not possible now"),
    "03": ("unsupportedCommand", StaffAction.CONFIGURATION, "not fitted"),
    "04": ("invalidData", StaffAction.SOFTWARE_ERROR, "wrong data"),
    "05": ("hardwareError", StaffAction.MAINTENANCE, "chip contact not released"),
    "10": ("mediaJam", StaffAction.CLEAR, "card jam"),
    "12": ("hardwareError", StaffAction.MAINTENANCE, "sensor"),
    "40": ("hardwareError", StaffAction.MAINTENANCE, "can't retract"),
    "41": ("hardwareError", StaffAction.MAINTENANCE, "magnet"),
    "43": ("hardwareError", StaffAction.MAINTENANCE, "can't move to the chip contacts"),
    "50": ("storageUnitError", StaffAction.MAINTENANCE, "the bin counter ran over"),
    "51": ("hardwareError", StaffAction.MAINTENANCE, "motor"),
    "60": ("hardwareError", StaffAction.MAINTENANCE, "short circuit at the chip"),
    "65": ("sequenceError", StaffAction.SOFTWARE_ERROR, "the chip is not activated"),
    "A0": ("storageUnitError", StaffAction.MAINTENANCE, "stacker empty"),
    "A1": ("retainBinFull", StaffAction.MAINTENANCE, "retain bin full"),
    "B0": ("powerOff", StaffAction.RESET, "not initialised since power came"),
}

JAM: Final = "mediaJam"
NOT_POSSIBLE_NOW: Final = "sequenceError"
BIN_FULL: Final = "retainBinFull"


def exception(device: str, error: str, doing: str) -> DeviceError:
    """Return what to raise for the ``error`` characters that a unit of ``device`` answered.

    A code that the published table leaves blank is a hardware fault: it is never taken for success.
    """
    if error in _RETRY:
        word, meaning = _RETRY[error]
        return Retry(device, word, f"{doing}: {error} {meaning}")
    word, action, meaning = _FAULT.get(error, ("hardwareError", StaffAction.MAINTENANCE, "unlisted error"))
    return Fault(device, word, action, f"{doing}: {error} {meaning}")
