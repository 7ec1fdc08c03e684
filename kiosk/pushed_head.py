"""The head that the back office has of a journal: what shows that events were cut off at its end."""

from __future__ import annotations

import asyncio
import random
from contextlib import closing
from typing import Final

from kiosk.clock import SystemClock
from kiosk.journal import Head, database, read_key
from kiosk.platform import Platform
from kiosk.settings import Settings

DEADLINE_S: Final = 10.0


def pushed_head(settings: Settings) -> Head:
    """Ask the back office for the newest head of the journal that lies here.

    Raises ``JournalRefused`` when the journal can't be read, ``PlatformError`` when the back office can't be
    asked or never heard of this journal.
    """
    path = settings.journal.path
    with closing(database.connect(path, read_key(settings.journal.key_file), query_only=True)) as connection:
        journal_id = database.meta(connection, "journal_id")
    return asyncio.run(_ask(settings, journal_id))


async def _ask(settings: Settings, journal_id: str) -> Head:
    office = settings.back_office
    platform = Platform(
        office.url,
        office.token(),
        settings.site.id,
        SystemClock(),
        random.Random(),
        timeout_s=office.timeout_s,
        deadline_s=DEADLINE_S,
    )
    try:
        return await platform.get(
            f"/v1/journals/{journal_id}/head", lambda value: Head.parse(f"{value['number']}:{value['head']}")
        )
    finally:
        platform.close()
