"""``kiosk reconcile --day``: compares a day with its bills, prints what differs, and tells of it.

0: the books agree. 1: they differ. 2: a bill or the journal could not be had (why: on the error stream).
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Collection
from datetime import date, datetime
from typing import Final, TextIO

from kiosk.clock import Clock, SystemClock
from kiosk.journal import Journal, JournalRefused, read_key
from kiosk.journal.money_book import MoneyLine, read_money
from kiosk.platform import Platform, PlatformError
from kiosk.reconciliation import Reconciled, Reconciliation, compare_day
from kiosk.settings import Settings

AGREE, DIFFER, NOT_HAD = 0, 1, 2
DEADLINE_S: Final = 30.0


def reconcile(settings: Settings, day: date, *, clock: Clock | None = None, out: TextIO = sys.stdout) -> int:
    """Compare ``day`` and return the exit code."""
    return asyncio.run(_reconcile(settings, day, clock or SystemClock(), out))


async def _reconcile(settings: Settings, day: date, clock: Clock, out: TextIO) -> int:
    path, office = settings.journal.path, settings.back_office
    platform = Platform(
        office.url,
        office.token(),
        settings.site.id,
        clock,
        random.Random(),
        timeout_s=DEADLINE_S,
        deadline_s=DEADLINE_S,
    )

    async def read(begin: datetime, end: datetime, orders: Collection[str]) -> tuple[MoneyLine, ...]:
        return await asyncio.to_thread(read_money, path, key, begin=begin, end=end, orders=orders)

    try:
        if not path.exists():
            raise JournalRefused("missing", path.name)
        key = read_key(settings.journal.key_file)
        found = await compare_day(read, platform, settings.site.id, day)
        for difference in found.differences:
            print(difference, file=out)
        print(_summary(found), file=out)
        if found.differences:
            await _tell(settings, key, clock, platform, found, out)
    except (PlatformError, JournalRefused) as error:
        print(error, file=sys.stderr)
        return NOT_HAD
    finally:
        platform.close()
    if found.differences:
        return DIFFER
    return NOT_HAD if found.silent else AGREE


async def _tell(
    settings: Settings, key: bytes, clock: Clock, platform: Platform, found: Reconciled, out: TextIO
) -> None:
    """Write the differences and their letter; a kiosk that runs holds the journal, and tells by itself."""
    try:
        async with await Journal.open(settings.journal.path, key, clock) as journal:
            await Reconciliation(journal, platform, clock, settings.site.id).write(found)
    except JournalRefused as refused:
        if refused.code != "in-use":
            raise
        print("the kiosk runs: it writes this down itself, once the bills can be had", file=out)


def _summary(found: Reconciled) -> str:
    silent = f", no bill from {', '.join(sorted(found.silent))}" if found.silent else ""
    return f"{found.day}: {found.lines} lines, {len(found.differences)} differences{silent}"
