"""The print station: takes the permit from the transport, erases and prints its strip, hands it back.

Commands and status bytes as in ``printer_frames``: 10 initialise, 20 status, 33 with mode '2' draw in a card,
40 cancel, 7B image, 7D erase, 80 hand back, C1 retries, F0 version. That the unit stands behind a transport
and hands the card back to it is the layout of this housing; unchecked against a real unit.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from devices.base import Fault, StaffAction
from devices.hearing import Ear, Wire
from devices.interfaces import GrayImage
from devices.permit_unit import printer_frames as frames
from devices.permit_unit.printer_frames import Reply, Sign
from devices.permit_unit.strip import image_commands

_ACK_S: Final = 0.5
_TRIES: Final = 3
_FIRST_PAUSE_S: Final = 0.005
_LONGEST_PAUSE_S: Final = 0.1

_INITIALISE, _STATUS, _DRAW_IN, _CANCEL = 0x10, 0x20, 0x33, 0x40
_IMAGE, _ERASE, _HAND_BACK, _RETRIES, _VERSION = 0x7B, 0x7D, 0x80, 0xC1, 0xF0

_NO_CARD, _CARD_HELD, _UNDER_HEAD, _HANDING_BACK = 0x30, 0x31, 0x33, 0x34
_POSITIONS: Final = {_NO_CARD, _CARD_HELD, _UNDER_HEAD, _HANDING_BACK}
_NO_ERROR, _JAM = 0x30, 0x33
_IDLE, _RUNNING, _WAITING = 0x30, 0x33, 0x34

_ERRORS: Final = {
    _JAM: ("mediaJam", StaffAction.CLEAR, "card jam in the print station"),
    0x34: ("hardwareError", StaffAction.MAINTENANCE, "motor of the print station"),
    0x35: ("flushFail", StaffAction.MAINTENANCE, "the strip could not be printed"),
    0x38: ("sequenceError", StaffAction.SOFTWARE_ERROR, "not possible now"),
    0x40: ("hardwareError", StaffAction.MAINTENANCE, "battery"),
    0x41: ("hardwareError", StaffAction.RESET, "the print station's own fault"),
}
_RETRIES_OF_ITS_OWN: Final = b"1"


class Printer:
    """Speaks with the print station. Every method raises ``Fault`` when it is silent or its wire is gone."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._ear = Ear(wire, frames.GRAMMAR)

    def initialise(self) -> None:
        """Cancel what runs, clear errors, leave a card where it is."""
        self._send(_CANCEL)
        self._wait(_CANCEL, {_IDLE}, within_s=2)  # an error that stands is cleared by the next command
        self._do(_INITIALISE, b"0", within_s=5)
        self._do(_RETRIES, _RETRIES_OF_ITS_OWN, within_s=2)

    def check(self) -> None:
        """Raises ``Fault`` for the error that the station tells: it keeps that of the last command."""
        self._do(_STATUS, within_s=2)

    def has_card(self) -> bool:
        """Ask whether the print station holds a card, whatever became of the last command.

        Raises ``Fault`` mediaJam when the card is stuck there.
        """
        self._send(_STATUS)
        reply = self._wait(_STATUS, {_IDLE}, within_s=2)
        if reply.error == _JAM or reply.position not in _POSITIONS:
            self._checked(reply)
        return reply.position != _NO_CARD

    def version(self) -> str:
        return self._do(_VERSION, within_s=2).data.decode("ascii", "replace").strip()

    def await_card(self) -> None:
        """Make the station ready to draw in the card that the transport will push."""
        self._send(_DRAW_IN, b"200")
        self._checked(self._wait(_DRAW_IN, {_WAITING, _IDLE}, within_s=2))

    def card_drawn_in(self, within_s: float) -> bool:
        """Wait until the awaited card is held; False when it did not come."""
        reply = self._wait(_DRAW_IN, {_IDLE}, within_s)
        return self._checked(reply).position == _CARD_HELD

    def stop_waiting(self) -> None:
        self._do(_CANCEL, within_s=2)

    def erase(self) -> None:
        """Erase the whole strip (some 8 s; given up after 20)."""
        self._do(_ERASE, within_s=20)

    def print(self, strip: GrayImage) -> None:
        """Send ``strip`` (20 s at 9600 baud when every row has ink) and print it (given up after 30 s)."""
        for data in image_commands(strip):
            self._do(_IMAGE, data, within_s=30)

    def hand_back(self) -> None:
        """Move the card back to the transport (some 1.5 s; given up after 8)."""
        self._do(_HAND_BACK, within_s=8)

    def _do(self, command: int, data: bytes = b"", *, within_s: float) -> Reply:
        self._send(command, data)
        reply = self._checked(self._wait(command, {_IDLE}, within_s))
        if reply.job != _IDLE:
            raise self._wire.silent(f"command {command:02X} does not end")
        return reply

    def _wait(self, command: int, until: Collection[int], within_s: float) -> Reply:
        """Ask until the job is one of ``until``, is refused, or time is up; return the last reply."""
        timing = self._wire.timing
        deadline = timing.now() + within_s
        pause_s = _FIRST_PAUSE_S
        while True:
            reply = self._poll(command)
            if reply.job in until or reply.job not in (_RUNNING, _WAITING) or timing.now() > deadline:
                return reply
            timing.pause(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _checked(self, reply: Reply) -> Reply:
        """Return ``reply`` when it tells no error; raises ``Fault`` with the field's word otherwise."""
        if reply.error != _NO_ERROR:
            word, action, meaning = _ERRORS.get(
                reply.error, ("hardwareError", StaffAction.MAINTENANCE, "unlisted error")
            )
            raise Fault(self._wire.name, word, action, f"printer: {meaning}, P={reply.error:02X}")
        if reply.job not in (_IDLE, _RUNNING, _WAITING):
            raise Fault(
                self._wire.name,
                "sequenceError",
                StaffAction.SOFTWARE_ERROR,
                f"printer: refused, S={reply.job:02X}",
            )
        if reply.position not in _POSITIONS:
            raise Fault(
                self._wire.name,
                "hardwareError",
                StaffAction.MAINTENANCE,
                f"printer: position R={reply.position:02X}",
            )
        return reply

    def _send(self, command: int, data: bytes = b"") -> None:
        """Send a command until the unit says that it took it.

        A second sending of a command that was taken does no harm: image rows carry their number, and an
        erase or print done twice leaves the same strip. Some public units never acknowledge 80; sent
        twice it could meet an empty station, so its reply to ENQ must tell.
        """
        self._ear.forget()
        frame = frames.encode(command, data)
        for _ in range(1 if command == _HAND_BACK else _TRIES):
            self._wire.send(frame)
            for event in self._ear.within(_ACK_S):
                if event is Sign.ACKNOWLEDGED:
                    return
                if event is Sign.SEND_AGAIN:
                    break
        if command != _HAND_BACK:
            raise self._wire.silent(f"command {command:02X} not taken")

    def _poll(self, command: int) -> Reply:
        """Ask for the reply to ``command``; asking again is always allowed."""
        damaged = False
        for _ in range(_TRIES):
            self._wire.send(frames.ENQ)
            for event in self._ear.within(_ACK_S):
                if isinstance(event, Reply) and event.command == command:
                    return event
                damaged = damaged or event is not Sign.ACKNOWLEDGED
                if event is Sign.DAMAGED:
                    self._ear.drain()
                    break
        doing = f"reply to command {command:02X}"
        raise self._wire.garbled(doing) if damaged else self._wire.silent(doing)
