"""Numbers that are given once: cases, orders, refunds. Their counters are committed first."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from kiosk.clock import Clock
from kiosk.journal import Journal

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class NumbersUsedUp(Exception):
    """More cases in one day than a case number can tell apart."""


class Numbers:
    """Numbers of one kiosk. ``site`` is the site's id: 1 to 12 characters [0-9A-Za-z]."""

    def __init__(self, journal: Journal, clock: Clock, site: str) -> None:
        if not re.fullmatch(r"[0-9A-Za-z]{1,12}", site):
            raise ValueError(f"a site's id is 1 to 12 letters and digits, not {site!r}")
        self._journal, self._clock, self._site = journal, clock, site.upper()

    async def case_no(self) -> str:
        """Return a new case number: ``330212K01-20260301-0001-X``, the day in local time.

        Cases are counted within the day; a journal replaced during a day begins at 1 again.
        """
        day = f"{self._clock.wall().astimezone():%Y%m%d}"
        count = await self._journal.next_number(f"case.{day}")
        if count > 9999:
            raise NumbersUsedUp(day)
        text = f"{self._site}-{day}-{count:04d}"
        return f"{text}-{check_character(text)}"

    async def order_no(self) -> str:
        """Return a new order number: site, ``T``, the journal's birth, a counter, a check character.

        The birth in it keeps numbers apart when the journal had to be replaced.
        """
        count = await self._journal.next_number("order")
        text = f"{self._site}T{_base36(_seconds(self._journal.born))}{count:07d}"
        return text + check_character(text)


def refund_no(order_no: str) -> str:
    """Return the refund number of an order: always the same, so that repeats are harmless."""
    return f"{order_no}R1"


def check_character(text: str) -> str:
    """Return the ISO/IEC 7064 MOD 37,36 check character of the letters and digits in ``text``."""
    product = 36
    for character in text.upper():
        if character in _ALPHABET:
            product = (product + _ALPHABET.index(character)) % 36 or 36
            product = product * 2 % 37
    return _ALPHABET[(37 - product) % 36]


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _base36(value: int) -> str:
    digits = ""
    while value:
        value, rest = divmod(value, 36)
        digits = _ALPHABET[rest] + digits
    return digits or "0"
