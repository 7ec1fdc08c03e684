"""A technician of the tests: turns the key, logs in, reads pages as data and touches them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyotp
from argon2 import PasswordHasher

from kiosk.clock import SystemClock
from kiosk.journal import Journal
from kiosk.journal.keys import read_key
from kiosk.journal.records import Event
from kiosk.maintenance.staff import STAFF_FILE, Member, Role, StaffFile
from simulators.bench import Bench
from simulators.control_client import Refused, World
from simulators.hands import DataHands, Hands
from simulators.kiosk_link import KioskLink, KioskProcess
from simulators.level import IDEAL, Level

PIN = "402817"
LONGEST_S = 60.0
"""Long enough for a machine that has much else to do; nothing here waits for time to pass."""

Page = Mapping[str, Any]
Photographer = Callable[[Page], None]


class Codes:
    """A code generator that never gives the same code twice: it is a step ahead when it has to be.

    The door takes codes of one step before and after now.
    """

    def __init__(self, member: Member) -> None:
        self._generator = pyotp.TOTP(member.secret)
        self._step = -1

    @property
    def latest(self) -> int:
        """The step of the last code given."""
        return self._step

    def next(self) -> str | None:
        """Return a code that was not used and that holds for half a minute at least, None when all were."""
        now = int(time.time()) // 30
        step = max(self._step + 1, now)
        if step > now + 1:
            return None
        self._step = step
        return self._generator.generate_otp(step)


class Technician:
    """Reads the kiosk's pages from its debug link; ``hands`` touch what is to be touched."""

    def __init__(
        self,
        link: KioskLink,
        hands: Hands,
        members: Mapping[str, Member],
        photograph: Photographer = lambda _: None,
        rest_s: float = 0.0,
    ) -> None:
        self._link, self._hands, self._photograph, self._rest_s = link, hands, photograph, rest_s
        self._codes = {number: Codes(member) for number, member in members.items()}
        self._roles = {number: member.role for number, member in members.items()}
        self._last: tuple[int, str] | None = None

    def page(self) -> Page:
        """Return the page that is shown now."""
        shown: Page = self._link.ask("shown")
        return shown

    def until(
        self, name: str, when: Callable[[Page], bool] = lambda _: True, timeout_s: float = LONGEST_S
    ) -> Page:
        """Wait for the page ``name`` to be as ``when`` wants it; raises ``TimeoutError``."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            page = self.page()
            if page["prompt"]["name"] == name and when(page["prompt"]):
                if self._last != (page["number"], name):
                    self._last = (page["number"], name)
                    time.sleep(self._rest_s)
                    self._photograph(page)
                return self.page()
            time.sleep(0.02)
        raise TimeoutError(f"{name} did not come; {page['prompt']['name']} is shown: {self.said()}")

    def press(self, name: str, action: str, value: Any = None) -> None:
        """Wait for the page ``name`` and touch ``action``."""
        self._hands.press(self.until(name)["number"], action, value)

    def said(self) -> dict[str, Any]:
        """Return the page's sentences."""
        said: dict[str, Any] = self._link.ask("said")["prompt"]
        return said

    def until_done(self, name: str) -> Page:
        """Wait until the checklist ``name`` has come to its end and can be put away."""
        return self.until(
            name, lambda p: any(action["name"] == "ok" for action in p["actions"]), 3 * LONGEST_S
        )

    def marks(self) -> list[str]:
        """Return how far each line of the checklist is that is shown."""
        return [item["mark"] for item in self.page()["prompt"]["items"]]

    def identify(self, role: Role = Role.ENGINEER, pin: str = PIN, unlike: str = "") -> str:
        """Type number, PIN and code of somebody who has a fresh one; return the number.

        Who has used fewest codes comes first: they may have to identify themselves again.
        """
        for number, codes in sorted(self._codes.items(), key=lambda member: member[1].latest):
            if self._roles[number] is role and number != unlike and (code := codes.next()) is not None:
                self.type(number, pin, code)
                return number
        raise RuntimeError("every code of every member is used up: register more")

    def type(self, number: str, pin: str, code: str) -> None:
        """Type number, PIN and code."""
        self.press("staff-number", "enter", number)
        self.press("pin", "enter", pin)
        self.press("code", "enter", code)

    def code_of(self, number: str) -> str:
        """Return a fresh code of ``number``."""
        code = self._codes[number].next()
        assert code is not None
        return code

    def log_in(self, role: Role = Role.ENGINEER) -> str:
        """From the closed machine to the menu; return who it is."""
        self.press("staff-wanted", "log-in")
        number = self.identify(role)
        self.until("maintenance")
        return number

    def open(self, entry: str) -> None:
        """Choose ``entry`` of the menu."""
        self.press("maintenance", "choose", entry)

    def back(self, name: str) -> None:
        """Go back from the page ``name``."""
        self.press(name, "back")

    def log_out(self) -> None:
        """Log out, from wherever it is."""
        self._hands.press(self.page()["number"], "cancel")
        self.until("staff-wanted")


