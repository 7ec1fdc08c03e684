"""What recovery does with the permit: find it, give it back to its holder, or put it into the retain bin."""

from __future__ import annotations

from typing import Protocol

from devices.base import DeviceError
from devices.interfaces import Media
from kiosk.clock import Clock, mono_s
from kiosk.journal import Effect, EffectState, Journal, Letter, Outcome, VisitRecord
from kiosk.journal.effects import (
    FOUND,
    GIVE_BACK_PERMIT,
    PRINT_STRIP,
    RESTORE_CHIP,
    RETRACT_PERMIT,
    SURRENDERED,
    TAKE_PERMIT,
    WRITE_CHIP,
)
from kiosk.journal.fields import word
from kiosk.platform import Approval

AT_THE_UNIT = frozenset(
    {TAKE_PERMIT, GIVE_BACK_PERMIT, RETRACT_PERMIT, PRINT_STRIP, WRITE_CHIP, RESTORE_CHIP}
)
"""The kinds of effects that happen at the permit unit."""


class PermitPort(Protocol):
    """The permit unit as recovery asks it. Every method may raise ``devices.base.DeviceError``."""

    async def media(self) -> Media: ...

    async def strip_code(self) -> str:
        """Return the code that the strip shows, "" for none."""
        ...

    async def chip_digest(self) -> str:
        """Return the SHA-256 in hex of what the chip's endorsement file holds."""
        ...

    async def print_strip(self, approval: Approval) -> None: ...

    async def write_chip(self, approval: Approval) -> None: ...

    async def eject(self) -> None: ...

    async def retract(self) -> int:
        """Move the permit into the retain bin; return the bin's new count."""
        ...

    async def bin_count(self) -> int: ...


class Bystander(Protocol):
    """Whoever stands before the machine while it recovers: most often the person whose permit is inside."""

    def please_take(self, case_no: str, outcome: Outcome, seconds_left: float) -> None:
        """Tell that the permit lies in the slot, and how the case ends. Called again and again."""
        ...

    def please_wait(self) -> None:
        """Tell that there is nothing to take (any more)."""
        ...


