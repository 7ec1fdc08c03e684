"""Endorsing the permit: the chip first, because it can be put back; then the strip; then read both.

Erasing the strip destroys what was there, writing the chip does not. So a chip that refuses leaves
the permit as it came, and the fee goes back. What failed half-way is put right where asking shows
that it has not happened, and else undone as far as it can be, refunded and told to staff.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
from dataclasses import dataclass

from devices.base import DeviceError
from devices.interfaces import GrayImage
from kiosk.journal import effects
from kiosk.journal.records import EffectState
from kiosk.platform import Approval
from kiosk.prompts import Working
from kiosk.steps.permit import COMES_BACK, Permit, revive
from kiosk.strip import StripMismatch, draw_strip
from kiosk.texts import text
from kiosk.visit import Visit

STEPS = ("chip", "strip", "check")
ESTIMATES_S = {"chip": 8, "strip": 26, "check": 6}
MOST_TRIES = 2
"""How often chip or strip is tried; again only after asking showed that it did not happen."""

DIFFERS = "approval-differs"
"""The approval is not for what was chosen and paid for: nothing of it is written."""
NOT_TAKEN = "mediaRejected"
"""The print station did not take the permit: the one fault after which nobody touched the strip."""


class NotEndorsed(Exception):
    """The permit could not be endorsed.

    ``chip`` and ``strip`` say which of them carries it all the same; ``erased``, that the strip no
    longer shows what it showed before.
    """

    def __init__(self, code: str, *, chip: bool, strip: bool, erased: bool = False) -> None:
        super().__init__(code)
        self.erased = erased
        self.code = code
        self.chip = chip
        self.strip = strip


@dataclass(frozen=True, slots=True)
class Carries:
    """What reading the permit shows: whether chip and strip carry the approval."""

    chip: bool
    strip: bool


async def endorse_permit(visit: Visit, permit: Permit, approval: Approval) -> None:
    """Write the chip, print the strip, read both back; raises ``NotEndorsed``."""
    strip = await _drawn(visit, permit, approval)
    async with visit.working():
        _progress(visit, 0)
        before = await _strip_code(visit, permit)
        await _write_chip(visit, permit, approval)
        _progress(visit, 1)
        await _print_strip(visit, before, approval, strip)
        _progress(visit, 2)
        try:
            carries = await read_back(visit, permit, approval)
        except DeviceError as failure:
            # Each was seen to be there a moment ago; nobody can hand over what nobody can look at.
            raise NotEndorsed(failure.code, chip=True, strip=True, erased=True) from failure
        if not (carries.chip and carries.strip):
            raise NotEndorsed("read-back-differs", chip=carries.chip, strip=carries.strip, erased=True)


async def _drawn(visit: Visit, permit: Permit, approval: Approval) -> GrayImage:
    """Return the strip's picture; raises ``NotEndorsed`` while the permit is as it came."""
    unit = visit.house.cabinet.permit_unit
    try:
        size = await visit.device(unit, lambda u: u.strip_size())
        return await asyncio.to_thread(
            draw_strip,
            visit.house.strip_template,
            size,
            permit_number=permit.number,
            endorsements=[dataclasses.asdict(e) for e in approval.endorsements],
            code=approval.strip_code,
        )
    except StripMismatch:
        raise NotEndorsed("strip-mismatch", chip=False, strip=False) from None
    except DeviceError as failure:
        raise NotEndorsed(failure.code, chip=False, strip=False) from failure


async def read_back(visit: Visit, permit: Permit, approval: Approval) -> Carries:
    """Ask the permit itself what it carries."""
    unit = visit.house.cabinet.permit_unit
    chip = await visit.device(unit, lambda u: u.read_chip(permit.line))
    code = await visit.device(unit, lambda u: u.scan_strip())
    return Carries(chip.endorsements == approval.chip_record, code == approval.strip_code)


