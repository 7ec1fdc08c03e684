"""The handshake between citizens and staff, in the words of XFS4IoT's ``VendorMode``.

Staff call (the key is turned, a door opens): ``enterPending``. The visit in progress ends, its money and
cards are dealt with, the devices are free: ``active``. Staff leave: ``exitPending``, the devices are asked
how they are, and citizens have the machine again: ``inactive``.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum


class Mode(StrEnum):
    """XFS4IoT ``VendorMode`` service states."""

    INACTIVE = "inactive"
    ENTER_PENDING = "enterPending"
    ACTIVE = "active"
    EXIT_PENDING = "exitPending"


class VendorMode:
    """Where the handshake stands. Used on the event loop's thread only."""

    def __init__(self) -> None:
        self.mode = Mode.INACTIVE
        self.called = asyncio.Event()
        """Set while staff want the machine."""
        self.at_once = asyncio.Event()
        """Set while the visit in progress must end at the next moment at which nothing is under way: a
        door stands open."""

    def call(self, *, at_once: bool = False) -> None:
        """Staff want the machine."""
        if self.mode is Mode.INACTIVE:
            self.mode = Mode.ENTER_PENDING
        self.called.set()
        if at_once:
            self.at_once.set()

    def withdraw(self) -> None:
        """Nobody wants it any more: the key is turned back, the doors are shut."""
        self.called.clear()
        self.at_once.clear()
        if self.mode is Mode.ENTER_PENDING:
            self.mode = Mode.INACTIVE

    def entered(self) -> None:
        """Acknowledge: no visit, every device free."""
        self.mode = Mode.ACTIVE

    def leaving(self) -> None:
        """Staff are done; the devices are being asked."""
        self.mode = Mode.EXIT_PENDING

    def left(self) -> None:
        """Citizens have the machine again, unless staff have called anew."""
        self.mode = Mode.ENTER_PENDING if self.called.is_set() else Mode.INACTIVE
