"""When will it be used up? From what was used in each hour of the past days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

DAYS: Final = 14
"""How far back the forecast looks."""
LEAST_HOURS: Final = 6
"""With less than so many hours watched nothing is foretold."""
AHEAD_DAYS: Final = 60


def ends_at(left: int, used: Mapping[datetime, int], since: datetime, now: datetime) -> datetime | None:
    """Return when ``left`` uses are gone, None when nobody can tell or it is more than two months.

    ``used`` gives the uses of each whole hour (local, aware), those without any left out; ``since`` is
    when watching began. A day is like the days before: each hour of the day uses what it used on
    average, and an hour of the day that was not watched yet what all hours did.
    """
    if left <= 0:
        return now
    begin = max(since, now - timedelta(days=DAYS))
    watched_h = (now - begin) / timedelta(hours=1)
    recent = {hour: count for hour, count in used.items() if hour + timedelta(hours=1) > begin}
    total = sum(recent.values())
    if watched_h < LEAST_HOURS or not total:
        return None
    if watched_h < 24:
        return _by(now + timedelta(hours=left / (total / watched_h)), now)
    by_hour = [0.0] * 24
    for hour, count in recent.items():
        by_hour[hour.hour] += count / (watched_h / 24)
    moment, rest = now, float(left)
    while moment < now + timedelta(days=AHEAD_DAYS):
        next_hour = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        share = (next_hour - moment) / timedelta(hours=1)
        uses = by_hour[moment.hour] * share
        if uses >= rest:
            return moment + timedelta(hours=share * rest / uses)
        rest -= uses
        moment = next_hour
    return None


def _by(moment: datetime, now: datetime) -> datetime | None:
    return moment if moment < now + timedelta(days=AHEAD_DAYS) else None
