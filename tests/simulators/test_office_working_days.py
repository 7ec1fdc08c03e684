"""Deadlines in working days, over holidays, weekends that are worked, and years not announced yet."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.back_office.working_days import Deadline, deadline, is_working_day, working_days_between


@pytest.mark.parametrize(
    ("begun", "days", "last"),
    [
        # 春节 2026: 15 to 23 February free, Saturdays 14 and 28 February worked.
        (date(2026, 2, 13), 1, date(2026, 2, 14)),
        (date(2026, 2, 14), 1, date(2026, 2, 24)),
        (date(2026, 2, 13), 5, date(2026, 2, 27)),
        (date(2026, 2, 13), 6, date(2026, 2, 28)),
        (date(2026, 2, 9), 15, date(2026, 3, 6)),
        # 国庆 2026: 1 to 7 October free, Sunday 20 September and Saturday 10 October worked;
        # 中秋: Friday 25 September free.
        (date(2026, 9, 18), 1, date(2026, 9, 20)),
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),
        (date(2026, 9, 17), 15, date(2026, 10, 14)),
        # Nothing but a weekend, and at once.
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 2, 17), 0, date(2026, 2, 17)),
    ],
)
def test_last_day(begun: date, days: int, last: date) -> None:
    assert deadline(begun, days) == Deadline(last, provisional=False)


def test_a_year_that_is_not_announced_counts_weekends_only_and_says_so() -> None:
    assert deadline(date(2026, 12, 30), 1) == Deadline(date(2026, 12, 31), provisional=False)
    assert deadline(date(2026, 12, 31), 1) == Deadline(date(2027, 1, 1), provisional=True)
    assert deadline(date(2026, 12, 30), 5) == Deadline(date(2027, 1, 6), provisional=True)
    assert is_working_day(date(2031, 10, 1)) == (True, True)
    assert deadline(date(2003, 12, 1), 1).provisional


@given(st.dates(date(2004, 1, 1), date(2030, 12, 31)), st.integers(0, 60))
def test_between_begin_and_deadline_lie_just_so_many_working_days(begun: date, days: int) -> None:
    last = deadline(begun, days).day
    assert working_days_between(begun, last) == days
    assert days == 0 or is_working_day(last)[0]
    assert working_days_between(last, begun - timedelta(days=1)) == 0
