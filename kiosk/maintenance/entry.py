"""The two factors: PIN and code are judged together, and a refusal does not say which was wrong."""

from __future__ import annotations

import asyncio
from typing import Final

import pyotp

from kiosk.clock import Clock
from kiosk.maintenance.lockout import Lockout
from kiosk.maintenance.staff import Member, StaffFile, nobody

STEP_S: Final = 30
DRIFT_STEPS: Final = 1
"""How many steps a code generator's clock may be off to either side."""


class NotAdmitted(Exception):
    """Number, PIN or code is wrong."""


class Entry:
    """Judges who wants to enter. The clock's wall time is used for the code only, as TOTP needs it."""

    def __init__(self, staff: StaffFile, lockout: Lockout, clock: Clock) -> None:
        self.staff, self._clock = staff, clock
        self.lockout = lockout

    async def admit(self, number: str, pin: str, code: str) -> Member:
        """Return the member; raises ``NotAdmitted``, ``Locked``, ``StaffError``, ``OSError``."""
        self.lockout.begin()
        member = self.staff.members().get(number, nobody())
        known = await asyncio.to_thread(member.pin_is, pin)
        step = self._step_of(member, code)
        if not known or step is None or not member.number:
            raise NotAdmitted
        self.lockout.passed(member.number, step)
        return member

    def _step_of(self, member: Member, code: str) -> int | None:
        """Return the time step whose code ``code`` is, None when it is none or was used before."""
        now = int(self._clock.wall().timestamp()) // STEP_S
        generator = pyotp.TOTP(member.secret)
        good = None
        for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
            same = pyotp.utils.strings_equal(code, generator.generate_otp(step))
            if same and step > self.lockout.last_step(member.number):
                good = step
        return good
