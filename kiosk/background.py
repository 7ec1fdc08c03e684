"""What goes on beside the visits for as long as the kiosk runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Final

from devices.base import DeviceError
from kiosk.house import House
from kiosk.journal import Journal, JournalFailed
from kiosk.left_documents import kept_out
from kiosk.matching import MatcherFailed, MatcherMisconfigured
from kiosk.recovery import Recovery

REPAIR_S: Final = 15.0
"""How often a device out of service is asked again what became of its last effect."""
HEAD_S: Final = 60.0
"""How often the journal's head is pushed."""
AGAIN_S: Final = 30.0
"""After how long what failed is begun again."""
MATCHER_PAUSE_S: Final = 1.0
MATCHER_LONGEST_PAUSE_S: Final = 60.0
"""Between two tries to start the child that compares."""


class Background:
    """Tasks that are begun one by one and ended together. What fails unforeseen is told, and begun again."""

    def __init__(self, unexpected: Callable[[BaseException], None], again_s: float = AGAIN_S) -> None:
        self._unexpected, self._again_s = unexpected, again_s
        self._tasks: list[asyncio.Task[None]] = []
        self._ended = False

    def begin(self, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        """Let ``work`` go on until the end; ``name`` is for whoever looks at the tasks."""
        self._tasks.append(asyncio.create_task(self._keep_on(work), name=name))

    async def end(self) -> None:
        """Cancel every task, and return when none goes on; what fails at its clearing up is only told."""
        self._ended = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep_on(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await work()
                return
            except JournalFailed:
                pass  # whoever writes next is told; what was to be done here waits
            except Exception as error:
                # Refunds and letters hang on these: without them the machine would look well and lose both.
                self._unexpected(error)
            if self._ended:
                return
            await asyncio.sleep(self._again_s)


async def start_matcher(house: House) -> None:
    """Start the child that compares; one that dies before it is there is started again."""
    pause_s = MATCHER_PAUSE_S
    while True:
        try:
            await house.matcher.start()
            house.matcher_started.set()
            return
        except (MatcherFailed, MatcherMisconfigured) as error:
            house.events.event("matcher-unavailable", reason=type(error).__name__)
            if isinstance(error, MatcherMisconfigured):
                return  # staff have to mend it: trying again would not
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, MATCHER_LONGEST_PAUSE_S)


async def repair(house: House, recovery: Recovery, every_s: float = REPAIR_S) -> None:
    """Ask again what ended visits left open, so that a mended device returns and money goes back."""
    while True:
        await asyncio.sleep(every_s)
        with contextlib.suppress(DeviceError, JournalFailed):
            await recovery.ask_money_again()
            async with house.one_at_a_time:
                await recovery.ask_devices_again()
                house.cabinet.quarantine(await kept_out(house.journal))


async def post_heads(journal: Journal) -> None:
    """Push the journal's head to the back office, by which a cut end can be found."""
    while True:
        with contextlib.suppress(JournalFailed):  # the next minute has its own
            await journal.post_head()
        await asyncio.sleep(HEAD_S)
