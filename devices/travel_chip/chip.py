"""The permit's chip: an ICAO travel-document application, opened with the key printed on the permit.

The chip's own layout beyond DG1 is closed. The endorsement file 0120 is our stand-in for the issuer's file:
two bytes of length, then that many bytes, opaque here (≤ 255). A site that gets the real layout replaces
this module's last function.

Sources: ICAO Doc 9303-10 (application, files), 9303-11 (access); for card permits the printed line has the
expiry before the birth date and carries 'CS' (往来港澳通行证) or 'CD' (往来台湾通行证).
"""

from __future__ import annotations

from typing import Final

from devices.travel_chip.secure_messaging import (
    Exchange,
    Keys,
    Session,
    access_keys,
    authenticate,
)

ENDORSEMENTS_MAX: Final = 255

_APPLICATION: Final = bytes.fromhex("A0000002471001")
_DG1: Final = 0x0101
_ENDORSEMENTS: Final = 0x0120
_DG1_HEADER: Final = bytes.fromhex("615D5F1F5A")
_DG1_TEXT: Final = 90
_CHUNK: Final = 0xE0  # fits a short APDU with its protection around it
_OK: Final = 0x9000


class NotTheApplicationError(Exception):
    """The chip is no travel document."""


class FileError(Exception):
    """The chip answered a file command with something else than success."""


def keys_of(line: str) -> Keys | None:
    """Return the access keys from a card permit's printed line (30 characters), None for other lines.

    Positions, counted from 1: number 3-11 and check 12, expiry 14-19 and check 20, birth 22-27 and check 28.
    """
    if len(line) != 30 or not line.isascii() or line[:2] not in ("CS", "CD"):
        return None
    return access_keys(number=line[2:12], birth=line[21:28], expiry=line[13:20])


class Chip:
    """The opened application."""

    def __init__(self, exchange: Exchange, session: Session) -> None:
        self._exchange = exchange
        self._session = session

    @classmethod
    def open(cls, exchange: Exchange, keys: Keys) -> Chip:
        """Select the application and authenticate.

        Raises ``NotTheApplicationError``, ``AccessDeniedError`` or ``ChannelBrokenError``.
        """
        selected = exchange(b"\x00\xa4\x04\x0c" + bytes([len(_APPLICATION)]) + _APPLICATION)
        if selected[-2:] != _OK.to_bytes(2, "big"):
            raise NotTheApplicationError(f"status word {selected[-2:].hex()}")
        return cls(exchange, authenticate(exchange, keys))

    def holder_lines(self) -> str:
        """Return DG1's text: three lines of 30 characters, joined."""
        self._select(_DG1)
        data = self._read(0, len(_DG1_HEADER) + _DG1_TEXT)
        text = data[len(_DG1_HEADER) :]
        if not data.startswith(_DG1_HEADER) or len(text) != _DG1_TEXT or not text.isascii():
            raise FileError("DG1 is not a card's")
        return text.decode("ascii")

    def endorsements(self) -> bytes:
        """Return the endorsement file's data, b"" when it is empty or was torn while written."""
        self._select(_ENDORSEMENTS)
        length = int.from_bytes(self._read(0, 2), "big")
        if length > ENDORSEMENTS_MAX:
            raise FileError(f"endorsement file says {length} bytes")
        return self._read(2, length)

    def write_endorsements(self, data: bytes) -> None:
        """Write the endorsement file. The length goes last, so that a torn write reads as empty."""
        if len(data) > ENDORSEMENTS_MAX:
            raise ValueError(f"at most {ENDORSEMENTS_MAX} bytes fit the endorsement file")
        self._select(_ENDORSEMENTS)
        self._update(0, b"\x00\x00")
        for start in range(0, len(data), _CHUNK):
            self._update(2 + start, data[start : start + _CHUNK])
        self._update(0, len(data).to_bytes(2, "big"))

    def _select(self, file: int) -> None:
        self._do(b"\x00\xa4\x02\x0c", file.to_bytes(2, "big"))

    def _read(self, offset: int, size: int) -> bytes:
        data = b""
        while len(data) < size:
            at = offset + len(data)
            piece = self._do(b"\x00\xb0" + at.to_bytes(2, "big"), expected=min(size - len(data), _CHUNK))
            if not piece:
                raise FileError("the file ends early")
            data += piece
        return data

    def _update(self, offset: int, data: bytes) -> None:
        self._do(b"\x00\xd6" + offset.to_bytes(2, "big"), data)

    def _do(self, header: bytes, data: bytes = b"", expected: int | None = None) -> bytes:
        answer, status = self._session.open(self._exchange(self._session.protect(header, data, expected)))
        if status != _OK:
            raise FileError(f"{header[1]:02X}: status word {status:04X}")
        return answer
