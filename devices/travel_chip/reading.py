"""Using a chip over whatever carries commands to it, and saying whose turn it is when that fails."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from devices.base import DeviceError, Retry
from devices.travel_chip.chip import Chip, FileError, NotTheApplicationError, keys_of
from devices.travel_chip.secure_messaging import AccessDeniedError, ChannelBrokenError, Keys

_MAY_ANSWER_AGAIN: Final = {"readFailed", "timeOut", "invalidData", "sequenceError"}

_Result = TypeVar("_Result")


class ChipReader(Protocol):
    """Powers a chip and carries commands to it: a card unit's air interface, or a PC/SC reader."""

    def activate_chip(self) -> bytes:
        """Wake the chip and return its answer (ATS, ATR); ``Retry`` invalidMedia when there is none."""
        ...

    def deactivate_chip(self) -> None: ...

    def exchange(self, apdu: bytes) -> bytes:
        """Send a command APDU (≤ 261 bytes); return the response, SW1 SW2 last. Never repeats it."""
        ...


def printed_keys(device: str, mrz: str) -> Keys:
    """Return the keys of a printed line; raises ``Retry`` invalidMedia when it is not a card permit's."""
    keys = keys_of(mrz)
    if keys is None:
        raise Retry(device, "invalidMedia", "the printed line is not a card permit's")
    return keys


def use_chip(device: str, reader: ChipReader, keys: Keys, use: Callable[[Chip], _Result]) -> _Result:
    """Open the chip with ``keys`` and use it; once more from the start when it falls silent in between.

    Raises ``Retry`` invalidMedia (no chip, another application), accessDenied (chip and printed line
    disagree), readFailed (the chip fell silent twice), and what the reader raises.
    """
    try:
        try:
            return _once(device, reader, keys, use)
        except DeviceError as error:
            if error.code not in _MAY_ANSWER_AGAIN:
                raise
        return _once(device, reader, keys, use)
    finally:
        with contextlib.suppress(DeviceError):
            reader.deactivate_chip()


def _once(device: str, reader: ChipReader, keys: Keys, use: Callable[[Chip], _Result]) -> _Result:
    reader.activate_chip()
    try:
        return use(Chip.open(reader.exchange, keys))
    except NotTheApplicationError as error:
        raise Retry(device, "invalidMedia", str(error)) from error
    except AccessDeniedError as error:
        raise Retry(device, "accessDenied", str(error)) from error
    except (ChannelBrokenError, FileError) as error:
        raise Retry(device, "readFailed", str(error)) from error
