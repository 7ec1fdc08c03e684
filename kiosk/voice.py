"""The voice: says what a page asks, in the person's language, and again while something waits to be taken.

It is a view of the stage like the window, so it says the same sentence from the same key. The words
go to a speech program's standard input (``espeak-ng --stdin`` or a better one: a site's choice); a new
page cuts the old sentence off. Data of the person is never said: only the question and its second
sentence, no rows.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from kiosk.prompts import Attract, Home, LookAtCamera, OutOfService, Page, StillThere, TakeItem
from kiosk.settings import Speech
from kiosk.texts import Catalogue, Text

AGAIN_S = 8.0
"""How often the sentence is said again while a card waits to be taken."""
SILENT = (Attract, Home, OutOfService)
"""Pages on which nobody is being served: a hall wants quiet."""


class Voice:
    """Speaks each new page, and each new guidance of the camera's page, on a thread of its own."""

    def __init__(self, speech: Speech, catalogue: Catalogue) -> None:
        self._speech, self._catalogue = speech, catalogue
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="voice")
        self._saying: Utterance | None = None
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
        self._saying = Utterance(self._speech.arguments(page.language), sentence, again=again)
        self._thread.submit(self._saying.say)

    def hush(self) -> None:
        """Stop speaking."""
        if self._saying is not None:
            self._saying.cut_off()
            self._saying = None

    def close(self) -> None:
        """Stop speaking for good."""
        self.hush()
        self._thread.shutdown(wait=False)


class Utterance:
    """One sentence being said by a program; ``cut_off`` ends it from any thread."""

    def __init__(self, arguments: Sequence[str], sentence: str, *, again: bool) -> None:
        self._arguments, self._sentence, self._again = arguments, sentence, again
        self._over = threading.Event()
        self._turn = threading.Lock()
        self._program: subprocess.Popen[bytes] | None = None

    def say(self) -> None:
        """Say it, and again every ``AGAIN_S`` when asked to, until it is cut off."""
        while self._start():
            assert self._program is not None
            self._program.communicate(f"{self._sentence}\n".encode())
            if not self._again or self._over.wait(AGAIN_S):
                return

    def cut_off(self) -> None:
        with self._turn:
            self._over.set()
            if self._program is not None and self._program.poll() is None:
                self._program.terminate()

    def _start(self) -> bool:
        with self._turn:
            if self._over.is_set():
                return False
            try:
                self._program = subprocess.Popen(
                    self._arguments,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            except OSError:
                return False  # the settings told staff of a missing program; the page says it all the same
            return True
