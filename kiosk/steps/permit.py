"""The permit: taken in, read and compared, kept until the end, given back or retracted."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import date

from devices.base import DeviceError, Retry
from devices.interfaces import ChipHolder, Media, PermitUnit
from kiosk.identity import (
    PermitLine,
    Unreadable,
    names_agree,
    parse_chip_lines,
    parse_permit_line,
)
from kiosk.journal import effects
from kiosk.journal.records import EffectState, Letter
from kiosk.pauses import pauses
from kiosk.prompts import Answer, Place, PlaceItem, TakeItem, Tone, Working
from kiosk.steps.id_card import Holder
from kiosk.steps.permit_entry import close_entry
from kiosk.texts import Text, text
from kiosk.visit import Leave, Refused, Visit

LONGEST_PAUSE_S = 0.15
"""Between two looks at where the permit is."""
INSIDE = frozenset({Media.PRESENT, Media.LATCHED})
MOST_TRIES = 3
READ_ESTIMATE_S = 5
RETAINED = "permit-retained"
"""Why somebody leaves whose permit went into the bin."""
REVIVING_S = 8.0
"""How long a unit that has lost its power, or whose wire is gone, is waited for."""
COMES_BACK = frozenset({"powerOff", "timeOut", "noDevice"})


@dataclass(slots=True, repr=False)
class Permit:
    """The permit in the machine: the line on its face, the chip's endorsement file, the strip's code.

    The strip is looked at while the person is busy with other things; ``strip_code`` waits for that.
    """

    line: str
    number: str
    expires: date
    endorsements: bytes
    _strip: asyncio.Future[str]

    async def strip_code(self) -> str:
        """Return what the strip said when the permit came, "" when nothing; raises ``DeviceError``."""
        return await asyncio.shield(self._strip)

    def wipe(self) -> None:
        self.line = self.number = ""
        self.endorsements = b""
        self._strip.cancel()


async def take_in_permit(visit: Visit, holder: Holder) -> Permit:
    """Take the holder's permit in and read it; the machine keeps it until the visit ends.

    Raises ``Refused`` when it is no permit for Hong Kong and Macau, printed line and chip disagree,
    it belongs to somebody else, or has expired. A permit that cannot be read is given back to be
    inserted the other way round, a few times.
    """
    trouble: Text | None = None
    for _ in range(MOST_TRIES):
        await _let_in(visit, trouble)
        try:
            async with visit.working():
                visit.tell(
                    Working(
                        "reading-permit",
                        text("permit.reading.question"),
                        steps=(text("permit.reading.line"), text("permit.reading.chip")),
                        seconds_left=READ_ESTIMATE_S,
                        seconds_total=READ_ESTIMATE_S,
                    )
                )
                permit = await _read(visit)
        except Retry as again:
            trouble = visit.house.faults.sentence(again)
            if not await give_back_permit(visit):
                raise Leave(RETAINED) from again
            continue
        line, chip = permit
        compare(line, chip, holder, visit.house.today())
        kept = Permit(chip.mrz[:30], line.number, line.expires, chip.endorsements, _look_at_strip(visit))
        visit.keep(kept)
        return kept
    raise Refused("permit-unreadable", text("permit.refused.unreadable"))


def compare(line: PermitLine, chip: ChipHolder, holder: Holder, today: date) -> None:
    """Compare what is printed, what the chip holds, and who the ID card says it is.

    Raises ``Refused`` with ``wrong-document``, ``chip-mrz-disagree``, ``another-person`` or
    ``permit-expired``.
    """
    if line.kind != "CS":
        raise Refused("wrong-document", text("permit.refused.wrong-document"))
    try:
        lines = parse_chip_lines(chip.mrz)
        in_chip = parse_permit_line(lines.face, today)
    except Unreadable:
        raise Refused("chip-mrz-disagree", text("permit.refused.disagree")) from None
    if in_chip != line:
        raise Refused("chip-mrz-disagree", text("permit.refused.disagree"))
    if line.birth != holder.birth or not names_agree(holder.name, lines.name_code):
        raise Refused("another-person", text("permit.refused.another-person"))
    if line.expires < today:
        raise Refused("permit-expired", text("permit.refused.expired"))


async def give_back_permit(visit: Visit) -> bool:
    """Move the permit to the gate and wait until it is taken; true when it was.

    Left behind, it goes into the numbered bin: that is journalled, and told to the back office. A unit
    that fails is brought back and tried once more; raises ``DeviceError`` when the permit stays inside.
    """
    house, unit = visit.house, visit.house.cabinet.permit_unit
    before = Media.UNKNOWN
    with contextlib.suppress(DeviceError):
        before = await visit.device(unit, lambda u: u.media())
    if before is Media.NOT_PRESENT:
        visit.held.permit = False
        return True
    count = len((await house.journal.visit(visit.number)).every(effects.GIVE_BACK_PERMIT)) + 1
    async with house.journal.acting(
        visit.number,
        effects.GIVE_BACK_PERMIT,
        f"{visit.number}:{count}",
        before={"media": before.value},
    ) as act:
        async with visit.working():
            try:
                await visit.device(unit, lambda u: u.eject())
            except DeviceError:
                await revive(visit)
                await visit.device(unit, lambda u: u.eject())
        if await _wait_until_taken(visit):
            visit.held.permit = False
            act.after["media"] = Media.NOT_PRESENT.value
            return True
        act.failed(media=Media.ENTERING.value)
    return not await retract_permit(visit)


async def revive(visit: Visit) -> None:
    """After a fault, have the unit forget its errors; one that is starting again is waited for."""
    unit, deadline_s = visit.house.cabinet.permit_unit, visit.house.now_s() + REVIVING_S
    pause_s = pauses(1.0)
    while True:
        try:
            await visit.device(unit, lambda u: u.reset())
            return
        except DeviceError as error:
            if error.code not in COMES_BACK or visit.house.now_s() > deadline_s:
                return
        await asyncio.sleep(next(pause_s))


async def retract_permit(visit: Visit, reason: str = "") -> bool:
    """Take a permit that was left, or ``FOUND``, into the retain bin and tell the back office.

    False when it was taken in the last moment.
    """
    house, unit = visit.house, visit.house.cabinet.permit_unit
    why = {"reason": reason} if reason else {}
    before = (await visit.device(unit, lambda u: u.counters()))["retained"]
    tries = len((await house.journal.visit(visit.number)).every(effects.RETRACT_PERMIT))
    async with (
        house.journal.acting(
            visit.number,
            effects.RETRACT_PERMIT,
            f"{visit.number}:retract:{tries + 1}",
            before={"bin_count": before, **why},
        ) as act,
        visit.working(),
    ):
        try:
            count = act.after["bin_count"] = await visit.device(unit, lambda u: u.retract())
        except Retry:
            act.failed(bin_count=before)
    visit.held.permit = False
    if act.state is EffectState.FAILED:
        await _note_taken_at_last(visit)
        return False
    body = {"device": "permit_unit", "bin_count": count, **why}
    letter = Letter("permit-retained", body, visit.case_no)
    await house.journal.note(visit.number, "permit-retained", letter=letter, **body)
    house.events.event("card-retained", visit=visit.number, device="permit_unit", count=count)
    return True


async def _note_taken_at_last(visit: Visit) -> None:
    """Write down that the permit is with its holder, though nothing gave it back: custody has ended."""
    journal = visit.house.journal
    taken = (await journal.visit(visit.number)).last(effects.TAKE_PERMIT)
    if taken is not None and taken.state is EffectState.DONE:
        after = {"media": Media.NOT_PRESENT.value, "reason": "taken-meanwhile"}
        await journal.conclude(taken.intent, EffectState.COMPENSATED, after=after)


async def _let_in(visit: Visit, trouble: Text | None) -> None:
    """Open the entry until a permit is inside. Custody is journalled before the entry opens."""
    house, unit = visit.house, visit.house.cabinet.permit_unit
    count = len((await house.journal.visit(visit.number)).every(effects.TAKE_PERMIT)) + 1
    before = await visit.device(unit, lambda u: u.media())
    if before in INSIDE:
        await _put_away(visit, f"{visit.number}:{count}", before)
        await _let_in(visit, trouble)
        return
    intent = await house.journal.intend(
        visit.number,
        effects.TAKE_PERMIT,
        f"{visit.number}:{count}",
        before={"media": before.value},
    )
    prompt = PlaceItem(
        "insert-permit",
        text("permit.question"),
        text("permit.body"),
        Tone.NEEDS_YOU if trouble else Tone.PLAIN,
        place=Place.PERMIT_SLOT,
        trouble=trouble,
    )
    inside = False
    try:
        await visit.device(unit, lambda u: u.accept())
        while not inside:
            inside = not isinstance(await visit.during(prompt, _wait_until_inside(visit)), Answer)
    finally:
        # Open any longer, the entry would draw in a second one behind the first when that is given back.
        inside = await close_entry(visit) or inside
        visit.held.permit = inside
        media = Media.PRESENT if inside else Media.NOT_PRESENT
        state = EffectState.DONE if inside else EffectState.FAILED
        await house.journal.conclude(intent, state, after={"media": media.value})


async def _put_away(visit: Visit, key: str, media: Media) -> None:
    """Take a permit that was inside before the entry opened for this visit into the bin.

    Who pushed it in may be gone: given to the person who stands there now it could be another's. It is in the
    machine's custody from here on, so that recovery puts it away too.
    """
    journal, evidence = visit.house.journal, {"media": media.value}
    before = {**evidence, "reason": effects.FOUND}
    intent = await journal.intend(visit.number, effects.TAKE_PERMIT, key, before=before)
    await journal.conclude(intent, EffectState.DONE, after=evidence)
    await retract_permit(visit, effects.FOUND)


async def _wait_until_inside(visit: Visit) -> None:
    unit = visit.house.cabinet.permit_unit
    pause_s = pauses(LONGEST_PAUSE_S)
    while (media := await unit(lambda u: u.media())) is not Media.PRESENT:
        if media is Media.JAMMED:
            await unit(lambda u: u.reset())
        await asyncio.sleep(next(pause_s))


async def _read(visit: Visit) -> tuple[PermitLine, ChipHolder]:
    unit, today = visit.house.cabinet.permit_unit, visit.house.today()
    line, parsed = "", None
    for attempt in range(MOST_TRIES):
        line = await visit.device(unit, lambda u: u.scan_mrz())
        try:
            parsed = parse_permit_line(line, today)
            break
        except Unreadable as unreadable:
            # A misread shows in the check digits, and a second look mends it.
            if unreadable.code == "kind":
                raise Refused("wrong-document", text("permit.refused.wrong-document")) from None
            if attempt == MOST_TRIES - 1:
                raise Refused("permit-line-invalid", text("permit.refused.line-invalid")) from None
    assert parsed is not None
    try:
        chip = await visit.device(unit, lambda u: u.read_chip(line))
    except Retry as again:
        if again.code == "accessDenied":
            raise Refused("chip-mrz-disagree", text("permit.refused.disagree")) from None
        raise
    return parsed, chip


def _look_at_strip(visit: Visit) -> asyncio.Future[str]:
    looking = asyncio.ensure_future(visit.house.cabinet.permit_unit(lambda u: u.scan_strip()))
    # Nobody may come to ask for it: what went wrong then is no news.
    looking.add_done_callback(lambda done: done.cancelled() or done.exception())
    return looking


async def _wait_until_taken(visit: Visit) -> bool:
    house = visit.house
    deadline_s = house.now_s() + house.times.take_s
    pause_s = pauses(LONGEST_PAUSE_S)
    while (left_s := deadline_s - house.now_s()) > 0:
        prompt = TakeItem(
            "take-permit",
            text("permit.take.question"),
            text("permit.take.body"),
            Tone.DONE,
            place=Place.PERMIT_SLOT,
            seconds_left=int(left_s + 0.5),
        )
        if visit.prompts and visit.prompts[-1] == prompt.name:
            visit.update(prompt)
        else:
            visit.tell(prompt)
        with visit.meter.citizen():
            if await house.cabinet.permit_unit(_gone):
                return True
            await asyncio.sleep(next(pause_s))
    return False


def _gone(unit: PermitUnit) -> bool:
    return unit.media() is Media.NOT_PRESENT
