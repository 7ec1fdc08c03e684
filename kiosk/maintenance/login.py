"""Logging in at the screen: number, PIN, code; refusals say no more than they must."""

from __future__ import annotations

import math

from kiosk.maintenance.audit import Audit
from kiosk.maintenance.console import Console
from kiosk.maintenance.entry import Entry, NotAdmitted
from kiosk.maintenance.lockout import Locked
from kiosk.maintenance.staff import Member, StaffError
from kiosk.prompts import Tone
from kiosk.texts import text


async def log_in(console: Console, entry: Entry, audit: Audit) -> Member | None:
    """Ask who it is; returns None, told why, when they are not let in. Raises ``LoggedOut``.

    Nobody's number is asked for while the door is locked out.
    """
    if (wait_s := entry.lockout.wait_s()) > 0:
        await _say_locked(console, wait_s)
        return None
    number = await console.number("staff-number", least=4, most=8)
    pin = await console.number("pin", least=6, most=12, masked=True)
    code = await console.number("code", least=6, most=6)
    try:
        member = await entry.admit(number, pin, code)
    except NotAdmitted:
        await audit.act(None, "log-in-refused", reason="wrong")
        if (wait_s := entry.lockout.wait_s()) > 0:
            await _say_locked(console, wait_s)
        else:
            await console.tell(
                "not-admitted",
                text("maintenance.not-admitted.question"),
                text("maintenance.not-admitted.body", tries=entry.lockout.tries_left),
                tone=Tone.NEEDS_YOU,
            )
        return None
    except Locked as locked:
        await _say_locked(console, locked.wait_s)
        return None
    except (StaffError, OSError):
        await audit.act(None, "log-in-refused", reason="staff-file")
        await console.tell("no-staff-file", text("maintenance.no-staff-file"), tone=Tone.STOPPED)
        return None
    await audit.act(member, "logged-in")
    return member


async def second_person(console: Console, entry: Entry, audit: Audit, first: Member) -> Member | None:
    """Let a colleague confirm; None when nobody else did."""
    await console.tell(
        "second-person",
        text("maintenance.second-person.question"),
        text("maintenance.second-person.body"),
        go_on="maintenance.second-person.log-in",
    )
    second = await log_in(console, entry, audit)
    if second is not None and second.number == first.number:
        await console.tell("same-person", text("maintenance.same-person"), tone=Tone.NEEDS_YOU)
        return None
    return second


async def _say_locked(console: Console, wait_s: float) -> None:
    await console.tell(
        "locked",
        text("maintenance.locked.question"),
        text("maintenance.locked.body", seconds=math.ceil(wait_s)),
        tone=Tone.STOPPED,
    )
