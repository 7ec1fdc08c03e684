"""What drivers over one byte-stream link share: opening it, losing it, and finding it again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from devices.base import DeviceError, Fault, StaffAction, State, Status
from devices.counting import WireCounts, counts_of
from devices.link import Link, LinkLost


class Wired:
    """A driver's hold on its link. A wire that was lost is opened again at the next command."""

    def __init__(self, link: Link, name: str) -> None:
        self.name = name
        self._link: Final = link
        self._is_open = False

    def open(self) -> None:
        """Open the wire; raises ``Fault`` noDevice when it is not there."""
        with self._wire():
            pass

    def close(self) -> None:
        """Close the wire; harmless when it is closed."""
        self._is_open = False
        self._link.close()

    def wire(self) -> WireCounts:
        """Return what has passed on the wire (``devices.counting.Metered``)."""
        return counts_of(self._link)

    def _opened(self) -> None:
        """Do what the protocol needs once the wire is open; for drivers with a handshake."""

    @contextmanager
    def _wire(self) -> Iterator[Link]:
        """Give the open link; a lost one is closed and told as ``Fault`` noDevice."""
        try:
            if not self._is_open:
                self._open_link()
            yield self._link
        except LinkLost as lost:
            self.close()
            raise Fault(self.name, "noDevice", StaffAction.MAINTENANCE, str(lost)) from lost

    def _open_link(self) -> None:
        self._link.open()
        self._is_open = True  # so that the handshake itself may use ``_wire``
        try:
            self._opened()
        except DeviceError:
            self._is_open = False
            self._link.close()
            raise

    def _silent(self, detail: str) -> Fault:
        return Fault(self.name, "timeOut", StaffAction.RESET, detail)


def status_of(error: DeviceError) -> Status:
    """Return the status of a device that could not even tell its status."""
    state = {"noDevice": State.NO_DEVICE, "hardwareError": State.HARDWARE_ERROR}.get(
        error.code, State.OFFLINE
    )
    action = error.action if isinstance(error, Fault) else None
    return Status(state, fault=error.code, action=action)
