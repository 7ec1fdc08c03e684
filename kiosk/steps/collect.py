"""Handing out a finished document: fetched from its unit, read, compared, and only then let go.

Nothing reaches the gate before its chip has said that it is the document which the register meant, and of
the person who stands here. Whatever is something else goes into the bin, and staff are told. A document
that is not taken goes there too.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from devices.base import DeviceError, Retry
from devices.interfaces import CardDispenser, ChipHolder, Media
from kiosk.collection_office import Finished, Standing
from kiosk.identity import Unreadable, names_agree, parse_chip_lines, parse_permit_line
from kiosk.journal import effects
from kiosk.journal.fields import word
from kiosk.journal.records import Body, Letter
from kiosk.pauses import pauses
from kiosk.platform import PlatformError
from kiosk.prompts import Place, TakeItem, Tone, Working
from kiosk.steps.id_card import Holder
from kiosk.store_units import note_mixed
from kiosk.texts import text
from kiosk.visit import Visit

FETCH_S = 6
LONGEST_PAUSE_S = 0.15
EMPTY = "storageUnitError"
NOT_THEIRS = "notTheirs"
ANOTHERS = frozenset({NOT_THEIRS, "accessDenied"})
"""What a chip says that is not the meant card's; one that says nothing may be."""
LEFT, KEPT_BACK = "left", "keptBack"
"""Why a document is retained that nobody took, or that a device's fault kept from being given out; else the
word for why it is not the person's."""


@dataclass(frozen=True, slots=True)
class Handed:
    """How a document ended; ``code`` is the device's word where something went wrong."""

    standing: Standing
    code: str = ""


async def hand_out(visit: Visit, holder: Holder, document: Finished) -> Handed:
    """Fetch, check and give out one document; returns how it ended. The back office is told.

    The old permit that it replaces, when one is in the machine, is kept once the new one is known to be
    good, and before it is let go. A new one whose old one can't be kept is kept back itself. Raises
    ``DeviceError`` when the document is stuck.
    """
    visit.tell(
        Working(
            "fetching",
            text("pick-up.fetching.question"),
            text("pick-up.fetching.body"),
            seconds_left=FETCH_S,
            seconds_total=FETCH_S,
            if_it_fails=text("pick-up.fetching.if-it-fails"),
        )
    )
    evidence = await _evidence(visit, document)
    handed = await _fetched(visit, holder, document, evidence)
    if handed is None and document.replaces:
        handed = await _exchanged(visit, document, evidence)
    if handed is None:
        handed = await _given(visit, document, evidence)
    await tell(visit, document, handed)
    return handed


async def tell(visit: Visit, document: Finished, handed: Handed) -> None:
    """Tell the back office how a document ended: at once, or by a letter when it can't be reached."""
    try:
        with visit.meter.devices():
            await visit.house.collection.tell(
                document.document_no, visit.case_no, handed.standing, handed.code
            )
    except PlatformError:
        body = {"document_no": document.document_no, "status": handed.standing.value, "code": handed.code}
        await visit.house.journal.post(Letter("document-outcome", body, visit.case_no))


async def _fetched(visit: Visit, holder: Holder, document: Finished, evidence: Body) -> Handed | None:
    """Fetch a document and see that it is the one; None when it is."""
    dispenser, unit = visit.house.cabinet.card_dispenser, document.unit
    key = f"{visit.number}:{document.document_no}:pick"
    async with (
        visit.working(),
        visit.house.journal.acting(visit.number, effects.PICK_DOCUMENT, key, before=evidence) as act,
    ):
        try:
            await visit.device(dispenser, lambda d: d.pick(unit))
        except DeviceError as error:
            if error.code == EMPTY:
                act.failed(code=error.code)
                await to_staff(visit, "document-missing", error.code)
                return Handed(Standing.MISSING, error.code)
            raise  # the effect stays a question: the unit is out of service until it is answered
        act.after["media"] = (await visit.device(dispenser, lambda d: d.media(unit))).value
    async with visit.working():
        try:
            why = await _differs(visit, holder, document)
        except DeviceError as fault:
            return await _kept_back(visit, document, evidence, fault)
        if why:
            await _retain(visit, document, evidence, why)
            if why in ANOTHERS:
                await note_mixed(visit.house.journal, unit)
            return Handed(Standing.WRONG, why)
    return None


async def _differs(visit: Visit, holder: Holder, document: Finished) -> str:
    """Return why what was fetched is not this person's document, "" when it is."""
    dispenser = visit.house.cabinet.card_dispenser
    try:
        chip = await visit.device(dispenser, lambda d: d.read_chip(document.unit, document.line))
    except Retry as error:
        return error.code  # the chip of another card does not open for our line
    return "" if _is_theirs(chip, holder, document, visit) else NOT_THEIRS


def _is_theirs(chip: ChipHolder, holder: Holder, document: Finished, visit: Visit) -> bool:
    try:
        lines = parse_chip_lines(chip.mrz)
        face = parse_permit_line(lines.face, visit.house.today())
    except Unreadable:
        return False
    return (
        face.number == document.number
        and face.birth == holder.birth
        and names_agree(holder.name, lines.name_code)
        and face.expires >= visit.house.today()
    )


