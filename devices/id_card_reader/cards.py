"""The 256 bytes of text on a card, in its four layouts, UTF-16LE padded with spaces.

Which layout it is says the character at byte 248, so that is looked at first. Sources: GA/T 490 as
told by wiki.nfc.im, public readers (Kunoon/BeiST20141020, Johann356/readinfo) that agree on the
resident card, the residence permit and the foreigner's card of 2017; the layout of 2023 is told by one
of them (Johann356/readinfo, PCSCGetData.h).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from devices.interfaces import CardType, Fingerprint, IdCard

TEXT_SIZE: Final = 256
PHOTO_SIZE: Final = 1024
FINGERPRINT_SIZE: Final = 512

_NO_END: Final = "长期"
_ENROLLED: Final = 1


@dataclass(slots=True)
class _Text:
    """The block with its offsets in bytes; collects the dates that are none."""

    block: bytes
    bad_dates: list[str] = field(default_factory=list)

    def at(self, offset: int, size: int) -> str:
        return self._raw(offset, size).strip(" \0\u3000")

    def joined(self, *parts: tuple[int, int]) -> str:
        return "".join(self._raw(offset, size) for offset, size in parts).strip(" \0")

    def date_at(self, offset: int) -> date | None:
        raw = self.at(offset, 16)
        if len(raw) == 8 and raw.isascii() and raw.isdigit():
            try:
                return date(int(raw[:4]), int(raw[4:6]), int(raw[6:]))
            except ValueError:
                pass  # told below, as any other text that is no date
        self.bad_dates.append(raw)
        return None

    def end_at(self, offset: int) -> tuple[date | None, bool]:
        """Return the last day of validity, and whether there is none."""
        if self.at(offset, 16) == _NO_END:
            return None, True
        return self.date_at(offset), False

    def _raw(self, offset: int, size: int) -> str:
        return self.block[offset : offset + size].decode("utf-16-le", errors="replace")


def decode_card(text: bytes, photo: bytes = b"", fingerprints: bytes = b"") -> IdCard:
    """Return the card that ``text`` (256 bytes) describes; nothing about it is judged.

    ``fingerprints`` is any number of 512-byte blocks; those without an enrolled finger are left out.
    Raises ``ValueError`` when ``text`` has another size or a flag that no layout has.
    """
    if len(text) != TEXT_SIZE:
        raise ValueError(f"{len(text)} bytes of text, not {TEXT_SIZE}")
    block = _Text(text)
    flag = block.at(248, 2)
    if flag not in _LAYOUTS:
        raise ValueError(f"card type flag {flag!r}")
    return _LAYOUTS[flag](block, photo, decode_fingerprints(fingerprints))


def decode_fingerprints(blocks: bytes) -> tuple[Fingerprint, ...]:
    """Return the enrolled fingers among 512-byte blocks.

    Byte 0 is 'C', byte 4 the result of enrolment (1 ok), byte 5 the finger (11..15 right thumb to
    little, 16..20 left, 97..99 unsure), byte 6 the quality 1..100 or 0. The CRC-8 in byte 511 is not
    checked: no public source gives its polynomial.
    """
    cut = (blocks[at : at + FINGERPRINT_SIZE] for at in range(0, len(blocks), FINGERPRINT_SIZE))
    return tuple(
        Fingerprint(finger=block[5], quality=block[6], block=block)
        for block in cut
        if len(block) == FINGERPRINT_SIZE and block[:1] == b"C" and block[4] == _ENROLLED
    )


def _citizen(text: _Text, photo: bytes, fingers: tuple[Fingerprint, ...]) -> IdCard:
    return _resident(text, photo, fingers, CardType.RESIDENT)


def _hk_mo_tw(text: _Text, photo: bytes, fingers: tuple[Fingerprint, ...]) -> IdCard:
    return _resident(text, photo, fingers, CardType.HK_MO_TW_RESIDENCE)


def _resident(text: _Text, photo: bytes, fingers: tuple[Fingerprint, ...], kind: CardType) -> IdCard:
    birth, valid_from = text.date_at(36), text.date_at(188)
    expires, no_expiry = text.end_at(204)
    citizen = kind is CardType.RESIDENT
    return IdCard(
        type=kind,
        name=text.at(0, 30),
        number=text.at(122, 36),
        sex=text.at(30, 2),
        birth=birth,
        valid_from=valid_from,
        expires=expires,
        no_expiry=no_expiry,
        authority=text.at(158, 30),
        address=text.at(52, 70),
        nation=text.at(32, 4) if citizen else "",
        pass_number="" if citizen else text.at(220, 18),
        photo=photo,
        fingerprints=fingers,
        bad_dates=tuple(text.bad_dates),
    )


def _foreigner_2017(text: _Text, photo: bytes, fingers: tuple[Fingerprint, ...]) -> IdCard:
    birth, valid_from = text.date_at(220), text.date_at(188)
    expires, no_expiry = text.end_at(204)
    return IdCard(
        type=CardType.FOREIGNER_2017,
        name=text.at(158, 30),
        number=text.at(122, 30),
        sex=text.at(120, 2),
        birth=birth,
        valid_from=valid_from,
        expires=expires,
        no_expiry=no_expiry,
        authority=text.at(240, 8),
        nationality=text.at(152, 6),
        english_name=text.at(0, 120),
        photo=photo,
        fingerprints=fingers,
        bad_dates=tuple(text.bad_dates),
    )


def _foreigner_2023(text: _Text, photo: bytes, fingers: tuple[Fingerprint, ...]) -> IdCard:
    birth, valid_from = text.date_at(36), text.date_at(188)
    expires, no_expiry = text.end_at(204)
    return IdCard(
        type=CardType.FOREIGNER_2023,
        name=text.at(0, 30),
        number=text.at(122, 36),
        sex=text.at(30, 2),
        birth=birth,
        valid_from=valid_from,
        expires=expires,
        no_expiry=no_expiry,
        authority="",
        nationality=text.at(242, 6),
        english_name=text.joined((52, 70), (220, 22)),
        photo=photo,
        fingerprints=fingers,
        bad_dates=tuple(text.bad_dates),
    )


_LAYOUTS: Final[dict[str, Callable[[_Text, bytes, tuple[Fingerprint, ...]], IdCard]]] = {
    "": _citizen,
    "J": _hk_mo_tw,
    "I": _foreigner_2017,
    "Y": _foreigner_2023,
}
