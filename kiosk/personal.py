"""A person's data by their check digits and shapes: found in text that must not carry any, or checked."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_ID_NUMBER: Final = re.compile(r"(?=(\d{17}[\dXx]))")
_MOBILE: Final = "1[3-9][0-9]{9}"
"""A mobile number of the mainland: eleven digits, 13 to 19 first (电信网编号计划, 2017)."""
_MOBILE_IN_TEXT: Final = re.compile(rf"(?<!\d)(?:86)?{_MOBILE}(?!\d)")
_CARD: Final = re.compile(r"(?<!\d)[3-6]\d{14,18}(?!\d)")
_BETWEEN_DIGITS: Final = re.compile(r"(?<=\d)[ \-](?=\d)")


def looks_like(value: str, *, across_gaps: bool = True) -> str | None:
    """Return what ``value`` contains that looks like a person's: ``id-number``, ``card-number`` or
    ``phone-number``; None when nothing does.

    An ID number is 17 digits and a check character by GB 11643 (ISO 7064 MOD 11-2) with a possible
    date of birth; a bank card number is 15 to 19 digits that pass Luhn's check; a phone number is a
    mobile number of the mainland. Spaces and hyphens between digits don't hide them, unless
    ``across_gaps`` is false.
    """
    for text in (value, _BETWEEN_DIGITS.sub("", value)) if across_gaps else (value,):
        if any(_is_id_number(found[1]) for found in _ID_NUMBER.finditer(text)):
            return "id-number"
        if any(_passes_luhn(found[0]) for found in _CARD.finditer(text)):
            return "card-number"
        if _MOBILE_IN_TEXT.search(text):
            return "phone-number"
    return None


def is_mobile_number(number: str) -> bool:
    """Tell whether ``number`` is a mobile number of the mainland, its digits and nothing else."""
    return re.fullmatch(_MOBILE, number) is not None


def masked_mobile_number(number: str) -> str:
    """Return ``138****0001``."""
    return f"{number[:3]}****{number[-4:]}"


def _is_id_number(digits: str) -> bool:
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=False))
    if _CHECKS[total % 11] != digits[17].upper():
        return False
    try:
        return 1900 <= date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14])).year < 2100
    except ValueError:
        return False


def _passes_luhn(digits: str) -> bool:
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0
