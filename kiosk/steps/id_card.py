"""Reading the ID card and judging it: the right card, whole, of somebody the service is for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import date

from devices.base import DeviceError, Retry
from devices.interfaces import CardType, Fingerprint, IdCard, IdCardReader
from kiosk.cabinet import Worker
from kiosk.identity import age_on, birth_of, id_number_is_valid, masked
from kiosk.journal.records import Letter
from kiosk.prompts import Place, PlaceItem, Tone
from kiosk.texts import Text, text
from kiosk.visit import Refused, Visit

POLL_S = 0.3
"""How often the reader is asked: its makers recommend no less."""

MOST_TRIES = 5
LOOKED_FOR_AT_POLL = 5
"""After so many questions without a card: does one lie there that cannot be found?"""
LIFTED_WITHIN_S = 3.0
"""How long a card that could not be read has to be seen gone before it is asked for anew."""


@dataclass(slots=True, repr=False)
class Holder:
    """The person as the ID card describes them. ``wipe`` forgets everything."""

    name: str
    number: str
    birth: date
    sex: str
    age: int
    photo: bytearray = field(default_factory=bytearray)
    fingerprints: tuple[Fingerprint, ...] = ()

    @property
    def masked_number(self) -> str:
        """The number as a screen shows it: 330212********0025."""
        return masked(self.number)

    def wipe(self) -> None:
        self.photo[:] = bytes(len(self.photo))
        self.photo.clear()
        self.name = self.number = self.sex = ""
        self.birth = date.min
        self.fingerprints = ()


async def read_id_card(visit: Visit, accepted: Container[CardType]) -> Holder:
    """Ask for the ID card, read and judge it; returns its holder.

    Raises ``Refused`` when the card is not one that the service accepts, is not whole, or has
    expired; the reader's faults come through as they are.
    """
    trouble: Text | None = None
    for _ in range(MOST_TRIES):
        prompt = PlaceItem(
            "place-id-card",
            text("id-card.question"),
            text("id-card.body"),
            Tone.NEEDS_YOU if trouble else Tone.PLAIN,
            place=Place.ID_CARD_READER,
            trouble=trouble,
        )
        try:
            card = await visit.during(prompt, _wait_and_read(visit, again=trouble is not None))
        except Retry as again:
            trouble = visit.house.faults.sentence(again)
            continue
        if isinstance(card, IdCard):
            holder = judge(card, visit.house.today(), accepted)
            visit.keep(holder)
            await visit.house.journal.note(
                visit.number,
                "identity-read",
                holder_token=visit.house.journal.token("id", holder.number),
                card_type=card.type.value,
            )
            return holder
    raise Refused("id-card-unreadable", text("id-card.refused.unreadable"))


def judge(card: IdCard, today: date, accepted: Container[CardType]) -> Holder:
    """Return the holder of a card that is of an accepted type, whole and valid on ``today``.

    Raises ``Refused`` with ``wrong-card-type``, ``id-card-damaged`` (number, check digit or dates
    that cannot be) or ``id-card-expired``.
    """
    if card.type not in accepted:
        raise Refused("wrong-card-type", text(f"id-card.refused.type.{card.type}"))
    birth = birth_of(card.number)
    whole = (
        id_number_is_valid(card.number)
        and not card.bad_dates
        and birth is not None
        and birth == card.birth
        and card.valid_from is not None
        and (card.no_expiry or card.expires is not None)
        and bool(card.name)
    )
    if not whole or birth is None or card.valid_from is None:
        raise Refused("id-card-damaged", text("id-card.refused.damaged"))
    if card.valid_from > today or (card.expires is not None and card.expires < today):
        raise Refused("id-card-expired", text("id-card.refused.expired"))
    return Holder(
        name=card.name,
        number=card.number,
        birth=birth,
        sex=card.sex,
        age=age_on(birth, today),
        photo=bytearray(card.photo),
        fingerprints=card.fingerprints,
    )


async def ask_to_take_id_card(visit: Visit) -> bool:
    """If the ID card still lies on the reader, ask for it to be taken, for as long as a slot waits.

    Returns false when it was left there.

    A reader that fails now keeps nobody: its fault is logged, and the last page says to take all documents.
    """
    reader = visit.house.cabinet.id_card_reader
    with contextlib.suppress(DeviceError):
        if not await visit.device(reader, _lies_there):
            return True
        visit.tell(
            PlaceItem(
                "take-id-card",
                text("id-card.take.question"),
                text("id-card.take.body"),
                Tone.DONE,
                place=Place.ID_CARD_READER,
            )
        )
        with visit.meter.citizen():
            try:
                async with asyncio.timeout(visit.house.times.take_s):
                    await _wait_until_lifted(reader)
            except TimeoutError:
                visit.house.events.event("id-card-left", visit=visit.number)
                await visit.house.journal.post(Letter("id-card-left", case_no=visit.case_no))
                return False
    return True


async def _wait_and_read(visit: Visit, *, again: bool) -> IdCard:
    reader = visit.house.cabinet.id_card_reader
    if again:
        # Lifted and laid down again between two questions, it is never seen gone: then it is simply read.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LIFTED_WITHIN_S):
                await _wait_until_lifted(reader)
    polls = 0
    while not await reader(lambda unit: unit.find()):
        await asyncio.sleep(POLL_S)
        polls += 1
        if polls == LOOKED_FOR_AT_POLL and not again and await _was_read_before(reader):
            raise Retry(reader.name, "readFailed", "read before, and not lifted since")
    return await visit.device(reader, lambda unit: unit.read(fingerprints=True))


async def _was_read_before(reader: Worker[IdCardReader]) -> bool:
    """Tell whether a card lies there that some visit before read: it is not found until it is lifted."""
    with contextlib.suppress(DeviceError):
        return await reader(lambda unit: unit.still_there())
    return False


async def _wait_until_lifted(reader: Worker[IdCardReader]) -> None:
    """After an error, and at the end, the card has to be lifted."""
    while await reader(_lies_there):
        await asyncio.sleep(POLL_S)


def _lies_there(unit: IdCardReader) -> bool:
    return unit.still_there() or unit.find()
