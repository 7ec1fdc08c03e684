"""What recovery does at the permit unit: ask what strip and chip carry, finish or leave them, and give
the permit back to its holder or put it into the retain bin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from devices.base import DeviceError
from devices.interfaces import Media
from kiosk.clock import Clock, mono_s
from kiosk.journal import Effect, EffectState, Journal, Letter, Outcome, VisitRecord
from kiosk.journal.effects import (
    GIVE_BACK_PERMIT,
    PRINT_STRIP,
    REFUND_MONEY,
    RESTORE_CHIP,
    RETRACT_PERMIT,
    TAKE_MONEY,
    TAKE_PERMIT,
    WRITE_CHIP,
)
from kiosk.journal.fields import word
from kiosk.platform import Approval
from kiosk.steps.endorse import NOT_TAKEN

INSIDE = frozenset({Media.PRESENT, Media.LATCHED, Media.JAMMED, Media.UNKNOWN})


_AT_THE_UNIT = frozenset(
    {TAKE_PERMIT, GIVE_BACK_PERMIT, RETRACT_PERMIT, PRINT_STRIP, WRITE_CHIP, RESTORE_CHIP}
)


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


@dataclass(frozen=True, slots=True)
class Halves:
    """What is known of the endorsement on the permit: each half done, not done, or None: not known.

    ``erased``: the strip may show neither the new code nor what it came with.
    """

    strip: bool | None
    chip: bool | None
    erased: bool = False

    @property
    def known(self) -> bool:
        return self.strip is not None and self.chip is not None

    @property
    def whole(self) -> bool:
        return self.strip is True and self.chip is True

    @property
    def untouched(self) -> bool:
        return self.strip is False and self.chip is False and not self.erased


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

    # --- the two halves -------------------------------------------------------------------------------

    async def ask_halves(self, record: VisitRecord, approval: Approval | None) -> Halves:
        """Read strip and chip, when the permit is inside, and conclude what was open about them."""
        strip, chip, undo = record.last(PRINT_STRIP), record.last(WRITE_CHIP), record.last(RESTORE_CHIP)
        known = Halves(_as_journalled(strip), _as_journalled(chip))
        if approval is None or self._port is None or record.noted("delivered") is not None:
            return known
        try:
            if await self._port.media() not in INSIDE:
                return known
            code, digest = await self._port.strip_code(), await self._port.chip_digest()
        except DeviceError:
            return known
        printed = code == approval.strip_code
        found = Halves(printed, digest == approval.chip_digest, not printed and _erased(record, word(code)))
        await self._conclude_half(strip, bool(found.strip), {"strip_code": word(code)})
        await self._conclude_half(chip, bool(found.chip), {"chip_digest": digest})
        restored = chip is not None and digest == chip.before["chip_digest"]
        await self._conclude_half(undo, restored, {"chip_digest": digest})
        if chip is not None and chip.state is EffectState.DONE and undo is not None and restored:
            await self._journal.conclude(chip.intent, EffectState.COMPENSATED, after={"chip_digest": digest})
        return found

    async def _conclude_half(self, effect: Effect | None, done: bool, after: dict[str, str]) -> None:
        if effect is not None and not effect.state.resolved:
            state = EffectState.DONE if done else EffectState.FAILED
            await self._journal.conclude(effect.intent, state, after=after)

    async def may_complete(self, visit: str, halves: Halves) -> bool:
        """Tell whether the missing half may be done: asked, not done, paid, and the permit inside."""
        record = await self._journal.visit(visit)
        paid = any(effect.state is EffectState.DONE for effect in record.every(TAKE_MONEY))
        given_up = record.every(REFUND_MONEY) or record.every(RESTORE_CHIP) or record.noted("not-endorsed")
        if not paid or not halves.known or given_up:
            return False
        if self._port is None or record.noted("delivered") is not None:
            return False
        try:
            return await self._port.media() in (Media.PRESENT, Media.LATCHED)
        except DeviceError:
            return False

    async def complete(self, visit: str, approval: Approval, halves: Halves) -> Halves:
        """Do what is missing: asked before, it is the first time that it happens.

        The chip first, because it can be written again and the strip's old print can't be had back.
        """
        assert self._port is not None
        try:
            chip = bool(halves.chip) or await self._write_chip(self._port, visit, approval)
            strip = bool(halves.strip) or (chip and await self._print_strip(self._port, visit, approval))
        except DeviceError:
            return await self.ask_halves(await self._journal.visit(visit), approval)
        if chip and strip:
            return Halves(strip=True, chip=True)
        return await self.ask_halves(await self._journal.visit(visit), approval)

    async def _write_chip(self, port: PermitPort, visit: str, approval: Approval) -> bool:
        tries = len((await self._journal.visit(visit)).every(WRITE_CHIP))
        key = f"{approval.approval_no}:chip:{tries + 1}r"
        before = {"chip_digest": await port.chip_digest()}
        async with self._journal.acting(visit, WRITE_CHIP, key, before=before) as act:
            await port.write_chip(approval)
            digest = await port.chip_digest()
            act.after["chip_digest"] = digest
            if digest != approval.chip_digest:
                act.failed(chip_digest=digest)
        return act.state is EffectState.DONE

    async def _print_strip(self, port: PermitPort, visit: str, approval: Approval) -> bool:
        tries = len((await self._journal.visit(visit)).every(PRINT_STRIP))
        key = f"{approval.approval_no}:strip:{tries + 1}r"
        before = {"strip_code": word(await port.strip_code())}
        async with self._journal.acting(visit, PRINT_STRIP, key, before=before) as act:
            await port.print_strip(approval)
            code = await port.strip_code()
            act.after["strip_code"] = word(code)
            if code != approval.strip_code:
                act.failed(strip_code=word(code))
        return act.state is EffectState.DONE

    # --- the permit -----------------------------------------------------------------------------------

    async def ask_custody(self, record: VisitRecord, outcome: Outcome | None = None) -> None:
        """Find the permit, conclude what was open about it, and give it back or retract it.

        ``outcome`` is what its holder is told. Without one the visit has ended long ago, nobody is
        there, and the permit goes into the bin at once.
        """
        open_effects = [
            effect for effect in record.effects if effect.kind in _AT_THE_UNIT and not effect.state.resolved
        ]
        if self._port is None or not (open_effects or _holds_permit(record)):
            return
        try:
            media, count = await self._port.media(), await self._port.bin_count()
        except DeviceError as error:
            await self._permit_unknown(record, error)
            return
        for effect in open_effects:
            await self._conclude_permit(record, effect, media, count)
        if media is Media.NOT_PRESENT:
            await self._note_gone(await self._journal.visit(record.visit))
        else:
            await self._return_permit(await self._journal.visit(record.visit), media, outcome)
        await self._note_retained(await self._journal.visit(record.visit))

    async def _conclude_permit(self, record: VisitRecord, effect: Effect, media: Media, count: int) -> None:
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

    async def _note_retained(self, record: VisitRecord) -> None:
        """Tell the back office once of a permit in the bin, and its case to staff."""
        retracted = next(iter(record.every(RETRACT_PERMIT)[-1:]), None)
        if retracted is None or retracted.state is not EffectState.DONE:
            return
        if record.noted("permit-retained") is None:
            body = {"device": "permit_unit", "bin_count": retracted.after["bin_count"]}
            letter = Letter("permit-retained", body, record.case_no)
            await self._journal.note(record.visit, "permit-retained", letter=letter, **body)
        if record.noted("escalated") is None:
            await self._escalate(record, "permit-retained", "")

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
        visit, permit = record.visit, self._port
        key = f"{visit}:{len(record.every(GIVE_BACK_PERMIT)) + 1}r"
        try:
            if outcome is not None:
                before = {"media": media.value}
                async with self._journal.acting(visit, GIVE_BACK_PERMIT, key, before=before) as act:
                    await permit.eject()
                    media = await self._wait_until_taken(permit, record.case_no, outcome)
                    act.after["media"] = media.value
                    if media is not Media.NOT_PRESENT:
                        act.failed(media=media.value)
                if media is Media.NOT_PRESENT:
                    return
            count = await permit.bin_count()
            key = f"{visit}:{len(record.every(RETRACT_PERMIT)) + 1}r"
            async with self._journal.acting(visit, RETRACT_PERMIT, key, before={"bin_count": count}) as act:
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
            if effect.kind in _AT_THE_UNIT and effect.state is EffectState.INTENDED:
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


def _as_journalled(effect: Effect | None) -> bool | None:
    """Return whether a half is done as far as the journal knows; without an effect it is not."""
    if effect is None or effect.state is EffectState.COMPENSATED:
        return False
    if not effect.state.resolved:
        return None
    return effect.state is EffectState.DONE


def taken_by_holder(record: VisitRecord) -> bool:
    """Tell whether the permit went in and is out again, and not in the bin."""
    retained = any(effect.state is EffectState.DONE for effect in record.every(RETRACT_PERMIT))
    return bool(record.every(TAKE_PERMIT)) and not retained and not _holds_permit(record)


def _erased(record: VisitRecord, code: str) -> bool:
    """Tell whether a strip with ``code`` may have lost what it came with.

    Without a code nobody can see whether it is still as it came, unless no print ever began.
    """
    began = [effect for effect in record.every(PRINT_STRIP) if effect.after.get("code") != NOT_TAKEN]
    return bool(began) and (not code or code != record.every(PRINT_STRIP)[0].before["strip_code"])


def _holds_permit(record: VisitRecord) -> bool:
    """Tell whether a permit went in and neither came out nor went into the bin."""
    inside = False
    for effect in record.effects:
        if effect.state is EffectState.DONE and effect.kind == TAKE_PERMIT:
            inside = True
        elif effect.state is EffectState.DONE and effect.kind in (GIVE_BACK_PERMIT, RETRACT_PERMIT):
            inside = False
    return inside
