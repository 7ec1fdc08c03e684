"""The heartbeat (心跳): every half minute the back office is told how this kiosk is now.

A beat replaces the one before, so one that was not heard is simply followed by the next; what happened
goes through the outbox and is never lost. It has counts and words of the field, and nothing of a person.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from kiosk.clock import Clock
from kiosk.journal import Journal, JournalFailed
from kiosk.platform import Platform, PlatformError

BEAT_S: Final = 30.0
JITTER: Final = 0.2
"""A beat comes up to this share early or late: a thousand kiosks after a power cut must not beat as one."""
LEAST_S, MOST_S = 5.0, 600.0
BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class DeviceNow:
    """``fault`` is the word for why it cannot be used, "" for none."""

    device: str
    state: str
    fault: str


@dataclass(frozen=True, slots=True)
class StockNow:
    """``ends`` is when it runs out, as ISO text, "" where that is not known."""

    unit: str
    level: str
    count: int | None
    ends: str


@dataclass(frozen=True, slots=True)
class Now:
    """How the kiosk is, as the rest of it sees. ``state`` is in-service, serving, maintenance or
    out-of-service."""

    state: str
    devices: tuple[DeviceNow, ...]
    stocks: tuple[StockNow, ...]


class Watched(Protocol):
    """Whoever knows how the kiosk is."""

    def now(self) -> Now: ...


class Heartbeat:
    """Beats until cancelled. ``version`` and ``configuration`` say which program and settings these are."""

    def __init__(
        self,
        kiosk: str,
        platform: Platform,
        journal: Journal,
        watched: Watched,
        clock: Clock,
        chance: random.Random,
        *,
        version: str,
        configuration: str,
        state: Path,
    ) -> None:
        self._kiosk, self._platform, self._journal, self._watched = kiosk, platform, journal, watched
        self._clock, self._chance, self._state = clock, chance, state
        self._fixed = {"version": version, "configuration": configuration, "boot": _boot()}

    async def run(self) -> None:
        """Beat for ever."""
        pause_s = BEAT_S
        while True:
            await self._clock.sleep(pause_s * self._chance.uniform(1 - JITTER, 1 + JITTER))
            pause_s = await self.beat()

    async def beat(self) -> float:
        """Beat once; return after how many seconds the next is wanted."""
        try:
            told = await self._told()
            next_s = await self._platform.post(
                f"/v1/kiosks/{self._kiosk}/heartbeat",
                told,
                "",
                lambda value: float(value["next_s"]),
                deadline_s=0,
            )
        except (PlatformError, JournalFailed):
            return BEAT_S
        return min(MOST_S, max(LEAST_S, next_s))

    async def _told(self) -> Mapping[str, Any]:
        now = self._watched.now()
        return {
            **self._fixed,
            "state": now.state,
            "devices": [asdict(device) for device in now.devices],
            "stocks": [asdict(stock) for stock in now.stocks],
            "open_effects": len(await self._journal.unresolved()),
            "letters_waiting": await self._journal.letters_waiting(),
            "disk_free_mb": shutil.disk_usage(self._state).free // 1_000_000,
            "journal_number": self._journal.head().number,
        }


def _boot() -> str:
    """Return the kernel's name for this start of the machine, "0" where it has none."""
    try:
        return BOOT.read_text("ascii").strip()
    except OSError:
        return "0"
