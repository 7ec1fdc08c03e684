"""Every act of staff is an event of the journal: hash-chained like money, by number and never by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kiosk.events import EventLog
from kiosk.journal import Journal
from kiosk.journal.records import MACHINE, Letter

if TYPE_CHECKING:
    from kiosk.maintenance.selftest import Finding
    from kiosk.maintenance.staff import Member

ACT: Final = "staff-act"
ALARM: Final = "cabinet-alarm"
UNKNOWN: Final = "unknown"


class Audit:
    """Writes what staff do; an act that could not be written is not done (``JournalFailed`` goes on)."""

    def __init__(self, journal: Journal, events: EventLog) -> None:
        self._journal, self._events = journal, events

    async def act(self, member: Member | None, action: str, **more: Any) -> None:
        """Note that ``member`` (nobody known: None) did ``action``. ``more`` are names of the journal."""
        staff = member.number if member else UNKNOWN
        role = member.role.value if member else UNKNOWN
        await self._journal.note(MACHINE, ACT, staff=staff, role=role, action=action, **more)
        self._events.event("staff-act", staff=f"no-{staff}", action=action, device=more.get("device"))

    async def tested(self, member: Member | None, finding: Finding) -> None:
        """Note what a self-test found."""
        await self.act(
            member,
            "self-test",
            device=finding.device,
            test=finding.test,
            verdict=finding.verdict.value,
            code=finding.code,
        )

    async def staff_changed(self, action: str, number: str, role: str) -> bool:
        """Note that somebody was registered or struck out, by whoever administers the machine; True."""
        await self._journal.note(MACHINE, ACT, staff=number, role=role, action=action)
        self._events.event("staff-act", staff=f"no-{number}", action=action)
        return True

    async def alarm(self, door: str) -> None:
        """Note that a door stands open and nobody has logged in; the back office is told."""
        letter = Letter("cabinet-alarm", {"door": door, "reason": "opened"})
        self._events.event("cabinet-alarm", device="io_board", reason=door)
        await self._journal.note(MACHINE, ALARM, door=door, letter=letter)
