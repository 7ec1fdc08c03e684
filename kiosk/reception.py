"""Reception: from the first page to a service, through its visit, and back to a clean first page.

However a script ends (``visit_end``), the journal is closed here and the screen is clean.
"""

from __future__ import annotations

import asyncio
import gc
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from kiosk import gate, visit_end
from kiosk.first_pages import FirstPages
from kiosk.house import House
from kiosk.journal.records import JournalFailed, JournalRefused, Outcome
from kiosk.left_documents import kept_out, note_if_left
from kiosk.matching.memory import give_back
from kiosk.meter import Meter
from kiosk.report import Report, report_of
from kiosk.services import Service
from kiosk.steps.office_paper import ask_to_take_papers
from kiosk.texts import text
from kiosk.visit import NOBODY_THERE, Visit


class Reception:
    """Receives one person after the other. ``reported`` is called with each visit's report."""

    def __init__(
        self,
        house: House,
        services: dict[str, Service],
        reported: Callable[[Report], None],
        attend: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """``attend`` lets staff work at the machine until they leave it."""
        self._house = house
        self._first_pages = FirstPages(house, services)
        self._attend = attend or _nobody
        self._reported = reported
        self.visiting: Visit | None = None

    async def receive_for_ever(self) -> None:
        """Show the first page, serve who comes, begin again."""
        while True:
            await self.receive()

    async def receive(self) -> None:
        """Serve one person, or nobody who only looked, or staff who have called."""
        mode = self._house.vendor_mode
        called = asyncio.ensure_future(mode.called.wait())
        welcoming = asyncio.ensure_future(self._first_pages.welcome())
        try:
            await asyncio.wait({called, welcoming}, return_when=asyncio.FIRST_COMPLETED)
            chosen = welcoming.result() if welcoming.done() and not mode.called.is_set() else None
        finally:
            for task in (called, welcoming):
                task.cancel()
            await asyncio.gather(called, welcoming, return_exceptions=True)
        if mode.called.is_set():
            await self._leave_to_staff()
        elif chosen is not None:
            await self.serve(chosen)

    async def _leave_to_staff(self) -> None:
        """Let staff have the machine: no visit, every device free; then ask each how it is."""
        house, mode = self._house, self._house.vendor_mode
        async with house.one_at_a_time:
            mode.entered()
            await self._attend()
            mode.leaving()
            house.cabinet.quarantine(await kept_out(house.journal))
            await house.cabinet.refresh()
        mode.left()
        house.store_changed.set()

    async def serve(self, service: Service) -> Report | None:
        """Let one person through ``service``; returns how it went, None when no visit could begin."""
        async with self._house.one_at_a_time:
            if (why := gate.not_now(self._house, service)) is not None:
                await self._first_pages.say_not_now(why)
                return None
            self._house.serving = True
            try:
                return await self._serve(service)
            finally:
                self._house.serving = False
                gc.collect()  # what refers to itself in a ring, as an exception and its frames do
                await asyncio.to_thread(give_back)

    async def _serve(self, service: Service) -> Report | None:
        house = self._house
        number = secrets.token_hex(6)
        try:
            case_no = await house.numbers.case_no()
            await house.journal.begin(number, service.name, case_no)
        except (JournalRefused, JournalFailed) as refused:
            house.events.event(
                "service-refused", service=service.name, reason=getattr(refused, "code", "journal-failed")
            )
            await self._first_pages.say_not_now(text("home.not-now", reason=text("unready.disk-low")))
            return None
        visit = Visit(house, service, number, case_no, house.clock.wall(), Meter(house.now_s))
        self.visiting = visit
        house.events.event(
            "visit-begun",
            visit=number,
            case=case_no,
            service=service.name,
            language=house.stage.settings.language,
        )
        try:
            outcome, reason = await visit_end.go_through(visit)
            record = await house.journal.visit(number)
            if record.noted("delivered") is not None and outcome is not Outcome.ESCALATED:
                outcome, reason = Outcome.DELIVERED, ""  # however the last pages were left
            if reason != NOBODY_THERE:
                await ask_to_take_papers(visit)
                record = await house.journal.visit(number)
            if await note_if_left(house.journal, record):
                house.events.event("documents-left", visit=number)
            await house.journal.end(number, outcome, reason)
            house.cabinet.quarantine(await kept_out(house.journal))
            report = await self._report(visit)
        except JournalFailed:
            house.events.event("journal-failed", visit=number, case=case_no)
            await visit_end.say_it_starts_again(visit)
            raise
        except Exception as error:  # at the end of the end: the next start asks what became of the visit
            house.events.unexpected(error, number)
            await visit_end.say_it_starts_again(visit)
            # Its own words may be about the person, and a process says its last ones to the system's log.
            raise JournalFailed(f"the end of visit {number}: {type(error).__name__}") from None
        finally:
            visit.wipe()
            house.events.event("visit-wiped", visit=number)
            self.visiting = None
        house.events.event(
            "visit-ended",
            visit=number,
            case=case_no,
            service=service.name,
            outcome=outcome.value,
            reason=reason or None,
            seconds=report.seconds["total"],
        )
        self._reported(report)
        return report

    async def _report(self, visit: Visit) -> Report:
        return await report_of(
            self._house.journal,
            visit.number,
            prompts=tuple(visit.prompts),
            seconds={name: round(value, 4) for name, value in asdict(visit.meter.seconds()).items()},
        )


async def _nobody() -> None:
    """Attend to staff where none can be attended to."""
