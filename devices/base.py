"""What every device has: a status, capabilities, and outcomes that say whose turn it is.

The words are those of CEN XFS4IoT (CWA 16926 successor); payment adds nexo's words.
Status is separate from a command's outcome: ``status()`` never raises, a command either
succeeds or raises ``Retry`` (the person can do it) or ``Fault`` (staff must do it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class State(StrEnum):
    """XFS4IoT ``Common.Status`` device words."""

    ONLINE = "online"
    OFFLINE = "offline"
    POWER_OFF = "powerOff"
    NO_DEVICE = "noDevice"
    HARDWARE_ERROR = "hardwareError"
    USER_ERROR = "userError"
    DEVICE_BUSY = "deviceBusy"
    STARTING = "starting"


class StaffAction(StrEnum):
    """XFS4IoT ``Common.ErrorEvent`` actions: what a person of the staff must do."""

    RESET = "reset"
    SOFTWARE_ERROR = "softwareError"
    CONFIGURATION = "configuration"
    CLEAR = "clear"
    MAINTENANCE = "maintenance"
    SUSPEND = "suspend"


class DeviceError(Exception):
    """A command that did not succeed. ``code`` is the field's word (XFS4IoT lowerCamel)."""

    def __init__(self, device: str, code: str, detail: str = "") -> None:
        super().__init__(f"{device}: {code}" + (f" ({detail})" if detail else ""))
        self.device = device
        self.code = code
        self.detail = detail


class Retry(DeviceError):
    """The person can mend it: lift the card, press again, turn the permit round."""


class Fault(DeviceError):
    """Only staff can mend it; ``action`` says how."""

    def __init__(self, device: str, code: str, action: StaffAction, detail: str = "") -> None:
        super().__init__(device, code, detail)
        self.action = action


@dataclass(frozen=True, slots=True)
class Status:
    """A device's status. ``parts`` holds the class's own words, e.g. ``{"media": "present"}``.

    ``fault`` is the code of what is wrong when ``state`` is not ``online`` (or paper is out, …):
    then the device can't be used and ``action`` says what staff must do. ``warnings`` are codes of
    what will soon be wrong (paper low).
    """

    state: State
    parts: Mapping[str, str] = field(default_factory=dict)
    fault: str | None = None
    action: StaffAction | None = None
    warnings: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Tell whether commands can be expected to succeed."""
        return self.state is State.ONLINE and self.fault is None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a unit is: maker, model, firmware, serial number; the class's own words in ``more``."""

    maker: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""
    more: Mapping[str, str] = field(default_factory=dict)


class Device(Protocol):
    """The part of every device that the cabinet and diagnostics use.

    A driver is plain synchronous code over an injected link, used by one worker thread.
    ``open`` raises ``Fault``; after ``close`` it may be opened again. ``counters`` are
    non-volatile counts used as evidence of an effect (pages cut, cards retained).
    """

    name: str

    def open(self) -> None: ...

    def close(self) -> None: ...

    def status(self) -> Status: ...

    def capabilities(self) -> Capabilities: ...

    def reset(self) -> None: ...

    def counters(self) -> Mapping[str, int]: ...
