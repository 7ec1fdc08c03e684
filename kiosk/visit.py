"""A visit: one person's time at the machine, from choosing a service to a clean screen.

A service is a script over a ``Visit``. The visit asks prompts and awaits answers, waits for
devices while a prompt stands on the screen, goes back a step, notices that nobody is there any
more, and knows what the machine holds of the person. How it ends is an ``Outcome``; what leaves a
script early is an exception of this module.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from devices.base import Device
from kiosk.cabinet import Worker
from kiosk.held import Held
from kiosk.interruptions import ask_whether_still_there, show_help
from kiosk.journal.records import Outcome
from kiosk.meter import Meter
from kiosk.prompts import Answer, ChooseOne, Prompt
from kiosk.stage import Surroundings
from kiosk.texts import Text, text

if TYPE_CHECKING:
    from kiosk.house import House
    from kiosk.services import Service

T = TypeVar("T")
D = TypeVar("D", bound=Device)


NOBODY_THERE = "nobody-there"
"""Why a visit ends from which the person walked away."""
MAINTENANCE = "maintenance"
"""Why a visit ends that leaves the machine to staff."""
LOOK_UP_S = 0.5
"""How often a visit looks whether staff need the machine at once."""


class Back(Exception):
    """The person went back a step."""


class Leave(Exception):
    """The person leaves: cancelled, or nobody there any more. ``reason`` is a word for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(Exception):
    """The machine cannot do this for this person now.

    ``code`` is a word for the log; ``why`` and ``what_now`` are the two sentences for the person.
    """

    def __init__(self, code: str, why: Text, what_now: Text | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.why = why
        self.what_now = what_now or text("refused.go-to-window")


class Closed(Exception):
    """Money was taken and the service could not be delivered; it has been refunded or escalated."""

    def __init__(self, outcome: Outcome, reason: str, why: Text) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason
        self.why = why


class Wiped(Protocol):
    """Something that holds data of the person and can forget it."""

    def wipe(self) -> None: ...


Step = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Visit:
    """One person's time at the machine.

    ``number`` names the visit in the journal, ``case_no`` is what the person holds on to.
    """

    house: House
    service: Service
    number: str
    case_no: str
    opened: datetime
    meter: Meter
    held: Held = field(default_factory=Held)
    prompts: list[str] = field(default_factory=list)
    step: int = 0
    steps: int = 0
    has_case: bool = False
    """Whether the back office has a case under ``case_no``."""
    _wiped: list[Wiped] = field(default_factory=list)
    _can_back: bool = False
    _asked: int = 0

    # --- asking -----------------------------------------------------------------------------------

    async def ask(self, prompt: Prompt, *, idle: bool = True, leave: bool = True) -> Answer:
        """Show ``prompt`` and return the answer to it. Without ``leave`` there is nothing to cancel.

        Raises ``Back`` and ``Leave``. With nobody there it asks for more time first; never while
        money or a card is under way.
        """
        self._show(prompt, leave=leave)
        with self.meter.citizen():
            while True:
                answer = await self._answer(idle=idle)
                if answer.action == "help":
                    await show_help(self)
                    self._show(prompt, again=True, leave=leave)
                    continue
                return answer

    async def choose(self, prompt: ChooseOne) -> str:
        """Ask for one of a list; returns the value of an option that can be chosen."""
        open_values = {option.value for option in prompt.options if option.refused is None}
        while True:
            answer = await self.ask(prompt)
            if answer.action == "choose" and answer.value in open_values:
                return str(answer.value)

    async def during(self, prompt: Prompt, act: Coroutine[Any, Any, T], *, idle: bool = True) -> T | Answer:
        """Show ``prompt`` while ``act`` runs; return what comes first, its result or an answer.

        ``act`` waits for the person to do something at a device (and may ``update`` the prompt).
        When an answer comes first, ``act`` is cancelled and has ended before this returns.
        """
        self._show(prompt)
        with self.meter.citizen():
            doing = asyncio.ensure_future(act)
            try:
                while True:
                    asking = asyncio.ensure_future(self._answer(idle=idle))
                    try:
                        await asyncio.wait({doing, asking}, return_when=asyncio.FIRST_COMPLETED)
                        if doing.done():
                            self.house.stage.touched()  # who did something at a device is there
                            return doing.result()
                        answer = asking.result()
                    finally:
                        await _end(asking)
                    if answer.action != "help":
                        return answer
                    await show_help(self)
                    self._show(prompt, again=True)
            finally:
                await _end(doing)

    def update(self, prompt: Prompt) -> None:
        """Change the prompt that is shown: a countdown, guidance, progress.

        While another page stands before it (help, "more time?") nothing changes.
        """
        page = self.house.stage.page
        if page is not None and page.prompt.name == prompt.name:
            self.house.stage.update(prompt)

    def tell(self, prompt: Prompt) -> None:
        """Show a prompt that has nothing to answer: no way back and none out, since nobody would hear."""
        self._show(prompt, leave=False)

    async def walk(self, *steps: Step) -> None:
        """Do the steps in order; going back in one returns to the one before that asked something.

        Going back in the first of a walk goes back in the walk around it.
        """
        outer, place, forwards = self._can_back, 0, True
        try:
            while place < len(steps):
                self._can_back = outer or place > 0
                asked_before = self._asked
                try:
                    await steps[place]()
                except Back:
                    if place == 0:
                        raise
                    forwards = False
                    place -= 1
                    continue
                forwards = forwards or place == 0 or self._asked > asked_before
                place += 1 if forwards else -1
        finally:
            self._can_back = outer

    # --- devices and hosts ---------------------------------------------------------------------------

    async def device(self, worker: Worker[D], act: Callable[[D], T]) -> T:
        """Run ``act`` on a device's thread; its time counts as the devices'."""
        with self.meter.devices():
            return await worker(act)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Within this, nothing is interrupted: no cancel, no time-out."""
        before, self.held.working = self.held.working, True
        try:
            yield
        finally:
            self.held.working = before

    async def open_case(self, permit_number: str = "") -> None:
        """Have the back office open the case; from then on the visit can be rated, however it ends.

        Raises ``PlatformError``.
        """
        with self.meter.devices():
            await self.house.platform.open_case(
                self.case_no, self.service.name, opened_at=self.opened, permit_number=permit_number
            )
        self.has_case = True

    # --- people's data -----------------------------------------------------------------------------

    def keep(self, data: Wiped) -> None:
        """Remember that ``data`` is of the person: it is wiped when the visit ends."""
        self._wiped.append(data)

    def wipe(self) -> None:
        """Forget the person."""
        while self._wiped:
            self._wiped.pop().wipe()

    # --- inside ----------------------------------------------------------------------------------------

    def _show(self, prompt: Prompt, *, again: bool = False, leave: bool = True) -> None:
        self._asked += 1
        if not again and (not self.prompts or self.prompts[-1] != prompt.name):
            self.prompts.append(prompt.name)
            self.house.events.event("prompt-shown", visit=self.number, prompt=prompt.name)
        self.house.stage.show(
            prompt,
            Surroundings(
                service=self.service.title,
                step=self.step,
                steps=self.steps,
                can_back=leave and self._can_back and self.held.may_leave,
                can_cancel=leave and self.held.may_leave,
                cancel_returns=self.held.returns,
            ),
        )

    async def _answer(self, *, idle: bool) -> Answer:
        stage, times = self.house.stage, self.house.times
        while True:
            waiting = asyncio.ensure_future(stage.next_answer())
            try:
                while not waiting.done():
                    if idle and self.held.may_leave and self.house.vendor_mode.at_once.is_set():
                        raise Leave(MAINTENANCE)
                    left_s = times.idle_s - stage.idle_s()
                    if idle and self.held.may_leave and left_s <= 0:
                        break
                    wait_s = min(max(left_s, 0.05), LOOK_UP_S) if idle else None
                    await asyncio.wait({waiting}, timeout=wait_s)
                if waiting.done():
                    return self._sorted(waiting.result())
            finally:
                await _end(waiting)
            interrupted = stage.page
            said = await ask_whether_still_there(self)
            if said is None or said == "cancel":
                raise Leave("cancelled" if said else NOBODY_THERE)
            if interrupted is not None:
                self._show(interrupted.prompt, again=True)

    def _sorted(self, answer: Answer) -> Answer:
        self.house.events.event("answer-given", visit=self.number, action=answer.action)
        if answer.action == "back" and self._can_back and self.held.may_leave:
            raise Back
        if answer.action == "cancel" and self.held.may_leave:
            raise Leave("cancelled")
        return answer


async def _end(task: asyncio.Future[Any]) -> None:
    """Cancel ``task`` and wait until it has ended; its result no longer matters."""
    if not task.done():
        task.cancel()
    await asyncio.gather(task, return_exceptions=True)