def acts(folder: Path) -> list[Event]:
    """Return what the journal has of staff; the kiosk must be off."""

    async def read() -> list[Event]:
        key = read_key(folder / "journal.key")
        async with await Journal.open(folder / "journal.db", key, SystemClock()) as journal:
            assert (await journal.verify()).whole
            return [event for event in await journal.machine_events() if "action" in event.body]

    return asyncio.run(read())


def lend_a_hand(world: World, test: str) -> None:
    """Do what the self-test ``test`` asks a person to do."""
    match test:
        case "id_card_reader.card":
            soon(world, "place_id_card", persona="li-wenjing")
        case "fingerprint_pad.finger":
            soon(world, "place_finger", finger="f01")
        case "permit_unit.card":
            _walk_a_permit_through(world)
        case "payment_terminal.cent":
            soon(world, "pay")


def _walk_a_permit_through(world: World) -> None:
    """Push a permit in, and take it when it was drawn in and comes back; raises ``TimeoutError``."""
    soon(world, "insert_permit", persona="li-wenjing")
    end_s = time.monotonic() + LONGEST_S
    while (permit := world.state()["permit"])["offered"]:
        if time.monotonic() > end_s:
            raise TimeoutError(f"the permit was not drawn in: {permit}")
        time.sleep(0.05)
    soon(world, "take_permit")


def soon(world: World, act: str, **arguments: Any) -> None:
    """Do an act as soon as the world lets it be done."""
    end_s = time.monotonic() + LONGEST_S
    while True:
        try:
            world.do(act, **arguments)
            return
        except Refused:
            if time.monotonic() > end_s:
                raise
            time.sleep(0.05)


class Machine:
    """A bench, its kiosk, and who may maintain it."""

    def __init__(self, bench: Bench, members: Mapping[str, Member], headless: bool) -> None:
        self.bench, self.members, self.headless = bench, members, headless
        self.world = World(bench.control_url, bench.token)
        self.start()

    def start(self) -> None:
        """Switch the kiosk on."""
        self.kiosk = KioskProcess(self.bench.state / "site.toml", headless=self.headless)
        self.link = self.kiosk.connect()
        self.staff = Technician(self.link, DataHands(self.link), self.members)

    def stop(self) -> None:
        """Switch it off in order."""
        self.link.close()
        self.kiosk.stop()

    def clear(self) -> None:
        """Shut doors, turn the key back, mend everything; wait until citizens have the machine again."""
        self.bench.faults.clear()
        self.world.do("reset")
        page = self.staff.page()
        if (page["service"] or {}).get("key") == "maintenance.title":
            self.link.answer(page["number"], "cancel")
        self.staff.until("attract", lambda prompt: any(s["refused"] is None for s in prompt["services"]))


def _members() -> Iterator[Member]:
    """Yield enough people for all codes of a run; their PINs are hashed cheaply."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    roles = [Role.ENGINEER] * 12 + [Role.OPERATOR] * 4 + [Role.AUDITOR]
    for number, role in enumerate(roles, start=1001):
        yield Member(str(number), role, hasher.hash(PIN), pyotp.random_base32())


@contextmanager
def machine(folder: Path, level: Level = IDEAL, *, headless: bool = True) -> Iterator[Machine]:
    """Start a bench with engineers, operators and an auditor, and its kiosk."""
    with Bench(folder, level, hasty=True) as bench:
        members = {member.number: member for member in _members()}
        staff = StaffFile(bench.state / STAFF_FILE)
        for member in members.values():
            staff.add(member)
        started = Machine(bench, members, headless)
        try:
            yield started
        finally:
            started.stop()
