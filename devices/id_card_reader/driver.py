"""Driver of a resident ID-card reader with SAM_V module, over any of its links.

A card is found, selected and read in three exchanges, each one write and one incremental read; nothing
here waits for anything but the wire. The core keeps the polls 300 ms apart, as the module's
documents ask. A card that was read, or could not be read, is found again only after it was lifted.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from devices.base import Capabilities, DeviceError, Fault, Retry, StaffAction, State, Status
from devices.id_card_reader.cards import FINGERPRINT_SIZE, PHOTO_SIZE, TEXT_SIZE, decode_card
from devices.id_card_reader.frames import Command, Reply, ReplyReader, Sw3, request
from devices.interfaces import IdCard
from devices.link import Link
from devices.wired import Wired, status_of

_READ_SIZE: Final = 4096
_REST_WITHIN_S: Final = 0.5  # a frame that has begun goes on at once, however slow the wire
_TRIES: Final = 2
_SHORT_S: Final = 1.0
_READ_S: Final = 3.0
_FINGERPRINT_SIZES: Final = (0, FINGERPRINT_SIZE, 2 * FINGERPRINT_SIZE)

_FAULTS: Final = {
    Sw3.REQUEST_CHECK_BAD: ("invalidData", StaffAction.RESET, "the reader got the request damaged"),
    Sw3.REQUEST_LENGTH_BAD: ("invalidData", StaffAction.RESET, "the reader got a wrong length"),
    Sw3.COMMAND_INVALID: ("unsupportedCommand", StaffAction.CONFIGURATION, "command not known"),
    Sw3.UNKNOWN_ERROR: ("hardwareError", StaffAction.RESET, "unspecified error"),
    Sw3.RANDOM_FAILED: ("hardwareError", StaffAction.MAINTENANCE, "no random number"),
    Sw3.SELF_TEST_FAILED: ("hardwareError", StaffAction.MAINTENANCE, "self-test failed"),
    Sw3.NOT_AUTHORISED: ("authorisationRequired", StaffAction.CONFIGURATION, "module not authorised"),
}
"""What only staff can mend: the field's word, what to do, why."""

_NOT_THIS_CARD: Final = {
    Sw3.CARD_REJECTED_READER: "the card did not accept the reader",
    Sw3.READER_REJECTED_CARD: "the reader did not accept the card",
    Sw3.VERIFY_FAILED: "the card's data did not verify",
    Sw3.WRONG_CARD: "another kind of card",
    Sw3.NO_SUCH_ITEM: "the card has no such data",
}

_OUTCOMES: Final = {
    Command.FIND: frozenset({Sw3.CARD_FOUND, Sw3.NO_CARD}),
    Command.SELECT: frozenset({Sw3.OK, Sw3.SELECT_FAILED}),
}
"""The words that belong to one command only; the late answer to another is not taken for this one's."""

_OWN_WORDS: Final = frozenset({Sw3.CARD_FOUND, Sw3.NO_CARD, Sw3.SELECT_FAILED})


@dataclass(frozen=True, slots=True, repr=False)
class _Blocks:
    text: bytes
    photo: bytes
    fingerprints: bytes


