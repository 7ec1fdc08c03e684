"""Case and order numbers are given once, and a slip of the tongue in one is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from kiosk.numbers import Numbers, check_character
from tests.trust.small_journal import opened
from tests.trust.world import SITE, in_loop


@in_loop
async def test_numbers_are_given_once_and_survive_mishearing(tmp_path: Path) -> None:
    async with await opened(tmp_path) as journal:
        numbers = Numbers(journal, SystemClock(), SITE)
        cases = [await numbers.case_no() for _ in range(3)]
        orders = [await numbers.order_no() for _ in range(3)]
    async with await opened(tmp_path) as journal:
        numbers = Numbers(journal, SystemClock(), SITE)
        cases.append(await numbers.case_no())
        orders.append(await numbers.order_no())
    assert len({*cases, *orders}) == 8
    for number in [*cases, *orders]:
        assert check_character(number[:-1]) == number[-1]
        for position, character in enumerate(number[:-1]):
            if character.isalnum():
                wrong = "7" if character != "7" else "3"
                assert check_character(number[:position] + wrong + number[position + 1 : -1]) != number[-1]
    assert all(len(order) <= 30 and order.isalnum() for order in orders)  # "R1" must still fit
    with pytest.raises(ValueError, match="site"):
        Numbers(journal, SystemClock(), "site-1")


def test_the_check_character_is_iso_7064_mod_37_36() -> None:
    # A12425GABC1234002M is the ISBN agency's example of a Global Release Identifier (ISO 7064 MOD 37,36).
    assert check_character("A12425GABC1234002") == "M"
