"""Delivers the letters that wait in the journal: in order, each until it is accepted, never faster
than the back office can bear."""

from __future__ import annotations

import random
from typing import Final

from kiosk.clock import Clock
from kiosk.journal import MACHINE, Journal, JournalFailed, PostedLetter
from kiosk.journal.fields import word
from kiosk.platform import Platform, PlatformError, Refused

BATCH: Final = 50
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 300.0


class Outbox:
    """The background sender of one journal's letters.

    A letter goes out at least once under one id, by which the back office tells repeats. After a
    failure it waits with full jitter: anything between nothing and a bound that doubles each time.
    """

    def __init__(self, journal: Journal, platform: Platform, clock: Clock, chance: random.Random) -> None:
        self._journal, self._platform, self._clock, self._chance = journal, platform, clock, chance
        self.failures = 0
        """How many rounds in a row could not deliver."""

    async def run(self) -> None:
        """Send for ever: at once when a letter is posted, after a pause when sending failed."""
        while True:
            self._journal.posted.clear()
            if await self.send_waiting():
                await self._journal.posted.wait()
            else:
                await self._clock.sleep(self.pause_s())

    async def send_waiting(self) -> bool:
        """Send what waits, oldest first; false when the back office did not take it now."""
        while letters := await self._journal.letters(BATCH):
            try:
                accepted = await self._send(letters)
            except (PlatformError, JournalFailed):
                accepted = False
            self.failures = 0 if accepted else self.failures + 1
            if not accepted:
                return False
        return True

    def pause_s(self) -> float:
        """Return how long to wait after the failures so far."""
        bound_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(self.failures, 16))
        return self._chance.uniform(0, bound_s)

    async def _send(self, letters: tuple[PostedLetter, ...]) -> bool:
        """Send one batch; true when that got the outbox further."""
        try:
            accepted = await self._platform.send_letters(letters)
        except Refused as refused:
            if refused.status in (401, 403):
                return False  # it is we who are refused, not the letter
            if len(letters) > 1:
                # One letter among them is bad: alone, each shows which.
                return all([await self._send((letter,)) for letter in letters])
            await self._set_aside(letters[0], refused)
            return True
        known = accepted & {letter.id for letter in letters}
        if known:
            await self._journal.letters_accepted(*sorted(known))
        return bool(known)

    async def _set_aside(self, posted: PostedLetter, refused: Refused) -> None:
        code = word(refused.code)
        await self._journal.letter_refused(posted.id, code)
        await self._journal.note(MACHINE, "letter-refused", event_kind=posted.letter.kind, code=code)
