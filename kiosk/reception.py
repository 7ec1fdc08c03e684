"""Reception: from the first page to a service, through its visit, and back to a clean first page.

However a script ends, the visit ends here: the permit goes back to its holder or into the bin, the
person is told what happened in a sentence, the journal is closed, and the screen is clean.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from devices.base import DeviceError
from kiosk import gate, platform
from kiosk.house import House
from kiosk.journal import Journal
from kiosk.journal.effects import REFUND_MONEY, TAKE_MONEY
from kiosk.journal.invariants import recent_invariants
from kiosk.journal.records import (
    MACHINE,
    Effect,
    EffectState,
    JournalFailed,
    JournalRefused,
    Letter,
    Outcome,
)
from kiosk.left_documents import kept_out, note_if_left
from kiosk.matching.memory import give_back
from kiosk.meter import Meter
from kiosk.prompts import Action, Attract, Home, Notice, Option, OutOfService, Tone
from kiosk.services import Service
from kiosk.stage import Surroundings
from kiosk.steps.id_card import ask_to_take_id_card
from kiosk.steps.permit import RETAINED, give_back_permit, shut_entry
from kiosk.texts import LANGUAGES, Text, text
from kiosk.visit import MAINTENANCE, Back, Closed, Leave, Refused, Visit

REFRESH_S = 2.0
"""How often the devices are asked between two visits."""


@dataclass(frozen=True, slots=True)
class Report:
    """How a visit went, for whoever drives the kiosk from outside; holds nothing of the person."""

    visit: str
    service: str
    outcome: str
    reason: str
    case: str
    paid_fen: int
    refunded_fen: int
    effects: Sequence[dict[str, str]]
    prompts: Sequence[str]
    seconds: dict[str, float]
    invariants: dict[str, bool | str]


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
        self._attend = attend or _nobody
        self._out_of_service = False
        self._services = services
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
        welcoming = asyncio.ensure_future(self._welcome())
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

    async def _welcome(self) -> Service | None:
        """Show the first two pages; return what was chosen, None when the person went away."""
        stage = self._house.stage
        stage.reset()
        await shut_entry(self._house)
        watching = asyncio.create_task(self._watch_devices())
        try:
            language, chosen = await self._attract()
            stage.reset(language)
            return chosen or await self._home()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

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

    async def serve(self, service: Service) -> Report | None:
        """Let one person through ``service``; returns how it went, None when no visit could begin."""
        async with self._house.one_at_a_time:
            if (why := self.not_now(service)) is not None:
                await self._say_not_now(why)
                return None
            try:
                return await self._serve(service)
            finally:
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
            await self._say_not_now(text("home.not-now", reason=text("unready.disk-low")))
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
            outcome, reason = await self._run(visit)
            record = await house.journal.visit(number)
            if record.noted("delivered") is not None and outcome is not Outcome.ESCALATED:
                outcome, reason = Outcome.DELIVERED, ""  # however the last pages were left
            if await note_if_left(house.journal, record):
                house.events.event("documents-left", visit=number)
            await house.journal.end(number, outcome, reason)
            house.cabinet.quarantine(await kept_out(house.journal))
            report = await self._report(visit)
        except JournalFailed:
            await self._end_of_service(visit)
            raise
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

    # --- the first two pages --------------------------------------------------------------------------

    async def _attract(self) -> tuple[str, Service | None]:
        """Wait for somebody; return their language, and the service if they touched its tile at once."""
        stage = self._house.stage
        stage.show(self._first_page(), Surroundings(can_help=False))
        while True:
            answer = await stage.next_answer()
            if answer.action == "begin":
                return str(answer.value) if answer.value in LANGUAGES else LANGUAGES[0], None
            service = self._services.get(str(answer.value))
            if answer.action == "choose" and service is not None and self.not_now(service) is None:
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
            service = self._services.get(str(answer.value))
            if answer.action == "choose" and service is not None and self.not_now(service) is None:
                return service
        return None

    def _home_prompt(self) -> Home:
        return Home("home", text("home.question"), services=self._tiles())

    def _tiles(self) -> tuple[Option, ...]:
        return tuple(gate.tile(self._house, service) for service in self._services.values())

    def not_now(self, service: Service) -> Text | None:
        """Return why a service cannot be begun now, None when it can."""
        found = gate.refusal(self._house, service)
        return None if found is None else text("home.not-now", reason=found.why)

    async def _say_not_now(self, why: Text) -> None:
        """Tell somebody who has just chosen that it cannot be begun now."""
        stage = self._house.stage
        stage.show(
            Notice(
                "not-now",
                why,
                paragraphs=(text("refused.go-to-window"),),
                actions=(Action("ok", text("refused.finish")),),
                tone=Tone.NEEDS_YOU,
            ),
            Surroundings(can_help=False),
        )
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._house.times.closing_s):
                await stage.next_answer()

    async def _watch_devices(self) -> None:
        """Between two visits: ask every device and the back office, so that the tiles tell the truth."""
        house = self._house
        while True:
            house.timekeeper.follow()
            await house.cabinet.refresh()
            try:
                health = await house.platform.health()
                self._reached(health.ready)
                house.timekeeper.compare(health.ahead_s)
            except platform.PlatformError:
                self._reached(False)
            if house.matcher_started.is_set():
                await house.matcher.ready()  # a child that hangs is replaced before anybody needs it
            await self._refresh_page()
            await asyncio.sleep(REFRESH_S)

    def _reached(self, reached: bool) -> None:
        """Remember whether the back office can be worked with; a change is logged."""
        if reached is not self._house.back_office_reachable:
            self._house.back_office_reachable = reached
            self._house.events.event("platform-reachable" if reached else "platform-unreachable")

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

    # --- the end of a visit ------------------------------------------------------------------------------

    async def _run(self, visit: Visit) -> tuple[Outcome, str]:
        try:
            await visit.service.script(visit)
        except JournalFailed:
            raise
        except (Leave, Back) as left:
            return await self._left(visit, left.reason if isinstance(left, Leave) else "cancelled")
        except Refused as refused:
            return await self._refused(visit, refused.code, refused.why, refused.what_now)
        except Closed as closed:
            return await self._closed(visit, closed)
        except platform.PlatformError as error:
            self._reached(not isinstance(error, platform.Unreachable))
            return await self._refused(
                visit, f"back-office:{error.code}", text("trouble.platform.why"), text("refused.go-to-window")
            )
        except DeviceError as error:
            why = self._house.faults.sentence(error)
            return await self._refused(
                visit, f"{error.device}:{error.code}", why, text("refused.go-to-window")
            )
        except Exception as error:  # the last door: whatever went wrong, the person gets a sentence
            self._house.unexpected(error, visit.number)
            return await self._refused(
                visit, "internal", text("trouble.internal.why"), text("refused.go-to-window")
            )
        return Outcome.DELIVERED, ""

    async def _left(self, visit: Visit, reason: str) -> tuple[Outcome, str]:
        if reason == MAINTENANCE:
            await self._tell(
                visit,
                Notice(
                    "visit-ended",
                    text("maintenance.visit-ended.why"),
                    paragraphs=(text("maintenance.visit-ended.what-now"), text("refused.go-to-window")),
                    actions=(Action("ok", text("refused.finish")),),
                    tone=Tone.NEEDS_YOU,
                    case=visit.case_no,
                ),
                for_s=self._house.times.closing_s,
            )
        held = await self._return_permit(visit)
        if reason == RETAINED:
            held = await self._escalate(visit, RETAINED, "")
        if held is not None:
            return Outcome.ESCALATED, held
        await ask_to_take_id_card(visit)
        record = await self._house.journal.visit(visit.number)
        paid_fen, refunded_fen = money_of(record.effects)
        returned = paid_fen > 0 and paid_fen == refunded_fen
        return (Outcome.REFUNDED if returned else Outcome.CANCELLED), reason

    async def _refused(self, visit: Visit, code: str, why: Text, what_now: Text) -> tuple[Outcome, str]:
        await self._tell(
            visit,
            Notice(
                "refused",
                why,
                paragraphs=(visit.held.stands or what_now,),
                actions=(
                    Action("ok", text("refused.take-documents" if visit.held.permit else "refused.finish")),
                ),
                tone=Tone.NEEDS_YOU,
                case=visit.case_no,
            ),
        )
        held = await self._return_permit(visit)
        if held is None:
            await ask_to_take_id_card(visit)
        return (Outcome.REFUSED, code) if held is None else (Outcome.ESCALATED, f"{code}:{held}")

    async def _closed(self, visit: Visit, closed: Closed) -> tuple[Outcome, str]:
        record = await self._house.journal.visit(visit.number)
        amount_fen, _ = money_of(record.effects)
        refunded = closed.outcome is Outcome.REFUNDED
        body = (
            text("closed.refunded.body", amount=amount_fen)
            if refunded
            else text("closed.escalated.body", amount=amount_fen, hotline=self._house.site.hotline)
            if record.every(TAKE_MONEY)  # what became of it may be unknown: that is not "nothing"
            else text("closed.escalated.nothing-paid", hotline=self._house.site.hotline)
        )
        await self._tell(
            visit,
            Notice(
                "refunded" if refunded else "escalated",
                text("closed.refunded.question" if refunded else "closed.escalated.question"),
                paragraphs=(closed.why, body),
                actions=(Action("ok", text("closed.ok")),),
                tone=Tone.STOPPED,
                case=visit.case_no,
                code=f"{self._house.receipt_url}{visit.case_no}",
            ),
        )
        held = await self._return_permit(visit)
        if held is None:
            await ask_to_take_id_card(visit)
            return closed.outcome, closed.reason
        return Outcome.ESCALATED, f"{closed.reason}:{held}"

    async def _tell(self, visit: Visit, notice: Notice, for_s: float | None = None) -> None:
        """Show the last sentence until it is put away, or long enough to be read."""
        visit.held.money = visit.held.working = False
        try:
            async with asyncio.timeout(for_s or self._house.times.idle_s):
                await visit.ask(notice, idle=False, leave=False)
        except (TimeoutError, Leave, Back):
            return

    async def _end_of_service(self, visit: Visit) -> None:
        """Say that the machine has to start again: what can't be written down is not done any more.

        The process ends after it. The start that follows asks what became of money and permit.
        """
        house = self._house
        house.events.event("journal-failed", visit=visit.number, case=visit.case_no)
        house.stage.show(
            Notice(
                "starting-again",
                text("starting-again.question"),
                paragraphs=(
                    text("starting-again.body"),
                    text("help.hotline", hotline=house.site.hotline),
                ),
                tone=Tone.STOPPED,
                case=visit.case_no,
            ),
            Surroundings(can_help=False),
        )
        await asyncio.sleep(house.times.closing_s)

    async def _return_permit(self, visit: Visit) -> str | None:
        """Give the permit back. Returns a word when the person goes without it: retained, or stuck."""
        if not visit.held.permit:
            return None
        house = self._house
        try:
            if await give_back_permit(visit):
                return None
            return await self._escalate(visit, RETAINED, "")
        except DeviceError as error:
            await self._tell(
                visit,
                Notice(
                    "permit-held",
                    text("closed.escalated.question"),
                    paragraphs=(text("closed.permit-held"), text("help.hotline", hotline=house.site.hotline)),
                    actions=(Action("ok", text("closed.ok")),),
                    tone=Tone.STOPPED,
                    case=visit.case_no,
                ),
            )
            return await self._escalate(visit, "permit-held", error.code)

    async def _escalate(self, visit: Visit, reason: str, code: str) -> str:
        """Hand the permit's case to staff; returns the reason."""
        body = {"reason": reason, "device": "permit_unit", "code": code}
        letter = Letter("escalation", body, visit.case_no)
        await self._house.journal.note(visit.number, "escalated", letter=letter, **body)
        return reason

    async def _report(self, visit: Visit) -> Report:
        return await report_of(
            self._house.journal,
            visit.number,
            prompts=tuple(visit.prompts),
            seconds={name: round(value, 4) for name, value in asdict(visit.meter.seconds()).items()},
        )


