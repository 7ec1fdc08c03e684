"""The front door's inside: lays the ground, builds the house on it, recovers, then receives people."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from kiosk.background import REPAIR_S, Background, post_heads, repair, start_matcher
from kiosk.building import build_house, build_recovery
from kiosk.clock import Clock, mono_s
from kiosk.debug_questions import DebugQuestions, WindowLike
from kiosk.debuglink import DebugLink
from kiosk.failpoints import failpoints_from
from kiosk.ground import Ground
from kiosk.heartbeat import Heartbeat
from kiosk.house import House
from kiosk.journal import Journal, JournalRefused
from kiosk.journal.keys import read_key
from kiosk.journal_log import JournalLog
from kiosk.left_documents import kept_out
from kiosk.lights import GuideLights
from kiosk.maintenance import versions
from kiosk.maintenance.upkeep import Upkeep
from kiosk.outbox import Outbox
from kiosk.prompts import Answer, Attract, OutOfService
from kiosk.reception import Reception
from kiosk.reconciliation import Reconciliation
from kiosk.recovery import Recovery
from kiosk.recovery_pages import RecoveryPages
from kiosk.report import report_of
from kiosk.results_inbox import ResultsInbox
from kiosk.services import all_services
from kiosk.settings import Settings
from kiosk.store_check import EVERY_S as COMPARE_S
from kiosk.store_check import StoreCheck
from kiosk.supervisor import Supervisor
from kiosk.vitals import Vitals
from kiosk.voice import Voice
from kiosk.watchdog import Watchdog

if TYPE_CHECKING:
    from kiosk.maintenance.workshop import Workshop

FIRST_LOOK_S: Final = 2.0
"""How long the first page waits for the devices to say how they are, and the back office what time it is."""
IDLE_LOOK_S: Final = 0.5
"""How often a kiosk that is to end looks whether somebody is there."""


class Kiosk:
    """One kiosk, from its settings to its end."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None, seed: int | None = None) -> None:
        self.settings = settings
        self.ground = Ground.of(settings, clock, seed)
        self.supervisor = Supervisor()
        self.watchdog = Watchdog(self.ground.events, alive=self.supervisor.alive)
        self._background = Background(self.ground.events.unexpected)
        self._house: House | None = None
        self._receiving: asyncio.Task[Any] | None = None
        self._ending: asyncio.Task[None] | None = None

    async def run(self, *, window: WindowLike | None = None) -> None:
        """Recover what is open, then receive people until cancelled.

        Raises ``JournalRefused``: without its journal the kiosk serves nobody; and ``JournalFailed`` when
        it could not be written in the middle of a visit: the next start asks what became of that.
        """
        async with contextlib.AsyncExitStack() as closing:
            closing.callback(self.supervisor.stopping)
            closing.push(self._say_how_it_ended)
            self._receiving = asyncio.current_task()
            await closing.enter_async_context(self.watchdog)
            await self._open_senses(closing, window)
            pages = RecoveryPages(self.ground.stage)
            pages.starting()
            self.supervisor.ready()
            self.supervisor.status("recovering")
            house = await self._open_house(closing)
            if await house.journal.open_visits():
                pages.please_wait()
            recovery = build_recovery(house, pages)
            await self._recover(house, recovery)
            self._begin_asking(house, recovery)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FIRST_LOOK_S):
                    await asyncio.gather(house.cabinet.refresh(), house.timekeeper.agrees(house.platform))
            reception = self._open_reception(house, closing)
            # What stands now stays: looking through it for garbage would hold a frame for 90 ms.
            gc.freeze()
            gc.enable()
            self.supervisor.status("in service")
            await reception.receive_for_ever()

    @contextlib.asynccontextmanager
    async def workshop(self) -> AsyncIterator[Workshop]:
        """Open the house for maintenance alone, while no kiosk runs; raises ``JournalRefused``."""
        from kiosk.maintenance.workshop import Workshop

        ground, settings = self.ground, self.settings
        async with contextlib.AsyncExitStack() as closing:
            key = read_key(settings.journal.key_file, make=settings.journal.may_make_key)
            journal = await Journal.open(settings.journal.path, key, ground.clock)
            closing.push_async_callback(journal.close)
            house = build_house(ground, journal, closing)
            closing.push_async_callback(ground.cabinet.close)
            closing.push_async_callback(house.matcher.stop)
            self._background.begin(partial(start_matcher, house), "matcher")
            closing.push_async_callback(self._background.end)
            await ground.cabinet.refresh()
            yield Workshop.of(house, settings, ground.memory)

    # --- the end -------------------------------------------------------------------------------------

    def end_when_idle(self) -> None:
        """End as soon as nobody is there, to be started again: new settings, a new version."""
        if self._ending is None:
            self.supervisor.status("ending when idle")
            self._ending = asyncio.create_task(self._end_when_idle(), name="end when idle")

    async def _end_when_idle(self) -> None:
        while True:
            if self._house is not None:
                async with self._house.one_at_a_time:
                    page = self.ground.stage.page
                    if page is None or isinstance(page.prompt, (Attract, OutOfService)):
                        assert self._receiving is not None
                        self._receiving.cancel()
                        return
            await asyncio.sleep(IDLE_LOOK_S)

    def _say_how_it_ended(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        """Log why the kiosk ends: told to, when idle after an update, or by an error's name."""
        events = self.ground.events
        if isinstance(error, JournalRefused):
            events.event("journal-refused", reason=error.code)
        reason = "told" if self._ending is None else "when-idle"
        if kind is not None and not issubclass(kind, asyncio.CancelledError):
            reason = kind.__name__
        events.event("stopped", reason=reason)

    # --- for the window --------------------------------------------------------------------------------

    def answered(self, answer: Answer) -> None:
        """Take an answer from the window."""
        self.ground.stage.answer(answer)

    def preview(self) -> NDArray[np.uint8] | None:
        """Return the camera's newest picture, None while it is off."""
        frame = self.ground.cabinet.camera.device.latest()
        return frame.image if frame is not None else None

    def now(self) -> datetime:
        """Return the local time of day."""
        return self.ground.clock.wall().astimezone()

    # --- the start, in its order -------------------------------------------------------------------------

    async def _open_senses(self, closing: contextlib.AsyncExitStack, window: WindowLike | None) -> None:
        """Open what follows the pages beside the window: the debug link, the voice, the guide lights."""
        stage, board = self.ground.stage, self.ground.cabinet.io_board
        if self.settings.debug_port is not None:
            await self._open_debug_link(self.settings.debug_port, closing, window)
        if self.settings.voice is not None:
            voice = Voice(self.settings.voice, self.ground.catalogue)
            stage.attach(voice)
            closing.callback(voice.close)
        if board.fitted:
            lights = GuideLights(board)
            stage.attach(lights)
            # Ended with the rest: once the cabinet is closed no light can be put out.
            self._background.begin(lights.run, "lights")
            closing.push_async_callback(self._background.end)

    async def _open_debug_link(
        self, port: int, closing: contextlib.AsyncExitStack, window: WindowLike | None
    ) -> None:
        questions = DebugQuestions(self.ground, lambda: self._house).by_name(window)
        link = self.ground.witness.debug = DebugLink(self.ground.stage, questions)
        opened = await link.open(port)
        closing.push_async_callback(link.close)
        file = self.settings.state / "debug.json"
        with contextlib.suppress(OSError):  # of a disk that takes nothing the journal tells
            file.write_text(json.dumps({"port": opened, "pid": os.getpid()}))
        closing.callback(file.unlink, missing_ok=True)

    async def _open_house(self, closing: contextlib.AsyncExitStack) -> House:
        """Open the journal, build the house over it, and begin what needs no recovered house."""
        ground, settings = self.ground, self.settings.journal
        journal = await Journal.open(
            settings.path,
            read_key(settings.key_file, make=settings.may_make_key),
            ground.clock,
            failpoints=failpoints_from(os.environ),
            told=JournalLog(ground.events),
        )
        closing.push_async_callback(journal.close)
        newest = next(iter(await journal.visits(newest=1)), None)
        ground.timekeeper.begin(datetime.fromisoformat(newest.events[-1].wall) if newest else None)
        house = self._house = ground.witness.house = build_house(ground, journal, closing)
        closing.callback(self._leave_house)
        closing.push_async_callback(ground.cabinet.close)
        self._background.begin(partial(start_matcher, house), "matcher")
        outbox = Outbox(journal, house.platform, ground.clock, ground.chance)
        self._background.begin(outbox.run, "outbox")
        closing.push_async_callback(self._background.end)
        closing.push_async_callback(house.matcher.stop)
        return house

    def _leave_house(self) -> None:
        """From here on nobody finds the journal: it is about to be closed."""
        self._house = self.ground.witness.house = None

    async def _recover(self, house: House, recovery: Recovery) -> None:
        """Resolve what a dead process left open; what cannot be resolved stays out of service."""
        begun_s = mono_s(house.clock)
        if cut_off := await house.journal.open_visits():
            house.events.event("recovery-begun", count=len(cut_off))
        report = await recovery.run()
        for recovered in report.visits:
            self.ground.witness.visited(await report_of(house.journal, recovered.visit))
        house.cabinet.quarantine(await kept_out(house.journal))
        if report.visits or report.quarantined:
            house.events.event(
                "recovery-ended",
                resolved=len(report.visits),
                unresolved=len(report.quarantined),
                seconds=mono_s(house.clock) - begun_s,
            )

    def _begin_asking(self, house: House, recovery: Recovery) -> None:
        """Begin what asks devices and the back office from time to time."""
        background, journal = self._background, house.journal
        background.begin(partial(repair, house, recovery, REPAIR_S * self.settings.patience), "repair")
        background.begin(partial(post_heads, journal), "heads")
        books = Reconciliation(journal, house.platform, house.clock, house.site.id)
        background.begin(partial(books.run, self.ground.witness.books_compared), "books")
        inbox = ResultsInbox(house.progress, journal, house.events, house.clock)
        background.begin(inbox.run, "results")

    def _open_reception(self, house: House, closing: contextlib.AsyncExitStack) -> Reception:
        """Begin what looks after a machine in service, and return who receives its people."""
        ground, settings, background = self.ground, self.settings, self._background
        if house.cabinet.card_dispenser.fitted:
            background.begin(StoreCheck(house, COMPARE_S * settings.patience).run, "store")
        upkeep = Upkeep(house, settings, ground.memory)
        background.begin(upkeep.run, "upkeep")
        services = all_services()
        vitals = Vitals(house, services.values(), upkeep)
        background.begin(self._heartbeat(house, vitals).run, "heartbeat")
        if settings.metrics_port is not None:
            from kiosk.exporter import Exporter  # loaded only where a monitor wants it

            exporter = Exporter(settings.metrics_port, house.journal, vitals.now, settings.state)
            ground.witness.exporter = exporter
            closing.callback(exporter.close)
            background.begin(exporter.run, "exporter")
        version = versions.program()
        house.events.event("photo-decoder", decoder=house.photo_decoder.name)
        house.events.event("started", site=house.site.id, version=version, simulated=house.simulated)
        return Reception(house, services, ground.witness.visited, upkeep.attend)

    def _heartbeat(self, house: House, vitals: Vitals) -> Heartbeat:
        return Heartbeat(
            house.site.id,
            house.platform,
            house.journal,
            vitals,
            house.clock,
            self.ground.chance,
            version=versions.program(),
            configuration=versions.configuration(self.settings),
            state=self.settings.state,
        )
