"""Working days (工作日) of mainland China: public holidays and the weekends worked in exchange for them.

The State Council announces them for one year at a time, in the autumn before; they come from the
package ``chinese_calendar``. For a year that it does not know yet, weekends alone are free, and what
was counted with them is provisional.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import chinese_calendar

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day in time. ``provisional``: a year is involved whose holidays are not announced."""

    day: date
    provisional: bool


def is_working_day(day: date) -> tuple[bool, bool]:
    """Return whether people work on ``day``, and whether that is only provisional."""
    try:
        return bool(chinese_calendar.is_workday(day)), False
    except NotImplementedError:
        return day.weekday() < 5, True


def deadline(begun: date, working_days: int) -> Deadline:
    """Return the last of ``working_days`` (0 or more) after ``begun``.

    The day on which a period begins does not count (民法典第二百零一条), nor do days that are free
    (行政许可法第八十二条). None at all is ``begun`` itself: at once.
    """
    day, provisional = begun, False
    while working_days > 0:
        day += _DAY
        works, unsure = is_working_day(day)
        provisional = provisional or unsure
        working_days -= works
    return Deadline(day, provisional)


def working_days_between(first: date, last: date) -> int:
    """Return how many working days come after ``first`` up to and with ``last``; 0 if there is none."""
    days = max(0, (last - first).days)
    return sum(is_working_day(first + n * _DAY)[0] for n in range(1, days + 1))
