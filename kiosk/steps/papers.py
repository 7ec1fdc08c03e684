"""Papers by the receipt printer: each is an effect of its own, asked about by the cutter's counter."""

from __future__ import annotations

from collections.abc import Sequence

from devices.base import DeviceError
from devices.interfaces import ReceiptLine
from kiosk.journal import effects
from kiosk.journal.records import EffectState
from kiosk.visit import Visit

CUTS = "cutterOperations"
"""The receipt printer's counter that grows with every paper; a printer may have none."""


async def print_paper(visit: Visit, lines: Sequence[ReceiptLine]) -> bool:
    """Print and cut ``lines``; false when the printer can't, and has kept nothing of them."""
    printer, journal = visit.house.cabinet.receipt_printer, visit.house.journal
    if printer.fault() is not None:
        return False
    intent = None
    try:
        cuts = (await visit.device(printer, lambda unit: unit.counters())).get(CUTS, 0)
        number = len((await journal.visit(visit.number)).every(effects.PRINT_RECEIPT)) + 1
        intent = await journal.intend(
            visit.number, effects.PRINT_RECEIPT, f"{visit.number}:receipt:{number}", before={"cuts": cuts}
        )
        async with visit.working():
            await visit.device(printer, lambda unit: unit.print(lines))
            after = (await visit.device(printer, lambda unit: unit.counters())).get(CUTS, 0)
        await journal.conclude(intent, EffectState.DONE, after={"cuts": after})
    except DeviceError as error:
        if intent is not None:
            await journal.conclude(intent, EffectState.FAILED, after={"code": error.code})
        return False
    return True
