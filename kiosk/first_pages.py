"""The first two pages: what is offered now, in whose language, and what was chosen."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

from kiosk import gate
from kiosk.house import House
from kiosk.http import PlatformError
from kiosk.journal.records import MACHINE, JournalFailed
from kiosk.prompts import Action, Attract, Home, Notice, Option, OutOfService, Tone
from kiosk.services import Service
from kiosk.stage import Surroundings
from kiosk.steps.permit_entry import shut_entry
from kiosk.texts import LANGUAGES, Text, text

REFRESH_S = 2.0
"""How often the devices are asked between two visits."""


class FirstPages:
    """Shows them to one person after the other, and keeps them true while nobody is served."""

    def __init__(self, house: House, services: Mapping[str, Service]) -> None:
        self._house = house
        self._services = services
        self._out_of_service = False
        self._entry_shut = False

    async def welcome(self) -> Service | None:
        """Show both; return what was chosen, None when the person went away."""
        stage = self._house.stage
        stage.reset()
        self._entry_shut = await shut_entry(self._house)
        watching = asyncio.create_task(self._watch_devices())
        try:
            language, chosen = await self._attract()
            stage.reset(language)
            return chosen or await self._home()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def say_not_now(self, why: Text) -> None:
        """Tell somebody who has just chosen that it cannot be begun now, and where it can.

        There is no case yet, so no number that a counter could ask for.
        """
        stage = self._house.stage
        stage.show(
            Notice(
                "not-now",
                why,
                paragraphs=(text("out-of-service.elsewhere", place=text("site.elsewhere")),),
                actions=(Action("ok", text("refused.finish")),),
                tone=Tone.NEEDS_YOU,
            ),
            Surroundings(can_help=False),
        )
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._house.times.closing_s):
                await stage.next_answer()

    # --- the pages ---------------------------------------------------------------------------------

    async def _attract(self) -> tuple[str, Service | None]:
        """Wait for somebody; return their language, and the service if they touched its tile at once."""
        stage = self._house.stage
        stage.show(self._first_page(), Surroundings(can_help=False))
        while True:
            answer = await stage.next_answer()
            if answer.action == "begin":
                return str(answer.value) if answer.value in LANGUAGES else LANGUAGES[0], None
            if answer.action == "choose" and (service := self._offered(answer.value)) is not None:
                return stage.settings.language, service

    async def _home(self) -> Service | None:
        """Show the services; None when the person goes away again."""
        stage = self._house.stage
        stage.show(self._home_prompt(), Surroundings(can_back=True))
        while stage.idle_s() < self._house.times.idle_s:
            stage.update(self._home_prompt())
            try:
                async with asyncio.timeout(1):
                    answer = await stage.next_answer()
            except TimeoutError:
                continue
            if answer.action in ("back", "cancel"):
                return None
            if answer.action == "choose" and (service := self._offered(answer.value)) is not None:
                return service
        return None

    def _offered(self, name: object) -> Service | None:
        """Return the service of that name, None when there is none that can be begun now."""
        service = self._services.get(str(name))
        return service if service is not None and gate.not_now(self._house, service) is None else None

    def _first_page(self) -> Attract | OutOfService:
        """Return the page that nobody has touched yet: what is offered, or that nothing is."""
        why = gate.none_offered(self._house, self._services.values()) if self._out_of_service else None
        if why is not None:
            return gate.out_of_service(why)
        return Attract(
            "attract",
            text("attract.question"),
            text("attract.body"),
            hours=text("attract.hours"),
            services=self._tiles(),
        )

    def _home_prompt(self) -> Home:
        return Home("home", text("home.question"), services=self._tiles())

    def _tiles(self) -> tuple[Option, ...]:
        return tuple(gate.tile(self._house, service) for service in self._services.values())

    # --- that they tell the truth --------------------------------------------------------------------

    async def _watch_devices(self) -> None:
        """Between two visits: ask every device and the back office, so that the tiles tell the truth."""
        house = self._house
        while True:
            house.timekeeper.follow()
            await house.cabinet.refresh()
            await self._keep_entry_shut()
            try:
                health = await house.platform.health()
                house.office_answered(ready=health.ready)
                house.timekeeper.compare(health.ahead_s)
            except PlatformError:
                house.office_answered(ready=False)
            if house.matcher_started.is_set():
                await house.matcher.ready()  # a child that hangs is replaced before anybody needs it
            await self._refresh_page()
            await asyncio.sleep(REFRESH_S)

    async def _keep_entry_shut(self) -> None:
        """Close the permit unit's entry anew when it comes back from a fault: it may have started again."""
        if self._house.cabinet.permit_unit.fault() is not None:
            self._entry_shut = False
        elif not self._entry_shut:
            self._entry_shut = await shut_entry(self._house)

    async def _refresh_page(self) -> None:
        """Let the first page say what was just asked; closing and opening are written down."""
        why = gate.none_offered(self._house, self._services.values())
        page = self._house.stage.page
        if page is None or not isinstance(page.prompt, Attract | OutOfService):
            return
        if (why is not None) is not self._out_of_service:
            self._out_of_service = why is not None
            await self._note_closing(why)
        self._house.stage.update(self._first_page())

    async def _note_closing(self, why: gate.Refusal | None) -> None:
        """Write down that the machine goes out of service, or comes back: response times start there."""
        house = self._house
        with contextlib.suppress(JournalFailed):
            if why is None:
                house.events.event("service-opened")
                await house.journal.note(MACHINE, "service-opened")
            else:
                house.events.event("service-closed", reason=why.code, device=why.device or None)
                await house.journal.note(MACHINE, "service-closed", reason=why.code, device=why.device)
