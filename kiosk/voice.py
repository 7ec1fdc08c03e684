"""The voice: says what a page asks, in the person's language, and again while something waits to be taken.

It is a view of the stage like the window, so it says the same sentence from the same key. The words
go to a speech program's standard input (``espeak-ng --stdin`` or a better one: a site's choice); a new
page cuts the old sentence off. Data of the person is never said: only the question and its second
sentence, no rows.
"""

from __future__ import annotations

import asyncio
import contextlib

from kiosk.prompts import Attract, Home, LookAtCamera, OutOfService, Page, StillThere, TakeItem
from kiosk.settings import Speech
from kiosk.texts import Catalogue, Text

AGAIN_S = 8.0
"""How often the sentence is said again while a card waits to be taken."""
SILENT = (Attract, Home, OutOfService)
"""Pages on which nobody is being served: a hall wants quiet."""


class Voice:
    """Speaks each new page, and each new guidance of the camera's page."""

    def __init__(self, speech: Speech, catalogue: Catalogue) -> None:
        self._speech, self._catalogue = speech, catalogue
        self._saying: asyncio.Task[None] | None = None
        self._said: tuple[int, Text | None] | None = None

    def show(self, page: Page) -> None:
        prompt = page.prompt
        news = (page.number, prompt.guidance if isinstance(prompt, LookAtCamera) else None)
        if news == self._said:
            return
        same_page = self._said is not None and self._said[0] == page.number
        self._said = news
        self.hush()
        if isinstance(prompt, SILENT):
            return
        parts = [news[1]] if same_page else [prompt.question, prompt.body]
        sentence = " ".join(self._catalogue.speak(part, page.language) for part in parts if part is not None)
        again = isinstance(prompt, (TakeItem, StillThere))
        self._saying = asyncio.get_running_loop().create_task(self._say(sentence, page.language, again))

    def hush(self) -> None:
        """Stop speaking."""
        if self._saying is not None:
            self._saying.cancel()
            self._saying = None

    async def _say(self, sentence: str, language: str, again: bool) -> None:
        while True:
            await self._speak(sentence, language)
            if not again:
                return
            await asyncio.sleep(AGAIN_S)

    async def _speak(self, sentence: str, language: str) -> None:
        try:
            program = await asyncio.create_subprocess_exec(
                *self._speech.arguments(language),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError:
            return  # no such program: the settings' check names it to staff; the page says it all the same
        try:
            await program.communicate(f"{sentence}\n".encode())
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                program.terminate()
            await program.wait()
            raise