async def report_of(
    journal: Journal, number: str, prompts: Sequence[str] = (), seconds: Mapping[str, float] | None = None
) -> Report:
    """Return the report of a visit that has ended, as the journal tells it."""
    record = await journal.visit(number)
    paid_fen, refunded_fen = money_of(record.effects)
    return Report(
        visit=number,
        service=record.service,
        outcome=record.outcome.value if record.outcome else "",
        reason=record.reason,
        case=record.case_no,
        paid_fen=paid_fen,
        refunded_fen=refunded_fen,
        effects=[{"kind": effect.kind, "state": effect.state.value} for effect in record.effects],
        prompts=prompts,
        seconds=dict(seconds or {}),
        invariants=await recent_invariants(journal),
    )


def money_of(effects: Sequence[Effect]) -> tuple[int, int]:
    """Return what was taken and what was given back, in fen, from a visit's effects."""
    taken = (EffectState.DONE, EffectState.COMPENSATED)
    paid = sum(
        int(effect.before["amount_fen"])
        for effect in effects
        if effect.kind == TAKE_MONEY and effect.state in taken
    )
    refunded = sum(
        int(effect.after["refunded_fen"])
        for effect in effects
        if effect.kind == REFUND_MONEY and effect.state is EffectState.DONE
    )
    return paid, refunded


async def _nobody() -> None:
    """Attend to staff where none can be attended to."""
