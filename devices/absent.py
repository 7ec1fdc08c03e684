"""The place of a device that this kind of cabinet does not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from devices.base import Capabilities, Fault, StaffAction, State, Status


class Absent:
    """Stands where a device would: never usable, and every command is a ``Fault`` noDevice."""

    def __init__(self, name: str) -> None:
        self.name = name

    def open(self) -> None:
        """Raise ``Fault`` noDevice: no other command is reached."""
        self._refuse()

    def close(self) -> None:
        """Nothing is open."""

    def status(self) -> Status:
        return Status(State.NO_DEVICE, fault="noDevice", action=StaffAction.CONFIGURATION)

    def capabilities(self) -> Capabilities:
        return Capabilities()

    def reset(self) -> None:
        self._refuse()

    def counters(self) -> Mapping[str, int]:
        return {}

    def _refuse(self) -> NoReturn:
        raise Fault(self.name, "noDevice", StaffAction.CONFIGURATION, "not fitted in this cabinet")
