"""What an ID card's chip holds, as the reader hands it out: 256 bytes of text, photo, fingerprints.

Text is UTF-16LE padded with spaces. Layouts: GA/T 490 for the resident card; the residence card for
Hong Kong, Macau, Taiwan residents (flag J at byte 248) and the foreigner's permanent residence card
of 2017 (I) and 2023 (Y) as public drivers agree on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simulators.people import FingerTemplate, IdCardFace

TEXT_BYTES: Final = 256
PHOTO_BYTES: Final = 1024
FINGERPRINT_BYTES: Final = 512
NO_END: Final = "长期"
SPOILT: Final = {
    "check-digit": (156, "0123456789X"),  # the number's last character
    "birth": (46, "0123456789"),  # the day's last digit, so that number and birth disagree
    "date": (200, "9"),  # a day of the issue that no month has
}
"""How a card may be wrong: the offset of the character that is changed, and what it may become."""


def text_block(card: IdCardFace) -> bytes:
    """Return the 256 bytes of text in the layout of the card."""
    match card.layout:
        case "resident":
            fields = _citizen(card)
        case "hk-mo-tw-residence":
            fields = _citizen(card) | {
                32: ("", 4),
                220: (card.pass_number, 18),
                238: (f"{card.issues:02d}", 4),
                248: ("J", 2),
            }
        case "foreigner-2017":
            fields = {
                0: (card.english_name, 120),
                120: (card.sex, 2),
                122: (card.number, 30),
                152: (card.nationality, 6),
                158: (card.name, 30),
                188: (f"{card.valid_from:%Y%m%d}", 16),
                204: (_expiry(card), 16),
                220: (f"{card.birth:%Y%m%d}", 16),
                236: ("01", 4),
                240: (card.authority, 8),
                248: ("I", 2),
            }
        case "foreigner-2023":
            fields = _citizen(card) | {
                32: (f"{card.issues:02d}", 4),
                52: (card.english_name[:35], 70),
                158: ("", 30),
                220: (card.english_name[35:46], 22),
                242: (card.nationality, 6),
                248: ("Y", 2),
            }
        case _:
            raise ValueError(f"no layout {card.layout!r}")
    block = bytearray(" ".encode("utf-16-le") * (TEXT_BYTES // 2))
    for offset, (text, size) in fields.items():
        block[offset : offset + size] = _padded(text, size)
    return bytes(block)


def spoil(block: bytes, how: str) -> bytes:
    """Return a resident card's text with the one character wrong that ``how`` says."""
    at, choice = SPOILT[how]
    now = block[at : at + 2].decode("utf-16-le")
    other = choice[(choice.find(now) + 1) % len(choice)]
    return block[:at] + other.encode("utf-16-le") + block[at + 2 :]


def photo_block(card: IdCardFace) -> bytes:
    """Return the 1,024-byte photo: an open picture format padded with zero bytes, not vendor WLT."""
    return card.photo.ljust(PHOTO_BYTES, b"\0")


def fingerprint_block(template: FingerTemplate) -> bytes:
    """Return one 512-byte fingerprint block.

    The header is the published one (``C``, enrolment result, finger code, quality, CRC-8 at the
    end). The body is our own, since the real one is not public: two bytes of length, big-endian, and
    an ISO/IEC 19794-2:2005 record. No source gives the CRC's polynomial; ours is x8+x2+x+1.
    """
    block = bytearray(FINGERPRINT_BYTES)
    block[0] = ord("C")
    block[4] = 1
    block[5] = template.finger
    block[6] = template.quality
    block[8:10] = len(template.record).to_bytes(2, "big")
    block[10 : 10 + len(template.record)] = template.record
    block[511] = _crc8(bytes(block[:511]))
    return bytes(block)


def fingerprint_blocks(card: IdCardFace, templates: Sequence[FingerTemplate]) -> bytes:
    """Return the two fingerprint blocks, or nothing for a card that has none."""
    if card.layout == "foreigner-2017":
        return b""
    return b"".join(fingerprint_block(t) for t in templates[:2])


def _citizen(card: IdCardFace) -> dict[int, tuple[str, int]]:
    return {
        0: (card.name, 30),
        30: (card.sex, 2),
        32: (card.nation, 4),
        36: (f"{card.birth:%Y%m%d}", 16),
        52: (card.address, 70),
        122: (card.number, 36),
        158: (card.authority, 30),
        188: (f"{card.valid_from:%Y%m%d}", 16),
        204: (_expiry(card), 16),
    }


def _expiry(card: IdCardFace) -> str:
    return f"{card.expires:%Y%m%d}" if card.expires else NO_END


def _padded(text: str, size: int) -> bytes:
    data = text.encode("utf-16-le")
    if len(data) > size:
        raise ValueError(f"{text!r} does not fit in {size} bytes")
    return data + " ".encode("utf-16-le") * ((size - len(data)) // 2)


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc
