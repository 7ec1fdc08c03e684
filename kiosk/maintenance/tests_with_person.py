"""What is tested with somebody's help: a card laid down, a finger, a test card, one cent.

Of a card or finger nothing is kept but that it was read.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

from devices.base import DeviceError
from devices.interfaces import Media, PaymentState
from kiosk.journal.effects import PAYMENT_TERMINAL
from kiosk.journal.records import JournalFailed, JournalRefused, Outcome
from kiosk.maintenance.selftest import Failed, Figures, Kit, NotHere, Test, expect, tried
from kiosk.money import ChannelBlocked
from kiosk.payment import Payment
from kiosk.platform import Bill

ONE_CENT_FEN: Final = 1
SERVICE: Final = "self-test"
"""The service under which the journal has the cent: recovery gives it back if the power goes."""
EVEN: Final = 10


async def card(kit: Kit) -> Figures:
    """A test card is found, selected and read; one that was not read well may be laid down again."""
    reader = kit.cabinet.id_card_reader
    figures: dict[str, int | str] = {"tries": 0}

    async def read_it() -> bool:
        if not await reader(lambda unit: unit.find()):
            return False
        figures["tries"] = int(figures["tries"]) + 1
        read = await reader(lambda unit: unit.read())
        figures.update(type=read.type.value, photo_bytes=len(read.photo))
        return True

    await kit.until(lambda: tried(read_it))
    return figures


async def finger(kit: Kit) -> Figures:
    """A finger is captured, and its picture has ridges."""
    pad = kit.cabinet.fingerprint_pad
    await kit.until(lambda: tried(lambda: pad(lambda unit: unit.finger_present())))
    image = await pad(lambda unit: unit.image())
    contrast = int(image.std())
    expect(contrast >= EVEN, "badImage")
    return {"contrast": contrast}


async def test_card(kit: Kit) -> Figures:
    """A test permit is drawn in, its line is read, and it comes back to be taken."""
    unit = kit.cabinet.permit_unit

    async def at(*places: Media) -> bool:
        return (await unit(lambda permits: permits.media())) in places

    await unit(lambda permits: permits.accept())
    try:
        await kit.until(lambda: at(Media.PRESENT, Media.LATCHED))
    except NotHere:
        await unit(lambda permits: permits.refuse())
        raise
    failure = ""
    try:
        line = await unit(lambda permits: permits.scan_mrz())
        failure = "" if len(line) == 30 else "readFailed"
    except DeviceError as error:
        failure = error.code
    await unit(lambda permits: permits.eject())
    kit.skipped.clear()  # what is in the path has to be taken, whoever skipped the reading
    try:
        await kit.until(lambda: at(Media.NOT_PRESENT))
    except NotHere as error:
        raise Failed("notTaken") from error
    expect(not failure, failure)
    return {"line": 30}


async def one_cent(kit: Kit) -> Figures:
    """One cent is charged and given back, as money always is: written down before and after."""
    house = kit.house
    if house is None:
        raise NotHere("noKiosk")
    number = secrets.token_hex(6)
    try:
        case_no = await house.numbers.case_no()
        await house.journal.begin(number, SERVICE, case_no)
    except (JournalRefused, JournalFailed):
        raise NotHere("noJournal") from None
    outcome, reason = Outcome.CANCELLED, SERVICE
    try:
        bill = Bill(case_no, f"{SERVICE}-{number}", (ONE_CENT_FEN,), ONE_CENT_FEN, house.clock.wall())
        payment = await house.cashier.at_terminal(number, bill, timeout_s=kit.patience_s)
        skipping = asyncio.create_task(_leave_when_skipped(kit, payment))
        try:
            collected = await payment.outcome()
        finally:
            skipping.cancel()
            await asyncio.gather(skipping, return_exceptions=True)
        if collected.state in (PaymentState.CANCELLED, PaymentState.TIMED_OUT):
            raise NotHere("skipped" if kit.skipped.is_set() else "nobody")
        expect(collected.state is PaymentState.APPROVED, collected.reason or collected.state.value)
        settlement = await house.cashier.refunds.give_back(payment.effect, case_no, SERVICE)
        outcome, reason = settlement.outcome or Outcome.ESCALATED, settlement.reason
        expect(outcome is Outcome.REFUNDED, "notReversed")
    except ChannelBlocked:
        raise Failed("unresolvedEffect") from None
    finally:
        await house.journal.end(number, outcome, reason)
    return {"charged_fen": ONE_CENT_FEN, "reversed_fen": settlement.refunded_fen}


async def _leave_when_skipped(kit: Kit, payment: Payment) -> None:
    await kit.skipped.wait()
    payment.leaving.set()


ATTENDED: Final = (
    Test("id_card_reader.card", "id_card_reader", True, card),
    Test("fingerprint_pad.finger", "fingerprint_pad", True, finger),
    Test("permit_unit.card", "permit_unit", True, test_card),
    Test(f"{PAYMENT_TERMINAL}.cent", PAYMENT_TERMINAL, True, one_cent),
)
