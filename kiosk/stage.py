"""The stage: the one page that is shown now, whoever shows it, and the answers to it.

The window and the debug link are views of the same stage. An answer to a page that is no longer
shown is dropped; the settings that any page offers (language, large text, contrast) are handled
here, because no service has anything to say about them.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from kiosk.prompts import Answer, Page, Prompt, View
from kiosk.texts import LANGUAGES, Text


@dataclass(frozen=True, slots=True)
class Settings:
    """How the person wants to be spoken to; back to default when the visit ends."""

    language: str = LANGUAGES[0]
    large_text: bool = False
    high_contrast: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a prompt on its page."""

    service: Text | None = None
    step: int = 0
    steps: int = 0
    can_back: bool = False
    can_cancel: bool = False
    cancel_returns: Text | None = None
    can_help: bool = True


class Stage:
    """Shows one page at a time on every view; used on the event loop's thread only."""

    def __init__(self, *, site: Text, simulated: bool, now_s: Callable[[], float]) -> None:
        self._site = site
        self._simulated = simulated
        self._now_s = now_s
        self._views: list[View] = []
        self._answers: asyncio.Queue[Answer] = asyncio.Queue()
        self._number = 0
        self._last_touch_s = now_s()
        self._surroundings = Surroundings()
        self.settings = Settings()
        self.page: Page | None = None

    def attach(self, view: View) -> None:
        """Add a view; it is shown the current page at once."""
        self._views.append(view)
        if self.page is not None:
            view.show(self.page)

    def show(self, prompt: Prompt, surroundings: Surroundings) -> Page:
        """Show ``prompt`` as a new page; answers still waiting for the old one are dropped."""
        self._number += 1
        self._surroundings = surroundings
        while not self._answers.empty():
            self._answers.get_nowait()
        return self._put(prompt)

    def update(self, prompt: Prompt) -> Page:
        """Change the prompt of the current page: a countdown, guidance, progress."""
        if self.page is not None and self.page.prompt == prompt:
            return self.page
        return self._put(prompt)

    def answer(self, answer: Answer) -> None:
        """Take an answer from a view. One that is not for the current page is dropped."""
        self.touched()
        page = self.page
        if page is None or answer.page != page.number:
            return
        changed = self._changed_settings(answer)
        if changed is None:
            self._answers.put_nowait(answer)
        else:
            self.settings = changed
            self._number += 1
            self._put(page.prompt)

    async def next_answer(self) -> Answer:
        """Wait for the next answer to the current page."""
        while True:
            answer = await self._answers.get()
            if self.page is not None and answer.page == self.page.number:
                return answer

    def touched(self) -> None:
        """Note that somebody is there: any touch, whatever it hit."""
        self._last_touch_s = self._now_s()

    def idle_s(self) -> float:
        """Return the seconds since the last touch or answer."""
        return self._now_s() - self._last_touch_s

    def reset(self, language: str = LANGUAGES[0]) -> None:
        """Forget the person's settings."""
        self.settings = Settings(language=language)
        self.touched()

    def _changed_settings(self, answer: Answer) -> Settings | None:
        value = answer.value
        if answer.action == "language" and value in LANGUAGES:
            return dataclasses.replace(self.settings, language=str(value))
        if answer.action == "large-text" and isinstance(value, bool):
            return dataclasses.replace(self.settings, large_text=value)
        if answer.action == "high-contrast" and isinstance(value, bool):
            return dataclasses.replace(self.settings, high_contrast=value)
        return None

    def _put(self, prompt: Prompt) -> Page:
        around = self._surroundings
        self.page = Page(
            number=self._number,
            prompt=prompt,
            service=around.service,
            step=around.step,
            steps=around.steps,
            can_back=around.can_back,
            can_cancel=around.can_cancel,
            cancel_returns=around.cancel_returns,
            can_help=around.can_help,
            language=self.settings.language,
            large_text=self.settings.large_text,
            high_contrast=self.settings.high_contrast,
            simulated=self._simulated,
            site=self._site,
        )
        for view in self._views:
            view.show(self.page)
        return self.page
