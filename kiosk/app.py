"""The front door's inside: builds every room from the settings, recovers, then receives people."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import random
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from devices.base import DeviceError, Fault, Status
from devices.id_card_reader import OpenTemplateDecoder, photo_decoder
from devices.interfaces import IoBoard
from kiosk.cabinet import Worker
from kiosk.certificate_recovery import CertificateGoods
from kiosk.clock import BenchClock, Clock, SteadyClock, SystemClock, mono_s
from kiosk.collection_recovery import CollectionGoods
from kiosk.debuglink import DebugLink, said, told
from kiosk.events import EventLog, open_log, read_catalogue
from kiosk.failpoints import failpoints_from
from kiosk.faults import FaultCatalogue
from kiosk.fitting import fit
from kiosk.heartbeat import Heartbeat
from kiosk.house import House
from kiosk.journal import Journal, JournalFailed, JournalRefused
from kiosk.journal.invariants import recent_invariants
from kiosk.journal.keys import read_key
from kiosk.journal_log import JournalLog
from kiosk.left_documents import in_the_tray, kept_out, note_cleared
from kiosk.lights import GuideLights
from kiosk.maintenance import versions
from kiosk.maintenance.memory import FaultMemory
from kiosk.maintenance.upkeep import Upkeep
from kiosk.matching import Matcher, MatcherFailed, MatcherMisconfigured
from kiosk.money import Cashier
from kiosk.notice_recovery import NoticeGoods
from kiosk.numbers import Numbers
from kiosk.outbox import Outbox
from kiosk.paper_check import PaperCheck
from kiosk.platform import Platform, PlatformError
from kiosk.ports import (
    DispenserAtRecovery,
    DocumentsAtRecovery,
    PermitAtRecovery,
    ReceiptAtRecovery,
    TerminalAtCashier,
)
from kiosk.prompts import Answer, Attract, OutOfService, View
from kiosk.reception import Reception
from kiosk.reconciliation import Reconciled, Reconciliation
from kiosk.recovery import Recovery
from kiosk.recovery_pages import RecoveryPages
from kiosk.refunds import Patience
from kiosk.report import Report, report_of
from kiosk.results_inbox import ResultsInbox
from kiosk.services import all_services
from kiosk.settings import Settings
from kiosk.stage import Stage
from kiosk.store_check import EVERY_S as COMPARE_S
from kiosk.store_check import StoreCheck
from kiosk.store_units import DISPENSER
from kiosk.strip import StripTemplate
from kiosk.supervisor import Supervisor
from kiosk.texts import Catalogue, text
from kiosk.timekeeper import Timekeeper
from kiosk.traffic_recovery import TrafficGoods
from kiosk.vitals import Vitals
from kiosk.voice import Voice
from kiosk.watchdog import Watchdog

if TYPE_CHECKING:
    from kiosk.exporter import Exporter
    from kiosk.maintenance.workshop import Workshop

ROOT = Path(__file__).parent.parent
FIRST_LOOK_S = 2.0
"""How long the first page waits for the devices to say how they are, and the back office what time it is."""
DEADLINE_S = 15.0
"""How long the back office is asked again before somebody is told that it can't be reached."""
REPAIR_S = 15.0
"""How often a device out of service is asked again what became of its last effect."""
HEAD_S = 60.0
"""How often the journal's head is pushed."""
MATCHER_PAUSE_S, MATCHER_LONGEST_PAUSE_S = 1.0, 60.0
"""Between two tries to start the child that compares."""


IDLE_LOOK_S = 0.5
"""How often a kiosk that is to end looks whether somebody is there."""


class FrameTimes(Protocol):
    """How fast the window answers, in milliseconds."""

    @property
    def longest_frame_ms(self) -> float: ...

    @property
    def most_work_ms(self) -> float: ...

    def frame_ms(self, percentile: float = ...) -> float | None: ...

    def tap_to_frame_ms(self, percentile: float = ...) -> float | None: ...

    def reset(self) -> None: ...


class WindowLike(View, Protocol):
    """What the front door needs of the window."""

    @property
    def frames(self) -> FrameTimes: ...

    def layout(self) -> dict[str, tuple[int, int, int, int]]: ...

    def textures(self) -> dict[str, int]: ...


