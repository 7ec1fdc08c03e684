"""Issues and solutions: each part of the machine inspects itself and says what stands against service.

An issue has a severity, a sentence, and where the machine can mend it itself a repair. The same list is the
check before a machine is put into service.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from devices.base import DeviceError, StaffAction
from kiosk.maintenance.certificate import certificate_until
from kiosk.maintenance.staff import Role, StaffError
from kiosk.maintenance.supplies import Kind, Level
from kiosk.maintenance.words import advice, stock_detail
from kiosk.maintenance.workshop import Workshop
from kiosk.platform import PlatformError
from kiosk.texts import Text, text

DISK_SHARE: Final = 0.10
CERTIFICATE_DAYS: Final = 14
CLOCK_S: Final = 1.5
VERIFY_S: Final = 2.0
OUTBOX_MOST: Final = 100

Repair = Callable[[], Awaitable[None]]


class Severity(StrEnum):
    """How bad an issue is: service is impossible, is worse than it should be, may be meant."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Issue:
    """``part`` is the part of the machine, ``code`` a word, ``says`` the explanation with what to do."""

    part: str
    code: str
    severity: Severity
    says: Text
    repair: Repair | None = None

    def plain(self) -> dict[str, str | bool]:
        """Return plain JSON values."""
        return {
            "part": self.part,
            "code": self.code,
            "severity": self.severity.value,
            "repairable": self.repair is not None,
        }


class Commissioning:
    """Asks every part."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    async def issues(self) -> tuple[Issue, ...]:
        """Return what stands against service, the worst first."""
        parts = (
            self._devices, self._supplies, self._board, self._staff, self._journal,
            self._back_office, self._disk, self._files, self._bench,
        )  # fmt: skip
        found = [issue for part in parts async for issue in part()]
        return tuple(sorted(found, key=lambda issue: list(Severity).index(issue.severity)))

    async def _devices(self) -> AsyncIterator[Issue]:
        cabinet = self._shop.house.cabinet
        await cabinet.refresh()
        for name, worker in cabinet.workers.items():
            if (fault := worker.fault()) is not None:
                says = text(
                    "issue.device",
                    device=text(f"maintenance.name.{name}"),
                    why=advice(self._shop.house.faults, name, fault),
                )
                entry = self._shop.house.faults.entry(name, fault)
                may_reset = entry is not None and StaffAction.RESET in entry.actions
                yield Issue(name, fault, Severity.ERROR, says, self._resetting(name) if may_reset else None)
            elif worker.units_out:
                yield self._unit_out(name, next(iter(worker.units_out.values())))

    def _unit_out(self, name: str, word: str) -> Issue:
        why = advice(self._shop.house.faults, name, word)
        device = text(f"maintenance.name.{name}")
        return Issue(name, word, Severity.WARNING, text("issue.device", device=device, why=why))

    def _resetting(self, name: str) -> Repair:
        async def repair() -> None:
            worker = self._shop.house.cabinet.workers[name]
            try:
                await worker(lambda device: device.reset())
            except DeviceError:
                return  # the list is made anew, and it is still on it
            await worker.refresh()

        return repair

    async def _supplies(self) -> AsyncIterator[Issue]:
        now = self._shop.house.now()
        for stock in await self._shop.supplies.stocks(now):
            ended = stock.level in (Level.EMPTY, Level.FULL) and stock.unit.full > 0
            bad = Severity.ERROR if ended else Severity.WARNING
            if stock.level in (Level.EMPTY, Level.LOW, Level.HIGH) or (
                stock.level is Level.FULL and stock.unit.kind is Kind.BIN
            ):
                says = text(
                    "issue.supply",
                    name=text(f"supply.name.{stock.unit.name}"),
                    level=stock_detail(stock, now),
                )
                yield Issue(stock.unit.name, stock.level.value, bad, says)

    async def _board(self) -> AsyncIterator[Issue]:
        if not self._shop.house.cabinet.io_board.fitted:
            yield Issue("io_board", "notFitted", Severity.WARNING, text("issue.no-board"))

    async def _staff(self) -> AsyncIterator[Issue]:
        try:
            members = self._shop.entry.staff.members().values()
        except StaffError:
            path = self._shop.entry.staff.path
            yield Issue("staff", "file", Severity.ERROR, text("issue.staff-file"), _closing(path))
            return
        if not any(member.role is Role.ENGINEER for member in members):
            yield Issue("staff", "no-engineer", Severity.ERROR, text("issue.no-engineer"))
        elif len(members) < 2:
            yield Issue("staff", "alone", Severity.WARNING, text("issue.one-of-staff"))

    async def _journal(self) -> AsyncIterator[Issue]:
        journal = self._shop.house.journal
        try:
            async with asyncio.timeout(VERIFY_S):
                if not (await journal.verify()).whole:
                    yield Issue("journal", "broken", Severity.ERROR, text("issue.journal-broken"))
        except TimeoutError:
            yield Issue("journal", "not-verified", Severity.NOTE, text("issue.journal-long"))
        if open_questions := await journal.unresolved():
            says = text("issue.open-questions", count=len(open_questions))
            yield Issue("journal", "unresolved", Severity.ERROR, says)
        if (waiting := await journal.letters_waiting()) > OUTBOX_MOST:
            yield Issue("journal", "outbox", Severity.WARNING, text("issue.outbox", count=waiting))

    async def _back_office(self) -> AsyncIterator[Issue]:
        settings = self._shop.settings.back_office
        try:
            health = await self._shop.house.platform.health()
        except PlatformError:
            yield Issue("back_office", "unreachable", Severity.ERROR, text("issue.back-office"))
            return
        if abs(health.ahead_s) > CLOCK_S:
            says = text("issue.clock", seconds=f"{health.ahead_s:+.1f}")
            yield Issue("clock", "offset", Severity.ERROR, says)
        until = await asyncio.to_thread(certificate_until, settings.url, settings.timeout_s)
        if until is not None and until - self._shop.house.clock.wall() < timedelta(days=CERTIFICATE_DAYS):
            says = text("issue.certificate", day=f"{until:%Y-%m-%d}")
            yield Issue("back_office", "certificate", Severity.WARNING, says)

    async def _disk(self) -> AsyncIterator[Issue]:
        disk = shutil.disk_usage(self._shop.settings.state)
        if not self._shop.house.journal.has_room():
            yield Issue("disk", "full", Severity.ERROR, text("issue.disk", free=disk.free // 1_000_000))
        elif disk.free < DISK_SHARE * disk.total:
            yield Issue("disk", "low", Severity.WARNING, text("issue.disk", free=disk.free // 1_000_000))

    async def _files(self) -> AsyncIterator[Issue]:
        """Look at the files that hold secrets: their owner's alone."""
        settings = self._shop.settings
        for path in (settings.journal.key_file, settings.back_office.token_file):
            if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
                says = text("issue.open-file", file=path.name)
                yield Issue("files", path.name, Severity.ERROR, says, _closing(path))

    async def _bench(self) -> AsyncIterator[Issue]:
        if self._shop.settings.simulated:
            yield Issue("site", "simulated", Severity.NOTE, text("issue.simulated"))
        elif not self._shop.settings.site.production:
            yield Issue("site", "not-production", Severity.WARNING, text("issue.not-production"))


def _closing(path: Path) -> Repair:
    async def repair() -> None:
        if path.stat().st_uid == os.geteuid():
            path.chmod(0o600)

    return repair