class SamIdCardReader(Wired):
    """``interfaces.IdCardReader`` over SAM_V frames."""

    def __init__(self, link: Link, name: str = "id_card_reader") -> None:
        super().__init__(link, name)
        self._replies: Final = ReplyReader()
        self._media = "unknown"

    def status(self) -> Status:
        """Ask the module for its state: one exchange. ``media`` is as of the last ``find``."""
        try:
            self._expect_ok(Command.STATUS)
        except DeviceError as error:
            return status_of(error)
        return Status(State.ONLINE, {"media": self._media})

    def capabilities(self) -> Capabilities:
        """Ask for the module's number, which is printed on its licence; raises ``Fault``."""
        reply = self._expect_ok(Command.SAM_ID)
        if len(reply.data) < 16:
            raise self._broken("the module's number has fewer than 16 bytes")
        one, two, three, four, five = struct.unpack("<HHIII", reply.data[:16])
        return Capabilities(
            model="SAM_V",
            serial=f"{one:02d}.{two:02d}-{three:08d}-{four:010d}-{five:010d}",
            more={"type": "contactless"},
        )

    def reset(self) -> None:
        """Reset the module; raises ``Fault`` when it does not come back."""
        self._media = "unknown"
        self._expect_ok(Command.RESET)

    def counters(self) -> Mapping[str, int]:
        """Return nothing: the module keeps no counts."""
        return {}

    def find(self) -> bool:
        """Ask once whether a card lies on the reader; raises ``Fault``."""
        reply = self._exchange(Command.FIND, _SHORT_S)
        if reply.sw3 not in _OUTCOMES[Command.FIND]:
            self._refuse(reply)
        found = reply.sw3 == Sw3.CARD_FOUND
        self._media = "present" if found else "notPresent"
        return found

    def still_there(self) -> bool:
        """Tell whether the card that was read still lies there; raises ``Fault``.

        It isn't found again before it was lifted, but it can be asked for a newer address (which most
        cards don't have) without a new select for as long as it stays: so the module's documents say.
        """
        reply = self._exchange(Command.NEW_ADDRESS, _SHORT_S)
        if reply.sw3 in (Sw3.OK, Sw3.NO_SUCH_ITEM):
            return True
        if reply.sw3 != Sw3.READ_FAILED:
            self._refuse(reply)
        return False

    def read(self, fingerprints: bool = False) -> IdCard:
        """Select and read the card that was found; raises ``Retry`` or ``Fault``.

        ``mediaRemoved`` is a card that was lifted before it was selected. One lifted later is told as
        ``readFailed``: a card that failed to be read isn't found again either before it was lifted, so
        that nothing on the wire tells the two apart. A module too old to know the reading of
        fingerprints gives the card without them.
        """
        selected = self._exchange(Command.SELECT, _SHORT_S)
        if selected.sw3 == Sw3.SELECT_FAILED:
            raise Retry(self.name, "readFailed" if self.find() else "mediaRemoved", "select failed")
        if selected.sw3 != Sw3.OK:
            self._refuse(selected)
        blocks = self._blocks(fingerprints)
        try:
            return decode_card(blocks.text, blocks.photo, blocks.fingerprints)
        except ValueError as error:
            raise Retry(self.name, "invalidMedia", str(error)) from error

    def _blocks(self, fingerprints: bool) -> _Blocks:
        command = Command.READ_WITH_FINGERPRINTS if fingerprints else Command.READ
        reply = self._exchange(command, _READ_S)
        if fingerprints and reply.sw3 == Sw3.COMMAND_INVALID:
            return self._blocks(fingerprints=False)
        if reply.sw3 != Sw3.OK:
            self._refuse(reply)
        blocks = _cut_blocks(reply.data, fingerprints)
        if blocks is None:
            raise self._broken("the blocks have other lengths than a card's")
        return blocks

    def _expect_ok(self, command: Command) -> Reply:
        reply = self._exchange(command, _SHORT_S)
        if reply.sw3 != Sw3.OK:
            self._refuse(reply)
        return reply

    def _refuse(self, reply: Reply) -> NoReturn:
        """Raise what a status word other than the wanted one means."""
        word = reply.sw3
        if word in _FAULTS:
            code, action, why = _FAULTS[Sw3(word)]
            raise Fault(self.name, code, action, f"{why} (SW3 {word:02X})")
        if word in _NOT_THIS_CARD:
            raise Retry(self.name, "invalidMedia", f"{_NOT_THIS_CARD[Sw3(word)]} (SW3 {word:02X})")
        if word == Sw3.READ_FAILED:
            raise Retry(self.name, "readFailed", f"card status {reply.sw1:02X}{reply.sw2:02X}")
        raise self._broken(f"status word {word:02X} is in no document")

    def _broken(self, detail: str) -> Fault:
        return Fault(self.name, "invalidData", StaffAction.RESET, detail)

    def _exchange(self, command: Command, timeout_s: float) -> Reply:
        """Ask and wait for the answer; one that is damaged or does not come is asked for once more.

        A reading that does not come is not: the card gives it once, and three seconds are enough.

        Raises ``Fault``: noDevice when the wire is gone, timeOut when nothing came, invalidData when
        what came was no frame twice.
        """
        with self._wire() as link:
            for attempt in range(_TRIES):
                reply, heard = self._ask_once(link, command, timeout_s)
                if reply is not None:
                    if reply.sw3 != Sw3.REQUEST_CHECK_BAD:
                        return reply
                elif not heard and (attempt or timeout_s > _SHORT_S):
                    raise self._silent(f"no answer to {command.name} within {timeout_s} s")
        if reply is not None:
            return reply
        raise self._broken(f"no whole frame in answer to {command.name}")

    def _ask_once(self, link: Link, command: Command, timeout_s: float) -> tuple[Reply | None, bool]:
        """Return the answer, or None and whether anything was heard at all."""
        link.discard_input()
        self._replies.clear()
        damaged = self._replies.damaged
        link.write(request(command))
        deadline = time.monotonic() + timeout_s
        heard = False
        while (left_s := deadline - time.monotonic()) > 0:
            data = link.read(_READ_SIZE, min(left_s, _REST_WITHIN_S) if heard else left_s)
            if not data:
                break
            fitting = [reply for reply in self._replies.feed(data) if _answers(reply, command)]
            if fitting:
                return fitting[-1], True  # what comes glued before it is late
            if self._replies.damaged > damaged:
                break
            heard = True
        return None, heard or self._replies.damaged > damaged


def _answers(reply: Reply, command: Command) -> bool:
    """Tell whether ``reply`` can be the answer to ``command`` and not a late one to another."""
    if reply.sw3 in _OWN_WORDS:
        return reply.sw3 in _OUTCOMES.get(command, frozenset())
    if reply.sw3 != Sw3.OK:
        return True
    reading = command in {Command.READ, Command.READ_WITH_FINGERPRINTS}
    return command is not Command.FIND and (len(reply.data) >= TEXT_SIZE) == reading


def _cut_blocks(data: bytes, fingerprints: bool) -> _Blocks | None:
    """Cut a reading at its length fields, which come first; None when they are not a card's."""
    fields = 3 if fingerprints else 2
    sizes = struct.unpack_from(f">{fields}H", data)
    text_size, photo_size, *fingers = sizes
    known = text_size == TEXT_SIZE and photo_size == PHOTO_SIZE and set(fingers) <= set(_FINGERPRINT_SIZES)
    if not known or len(data) != 2 * fields + sum(sizes):
        return None
    text_at = 2 * fields
    photo_at = text_at + text_size
    return _Blocks(
        data[text_at:photo_at], data[photo_at : photo_at + photo_size], data[photo_at + photo_size :]
    )
