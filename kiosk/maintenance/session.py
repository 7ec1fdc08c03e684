"""A maintenance session: from the closed machine to the log-in, through the menu, to the log-out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from kiosk.maintenance.console import Console, LoggedOut, WentBack
from kiosk.maintenance.issues import Commissioning
from kiosk.maintenance.login import log_in
from kiosk.maintenance.pages_of_checks import CheckPages
from kiosk.maintenance.pages_of_devices import DevicePages
from kiosk.maintenance.pages_of_machine import MachinePages
from kiosk.maintenance.pages_of_supplies import SupplyPages
from kiosk.maintenance.staff import Member, Right
from kiosk.maintenance.words import faulty_devices
from kiosk.maintenance.workshop import Workshop
from kiosk.prompts import Action, ChooseOne, Option, OutOfService, Tone
from kiosk.stage import Surroundings
from kiosk.texts import text

T = TypeVar("T")

LOOK_S = 0.25


class Presence(Protocol):
    """What says that staff are at the machine: the key, the doors."""

    @property
    def wanted(self) -> bool: ...


@dataclass(slots=True)
class Attendance:
    """Staff have the machine: it is closed to citizens until they have left.

    ``member`` is who is logged in now.
    """

    shop: Workshop
    presence: Presence
    member: Member | None = None

    async def attend(self) -> None:
        """Keep the machine closed while staff want it; who logs in gets the menu."""
        console = Console(self.shop.house.stage)
        while self.presence.wanted:
            if not await self._closed():
                continue
            with contextlib.suppress(LoggedOut):
                member = await log_in(console, self.shop.entry, self.shop.audit)
                if member is not None:
                    await self._session(console, member)
        self.shop.house.stage.reset()

    async def _closed(self) -> bool:
        """Show that the machine is closed; tell whether somebody wants to log in."""
        stage = self.shop.house.stage
        stage.reset()
        stage.show(
            OutOfService(
                "staff-wanted",
                text("maintenance.closed.question"),
                text("maintenance.closed.body"),
                Tone.NEEDS_YOU,
                elsewhere=text("out-of-service.elsewhere", place=text("site.elsewhere")),
                actions=(Action("log-in", text("maintenance.log-in")),),
            ),
            Surroundings(can_help=False),
        )
        while self.presence.wanted:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    if (await stage.next_answer()).action == "log-in":
                        return True
        return False

    async def _session(self, console: Console, member: Member) -> None:
        """Let ``member`` work until they log out, are logged out, or the machine stops."""
        self.member, console.session = member, True
        reason = "stopped"
        try:
            await self._menu(console, member)
        except LoggedOut as out:
            reason = out.reason
        finally:
            self.member, console.session = None, False
            await self.shop.audit.act(member, "logged-out", reason=reason)

    async def _menu(self, console: Console, member: Member) -> None:
        devices = DevicePages(self.shop, console, member)
        supplies = SupplyPages(self.shop, console, member)
        checks = CheckPages(self.shop, console, member, Commissioning(self.shop), devices)
        machine = MachinePages(self.shop, console, member)
        pages: dict[str, tuple[Right, Callable[[], Awaitable[None]]]] = {
            "devices": (Right.LOOK, lambda: _walk(devices.choose, devices.device)),
            "supplies": (Right.LOOK, lambda: _walk(supplies.choose, supplies.unit)),
            "self-tests": (Right.DEVICES, checks.all_self_tests),
            "check": (Right.LOOK, checks.check),
            "report": (Right.REPORT, checks.report),
            "machine": (Right.DEVICES, lambda: _walk(machine.choose, machine.do)),
        }
        allowed = [name for name, (right, _) in pages.items() if member.may(right)]
        while True:
            with contextlib.suppress(WentBack):
                answer = await console.ask(self._offered(member, allowed), back=False)
                if answer.action == "choose" and answer.value in allowed:
                    await pages[str(answer.value)][1]()

    def _offered(self, member: Member, allowed: Sequence[str]) -> ChooseOne:
        """Return the menu; where a device is out of order, its line says which before anything is touched."""
        details = {name: text(f"maintenance.menu.{name}.detail") for name in allowed}
        details["devices"] = faulty_devices(self.shop.house.cabinet) or details["devices"]
        return ChooseOne(
            "maintenance",
            text("maintenance.menu.question"),
            text("maintenance.menu.body", number=member.number, role=text(f"maintenance.role.{member.role}")),
            options=tuple(Option(name, text(f"maintenance.menu.{name}"), details[name]) for name in allowed),
        )


async def _walk(choose: Callable[[], Awaitable[T]], page: Callable[[T], Awaitable[None]]) -> None:
    """Let staff go from a list to the pages of its lines and back; going back in the list ends it."""
    while True:
        chosen = await choose()
        with contextlib.suppress(WentBack):
            await page(chosen)
