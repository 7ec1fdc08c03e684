"""Results of the cases that this kiosk took in (结果推送): asked for, noted, and acknowledged.

The back office cannot call a kiosk, so the kiosk asks for all after the last number that its journal has.
"""

from __future__ import annotations

import contextlib
from typing import Final

from kiosk.clock import Clock
from kiosk.events import EventLog
from kiosk.journal.fields import word
from kiosk.journal.journal import Journal
from kiosk.journal.records import MACHINE, JournalFailed
from kiosk.platform import PlatformError
from kiosk.progress_office import ProgressOffice, Result

EVERY_S: Final = 60.0
ARRIVED: Final = "result-arrived"


class ResultsInbox:
    """The background asker of one kiosk."""

    def __init__(self, office: ProgressOffice, journal: Journal, events: EventLog, clock: Clock) -> None:
        self._office, self._journal, self._events, self._clock = office, journal, events, clock
        self._after: int | None = None
        self._acknowledged = 0

    async def run(self) -> None:
        """Ask for ever; whatever fails now is asked for again."""
        while True:
            with contextlib.suppress(PlatformError, JournalFailed):
                await self.collect()
            await self._clock.sleep(EVERY_S)

    async def collect(self) -> int:
        """Take in what has come since the last time, and acknowledge it; return how many results came.

        A result is noted before it is acknowledged: one that was not is asked for again, and noted once.
        Raises ``PlatformError`` and ``JournalFailed``.
        """
        if self._after is None:
            self._after = await self._last_noted()
        count, more = 0, True
        while more:
            page = await self._office.results(self._after)
            for result in page.results:
                await self._take(result)
                count += 1
            more = page.more and bool(page.results)
        if self._after > self._acknowledged:
            await self._office.acknowledge(self._after)
            self._acknowledged = self._after
        return count

    async def _take(self, result: Result) -> None:
        kind = word(result.kind)
        await self._journal.note(
            MACHINE, ARRIVED, number=result.number, case_no=word(result.case_no), event_kind=kind
        )
        self._after = result.number
        self._events.event(ARRIVED, case=result.case_no, reason=kind)

    async def _last_noted(self) -> int:
        note = await self._journal.newest_note(ARRIVED)
        return 0 if note is None else int(note.body["number"])