async def _exchanged(visit: Visit, document: Finished, evidence: Body) -> Handed | None:
    """Keep the old permit; None when that was done, else how the new document ended."""
    try:
        await surrender(visit)
    except DeviceError as fault:
        return await _kept_back(visit, document, evidence, fault)
    return None


async def _kept_back(visit: Visit, document: Finished, evidence: Body, fault: DeviceError) -> Handed:
    """Put a document into the bin that ``fault`` keeps from being given out: left in the path, it would come
    to the next person."""
    async with visit.working():
        if not await _retain(visit, document, evidence, KEPT_BACK):
            raise fault
    return Handed(Standing.RETAINED, fault.code)


async def _given(visit: Visit, document: Finished, evidence: Body) -> Handed:
    """Give a checked document out and wait until it is taken; what is left goes into the bin."""
    dispenser, unit = visit.house.cabinet.card_dispenser, document.unit
    key = f"{visit.number}:{document.document_no}:present"
    async with visit.house.journal.acting(
        visit.number, effects.PRESENT_DOCUMENT, key, before=evidence
    ) as act:
        async with visit.working():
            await visit.device(dispenser, lambda d: d.present(unit))
        if await _taken(visit, unit):
            act.after["media"] = Media.NOT_PRESENT.value
            return Handed(Standing.ISSUED)
        act.failed(media=Media.ENTERING.value)
    async with visit.working():
        left = await _retain(visit, document, evidence, LEFT)
    return Handed(Standing.RETAINED if left else Standing.ISSUED)


async def _retain(visit: Visit, document: Finished, evidence: Body, why: str) -> bool:
    """Move a document into its unit's bin and hand the case to staff; false when it was taken meanwhile.

    ``evidence`` is that from before it was fetched: a unit that says nothing now leaves the question open.
    """
    house, unit = visit.house, document.unit
    before = {**evidence, "reason": word(why)}
    key = f"{visit.number}:{document.document_no}:retain"
    async with house.journal.acting(visit.number, effects.RETAIN_DOCUMENT, key, before=before) as act:
        try:
            count = await visit.device(house.cabinet.card_dispenser, lambda d: d.retain(unit))
        except Retry:
            act.failed(retained=before["retained"])
            return False
        act.after["retained"] = count
    await to_staff(visit, "document-retained", why)
    house.events.event("card-retained", visit=visit.number, device="card_dispenser", count=count)
    return True


async def to_staff(visit: Visit, reason: str, code: str) -> None:
    """Hand the case to staff."""
    body = {"reason": reason, "device": "card_dispenser", "code": word(code)}
    letter = Letter("escalation", body, visit.case_no)
    await visit.house.journal.note(visit.number, "escalated", letter=letter, **body)


async def surrender(visit: Visit) -> None:
    """Keep the old permit that is in the machine: into the bin, as handed in (not as left behind)."""
    house, unit = visit.house, visit.house.cabinet.permit_unit
    count = (await visit.device(unit, lambda u: u.counters()))["retained"]
    before = {"bin_count": count, "reason": effects.SURRENDERED}
    tries = len((await house.journal.visit(visit.number)).every(effects.RETRACT_PERMIT))
    key = f"{visit.number}:surrender:{tries + 1}"
    async with (
        visit.working(),
        house.journal.acting(visit.number, effects.RETRACT_PERMIT, key, before=before) as act,
    ):
        act.after["bin_count"] = await visit.device(unit, lambda u: u.retract())
    visit.held.permit = False
    letter = Letter("permit-surrendered", {"bin_count": act.after["bin_count"]}, visit.case_no)
    await house.journal.note(visit.number, "permit-surrendered", letter=letter)


async def _taken(visit: Visit, unit: int) -> bool:
    house = visit.house
    deadline_s = house.now_s() + house.times.take_s
    pause_s = pauses(LONGEST_PAUSE_S)
    shown = False
    while (left_s := deadline_s - house.now_s()) > 0:
        prompt = TakeItem(
            "take-document",
            text("pick-up.take.question"),
            text("pick-up.take.body"),
            Tone.DONE,
            place=Place.DISPENSER_SLOT,
            seconds_left=int(left_s + 0.5),
        )
        if shown:
            visit.update(prompt)
        else:
            visit.tell(prompt)
            shown = True
        with visit.meter.citizen():
            if await house.cabinet.card_dispenser(lambda d: _gone(d, unit)):
                return True
            await asyncio.sleep(next(pause_s))
    return False


def _gone(dispenser: CardDispenser, unit: int) -> bool:
    return dispenser.media(unit) is Media.NOT_PRESENT


async def _evidence(visit: Visit, document: Finished) -> Body:
    """Return which document, of which unit, and how many cards its bin holds before anything moves."""
    counters = await visit.device(visit.house.cabinet.card_dispenser, lambda d: d.counters())
    unit = document.unit
    return {"unit": unit, "retained": counters[f"retained{unit}"], "document_no": document.document_no}
