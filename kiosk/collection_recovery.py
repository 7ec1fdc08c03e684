"""What recovery does about documents of the store: find the card of each unit, and keep what was not taken.

A card that is still in the path, or at the gate, goes into the bin: who stands there now may be anybody. One
that was let go and is gone was taken by its holder. Nothing is fetched again.
"""

from __future__ import annotations

from typing import Any, Protocol

from devices.base import DeviceError
from devices.interfaces import Media
from kiosk.collection_office import CollectionOffice, Standing
from kiosk.goods_recovery import NO_GOODS, Goods, GoodsState
from kiosk.journal import Effect, EffectState, Journal, Letter, VisitRecord
from kiosk.journal.effects import PICK_DOCUMENT, PRESENT_DOCUMENT, RETAIN_DOCUMENT
from kiosk.journal.fields import word
from kiosk.platform import PlatformError
from kiosk.steps.collect import ANOTHERS, KEPT_BACK, LEFT
from kiosk.store_units import note_mixed

KINDS = (PICK_DOCUMENT, PRESENT_DOCUMENT, RETAIN_DOCUMENT)


class DispenserPort(Protocol):
    """The dispenser as recovery asks it. Every method may raise ``devices.base.DeviceError``."""

    async def media(self, unit: int) -> Media: ...

    async def retained(self, unit: int) -> int: ...

    async def retain(self, unit: int) -> int: ...


class CollectionGoods:
    """``GoodsRecovery`` of documents that were to be handed out."""

    def __init__(self, journal: Journal, office: CollectionOffice, dispenser: DispenserPort) -> None:
        self._journal, self._office, self._dispenser = journal, office, dispenser

    async def settle(self, visit: str) -> Goods:
        """Ask where every document of a dead visit is, keep what was not taken, tell the back office."""
        for number in _documents(await self._journal.visit(visit)):
            await self._settle_one(visit, number)
        record = await self._journal.visit(visit)
        return Goods(GoodsState.WHOLE) if self.taken(record) else NO_GOODS

    async def ask_again(self, record: VisitRecord) -> None:
        """Ask a dispenser that is back again."""
        for number in _documents(record):
            await self._settle_one(record.visit, number)

    def taken(self, record: VisitRecord) -> bool:
        """Tell whether any document was let go and taken."""
        return any(effect.state is EffectState.DONE for effect in record.every(PRESENT_DOCUMENT))

    async def _settle_one(self, visit: str, number: str) -> None:
        effects = _of(await self._journal.visit(visit), number)
        if _retained(effects) or _given(effects):
            await self._tell(visit, number)
            return
        unit = int(next(iter(effects.values())).before["unit"])
        try:
            media, count = await self._dispenser.media(unit), await self._dispenser.retained(unit)
            await self._conclude(effects, media, count)
            if media in (Media.PRESENT, Media.ENTERING):
                await self._retain(visit, number, unit, count)
        except DeviceError as error:
            await self._not_known(visit, effects, error)
            return
        await self._tell(visit, number)

    async def _conclude(self, effects: dict[str, Effect], media: Media, count: int) -> None:
        """Conclude what is open by where the card is now and how many are in the bin."""
        gone = media is Media.NOT_PRESENT
        for kind, effect in effects.items():
            if effect.state.resolved:
                continue
            binned = count > int(effect.before["retained"])
            evidence: dict[str, Any] = {"media": media.value}
            if kind == RETAIN_DOCUMENT:
                done, evidence = binned, {"retained": count}
            elif kind == PRESENT_DOCUMENT:
                done = gone and not binned
            else:
                done = not gone or binned or PRESENT_DOCUMENT in effects
            state = EffectState.DONE if done else EffectState.FAILED
            await self._journal.conclude(effect.intent, state, after=evidence)

    async def _retain(self, visit: str, number: str, unit: int, count: int) -> None:
        record = await self._journal.visit(visit)
        key = f"{visit}:{number}:retain:{len(record.every(RETAIN_DOCUMENT)) + 1}r"
        why = _why_retained(_of(record, number))
        before = {"unit": unit, "retained": count, "document_no": number, "reason": why}
        async with self._journal.acting(visit, RETAIN_DOCUMENT, key, before=before) as act:
            act.after["retained"] = await self._dispenser.retain(unit)

    async def _not_known(self, visit: str, effects: dict[str, Effect], error: DeviceError) -> None:
        """Leave the question open: it keeps the dispenser out of service. Staff are told once."""
        for effect in effects.values():
            if effect.state is EffectState.INTENDED:
                await self._journal.conclude(
                    effect.intent, EffectState.UNKNOWN, after={"code": word(error.code)}
                )
        await self._to_staff(visit, "document-stuck", error.code)

    async def _tell(self, visit: str, number: str) -> None:
        """Tell the back office of a document that moved; one in the bin is staff's too."""
        record = await self._journal.visit(visit)
        effects = _of(record, number)
        if _given(effects):
            standing = Standing.ISSUED
        elif _retained(effects):
            why = _why_retained(effects)
            standing = Standing.RETAINED if why in (LEFT, KEPT_BACK) else Standing.WRONG
            if why in ANOTHERS:
                await note_mixed(self._journal, int(effects[RETAIN_DOCUMENT].before["unit"]))
            await self._to_staff(visit, "document-retained", "interrupted")
        else:
            return
        try:
            if await self._office.standing(number) in (Standing.READY, Standing.OVERDUE):
                await self._office.tell(number, record.case_no, standing, "interrupted")
        except PlatformError:
            body = {"document_no": number, "status": standing.value, "code": "interrupted"}
            await self._journal.post(Letter("document-outcome", body, record.case_no))

    async def _to_staff(self, visit: str, reason: str, code: str) -> None:
        record = await self._journal.visit(visit)
        if record.noted("escalated") is None:
            body = {"reason": reason, "device": "card_dispenser", "code": word(code)}
            letter = Letter("escalation", body, record.case_no)
            await self._journal.note(visit, "escalated", letter=letter, **body)


def _documents(record: VisitRecord) -> list[str]:
    """Return the numbers of the documents that were fetched, or were about to be, in order."""
    numbers = (str(e.before["document_no"]) for e in record.effects if e.kind in KINDS)
    return list(dict.fromkeys(numbers))


def _of(record: VisitRecord, number: str) -> dict[str, Effect]:
    """Return a document's newest effect of each kind."""
    return {
        effect.kind: effect
        for effect in record.effects
        if effect.kind in KINDS and effect.before["document_no"] == number
    }


def _given(effects: dict[str, Effect]) -> bool:
    present = effects.get(PRESENT_DOCUMENT)
    return present is not None and present.state is EffectState.DONE


def _retained(effects: dict[str, Effect]) -> bool:
    retain = effects.get(RETAIN_DOCUMENT)
    return retain is not None and retain.state is EffectState.DONE


def _why_retained(effects: dict[str, Effect]) -> str:
    """Return why a document was to go into the bin; one whose chip nobody read is taken for the meant one."""
    retain = effects.get(RETAIN_DOCUMENT)
    return LEFT if retain is None else str(retain.before.get("reason", LEFT))
