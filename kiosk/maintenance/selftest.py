"""Self-tests: each is a real loop through the unit, not a question about how it feels.

A test returns figures that can be compared from one maintenance to the next. It raises ``DeviceError`` as
the driver does, or ``Failed`` when the unit says yes and did not do it. Tests with a person wait at most
``patience_s`` for what that person has to do, or until they skip it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from devices.base import DeviceError, Retry
from kiosk.cabinet import Cabinet
from kiosk.clock import Clock, mono_s

if TYPE_CHECKING:
    from kiosk.house import House

Figures = Mapping[str, int | str]
PATIENCE_S: Final = 120.0
"""As long as staff are logged in without a touch: a test card may have to be fetched, or the test skipped."""
REASONS: Final = frozenset({
    "batteryLow", "covered", "matcherUnavailable", "noJournal", "noKiosk", "noPicture", "nobody",
    "notCounted", "notReversed", "notTaken", "occupied", "onBattery", "skipped", "tooBright", "tooDark",
})  # fmt: skip
"""Words of the tests themselves; each has a sentence, ``selftest.why``. Others are in the fault catalogue."""


class Failed(Exception):
    """The unit did not do what it said; ``code`` is a word."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotHere(Exception):
    """The test cannot be done here: no running kiosk, or nobody did what it waits for."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Verdict(StrEnum):
    """How a test ended. Not done is not passed."""

    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a test found. ``code`` says why it did not pass."""

    test: str
    device: str
    verdict: Verdict
    code: str = ""
    seconds: float = 0.0
    figures: Figures = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "test": self.test,
            "device": self.device,
            "verdict": self.verdict.value,
            "code": self.code,
            "seconds": round(self.seconds, 2),
            "figures": dict(self.figures),
        }


@dataclass(frozen=True, slots=True)
class Kit:
    """What tests use. Without a ``house`` (no kiosk runs) nothing that moves money is tested."""

    cabinet: Cabinet
    clock: Clock
    site: str
    fonts: Path
    house: House | None = None
    patience_s: float = PATIENCE_S
    skipped: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when nobody is going to do what the test with a person waits for."""

    async def until(self, ask: Callable[[], Awaitable[bool]]) -> None:
        """Ask until it is so; raises ``NotHere`` "skipped", or "nobody" when the patience is at its end."""
        end_s = mono_s(self.clock) + self.patience_s
        while mono_s(self.clock) < end_s:
            if await ask():
                return
            if self.skipped.is_set():
                raise NotHere("skipped")
            await self.clock.sleep(0.2)
        raise NotHere("nobody")


Run = Callable[[Kit], Awaitable[Figures]]


@dataclass(frozen=True, slots=True)
class Test:
    """``name`` is the device's, with ``.something`` for what needs a person (``attended``)."""

    __test__ = False

    name: str
    device: str
    attended: bool
    run: Run


Told = Callable[[Finding], None]


class SelfTests:
    """The tests of the devices that are fitted."""

    def __init__(self, kit: Kit, tests: Sequence[Test]) -> None:
        self._kit = kit
        self.tests = tuple(test for test in tests if test.device in kit.cabinet.workers)

    def of(self, devices: Iterable[str] | None = None, *, attended: bool) -> tuple[Test, ...]:
        """Return the tests of ``devices`` (all by default), those with a person only when ``attended``."""
        wanted = None if devices is None else set(devices)
        return tuple(
            test
            for test in self.tests
            if (wanted is None or test.device in wanted) and (attended or not test.attended)
        )

    async def run(self, tests: Iterable[Test], told: Told = lambda _: None) -> tuple[Finding, ...]:
        """Run the tests; ``told`` hears when each begins and how it ends.

        What needs nobody runs at once, device beside device; what needs a person one after the other.
        """
        chosen = tuple(tests)
        alone = asyncio.gather(*(self._run(test, told) for test in chosen if not test.attended))
        findings = list(await alone)
        findings += [await self._run(test, told) for test in chosen if test.attended]
        return tuple(findings)

    def skip(self) -> None:
        """Wait no longer for what a person has to do in the test that runs."""
        self._kit.skipped.set()

    async def _run(self, test: Test, told: Told) -> Finding:
        self._kit.skipped.clear()
        told(Finding(test.name, test.device, Verdict.RUNNING))
        begun_s = mono_s(self._kit.clock)
        verdict, code, figures = Verdict.PASSED, "", {}
        try:
            figures = dict(await test.run(self._kit))
        except (Failed, DeviceError) as error:
            verdict, code = Verdict.FAILED, error.code
        except NotHere as error:
            verdict, code = Verdict.SKIPPED, error.code
        seconds = mono_s(self._kit.clock) - begun_s
        finding = Finding(test.name, test.device, verdict, code, seconds, figures)
        told(finding)
        return finding


def expect(condition: bool, code: str) -> None:
    """Raise ``Failed`` with ``code`` unless it is so."""
    if not condition:
        raise Failed(code)


async def tried(act: Callable[[], Awaitable[bool]]) -> bool:
    """Return what ``act`` says, False for a ``Retry``: the person tries again."""
    try:
        return await act()
    except Retry:
        return False