class PermitRecovery:
    """See the module. ``port`` is None where no permit unit is fitted."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        port: PermitPort | None,
        bystander: Bystander | None,
        *,
        take_wait_s: float,
        poll_s: float,
    ) -> None:
        self._journal, self._clock, self._port, self._bystander = journal, clock, port, bystander
        self._take_wait_s, self._poll_s = take_wait_s, poll_s

    async def ask_custody(self, record: VisitRecord, outcome: Outcome | None = None) -> None:
        """Find the permit, conclude what was open about it, and give it back or retract it.

        ``outcome`` is what its holder is told. Without one the visit has ended long ago, nobody is
        there, and the permit goes into the bin at once; so does one that the visit found inside.
        """
        open_effects = [
            effect for effect in record.effects if effect.kind in AT_THE_UNIT and not effect.state.resolved
        ]
        if not (open_effects or _holds_permit(record)):
            await self._note_retained(record)  # the power may have gone before it was told
            return
        if self._port is None:
            return
        try:
            media, count = await self._port.media(), await self._port.bin_count()
        except DeviceError as error:
            await self._permit_unknown(record, error)
            return
        stuck = None if outcome is not None else _still_to_retract(open_effects, media, count)
        for effect in open_effects:
            if effect is not stuck:
                await self._conclude_permit(effect, media, count)
        if stuck is not None:
            await self._retract_again(self._port, stuck)
        elif media is Media.NOT_PRESENT:
            await self._note_gone(await self._journal.visit(record.visit))
        else:
            await self._return_permit(await self._journal.visit(record.visit), media, outcome)
        await self._note_retained(await self._journal.visit(record.visit))

    async def _conclude_permit(self, effect: Effect, media: Media, count: int) -> None:
        """Conclude an open effect by where the permit is and how many are in the bin."""
        gone = media is Media.NOT_PRESENT
        evidence: dict[str, str | int] = {"media": media.value}
        if effect.kind == TAKE_PERMIT:
            state = EffectState.FAILED if gone else EffectState.DONE
        elif effect.kind == GIVE_BACK_PERMIT:
            state = EffectState.DONE if gone else EffectState.FAILED
        elif effect.kind == RETRACT_PERMIT:
            state = EffectState.DONE if count > int(effect.before["bin_count"]) else EffectState.FAILED
            evidence = {"bin_count": count}
        else:
            # Strip and chip were asked before if they could be; what is open now is staff's already.
            state, evidence["reason"] = EffectState.COMPENSATED, "escalated"
        await self._journal.conclude(effect.intent, state, after=evidence)

    async def _retract_again(self, port: PermitPort, stuck: Effect) -> None:
        """Try once more what asking showed not to have happened, under its own intent: a bin that stays full
        for a weekend fills no journal."""
        try:
            after = {"bin_count": await port.retract()}
        except DeviceError:
            return
        await self._journal.conclude(stuck.intent, EffectState.DONE, after=after)

    async def _note_retained(self, record: VisitRecord) -> None:
        """Tell the back office once of each permit in the bin, and its case to staff."""
        retracted = next(iter(record.every(RETRACT_PERMIT)[-1:]), None)
        if retracted is None or retracted.state is not EffectState.DONE:
            return
        if retracted.before.get("reason") == SURRENDERED:
            await self._note_surrendered(record, retracted)
            return
        found = _is_of_another(retracted)
        body = {"device": "permit_unit", "bin_count": retracted.after["bin_count"]}
        told = record.noted("permit-retained")
        if told is None or told.body.get("bin_count") != body["bin_count"]:  # of a found one, before this
            body |= {"reason": FOUND} if found else {}
            letter = Letter("permit-retained", body, record.case_no)
            await self._journal.note(record.visit, "permit-retained", letter=letter, **body)
        if record.noted("escalated") is None and not found:
            await self._escalate(record, "permit-retained", "")

    async def _note_surrendered(self, record: VisitRecord, retracted: Effect) -> None:
        """Tell the back office once of a permit that was handed in for a new one."""
        if record.noted("permit-surrendered") is None:
            body = {"bin_count": retracted.after["bin_count"]}
            letter = Letter("permit-surrendered", body, record.case_no)
            await self._journal.note(record.visit, "permit-surrendered", letter=letter)

    async def _escalate(self, record: VisitRecord, reason: str, code: str) -> None:
        body = {"reason": reason, "device": "permit_unit", "code": code}
        letter = Letter("escalation", body, record.case_no)
        await self._journal.note(record.visit, "escalated", letter=letter, **body)

    async def _note_gone(self, record: VisitRecord) -> None:
        """A permit that nobody gave back and that is not inside was taken by somebody: custody has ended."""
        taken = record.last(TAKE_PERMIT)
        if taken is not None and _holds_permit(record):
            after = {"media": Media.NOT_PRESENT.value, "reason": "taken-meanwhile"}
            await self._journal.conclude(taken.intent, EffectState.COMPENSATED, after=after)

    async def _return_permit(self, record: VisitRecord, media: Media, outcome: Outcome | None) -> None:
        assert self._port is not None
        visit, permit, taken = record.visit, self._port, record.last(TAKE_PERMIT)
        found = taken is not None and _is_of_another(taken)
        key = f"{visit}:{len(record.every(GIVE_BACK_PERMIT)) + 1}r"
        try:
            if outcome is not None and not found:
                before = {"media": media.value}
                async with self._journal.acting(visit, GIVE_BACK_PERMIT, key, before=before) as act:
                    await permit.eject()
                    media = await self._wait_until_taken(permit, record.case_no, outcome)
                    act.after["media"] = media.value
                    if media is not Media.NOT_PRESENT:
                        act.failed(media=media.value)
                if media is Media.NOT_PRESENT:
                    return
            evidence = {"bin_count": await permit.bin_count(), **({"reason": FOUND} if found else {})}
            key = f"{visit}:{len(record.every(RETRACT_PERMIT)) + 1}r"
            async with self._journal.acting(visit, RETRACT_PERMIT, key, before=evidence) as act:
                act.after["bin_count"] = await permit.retract()
        except DeviceError as error:
            await self._permit_unknown(record, error)

    async def _wait_until_taken(self, permit: PermitPort, case_no: str, outcome: Outcome) -> Media:
        end_s = mono_s(self._clock) + self._take_wait_s
        try:
            while True:
                media = await permit.media()
                left_s = end_s - mono_s(self._clock)
                if media is Media.NOT_PRESENT or left_s <= 0:
                    return media
                if self._bystander is not None:
                    self._bystander.please_take(case_no, outcome, left_s)
                await self._clock.sleep(self._poll_s)
        finally:
            if self._bystander is not None:
                self._bystander.please_wait()

    async def _permit_unknown(self, record: VisitRecord, error: DeviceError) -> None:
        """Leave an open effect, which keeps the unit out of service, and hand the case to staff."""
        visit = record.visit
        now = await self._journal.visit(visit)
        for effect in now.effects:
            if effect.kind in AT_THE_UNIT and effect.state is EffectState.INTENDED:
                await self._journal.conclude(
                    effect.intent, EffectState.UNKNOWN, after={"code": word(error.code)}
                )
        now = await self._journal.visit(visit)
        if not any(
            not effect.state.resolved and effect.kind in (GIVE_BACK_PERMIT, RETRACT_PERMIT)
            for effect in now.effects
        ):
            key = f"{visit}:{len(now.every(GIVE_BACK_PERMIT)) + 1}r"
            intent = await self._journal.intend(
                visit, GIVE_BACK_PERMIT, key, before={"media": Media.UNKNOWN.value}
            )
            await self._journal.conclude(intent, EffectState.UNKNOWN, after={"code": word(error.code)})
        if now.noted("escalated") is None:
            await self._escalate(record, "permit-inside", word(error.code))


def _still_to_retract(open_effects: list[Effect], media: Media, count: int) -> Effect | None:
    """Return the open retraction whose permit is still there, uncounted by the bin; None when there is none.

    One that was to be handed in for a new one is none: with the visit over it is kept for its holder.
    """
    if media is Media.NOT_PRESENT:
        return None
    for effect in reversed(open_effects):
        kept = effect.kind == RETRACT_PERMIT and effect.before.get("reason") != SURRENDERED
        if kept and effect.before["bin_count"] == count:
            return effect
    return None


def taken_by_holder(record: VisitRecord) -> bool:
    """Tell whether the holder's permit went in and is out again, and not in the bin."""
    taken = [effect for effect in record.every(TAKE_PERMIT) if not _is_of_another(effect)]
    retained = any(
        effect.state is EffectState.DONE and not _is_of_another(effect)
        for effect in record.every(RETRACT_PERMIT)
    )
    return bool(taken) and not retained and not _holds_permit(record)


def _holds_permit(record: VisitRecord) -> bool:
    """Tell whether a permit went in and neither came out nor went into the bin."""
    inside = False
    for effect in record.effects:
        if effect.state is EffectState.DONE and effect.kind == TAKE_PERMIT:
            inside = True
        elif effect.state is EffectState.DONE and effect.kind in (GIVE_BACK_PERMIT, RETRACT_PERMIT):
            inside = False
    return inside


def _is_of_another(effect: Effect) -> bool:
    """Tell whether it happened to a permit that was inside before the visit opened the entry."""
    return effect.before.get("reason") == FOUND
