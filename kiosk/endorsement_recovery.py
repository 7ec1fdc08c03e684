"""What recovery does about the endorsement: ask what strip and chip carry, finish the rest or leave it."""

from __future__ import annotations

from dataclasses import dataclass

from devices.base import DeviceError
from devices.interfaces import Media
from kiosk.goods_recovery import Goods, GoodsState
from kiosk.journal import Effect, EffectState, Journal, Letter, VisitRecord
from kiosk.journal.effects import (
    PRINT_STRIP,
    REFUND_MONEY,
    RESTORE_CHIP,
    SUBMIT_ENDORSEMENT,
    TAKE_MONEY,
    WRITE_CHIP,
)
from kiosk.journal.fields import word
from kiosk.permit_recovery import PermitPort, taken_by_holder
from kiosk.platform import Approval, Platform, PlatformError
from kiosk.rules import Wish
from kiosk.steps.endorse import DIFFERS, NOT_TAKEN

INSIDE = frozenset({Media.PRESENT, Media.LATCHED, Media.JAMMED, Media.UNKNOWN})


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


class EndorsementGoods:
    """``GoodsRecovery`` of the endorsement: its submission, strip and chip."""

    def __init__(self, journal: Journal, platform: Platform, port: PermitPort | None) -> None:
        self._journal, self._platform = journal, platform
        self._halves = EndorsementRecovery(journal, port)

    async def settle(self, visit: str) -> Goods:
        """Find the approval, ask strip and chip, complete what may be completed, and report it."""
        approval = await self._ask_submission(await self._journal.visit(visit))
        halves = await self._halves.ask_halves(await self._journal.visit(visit), approval)
        if (
            approval is not None
            and not halves.whole
            and not _as_asked(approval, await self._journal.visit(visit))
        ):
            await self._give_up(await self._journal.visit(visit), approval)
        elif approval is not None:
            if not halves.whole and await self._halves.may_complete(visit, halves):
                halves = await self._halves.complete(visit, approval, halves)
            await self._report(await self._journal.visit(visit), approval, halves)
        return _goods(await self._journal.visit(visit), approval, halves)

    async def ask_again(self, record: VisitRecord) -> None:
        """Ask what became of an ended visit's submission: nothing was written on the permit, so an approval
        that was made after all is told as not issued. The rest is the permit's.
        """
        submitted = record.last(SUBMIT_ENDORSEMENT)
        if submitted is None or submitted.state.resolved:
            return
        try:
            case = await self._platform.case(record.case_no, deadline_s=0)
            number = case.approval_no if case is not None else ""
            if number:
                await self._platform.report_outcome(
                    number, issued=False, chip=False, strip=False, deadline_s=0
                )
        except PlatformError:
            return
        state = EffectState.DONE if number else EffectState.FAILED
        await self._journal.conclude(submitted.intent, state, after={"approval_no": number})

    def taken(self, record: VisitRecord) -> bool:
        """Tell whether the holder has the permit that carries it."""
        return taken_by_holder(record)

    async def _ask_submission(self, record: VisitRecord) -> Approval | None:
        """Find the case's approval: by the journal, else by asking the back office."""
        submitted = record.last(SUBMIT_ENDORSEMENT)
        if submitted is None:
            return None
        try:
            number = str(submitted.after.get("approval_no", ""))
            if not submitted.state.resolved:
                case = await self._platform.case(record.case_no)
                number = case.approval_no if case is not None else ""
                state = EffectState.DONE if number else EffectState.FAILED
                await self._journal.conclude(submitted.intent, state, after={"approval_no": number})
            return await self._platform.approval(number) if number else None
        except PlatformError as error:
            if submitted.state is EffectState.INTENDED:
                await self._journal.conclude(
                    submitted.intent, EffectState.UNKNOWN, after={"code": word(error.code)}
                )
            return None

    async def _give_up(self, record: VisitRecord, approval: Approval) -> None:
        """Write nothing of an approval of something else; as in the visit itself, staff are told."""
        if not _given_up(record):
            body = {"approval_no": approval.approval_no, "code": DIFFERS}
            letter = Letter("effect-failed", body, record.case_no)
            await self._journal.note(record.visit, "not-endorsed", letter=letter, **body)

    async def _report(self, record: VisitRecord, approval: Approval, halves: Halves) -> None:
        """Tell the back office what the permit carries; given up, it is never completed afterwards."""
        if not halves.known:
            return
        chip, strip = bool(halves.chip), bool(halves.strip)
        issued = halves.whole and not _given_up(record)
        if not halves.whole and not _given_up(record):
            await self._journal.note(record.visit, "not-endorsed", approval_no=approval.approval_no)
        try:
            await self._platform.report_outcome(approval.approval_no, issued=issued, chip=chip, strip=strip)
        except PlatformError as error:
            body = {
                "approval_no": approval.approval_no,
                "chip": chip,
                "strip": strip,
                "code": word(error.code),
                "effect": SUBMIT_ENDORSEMENT,
            }
            letter = Letter("effect-failed", body, record.case_no)
            await self._journal.note(record.visit, "outcome-not-reported", letter=letter, **body)


def _as_asked(approval: Approval, record: VisitRecord) -> bool:
    """Tell whether an approval is for what the visit submitted."""
    submitted = record.last(SUBMIT_ENDORSEMENT)
    items = submitted.before.get("items", ()) if submitted is not None else ()
    return approval.grants([Wish(**item) for item in items])


def _given_up(record: VisitRecord) -> bool:
    """Tell whether the visit had given up: then the money goes back, whatever the permit carries."""
    return record.noted("not-endorsed") is not None


def _goods(record: VisitRecord, approval: Approval | None, halves: Halves) -> Goods:
    """Return what the permit carries of what was paid for."""
    if halves.whole and not _given_up(record):
        return Goods(GoodsState.WHOLE)
    begun = bool(record.every(PRINT_STRIP) or record.every(WRITE_CHIP))
    if begun and not halves.known:
        # The holder may have the whole endorsement: staff look at the permit, then decide.
        return Goods(GoodsState.UNKNOWN, "endorsement-unknown")
    submitted = record.last(SUBMIT_ENDORSEMENT)
    unsure = submitted is not None and (
        not submitted.state.resolved or (submitted.state is EffectState.DONE and approval is None)
    )
    if unsure or (begun and not halves.untouched):
        return Goods(GoodsState.HALF, "endorsement-half-done")
    return Goods(GoodsState.NOTHING)


class EndorsementRecovery:
    """What strip and chip carry. ``port`` is None where no permit unit is fitted."""

    def __init__(self, journal: Journal, port: PermitPort | None) -> None:
        self._journal, self._port = journal, port

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


def _as_journalled(effect: Effect | None) -> bool | None:
    """Return whether a half is done as far as the journal knows; without an effect it is not."""
    if effect is None or effect.state is EffectState.COMPENSATED:
        return False
    if not effect.state.resolved:
        return None
    return effect.state is EffectState.DONE


def _erased(record: VisitRecord, code: str) -> bool:
    """Tell whether a strip with ``code`` may have lost what it came with.

    Without a code nobody can see whether it is still as it came, unless no print ever began.
    """
    began = [effect for effect in record.every(PRINT_STRIP) if effect.after.get("code") != NOT_TAKEN]
    return bool(began) and (not code or code != record.every(PRINT_STRIP)[0].before["strip_code"])