async def put_chip_back(visit: Visit, permit: Permit, approval: Approval) -> bool:
    """Write the chip's former content again; true when reading shows it."""
    unit, journal = visit.house.cabinet.permit_unit, visit.house.journal
    try:
        async with journal.acting(
            visit.number,
            effects.RESTORE_CHIP,
            f"{approval.approval_no}:chip:undo",
            before={"chip_digest": approval.chip_digest},
        ) as act:
            await visit.device(unit, lambda u: u.write_chip(permit.line, permit.endorsements))
            chip = await visit.device(unit, lambda u: u.read_chip(permit.line))
            act.after["chip_digest"] = _digest(chip.endorsements)
            if chip.endorsements != permit.endorsements:
                act.failed(chip_digest=_digest(chip.endorsements))
                return False
    except DeviceError:
        return False
    written = (await journal.visit(visit.number)).last(effects.WRITE_CHIP)
    if written is not None and written.state is EffectState.DONE:
        await journal.conclude(
            written.intent, EffectState.COMPENSATED, after={"chip_digest": _digest(permit.endorsements)}
        )
    return True


async def _strip_code(visit: Visit, permit: Permit) -> str:
    """Return what the strip says, while the permit is still as it came; raises ``NotEndorsed``."""
    with visit.meter.devices():
        with contextlib.suppress(DeviceError):
            return await permit.strip_code()
        try:
            return await visit.house.cabinet.permit_unit(lambda u: u.scan_strip())
        except DeviceError as failure:
            raise NotEndorsed(failure.code, chip=False, strip=False) from failure


async def _write_chip(visit: Visit, permit: Permit, approval: Approval) -> None:
    unit = visit.house.cabinet.permit_unit
    error = ""
    for attempt in range(1, MOST_TRIES + 1):
        async with visit.house.journal.acting(
            visit.number,
            effects.WRITE_CHIP,
            f"{approval.approval_no}:chip:{attempt}",
            before={"chip_digest": _digest(permit.endorsements)},
        ) as act:
            try:
                await visit.device(unit, lambda u: u.write_chip(permit.line, approval.chip_record))
            except DeviceError as failure:
                error = failure.code
                if error in COMES_BACK:
                    await revive(visit)
            try:
                chip = await visit.device(unit, lambda u: u.read_chip(permit.line))
            except DeviceError as failure:
                act.after["code"] = failure.code
                raise NotEndorsed(failure.code, chip=False, strip=False) from failure
            act.after["chip_digest"] = _digest(chip.endorsements)
            if chip.endorsements == approval.chip_record:
                return
            act.failed(chip_digest=_digest(chip.endorsements), code=error or "read-back-differs")
    raise NotEndorsed(error or "read-back-differs", chip=False, strip=False)


async def _print_strip(visit: Visit, before: str, approval: Approval, strip: GrayImage) -> None:
    """Print, and look; ``before`` is what the strip said when nothing had been done to it."""
    unit = visit.house.cabinet.permit_unit
    error, code, spoilt = "", before, False
    for attempt in range(1, MOST_TRIES + 1):
        async with visit.house.journal.acting(
            visit.number,
            effects.PRINT_STRIP,
            f"{approval.approval_no}:strip:{attempt}",
            before={"strip_code": code},
        ) as act:
            try:
                await visit.device(unit, lambda u: u.print_strip(strip))
            except DeviceError as failure:
                error = failure.code
                spoilt = spoilt or error != NOT_TAKEN
                await revive(visit)
            try:
                code = await visit.device(unit, lambda u: u.scan_strip())
            except DeviceError as failure:
                act.after["code"] = failure.code
                raise NotEndorsed(failure.code, chip=True, strip=False, erased=True) from failure
            act.after["strip_code"] = code
            if code == approval.strip_code:
                return
            act.failed(strip_code=code, code=error or "read-back-differs")
    raise NotEndorsed(error or "read-back-differs", chip=True, strip=False, erased=spoilt or code != before)


def _progress(visit: Visit, done: int) -> None:
    left_s = sum(ESTIMATES_S[step] for step in STEPS[done:])
    prompt = Working(
        "endorsing",
        text("endorse.question"),
        text("endorse.body"),
        steps=tuple(text(f"endorse.step.{step}") for step in STEPS),
        done=done,
        seconds_left=left_s,
        seconds_total=sum(ESTIMATES_S.values()),
        if_it_fails=text("endorse.if-it-fails"),
    )
    if done == 0:
        visit.tell(prompt)
    else:
        visit.update(prompt)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