class Kiosk:
    """One kiosk, from its settings to its end."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None, seed: int | None = None) -> None:
        self.settings = settings
        self.clock = SteadyClock(clock or _machine_clock(settings))
        self.chance = random.Random(seed)
        site = settings.site
        self.faults = FaultCatalogue.load(ROOT / "config/faults.toml")
        self.catalogue = Catalogue.load(
            settings.model.strings,
            own={
                "site.name": site.name,
                "site.elsewhere": site.elsewhere,
                "attract.hours": site.hours,
                **self.faults.sentences(),
            },
        )
        self.events = EventLog(read_catalogue(), open_log(settings.log), wall=self.clock.wall)
        self.memory = FaultMemory(self.clock)
        self.timekeeper = Timekeeper(self.clock, self.events, settings.model.clock_limit_s)
        self.supervisor = Supervisor()
        self.watchdog = Watchdog(self.events, alive=self.supervisor.alive)
        self.stage = Stage(
            site=text("site.name"), simulated=settings.simulated, now_s=lambda: mono_s(self.clock)
        )
        self.debug: DebugLink | None = None
        self._house: House | None = None
        self._exporter: Exporter | None = None
        self._receiving: asyncio.Task[Any] | None = None
        self._ending: asyncio.Task[None] | None = None
        self.cabinet = fit(settings, self)

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
            if self.settings.debug_port is not None:
                await self._open_debug_link(closing, window)
            if self.settings.voice is not None:
                voice = Voice(self.settings.voice, self.catalogue)
                self.stage.attach(voice)
                closing.callback(voice.close)
            if self.cabinet.io_board.fitted:
                self._light_the_way(self.cabinet.io_board, closing)
            pages = RecoveryPages(self.stage)
            pages.starting()
            self.supervisor.ready()
            self.supervisor.status("recovering")
            journal = await Journal.open(
                self.settings.journal.path,
                read_key(self.settings.journal.key_file, make=self.settings.journal.may_make_key),
                self.clock,
                failpoints=failpoints_from(os.environ),
                told=JournalLog(self.events),
            )
            closing.push_async_callback(journal.close)
            newest = next(iter(await journal.visits(newest=1)), None)
            self.timekeeper.begin(datetime.fromisoformat(newest.events[-1].wall) if newest else None)
            house = self._house = self._build_house(journal, closing)
            closing.callback(self._leave_house)
            closing.push_async_callback(self.cabinet.close)
            background = [
                asyncio.create_task(self._start_matcher(house), name="matcher"),
                asyncio.create_task(
                    Outbox(journal, house.platform, self.clock, self.chance).run(), name="outbox"
                ),
            ]
            closing.push_async_callback(_cancel, background)
            closing.push_async_callback(house.matcher.stop)
            if await journal.open_visits():
                pages.please_wait()
            recovery = self._build_recovery(house, pages)
            await self._recover(house, recovery)
            background.append(asyncio.create_task(self._repair(house, recovery), name="repair"))
            background.append(asyncio.create_task(self._post_heads(journal), name="heads"))
            books = Reconciliation(journal, house.platform, self.clock, self.settings.site.id)
            background.append(asyncio.create_task(books.run(self._books_compared), name="books"))
            inbox = ResultsInbox(house.progress, journal, self.events, self.clock)
            background.append(asyncio.create_task(inbox.run(), name="results"))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FIRST_LOOK_S):
                    await asyncio.gather(self.cabinet.refresh(), self.timekeeper.agrees(house.platform))
            if self.cabinet.card_dispenser.fitted:
                check = StoreCheck(house, COMPARE_S * self.settings.patience)
                background.append(asyncio.create_task(check.run(), name="store"))
            upkeep = Upkeep(house, self.settings, self.memory)
            background.append(asyncio.create_task(upkeep.run(), name="upkeep"))
            services = all_services()
            vitals = Vitals(house, services.values(), upkeep)
            background.append(asyncio.create_task(self._heartbeat(house, vitals).run(), name="heartbeat"))
            if self.settings.metrics_port is not None:
                background.append(self._export(house, vitals, self.settings.metrics_port, closing))
            reception = Reception(house, services, self._reported, upkeep.attend)
            self.events.event("photo-decoder", decoder=house.photo_decoder.name)
            self.events.event(
                "started",
                site=self.settings.site.id,
                version=versions.program(),
                simulated=self.settings.simulated,
            )
            # What stands now stays: looking through it for garbage would hold a frame for 90 ms.
            gc.freeze()
            gc.enable()
            self.supervisor.status("in service")
            await reception.receive_for_ever()

    def _heartbeat(self, house: House, vitals: Vitals) -> Heartbeat:
        return Heartbeat(
            self.settings.site.id,
            house.platform,
            house.journal,
            vitals,
            self.clock,
            self.chance,
            version=versions.program(),
            configuration=versions.configuration(self.settings),
            state=self.settings.state,
        )

    def _export(
        self, house: House, vitals: Vitals, port: int, closing: contextlib.AsyncExitStack
    ) -> asyncio.Task[None]:
        from kiosk.exporter import Exporter  # loaded only where a monitor wants it

        self._exporter = Exporter(port, house.journal, vitals.now, self.settings.state)
        closing.callback(self._exporter.close)
        return asyncio.create_task(self._exporter.run(), name="exporter")

    def end_when_idle(self) -> None:
        """End as soon as nobody is there, to be started again: new settings, a new version."""
        if self._ending is None:
            self.supervisor.status("ending when idle")
            self._ending = asyncio.create_task(self._end_when_idle(), name="end when idle")

    async def _end_when_idle(self) -> None:
        while True:
            if self._house is not None:
                async with self._house.one_at_a_time:
                    page = self.stage.page
                    if page is None or isinstance(page.prompt, (Attract, OutOfService)):
                        assert self._receiving is not None
                        self._receiving.cancel()
                        return
            await asyncio.sleep(IDLE_LOOK_S)

    @contextlib.asynccontextmanager
    async def workshop(self) -> AsyncIterator[Workshop]:
        """Open the house for maintenance alone, while no kiosk runs; raises ``JournalRefused``."""
        from kiosk.maintenance.workshop import Workshop

        async with contextlib.AsyncExitStack() as closing:
            key = read_key(self.settings.journal.key_file, make=self.settings.journal.may_make_key)
            journal = await Journal.open(self.settings.journal.path, key, self.clock)
            closing.push_async_callback(journal.close)
            house = self._build_house(journal, closing)
            closing.push_async_callback(self.cabinet.close)
            closing.push_async_callback(house.matcher.stop)
            starting = asyncio.create_task(self._start_matcher(house), name="matcher")
            closing.push_async_callback(_cancel, [starting])
            await self.cabinet.refresh()
            yield Workshop.of(house, self.settings, self.memory)

    def _light_the_way(self, board: Worker[IoBoard], closing: contextlib.AsyncExitStack) -> None:
        """Let the guide lights follow the pages."""
        lights = GuideLights(board)
        self.stage.attach(lights)
        closing.push_async_callback(_cancel, [asyncio.create_task(lights.run(), name="lights")])

    # --- building ----------------------------------------------------------------------------------

    def _build_house(self, journal: Journal, closing: contextlib.AsyncExitStack) -> House:
        settings = self.settings
        platform = Platform(
            settings.back_office.url,
            settings.back_office.token(),
            settings.site.id,
            self.clock,
            self.chance,
            timeout_s=settings.back_office.timeout_s,
            deadline_s=DEADLINE_S * settings.patience,
        )
        closing.callback(platform.close)
        numbers = Numbers(journal, self.clock, settings.site.id)
        cashier = Cashier(
            journal,
            numbers,
            platform,
            self.clock,
            self.chance,
            terminal=TerminalAtCashier(self.cabinet.payment_terminal),
            patience=Patience().times(settings.patience),
            clock_agrees=partial(self.timekeeper.agrees, platform),
        )
        closing.push_async_callback(cashier.close)
        decoder = photo_decoder(
            settings.photo_library, usb=settings.links["id_card_reader"].startswith("usb:")
        )
        return House(
            site=settings.site,
            times=settings.times,
            clock=self.clock,
            timekeeper=self.timekeeper,
            stage=self.stage,
            cabinet=self.cabinet,
            matcher=Matcher(restarted=lambda count: self.events.event("matcher-restarted", count=count)),
            journal=journal,
            cashier=cashier,
            platform=platform,
            events=self.events,
            catalogue=self.catalogue,
            faults=self.faults,
            photo_decoder=decoder,
            template_decoder=OpenTemplateDecoder(),
            strip_template=StripTemplate.load(
                ROOT / "config/templates/endorsement_strip.toml",
                settings.model.fonts / "NotoSansCJKsc-Regular.otf",
            ),
            rules_folder=settings.model.rules,
            receipt_url=settings.site.receipt_url,
            numbers=numbers,
            simulated=settings.simulated,
            paper_check=PaperCheck(settings.seal_anchor.read_bytes()) if settings.seal_anchor else None,
        )

    def _build_recovery(self, house: House, pages: RecoveryPages) -> Recovery:
        return Recovery(
            house.journal,
            house.cashier,
            house.platform,
            self.clock,
            permit=PermitAtRecovery(self.cabinet.permit_unit, house.strip_template),
            receipt=ReceiptAtRecovery(self.cabinet.receipt_printer),
            goods={
                "guide": NoticeGoods(house.journal, house.notices),
                "traffic-violations": TrafficGoods(house.journal, house.traffic),
                "pick-up": CollectionGoods(
                    house.journal, house.collection, DispenserAtRecovery(self.cabinet.card_dispenser)
                ),
                "certificates": CertificateGoods(
                    house.journal, house.certificates, DocumentsAtRecovery(self.cabinet.document_printer)
                ),
            },
            bystander=pages,
            take_wait_s=house.times.take_s,
        )

    # --- recovery ------------------------------------------------------------------------------------

    async def _recover(self, house: House, recovery: Recovery) -> None:
        """Resolve what a dead process left open; what cannot be resolved stays out of service."""
        begun_s = mono_s(self.clock)
        if cut_off := await house.journal.open_visits():
            self.events.event("recovery-begun", count=len(cut_off))
        report = await recovery.run()
        for recovered in report.visits:
            self._reported(await report_of(house.journal, recovered.visit))
        self.cabinet.quarantine(await kept_out(house.journal))
        if report.visits or report.quarantined:
            self.events.event(
                "recovery-ended",
                resolved=len(report.visits),
                unresolved=len(report.quarantined),
                seconds=mono_s(self.clock) - begun_s,
            )

    async def _repair(self, house: House, recovery: Recovery) -> None:
        """Ask again what ended visits left open, so that a mended device returns and money goes back."""
        while True:
            await asyncio.sleep(REPAIR_S * self.settings.patience)
            with contextlib.suppress(DeviceError, JournalFailed):
                await recovery.ask_money_again()
                async with house.one_at_a_time:
                    await recovery.ask_devices_again()
                    self.cabinet.quarantine(await kept_out(house.journal))

    async def _post_heads(self, journal: Journal) -> None:
        """Push the journal's head to the back office, by which a cut end can be found."""
        while True:
            with contextlib.suppress(JournalFailed):  # the next minute has its own
                await journal.post_head()
            await asyncio.sleep(HEAD_S)

    async def _start_matcher(self, house: House) -> None:
        """Start the child that compares; one that dies before it is there is started again."""
        pause_s = MATCHER_PAUSE_S
        while True:
            try:
                await house.matcher.start()
                house.matcher_started.set()
                return
            except (MatcherFailed, MatcherMisconfigured) as error:
                self.events.event("matcher-unavailable", reason=type(error).__name__)
                if isinstance(error, MatcherMisconfigured):
                    return  # staff have to mend it: trying again would not
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, MATCHER_LONGEST_PAUSE_S)

    # --- what is told ---------------------------------------------------------------------------------

    def _books_compared(self, found: Reconciled) -> None:
        """A day was compared with its bills."""
        self.events.event(
            "reconciled" if not found.differences else "books-differ",
            day=found.day.isoformat(),
            lines=found.lines,
            differences=len(found.differences),
        )

    def status_changed(self, device: str, status: Status) -> None:
        """A device's status changed (``cabinet.Listener``)."""
        self.memory.status_changed(device, status)
        if device == DISPENSER and self._house is not None:
            self._house.store_changed.set()
        self.events.event(
            "device-status-changed",
            device=device,
            state=status.state.value,
            code=status.fault,
            action=status.action.value if status.action else None,
        )

    def quarantined(self, device: str, word: str | None) -> None:
        """A device is kept out of service, or let back (``cabinet.Listener``)."""
        if word is None:
            self.events.event("device-released", device=device)
        else:
            self.events.event("device-quarantined", device=device, reason=word)

    def faulted(self, device: str, error: DeviceError) -> None:
        """A command of a device did not succeed (``cabinet.Listener``)."""
        self.memory.faulted(device, error)
        if self._exporter is not None:
            self._exporter.faulted(device, error.code)
        if isinstance(error, Fault):
            self.events.event("device-fault", device=device, code=error.code, action=error.action.value)
        else:
            self.events.event("device-retry", device=device, code=error.code)

    def _say_how_it_ended(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        """Log why the kiosk ends: told to, when idle after an update, or by an error's name."""
        if isinstance(error, JournalRefused):
            self.events.event("journal-refused", reason=error.code)
        reason = "told" if self._ending is None else "when-idle"
        if kind is not None and not issubclass(kind, asyncio.CancelledError):
            reason = kind.__name__
        self.events.event("stopped", reason=reason)

    def _reported(self, report: Report) -> None:
        if self._exporter is not None:
            self._exporter.visited(report.service, report.outcome, report.seconds.get("total"))
        if self.debug is not None:
            self.debug.report(report)

    async def _open_debug_link(self, closing: contextlib.AsyncExitStack, window: WindowLike | None) -> None:
        questions: dict[str, Callable[[], Any]] = {
            "status": self._status,
            "said": lambda: said(self.stage.page, self.catalogue) if self.stage.page else None,
            "journal": self._newest_visit,
            "invariants": self._invariants,
            "tray_cleared": self._tray_cleared,
            "store_put_right": self._store_put_right,
        }
        if window is not None:
            questions["layout"] = window.layout
            questions["textures"] = window.textures
            questions["frames"] = lambda: _timings(window.frames)
        self.debug = DebugLink(self.stage, questions)
        port = await self.debug.open(self.settings.debug_port or 0)
        closing.push_async_callback(self.debug.close)
        file = self.settings.state / "debug.json"
        with contextlib.suppress(OSError):  # of a disk that takes nothing the journal tells
            file.write_text(json.dumps({"port": port, "pid": os.getpid()}))
        closing.callback(file.unlink, missing_ok=True)

    # --- for the window --------------------------------------------------------------------------------

    def answered(self, answer: Answer) -> None:
        """Take an answer from the window."""
        self.stage.answer(answer)

    def preview(self) -> NDArray[np.uint8] | None:
        """Return the camera's newest picture, None while it is off."""
        frame = self.cabinet.camera.device.latest()
        return frame.image if frame is not None else None

    def now(self) -> datetime:
        """Return the local time of day."""
        return self.clock.wall().astimezone()

    def _status(self) -> dict[str, Any]:
        return {
            "devices": {
                name: {"state": worker.status.state.value, "fault": worker.fault()}
                for name, worker in self.cabinet.workers.items()
            },
            "units_out": {str(unit): word for unit, word in self.cabinet.card_dispenser.units_out.items()},
            "back_office": self._house is not None and self._house.back_office_reachable,
            "clock": not self.timekeeper.wrong,
        }

    def _leave_house(self) -> None:
        """From here on the debug link finds no journal: it is about to be closed."""
        self._house = None

    async def _invariants(self) -> dict[str, bool | str]:
        """Return what holds of the newest visits, nothing before the journal is open."""
        return {} if self._house is None else await recent_invariants(self._house.journal)

    async def _newest_visit(self) -> dict[str, Any] | None:
        """Return what the journal holds of the newest visit, None before the first."""
        if self._house is None:
            return None
        return next((told(visit) for visit in await self._house.journal.visits(newest=1)), None)

    async def _tray_cleared(self) -> None:
        """Say what staff say by touch, for a bench that plays on after documents were left."""
        if self._house is not None and await in_the_tray(self._house.journal) is not None:
            await note_cleared(self._house.journal)
            self.cabinet.quarantine(await kept_out(self._house.journal))

    async def _store_put_right(self) -> None:
        """Say what staff say by touch, for a bench that plays on after a unit was taken out of service."""
        if self._house is not None:
            async with self._house.one_at_a_time:
                with contextlib.suppress(DeviceError, PlatformError):
                    await StoreCheck(self._house).put_right()


def _machine_clock(settings: Settings) -> Clock:
    return SystemClock() if settings.clock_file is None else BenchClock(settings.clock_file)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _timings(frames: FrameTimes) -> dict[str, float | None]:
    """Return what was measured since the last time this was asked."""
    measured = {
        "tap_to_frame_p95_ms": frames.tap_to_frame_ms(95.0),
        "longest_frame_ms": frames.longest_frame_ms,
        "frame_p99_ms": frames.frame_ms(99.0),
        "most_work_ms": frames.most_work_ms,
    }
    frames.reset()
    return measured
