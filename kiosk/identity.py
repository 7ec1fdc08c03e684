"""Who somebody is, on paper: ID numbers, the permit's printed line, and whether two documents agree.

Numbers follow GB 11643-1999 (公民身份号码) and GB/T 17710 MOD 11-2; the line of the card-type
exit-entry permit (往来港澳通行证 CS, 往来台湾通行证 CD) is 30 characters with ICAO 9303 check
digits, expiry before birth, and a composite digit that leaves the fillers out. Two published
samples confirm it; both are test vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_ICAO_WEIGHTS: Final = (7, 3, 1)


class Unreadable(ValueError):
    """A number or line that cannot be what it should be; ``code`` says in which way."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def id_number_is_valid(number: str) -> bool:
    """Tell whether ``number`` has 18 characters, a possible birth date and the right check digit.

    The area code is not looked up: abolished areas stay in their holders' numbers for life.
    A foreigner's number of 2023 begins with 9 and follows the same rule.
    """
    if len(number) != 18 or not number[:17].isdigit() or not number[:17].isascii():
        return False
    if birth_of(number) is None:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number, strict=False))
    return _CHECKS[total % 11] == number[17]


def birth_of(number: str) -> date | None:
    """Return the birth date inside an 18-character number, None when it is no date."""
    return _date(number[6:14])


def masked(number: str) -> str:
    """Return a number with its middle hidden: ``330212********0025``."""
    return number[:6] + "*" * max(len(number) - 10, 0) + number[-4:] if len(number) > 10 else number


def age_on(birth: date, today: date) -> int:
    """Return the full years of somebody born on ``birth``."""
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


@dataclass(frozen=True, slots=True, repr=False)
class PermitLine:
    """The line printed on the permit's face. ``kind`` is CS (Hong Kong/Macau) or CD (Taiwan)."""

    kind: str
    number: str
    expires: date
    birth: date


def check_digit(characters: str) -> str:
    """Return the ICAO 9303 check digit (weights 7, 3, 1) of ``characters``; raises ``Unreadable``."""
    total = 0
    for place, character in enumerate(characters):
        if character == "<":
            value = 0
        elif character.isascii() and character.isalnum():
            value = int(character, 36)
        else:
            raise Unreadable("character")
        total += value * _ICAO_WEIGHTS[place % 3]
    return str(total % 10)


def parse_permit_line(line: str, today: date) -> PermitLine:
    """Parse the 30 characters of the permit's face.

    Raises ``Unreadable`` with ``length``, ``kind`` (another document), ``number-check``,
    ``expiry-check``, ``birth-check``, ``composite-check`` or ``date``.
    """
    line = line.strip()
    if len(line) != 30:
        raise Unreadable("length")
    if line[:2] not in ("CS", "CD"):
        raise Unreadable("kind")
    number, expiry, birth = line[2:11], line[13:19], line[21:27]
    if check_digit(number) != line[11]:
        raise Unreadable("number-check")
    if check_digit(expiry) != line[19]:
        raise Unreadable("expiry-check")
    if check_digit(birth) != line[27]:
        raise Unreadable("birth-check")
    if check_digit(line[2:12] + line[13:20] + line[21:28]) != line[29]:
        raise Unreadable("composite-check")
    expires = _short_date(expiry, latest=today.year + 20)
    born = _short_date(birth, latest=today.year)
    if expires is None or born is None:
        raise Unreadable("date")
    return PermitLine(line[:2], number.replace("<", ""), expires, born)


@dataclass(frozen=True, slots=True, repr=False)
class ChipLines:
    """The chip's data group 1: the face's line again, the name in letters, sex and place."""

    face: str
    name_code: str
    pinyin: str


def parse_chip_lines(mrz: str) -> ChipLines:
    """Split the chip's 90 characters; raises ``Unreadable`` with ``length``."""
    if len(mrz) != 90:
        raise Unreadable("length")
    second = mrz[30:60]
    return ChipLines(face=mrz[:30], name_code=second[:12].rstrip("<"), pinyin=second[12:].rstrip("<"))


def name_code(name: str) -> str:
    """Return the first three characters of a Chinese name as the chip writes them.

    Each hexadecimal digit of the GBK code becomes a letter, 0 to A and F to P; a character that
    GBK lacks cannot be written, so the code ends before it.
    """
    letters = ""
    for character in name[:3]:
        try:
            code = character.encode("gbk")
        except UnicodeEncodeError:
            break
        letters += "".join(chr(ord("A") + int(digit, 16)) for digit in code.hex())
    return letters


def names_agree(name: str, code: str) -> bool:
    """Tell whether a chip's name code can belong to ``name``: equal as far as GBK could write it.

    An empty code agrees only with a name that starts with a character outside GBK.
    """
    expected = name_code(name)
    return expected == code[: len(expected)] and (bool(code) or not expected)


def _date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def _short_date(digits: str, latest: int) -> date | None:
    if not digits.isdigit():
        return None
    year = latest - (latest - int(digits[:2])) % 100
    return _date(f"{year:04d}{digits[2:]}")
