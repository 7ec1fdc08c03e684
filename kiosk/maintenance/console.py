"""The screen as staff have it: pages to ask and tell, and the log-out of who walks away."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from typing import Final

from kiosk.prompts import Action, Answer, Checklist, EnterNumber, Notice, Prompt, StillThere, Tone
from kiosk.stage import Stage, Surroundings
from kiosk.texts import Text, text

LOG_OUT_S: Final = 120.0
WARN_S: Final = 20.0
"""How long before it the log-out is announced."""
LOOK_S: Final = 0.5
"""How often a page looks at its device, and whether anybody is still there."""


class LoggedOut(Exception):
    """Staff logged out, or nobody has touched the screen for two minutes; ``reason`` is a word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class WentBack(Exception):
    """Staff went back a page."""


class Console:
    """Asks staff. Every page has a way back and the log-out; without ``session`` (logging in) a way out."""

    def __init__(self, stage: Stage, log_out_s: float = LOG_OUT_S) -> None:
        self._stage = stage
        self._log_out_s = log_out_s
        self.session = False

    async def ask(self, prompt: Prompt, *, back: bool = True) -> Answer:
        """Show ``prompt`` and return the answer; raises ``WentBack`` (unless not ``back``), ``LoggedOut``."""
        return await self.watch(prompt, None, back=back)

    async def watch(
        self,
        prompt: Prompt,
        look: Callable[[], Awaitable[Prompt]] | None,
        *,
        back: bool = True,
    ) -> Answer:
        """As ``ask``, while ``look`` is called again and again and gives what the page now is."""
        self._stage.show(prompt, self._around(back))
        while True:
            if self._log_out_s - self._stage.idle_s() <= WARN_S:
                await self._announce_log_out()
                self._stage.show(prompt, self._around(back))
            try:
                async with asyncio.timeout(LOOK_S):
                    return self._sorted(await self._stage.next_answer())
            except TimeoutError:
                pass
            if look is not None:
                prompt = await look()
                self._stage.update(prompt)

    async def _announce_log_out(self) -> None:
        """Count down to the log-out until somebody touches the screen; raises ``LoggedOut``."""
        idle_s = self._stage.idle_s()
        self._stage.show(
            _still_there(self._log_out_s - idle_s), Surroundings(text("maintenance.title"), can_help=False)
        )
        while (left_s := self._log_out_s - self._stage.idle_s()) > 0:
            if self._stage.idle_s() < idle_s:
                return  # a touch, wherever it was
            idle_s = self._stage.idle_s()
            self._stage.update(_still_there(left_s))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    self._sorted(await self._stage.next_answer())
                    return
        raise LoggedOut("idle")

    async def pressed(self, action: str) -> None:
        """Wait until ``action`` of what ``show`` put up is touched."""
        while (await self._stage.next_answer()).action != action:
            pass

    def show(self, prompt: Prompt) -> None:
        """Show a page that has nothing to answer."""
        self._stage.show(prompt, Surroundings(service=text("maintenance.title"), can_help=False))

    def update(self, prompt: Prompt) -> None:
        """Change what is shown; work that goes on counts as somebody there."""
        self._stage.touched()
        self._stage.update(prompt)

    def touched(self) -> None:
        """Somebody is there, though not at the screen: a device says so."""
        self._stage.touched()

    async def number(
        self, name: str, *, least: int = 1, most: int = 12, masked: bool = False, **words: Text | None
    ) -> str:
        """Ask for digits; ``words`` may give ``body`` and ``unit``."""
        prompt = EnterNumber(
            name,
            text(f"maintenance.{name}.question"),
            words.get("body"),
            least=least,
            most=most,
            masked=masked,
            unit=words.get("unit"),
        )
        while True:
            answer = await self.ask(prompt)
            digits = str(answer.value or "")
            if answer.action == "enter" and digits.isdigit() and least <= len(digits) <= most:
                return digits

    async def tell(
        self,
        name: str,
        question: Text,
        *paragraphs: Text,
        tone: Tone = Tone.PLAIN,
        go_on: str = "maintenance.ok",
    ) -> None:
        """Show something to read, or to do, until it is put away; ``go_on`` is the button's sentence."""
        await self.ask(
            Notice(
                name,
                question,
                paragraphs=paragraphs,
                tone=tone,
                actions=(Action("ok", text(go_on)),),
            )
        )

    async def done(self, prompt: Checklist) -> None:
        """Show a checklist that has come to its end until it is put away."""
        await self.ask(prompt)

    def _around(self, back: bool) -> Surroundings:
        leave = text("maintenance.log-out" if self.session else "maintenance.leave")
        return Surroundings(
            service=text("maintenance.title"),
            can_back=self.session and back,
            can_cancel=True,
            cancel_returns=leave,
            can_help=False,
        )

    def _sorted(self, answer: Answer) -> Answer:
        if answer.action == "cancel":
            raise LoggedOut("logged-out")
        if answer.action == "back":
            raise WentBack
        return answer


def _still_there(left_s: float) -> StillThere:
    seconds = max(0, math.ceil(left_s))
    return StillThere(
        "log-out-soon",
        text("maintenance.log-out-soon.question"),
        text("maintenance.log-out-soon.body", seconds=seconds),
        Tone.NEEDS_YOU,
        seconds_left=seconds,
        actions=(
            Action("more-time", text("maintenance.log-out-soon.stay")),
            Action("cancel", text("maintenance.log-out")),
        ),
    )
